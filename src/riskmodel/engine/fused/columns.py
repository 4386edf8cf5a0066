"""The columns of one slice of a table as NumPy arrays: codes as small whole numbers, dates as days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

# Stands for a missing date; no bound of a window or condition reaches it.
NO_DAY = -(2**31)
_TRUTHS = (False, True)


@dataclass(frozen=True)
class Coded:
    """Texts, codes or truths: ``place`` 0 is missing, ``place`` k is ``values[k - 1]``."""

    place: np.ndarray
    values: tuple[str | bool, ...]


@dataclass(frozen=True)
class Numbers:
    """Numbers (float64, or int64 where whole), and which are missing; None where none is."""

    value: np.ndarray
    missing: np.ndarray | None


@dataclass(frozen=True)
class Days:
    """Days since 1970 (int32), :data:`NO_DAY` where missing."""

    day: np.ndarray


Column = Coded | Numbers | Days


@dataclass(frozen=True)
class Rows:
    """Some of the rows of a table, batch by batch: all that a batch has, or those at the positions picked."""

    batches: list[pa.RecordBatch]
    picks: list[np.ndarray | None]

    @classmethod
    def all_of(cls, rows: pa.Table) -> Rows:
        """Return all rows."""
        batches = rows.to_batches()
        return cls(batches, [None] * len(batches))

    def __len__(self) -> int:
        return sum(
            batch.num_rows if pick is None else len(pick) for batch, pick in zip(self.batches, self.picks, strict=True)
        )

    def has(self, name: str) -> bool:
        """Tell whether there is such a column."""
        return any(name in batch.schema.names for batch in self.batches[:1])

    def places(self) -> np.ndarray:
        """Return the position of each row among all that the batches have."""
        starts = np.cumsum([0, *(batch.num_rows for batch in self.batches)])
        found = [
            np.arange(start, start + batch.num_rows) if pick is None else start + pick
            for start, batch, pick in zip(starts, self.batches, self.picks, strict=False)
        ]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def parts(self, name: str) -> Iterator[tuple[pa.Array, np.ndarray | None]]:
        """Yield a column's batches, each with what is picked of it."""
        for batch, pick in zip(self.batches, self.picks, strict=True):
            yield batch.column(name), pick


@dataclass(frozen=True)
class Frame:
    """Some rows of a table, column by column. A column is converted when it is first asked for."""

    rows: int
    load: Callable[[str], Column]

    def __getitem__(self, name: str) -> Column:
        return self.load(name)


def frame(rows: Rows, kinds: Mapping[str, str]) -> Frame:
    """Return the columns of ``rows``; those of ``kinds`` that ``rows`` lacks are missing throughout."""
    ready: dict[str, Column] = {}
    many = len(rows)

    def load(name: str) -> Column:
        if name not in ready:
            kind = kinds[name]
            ready[name] = _column(rows, many, name, kind) if rows.has(name) else _all_missing(many, kind)
        return ready[name]

    return Frame(many, load)


def _column(rows: Rows, many: int, name: str, kind: str) -> Column:
    if kind in {"date", "month"}:
        return Days(_joined(rows, many, name, np.int32, missing=NO_DAY)[0])
    if kind in {"money", "number", "integer"}:
        return Numbers(*_joined(rows, many, name, np.int64 if kind == "integer" else np.float64, missing=0))
    if kind == "boolean":
        return Coded(_joined(rows, many, name, np.int8, missing=-1)[0].astype(np.int32) + 1, _TRUTHS)
    return _coded(rows, many, name)


