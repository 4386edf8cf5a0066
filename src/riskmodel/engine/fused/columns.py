"""The columns of one slice of a table as NumPy arrays: codes as small whole numbers, dates as days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

# Stands for a missing date; no bound of a window or condition reaches it.
NO_DAY = -(2**31)
_TRUTHS = (False, True)


@dataclass(frozen=True)
class Coded:
    """Texts, codes or truths: ``place`` 0 is missing, ``place`` k is ``values[k - 1]``."""

    place: np.ndarray
    values: Sequence[str | bool]


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
class Frame:
    """Some rows of a table, column by column. A column is converted when it is first asked for."""

    rows: int
    load: Callable[[str], Column]

    def __getitem__(self, name: str) -> Column:
        return self.load(name)


def frame(batches: Sequence[pa.RecordBatch], kinds: Mapping[str, str]) -> Frame:
    """Return the columns of ``batches``; those of ``kinds`` that these lack are missing throughout."""
    ready: dict[str, Column] = {}
    rows = sum(batch.num_rows for batch in batches)

    def load(name: str) -> Column:
        if name not in ready:
            parts = [batch.column(name) if name in batch.schema.names else None for batch in batches]
            types = [part.type for part in parts if part is not None]
            # A column may lie in some batches only: in the others it is missing.
            there = [
                pa.nulls(batch.num_rows, types[0]) if part is None else part
                for part, batch in zip(parts, batches, strict=True)
                if types
            ]
            ready[name] = _column(there, rows, kinds[name]) if there else _all_missing(rows, kinds[name])
        return ready[name]

    return Frame(rows, load)


def _column(parts: Sequence[pa.Array], rows: int, kind: str) -> Column:
    if kind in {"date", "month"}:
        return Days(_joined(parts, rows, np.int32, missing=NO_DAY)[0])
    if kind in {"money", "number", "integer"}:
        return Numbers(*_joined(parts, rows, np.int64 if kind == "integer" else np.float64, missing=0))
    if kind == "boolean":
        return Coded(_joined(parts, rows, np.int8, missing=-1)[0].astype(np.int32) + 1, _TRUTHS)
    return _coded(parts, rows)


def _joined(parts: Sequence[pa.Array], rows: int, dtype: type, *, missing: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the numbers of all parts, ``missing`` where there is none, and where that is; None where nowhere."""
    out: np.ndarray = np.empty(rows, dtype)
    gone: np.ndarray | None = None
    start = 0
    for values in parts:
        stop = start + len(values)
        out[start:stop] = as_numpy(_as_stored(values, dtype), dtype)
        if values.null_count:
            gone = np.zeros(rows, bool) if gone is None else gone
            np.logical_not(is_there(values), out=gone[start:stop])
            out[start:stop][gone[start:stop]] = missing
        start = stop
    return out, gone


def _as_stored(values: pa.Array, dtype: type) -> pa.Array:
    """Return an array whose numbers lie in memory as ``dtype``."""
    kind = pa.from_numpy_dtype(dtype)
    same = values.type == kind or (pa.types.is_date32(values.type) and dtype is np.int32)
    return values if same else values.cast(kind)


def _coded(parts: Sequence[pa.Array], rows: int) -> Coded:
    coded = [part if pa.types.is_dictionary(part.type) else part.dictionary_encode() for part in parts]
    chunks = pa.chunked_array(coded).unify_dictionaries().chunks
    place = np.empty(rows, np.int32)
    start = 0
    for chunk in chunks:
        stop = start + len(chunk)
        # Position 0 is for what is missing.
        np.add(filled(chunk.indices, np.int32, missing=-1), 1, out=place[start:stop])
        start = stop
    return Coded(place, _Texts(chunks[0].dictionary) if chunks else ())


class _Texts(Sequence[str]):
    """Texts that Arrow holds: many a column is never asked for them."""

    def __init__(self, texts: pa.Array) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, number: Any) -> Any:
        return self._texts[number].as_py()

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts.to_pylist())


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
        return read_only(np.empty(0, dtype))
    return read_only(np.frombuffer(values.buffers()[1], dtype, values.offset + len(values))[values.offset :])


def read_only(values: np.ndarray) -> np.ndarray:
    """Return an array not to be written to: to the compiled pass, others are of another type."""
    values.flags.writeable = False
    return values


def is_there(values: pa.Array) -> np.ndarray:
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
        numbers = read_only(np.where(is_there(values), numbers, np.asarray(missing, dtype)))
    return numbers


def as_arrow(values: np.ndarray, kind: pa.DataType, missing: np.ndarray | None = None) -> pa.Array:
    """Return numbers as an Arrow array that shares their memory."""
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])
