"""An excerpt: the whole histories of some households, as a registry of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.registry import schema
from riskmodel.registry.registry import Registry
from riskmodel.registry.write import RegistryWriter

SLICE = 20_000


def write_excerpt(registry: Registry, households: Collection[str], out: Path) -> Registry:
    """Write every row of ``households`` into the registry ``out`` and open it.

    Nothing is left out of a household's rows, whenever they became known; the cut is the registry's own. Neighbours
    are not in it: what a feature asks of a village or township cannot be worked out from an excerpt.

    Parameters
    ----------
    registry : Registry
        Read a slice of households at a time.
    households : collection of str
        Their ids; one that the registry does not have is left aside.
    out : Path
        The folder; it appears whole or not at all.
    """
    ids = sorted(set(households), key=str.encode)
    with RegistryWriter(out, cut_on=registry.cut_on) as writer:
        for name in registry.tables:
            if registry.sorted_file(name) is not None:
                writer.copy(name, rows_in_order(registry, name, ids))
                continue
            rows = registry.table(name)
            for start in range(0, max(len(ids), 1), SLICE):
                writer.add(name, _rows_of(rows, ids[start : start + SLICE]))
    return Registry.open(out, memory_limit=registry.memory_limit)


def rows_in_order(registry: Registry, name: str, ids: Sequence[str]) -> pa.Table:
    """Return a table's rows of some households as they lie in a registry that this package wrote.

    Parameters
    ----------
    ids : sequence of str
        Sorted by their bytes.
    """
    place = registry.files(name)[0]
    codes = [column.name for column in schema.table(name).columns if column.kind in {"id", "text", "code"}]
    try:
        with pq.ParquetFile(place, read_dictionary=codes, pre_buffer=False) as file:
            parts = [file.schema_arrow.empty_table()]
            for group, first, last in _groups(file, ids):
                # Only those who can be here: others need not be looked for.
                near = ids[bisect_left(ids, first) : bisect_right(ids, last)]
                if near:
                    parts.append(_picked(file.read_row_group(group, use_threads=False), near))
            return pa.concat_tables(parts).unify_dictionaries()
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