def _joined(rows: Rows, many: int, name: str, dtype: type, *, missing: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a column's numbers, ``missing`` where there is none, and where that is; None where it is nowhere."""
    out: np.ndarray = np.empty(many, dtype)
    gone: np.ndarray | None = None
    start = 0
    for values, pick in rows.parts(name):
        stop = start + (len(values) if pick is None else len(pick))
        _take(as_numpy(_as_stored(values, dtype), dtype), pick, out[start:stop])
        if values.null_count:
            absent = ~there(values)
            absent = absent if pick is None else absent[pick]
            out[start:stop][absent] = missing
            gone = np.zeros(many, bool) if gone is None else gone
            gone[start:stop] = absent
        start = stop
    return out, gone


def _take(values: np.ndarray, pick: np.ndarray | None, out: np.ndarray) -> None:
    if pick is None:
        out[:] = values
    else:
        # All positions are within: a check would make NumPy work in a buffer.
        values.take(pick, out=out, mode="clip")


def _as_stored(values: pa.Array, dtype: type) -> pa.Array:
    """Return an array whose numbers lie in memory as ``dtype``."""
    kind = pa.from_numpy_dtype(dtype)
    same = values.type == kind or (pa.types.is_date32(values.type) and dtype is np.int32)
    return values if same else values.cast(kind)


def _coded(rows: Rows, many: int, name: str) -> Coded:
    place = np.empty(many, np.int32)
    known: dict[str, int] = {}
    last: pa.Array | None = None
    start = 0
    for values, pick in rows.parts(name):
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        if last is None or not coded.dictionary.equals(last):
            last = coded.dictionary
            codes = [known.setdefault(text, len(known) + 1) for text in last.to_pylist()]
            # Position 0 is for what is missing.
            of_code = np.array([0, *codes], np.int32)
        indices = filled(coded.indices, np.int32, missing=-1)
        stop = start + (len(indices) if pick is None else len(pick))
        of_code.take((indices if pick is None else indices[pick]) + 1, out=place[start:stop], mode="clip")
        start = stop
    return Coded(place, tuple(known))


def _all_missing(rows: int, kind: str) -> Column:
    if kind in {"date", "month"}:
        return Days(np.full(rows, NO_DAY, np.int32))
    if kind in {"money", "number", "integer"}:
        return Numbers(np.zeros(rows, np.int64 if kind == "integer" else np.float64), np.ones(rows, bool))
    return Coded(np.zeros(rows, np.int32), ())


def as_numpy(values: pa.Array, dtype: type) -> np.ndarray:
    """Return the numbers of an array as they lie, whatever stands in the place of missing ones; not to be written to.

    Arrow's own conversion, and its ``fill_null``, import pandas, which takes longer than many a run.
    """
    if not len(values):
        return np.empty(0, dtype)
    numbers: np.ndarray = np.frombuffer(values.buffers()[1], dtype, values.offset + len(values))[values.offset :]
    numbers.flags.writeable = False
    return numbers


def there(values: pa.Array) -> np.ndarray:
    """Return where an array is not missing, as truths; it has a missing one."""
    return _bits(values.buffers()[0], values).view(bool)


def truths(values: pa.Array) -> np.ndarray:
    """Return where an array of truths is true and not missing, as 0 and 1."""
    true = _bits(values.buffers()[1], values)
    return true & _bits(values.buffers()[0], values) if values.null_count else true


def _bits(buffer: pa.Buffer, values: pa.Array) -> np.ndarray:
    packed = np.frombuffer(buffer, np.uint8)
    return np.unpackbits(packed, bitorder="little", count=values.offset + len(values))[values.offset :]


def filled(values: pa.Array, dtype: type, *, missing: float) -> np.ndarray:
    """Return the numbers of an array, with ``missing`` where there is none; not to be written to."""
    numbers = as_numpy(values, dtype)
    if values.null_count:
        numbers = np.where(there(values), numbers, np.asarray(missing, dtype))
        numbers.flags.writeable = False
    return numbers


def as_arrow(values: np.ndarray, kind: pa.DataType, missing: np.ndarray | None = None) -> pa.Array:
    """Return numbers as an Arrow array that shares their memory."""
    there = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [there, pa.py_buffer(np.ascontiguousarray(values))])
