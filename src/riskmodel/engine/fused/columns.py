"""The columns of one slice of a table as NumPy arrays: codes as small whole numbers, dates as days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.engine.calendar import LATEST

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
class Frame:
    """Some rows of a table, column by column. A column is converted when it is first asked for."""

    rows: int
    load: Callable[[str], Column]

    def __getitem__(self, name: str) -> Column:
        return self.load(name)


def frame(rows: pa.Table, kinds: Mapping[str, str]) -> Frame:
    """Return the columns of ``rows``; those of ``kinds`` that ``rows`` lacks are missing throughout."""
    ready: dict[str, Column] = {}

    def load(name: str) -> Column:
        if name not in ready:
            ready[name] = _column(rows, name, kinds[name])
        return ready[name]

    return Frame(rows.num_rows, load)


def _column(rows: pa.Table, name: str, kind: str) -> Column:
    if name not in rows.column_names:
        return _all_missing(rows.num_rows, kind)
    values = rows[name]
    if kind in {"date", "month"}:
        return Days(whole(values, missing=NO_DAY))
    if kind in {"money", "number", "integer"}:
        dtype = np.int64 if kind == "integer" else np.float64
        missing = _truths(values.is_null()) if values.null_count else None
        return Numbers(_joined(values, dtype, missing=0), missing)
    if kind == "boolean":
        return Coded(_joined(values.cast(pa.int8()), np.int8, missing=-1).astype(np.int32) + 1, _TRUTHS)
    return _coded(values)


def _coded(values: pa.ChunkedArray) -> Coded:
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    values = values.unify_dictionaries()
    if values.num_chunks == 0:
        return Coded(np.empty(0, np.int32), ())
    place = np.empty(len(values), np.int32)
    start = 0
    for chunk in values.chunks:
        np.add(filled(chunk.indices, np.int32, missing=-1), 1, out=place[start : start + len(chunk)])
        start += len(chunk)
    return Coded(place, tuple(values.chunk(0).dictionary.to_pylist()))


def _all_missing(rows: int, kind: str) -> Column:
    if kind in {"date", "month"}:
        return Days(np.full(rows, NO_DAY, np.int32))
    if kind in {"money", "number", "integer"}:
        return Numbers(np.zeros(rows, np.int64 if kind == "integer" else np.float64), np.ones(rows, bool))
    return Coded(np.zeros(rows, np.int32), ())


def as_numpy(values: pa.Array, dtype: type) -> np.ndarray:
    """Return the numbers of an array as they lie, whatever stands in the place of missing ones.

    Arrow's own conversion, and its ``fill_null``, import pandas, which takes longer than many a run.
    """
    if not len(values):
        return np.empty(0, dtype)
    return np.frombuffer(values.buffers()[1], dtype, values.offset + len(values))[values.offset :]


def filled(values: pa.Array, dtype: type, *, missing: float) -> np.ndarray:
    """Return the numbers of an array, with ``missing`` where there is none; they may share its memory."""
    numbers = as_numpy(values, dtype)
    if not values.null_count:
        return numbers
    bits = np.frombuffer(values.buffers()[0], np.uint8)
    there = np.unpackbits(bits, bitorder="little", count=values.offset + len(values))[values.offset :]
    return np.where(there, numbers, np.asarray(missing, dtype))


def as_arrow(values: np.ndarray, kind: pa.DataType, missing: np.ndarray | None = None) -> pa.Array:
    """Return numbers as an Arrow array that shares their memory."""
    there = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [there, pa.py_buffer(np.ascontiguousarray(values))])


def _joined(values: pa.ChunkedArray, dtype: type, *, missing: int) -> np.ndarray:
    out: np.ndarray = np.empty(len(values), dtype)
    start = 0
    for chunk in values.chunks:
        out[start : start + len(chunk)] = filled(chunk, dtype, missing=missing)
        start += len(chunk)
    return out


def _truths(values: pa.ChunkedArray) -> np.ndarray:
    return _joined(values.cast(pa.int8()), np.int8, missing=0).astype(np.bool_)


def whole(values: pa.ChunkedArray, *, missing: int) -> np.ndarray:
    """Return dates as a writable int32 array of days."""
    return _joined(values.cast(pa.int32()), np.int32, missing=missing)


def until(rows: pa.Table) -> np.ndarray:
    """Return ``known_until`` as days; a row that stands has a day after all others."""
    if "known_until" not in rows.column_names:
        return np.full(rows.num_rows, LATEST, np.int32)
    return whole(rows["known_until"], missing=LATEST)


def known(rows: pa.Table) -> np.ndarray:
    """Return ``known_on`` as days; a row that is withdrawn is never known."""
    days = whole(rows["known_on"], missing=LATEST)
    if "withdrawn" in rows.column_names:
        withdrawn = rows["withdrawn"]
        if pc.any(withdrawn).as_py():
            days[_truths(withdrawn)] = LATEST
    return days
