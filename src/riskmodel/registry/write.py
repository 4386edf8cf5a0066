"""Write a registry: checked against the schema, indexed, sorted, coded, whole or not at all."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.files import CODEC, sha256_of, write_aside
from riskmodel.registry.codes import codes
from riskmodel.registry.coerce import EXPECTED, coerce
from riskmodel.registry.known_until import Keys, contiguous, days, known_until
from riskmodel.registry.schema import SCHEMA_VERSION, TABLES, Column, Table
from riskmodel.registry.schema import table as schema_table
from riskmodel.registry.standing import DESCRIPTION, keep_other_files, may_be_replaced, not_replaceable

ROW_GROUP = 128_000
VERSION_KEY = b"riskmodel.schema_version"


def write_registry(tables: Mapping[str, pa.Table], out: Path, *, cut_on: date | None = None) -> None:
    """Write ``tables`` as a registry folder.

    Every table is brought to the schema's types, gets its ``known_until``, is sorted by household, own date, key and
    ``known_on``, and is written as ``NAME.parquet`` in row groups of bounded size with codes dictionary-encoded. The
    same rows give the same bytes; ``registry.json`` holds the sha256 of each file.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Optional columns may be absent; they are written as missing. ``known_until`` is worked out anew.
    out : Path
        The folder. A registry that stands there is replaced, with what simulate told of it; other files in it stay.
    cut_on : date, optional
        The registry holds what was known strictly before this day. Left out: the day after the last ``known_on``.

    Raises
    ------
    CallError
        An unknown table or column, a required column that is absent, ``out`` a folder of something else.
    DataError
        A value of the wrong type, outside its code list, or missing where it is required; the message names table,
        column, row and value. Also a row known on or after ``cut_on``.

    See Also
    --------
    RegistryWriter : the same, a table or a slice of households at a time.
    """
    with RegistryWriter(out, cut_on=cut_on) as writer:
        for name, rows in tables.items():
            writer.add(name, rows)


class RegistryWriter:
    """Write a registry a table, or a slice of households, at a time, so that it need not be in memory at once.

    ``add`` may be called several times for one table; each slice then holds households that sort (by bytes) after
    those of the slice before it. The registry appears when the ``with`` block ends without an error. ``in_place`` says
    that the rows are those of the tables that lie in ``out``, put right: then it need hold no ``registry.json``, and
    what simulate told of them stays.

    Examples
    --------
    >>> import tempfile, pyarrow as pa
    >>> from datetime import date
    >>> out = Path(tempfile.mkdtemp()) / "registry"
    >>> rows = pa.table({"household_id": ["H1"], "record_id": ["R1"], "awarded_on": [date(2023, 5, 4)],
    ...                  "points": [12.0], "known_on": [date(2023, 5, 6)]})
    >>> with RegistryWriter(out) as writer:
    ...     writer.add("points", rows)
    >>> pq.read_table(out / "points.parquet").num_rows
    1
    """

    def __init__(self, out: Path, *, cut_on: date | None = None, in_place: bool = False) -> None:
        # Resolved: beside "." there is no place to put a folder together, and a link stays a link.
        self.out = Path(out).resolve()
        self.cut_on = cut_on
        self.in_place = in_place
        self._last_known: int | None = None
        self._open: dict[str, _OpenTable] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if not self.in_place and not may_be_replaced(self.out):
            raise CallError(not_replaceable(self.out))
        self._aside = self._stack.enter_context(write_aside(self.out))
        self._aside.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._finish()
            except BaseException as failure:
                self._stack.__exit__(type(failure), failure, failure.__traceback__)
                raise
        else:
            for table in self._open.values():
                # What could not be written cannot be finished either: the first error is the one to tell.
                with contextlib.suppress(OSError):
                    table.writer.close()
        self._stack.__exit__(kind, error, trace)

    def add(self, name: str, rows: pa.Table) -> None:
        """Check, index, sort and write ``rows`` of table ``name``.

        Raises
        ------
        CallError, DataError
            As :func:`write_registry`; also when a slice holds households that belong before those already written.
        """
        table = schema_table(name)
        rows = conform(rows, table)
        if rows.num_rows:
            self._note_known(name, rows)
        rows, order = indexed(rows, table)
        opened = self._open.get(name)
        if opened is None:
            opened = self._open[name] = _OpenTable(_parquet_writer(self._aside / f"{name}.parquet", table))
        if rows.num_rows:
            opened.follow(
                name, rows["household_id"][int(order[0])].as_py(), rows["household_id"][int(order[-1])].as_py()
            )
        for batch in _slices(rows, order, table):
            opened.write(batch)

    def copy(self, name: str, rows: pa.Table) -> None:
        """Write rows of table ``name`` as they lie in a file that this package wrote: whole households, in its order.

        Nothing of them is checked, sorted or worked out again.
        """
        table = schema_table(name)
        opened = self._open.get(name)
        if opened is None:
            opened = self._open[name] = _OpenTable(_parquet_writer(self._aside / f"{name}.parquet", table))
        if rows.num_rows:
            ids = rows["household_id"]
            opened.follow(name, ids[0].as_py(), ids[len(ids) - 1].as_py())
            opened.write(rows.cast(table.arrow_schema))

    @property
    def folder(self) -> Path:
        """Where the registry is being put together; a file written here appears with it."""
        return self._aside

    def _note_known(self, name: str, rows: pa.Table) -> None:
        known = days(rows["known_on"])
        if self.cut_on is not None:
            late = np.flatnonzero(known >= (self.cut_on - date(1970, 1, 1)).days)
            if len(late):
                raise DataError(
                    f"{name}, row {late[0] + 1:,}: known_on is {rows['known_on'][int(late[0])]}, but the registry is "
                    f"cut on {self.cut_on}: it holds what was known strictly before that day."
                )
        last = int(known.max())
        self._last_known = last if self._last_known is None else max(last, self._last_known)

    def _finish(self) -> None:
        for table in self._open.values():
            table.close()
        if not self._open:
            raise CallError(f"no tables to write to {self.out}. Known tables: {', '.join(TABLES)}.")
        cut_on = self.cut_on
        if cut_on is None and self._last_known is not None:
            cut_on = date(1970, 1, 1) + timedelta(days=self._last_known + 1)
        description = {
            "schema_version": SCHEMA_VERSION,
            "cut_on": cut_on.isoformat() if cut_on else None,
            "tables": {name: self._open[name].rows for name in TABLES if name in self._open},
            "sha256": {n: sha256_of(self._aside / f"{n}.parquet") for n in TABLES if n in self._open},
        }
        text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
        (self._aside / DESCRIPTION).write_text(text, encoding="utf-8")
        keep_other_files(self.out, self._aside, same_rows=self.in_place)


@dataclass
class _OpenTable:
    """A table being written: its file, the last household in it, and sorted rows that wait for a full row group.

    So that a row group is full however few rows of the table a slice of households has.
    """

    writer: pq.ParquetWriter
    rows: int = 0
    last_household: str | None = field(default=None)
    waiting: list[pa.Table] = field(default_factory=list)

    def write(self, batch: pa.Table) -> None:
        self.rows += batch.num_rows
        self.waiting.append(batch)
        while sum(part.num_rows for part in self.waiting) >= ROW_GROUP:
            whole = pa.concat_tables(self.waiting)
            self._write_group(whole.slice(0, ROW_GROUP))
            self.waiting = [whole.slice(ROW_GROUP)] if whole.num_rows > ROW_GROUP else []

    def close(self) -> None:
        if self.waiting:
            self._write_group(pa.concat_tables(self.waiting))
        self.writer.close()

    def _write_group(self, rows: pa.Table) -> None:
        # In one piece: Parquet gives up a dictionary where pieces end, and the same rows give the same bytes.
        self.writer.write_table(rows.combine_chunks(), row_group_size=ROW_GROUP)

    def follow(self, name: str, first: str, last: str) -> None:
        if self.last_household is not None and first.encode() <= self.last_household.encode():
            raise CallError(
                f'{name}: a slice begins with household "{first}", but "{self.last_household}" is already written. '
                "Give slices in the order of household_id, each household in one slice."
            )
        self.last_household = last


def conform(rows: pa.Table, table: Table) -> pa.Table:
    """Bring ``rows`` to the schema of ``table``: all its columns, in order, of its types.

    Raises
    ------
    CallError
        An unknown column, or a required one that is absent.
    DataError
        The first value that is of the wrong type, not in its code list, or missing where required.
    """
    check_columns(rows.column_names, table, place=f'table "{table.name}"')
    columns = []
    for column in table.columns:
        if column.name not in rows.column_names:
            columns.append(pa.chunked_array([pa.nulls(rows.num_rows, column.arrow_type)]))
            continue
        converted, bad = coerce(rows[column.name], column)
        if len(bad):
            raise DataError(_fault(table, column, rows, int(bad[0])))
        if column.required and converted.null_count:
            row = int(np.flatnonzero(converted.is_null().to_numpy())[0])
            raise DataError(f"{table.name}, row {row + 1:,}: {column.name} is missing, and it is required.")
        columns.append(converted)
    return pa.Table.from_arrays(columns, schema=table.arrow_schema)


def indexed(rows: pa.Table, table: Table) -> tuple[pa.Table, np.ndarray]:
    """Return rows that conform to the schema with their ``known_until`` worked out, and their storage order."""
    keys = Keys(rows, table)
    place = rows.schema.get_field_index("known_until")
    return rows.set_column(place, "known_until", known_until(rows, table, keys)), keys.by_storage()


def check_columns(given: list[str], table: Table, *, place: str) -> None:
    """Raise :class:`CallError` for a column that the schema does not know, or a required one that is absent."""
    known = [column.name for column in table.columns]
    for name in given:
        if name not in known:
            raise CallError(
                f'{place} has a column "{name}" that the registry does not know.{did_you_mean(name, known)}'
            )
        if given.count(name) > 1:
            raise CallError(f'{place} has the column "{name}" twice.')
    absent = [column.name for column in table.columns if column.required and column.name not in given]
    if absent:
        raise CallError(f"{place} lacks the required column {', '.join(absent)}. It has: {', '.join(given)}.")


def _fault(table: Table, column: Column, rows: pa.Table, row: int) -> str:
    value = rows[column.name][row].as_py()
    hint = ""
    if column.kind == "code" and isinstance(value, str):
        hint = did_you_mean(value, codes(column.codes))
    return f'{table.name}, row {row + 1:,}: {column.name} is "{value}", not {EXPECTED[column.kind]}.{hint}'


def _slices(rows: pa.Table, order: np.ndarray, table: Table) -> Iterator[pa.Table]:
    """Yield ``rows`` in ``order``, a row group at a time, without a sorted copy of the whole."""
    schema = table.arrow_schema
    whole = [contiguous(rows[name]) for name in schema.names]
    sorted_already = bool(np.all(order[1:] > order[:-1]))
    for start in range(0, len(order), ROW_GROUP):
        picked = pa.array(order[start : start + ROW_GROUP])
        parts = [column.slice(start, ROW_GROUP) if sorted_already else pc.take(column, picked) for column in whole]
        cast = [part if part.type == kind else part.cast(kind) for part, kind in zip(parts, schema.types, strict=True)]
        yield pa.Table.from_arrays(cast, schema=schema)


def _parquet_writer(path: Path, table: Table) -> pq.ParquetWriter:
    schema = table.arrow_schema.with_metadata({VERSION_KEY: str(SCHEMA_VERSION).encode()})
    # A dictionary of values that hardly repeat costs time and gives nothing.
    unique = {"record_id", "amount", "loss", "value", "note"}
    leaves = [f"{n}.list.element" if n == "risk_types" else n for n in schema.names if n not in unique]
    return pq.ParquetWriter(path, schema, compression=CODEC, use_dictionary=leaves)
