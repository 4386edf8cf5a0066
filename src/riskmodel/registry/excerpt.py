"""An excerpt: the whole histories of some households, in memory, as a registry of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.registry import schema
from riskmodel.registry.registry import Registry, connect, typed
from riskmodel.registry.write import conform, indexed

if TYPE_CHECKING:
    from pathlib import Path

    import ibis

SLICE = 20_000


class Excerpt(Registry):
    """Some rows of a registry, in memory.

    Parameters
    ----------
    path : Path
        What they are an excerpt of, for messages.
    rows : mapping of str to pyarrow.Table
        By table, in storage order, with ``known_until``; columns that nobody asks for may be missing.
    cut_on : date
        The registry's own.
    """

    def __init__(
        self, path: Path, rows: Mapping[str, pa.Table], *, cut_on: date, memory_limit: str | None = None
    ) -> None:
        connected = partial(connect, None, memory_limit)
        super().__init__(path, files={}, description={}, connect=connected, memory_limit=memory_limit)
        self.cut_on = cut_on
        self.tables = tuple(name for name in schema.TABLES if name in rows)
        self._rows = {name: _as_held(rows[name]) for name in self.tables}

    def held(self, name: str) -> pa.Table:
        """Return the rows of table ``name``: one chunk a column, household_id as codes of those who are there."""
        return self._rows[name]

    def _prepare(self, table: schema.Table) -> ibis.Table:
        held = self._rows[table.name]
        plain = pa.schema([table.arrow_schema.field(name) for name in held.column_names])
        for place, field in enumerate(plain):
            if pa.types.is_dictionary(field.type):
                plain = plain.set(place, field.with_type(field.type.value_type))
        self.connection.con.register(f"__held_{table.name}", held.cast(plain))
        rows = self.connection.table(f"__held_{table.name}")
        return rows.select(**{column.name: typed(rows, column, clean=True) for column in table.columns})


def excerpt_of(
    registry: Registry, households: Collection[str], columns: Mapping[str, Collection[str]] | None = None
) -> Excerpt:
    """Return every row of ``households`` as a registry.

    Nothing is left out of a household's rows, whenever they became known; the cut is the registry's own. Neighbours
    are not in it: what a feature asks of a village or township cannot be worked out from an excerpt.

    Parameters
    ----------
    registry : Registry
    households : collection of str
        Their ids; one that the registry does not have is left aside.
    columns : mapping of str to collection of str, optional
        What is wanted of which tables, beside household_id, the row's own date and the clocks; left out: everything.
    """
    ids = sorted(set(households), key=str.encode)
    rows = {}
    for name in registry.tables:
        if columns is None:
            rows[name] = _whole_histories(registry, name, ids)
        elif name in columns:
            rows[name] = _whole_histories(registry, name, ids, wanted={*columns[name], *_always(schema.table(name))})
    return Excerpt(registry.path, rows, cut_on=registry.cut_on, memory_limit=registry.memory_limit)


def _always(table: schema.Table) -> tuple[str, ...]:
    return ("household_id", table.own_date, "known_on", "known_until", "withdrawn")


def _whole_histories(registry: Registry, name: str, ids: list[str], wanted: Collection[str] | None = None) -> pa.Table:
    table = schema.table(name)
    names = [column.name for column in table.columns if wanted is None or column.name in wanted]
    file = registry.sorted_file(name)
    if file is not None:
        return _in_order(file.paths[0], file.metadata[0], table, ids, names)
    rows = registry.table(name)
    slices = range(0, max(len(ids), 1), SLICE)
    found = pa.concat_tables(_rows_of(rows, ids[start : start + SLICE]) for start in slices)
    conforming, order = indexed(conform(found, table), table)
    return conforming.select(names).take(pa.array(order))


def _as_held(rows: pa.Table) -> pa.Table:
    """Return rows with one chunk a column, and household_id as codes of the households that are there."""
    rows = rows.unify_dictionaries().combine_chunks()
    place = rows.schema.get_field_index("household_id")
    ids = rows["household_id"]
    whole = pa.concat_arrays(ids.chunks) if ids.num_chunks else pa.array([], ids.type)
    return rows.set_column(place, "household_id", pa.chunked_array([_compact(whole)]))


def _compact(ids: pa.Array) -> pa.DictionaryArray:
    if not pa.types.is_dictionary(ids.type):
        return ids.dictionary_encode()
    codes = ids.indices.to_numpy()
    there = np.bincount(codes, minlength=len(ids.dictionary)) > 0
    own = (np.cumsum(there) - 1).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(own[codes]), ids.dictionary.filter(pa.array(there)))


def _in_order(place: Path, facts: Any, table: schema.Table, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """Return some columns of a table's rows of some households, who are sorted by their bytes, as they lie in a file
    that this package wrote and that says ``facts`` of itself."""
    # Codes and texts are few; what is another one in every row would only be counted.
    coded = [c.name for c in table.columns if c.kind in {"code", "text"} or c.name == "household_id"]
    try:
        with pq.ParquetFile(place, metadata=facts, read_dictionary=coded, pre_buffer=False) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            parts = [file.schema_arrow.empty_table().select(there)]
            for group, first, last in _groups(file, ids):
                # Only those who can be here: others need not be looked for.
                near = ids[bisect_left(ids, first) : bisect_right(ids, last)]
                if near:
                    parts.append(_picked(file.read_row_group(group, columns=there, use_threads=False), near))
            return pa.concat_tables(parts)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{place} cannot be read: {str(error).strip().splitlines()[0]}. Fetch or write it again."
        ) from None


def _picked(rows: pa.Table, ids: Sequence[str]) -> pa.Table:
    """Return the rows of some households: whose rows they are is asked of each household once, not of each row."""
    households = rows["household_id"].unify_dictionaries()
    wanted = pc.is_in(households.chunks[0].dictionary, value_set=pa.array(ids, pa.string()))
    return rows.filter(pa.chunked_array([wanted.take(part.indices) for part in households.chunks]))


def _groups(file: pq.ParquetFile, ids: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the row groups that can hold rows of any of ``ids``, each with its first and last household."""
    if not ids:
        return
    number = file.metadata.schema.names.index("household_id")
    for group in range(file.metadata.num_row_groups):
        facts = file.metadata.row_group(group).column(number).statistics
        if facts is None or not facts.has_min_max:
            yield group, ids[0], ids[-1]
        elif not (facts.max.encode() < ids[0].encode() or facts.min.encode() > ids[-1].encode()):
            yield group, facts.min, facts.max


def _rows_of(rows: Any, ids: list[str]) -> pa.Table:
    import ibis

    if not ids:
        return rows.limit(0).to_pyarrow()
    wanted = ibis.memtable({"household_id": ids})
    return rows.filter(rows.household_id.between(ids[0], ids[-1])).semi_join(wanted, "household_id").to_pyarrow()
