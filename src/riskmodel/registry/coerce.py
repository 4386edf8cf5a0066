"""Bring a column's values to the type the schema gives it, and say which values would not go.

What is well formed in another dress is accepted: whole numbers for a float, an ISO date written as text, 0/1 or
"true"/"false" for a boolean, a number written as text. What is not becomes missing, and its row is named.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.codes import codes
from riskmodel.registry.schema import Column, Kind

# What a value of each kind is called in a message, and the last part of the rule that it breaks.
EXPECTED: dict[Kind, str] = {
    "id": "text",
    "text": "text",
    "code": "a known code",
    "codes": "a list of known codes",
    "date": "a date",
    "month": "a month",
    "money": "a number",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}
FAULT: dict[Kind, str] = {
    "id": "text",
    "text": "text",
    "code": "code",
    "codes": "code",
    "date": "date",
    "month": "date",
    "money": "numeric",
    "number": "numeric",
    "integer": "integer",
    "boolean": "boolean",
}

_NUMBER = r"^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$"
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?)?$"
_ISO_MONTH = r"^\d{4}-\d{2}$"


def coerce(values: pa.ChunkedArray, column: Column) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Bring ``values`` to the type of ``column``.

    Returns
    -------
    converted : pyarrow.ChunkedArray
        Of ``column.arrow_type``; missing where the value was missing, blank, NaN or would not go.
    bad : numpy.ndarray of int64
        Positions (0-based, ascending) of values that were there and would not go.

    Examples
    --------
    >>> from riskmodel.registry.schema import table
    >>> converted, bad = coerce(pa.chunked_array([["120.5", "1,2oo", None]]), table("income").column("amount"))
    >>> converted.to_pylist(), bad.tolist()
    ([120.5, None, None], [1])
    """
    present, converted = [], []
    for chunk in values.chunks:
        cleaned = _clean(chunk, column.kind)
        present.append(cleaned.is_valid())
        converted.append(_CONVERT[column.kind](cleaned, column))
    out = pa.chunked_array(converted, type=column.arrow_type)
    if not converted:
        return out, np.empty(0, dtype=np.int64)
    lost = pc.and_(pa.chunked_array(present, type=pa.bool_()), out.is_null())
    return out, np.flatnonzero(lost.to_numpy())


def _clean(chunk: pa.Array, kind: Kind) -> pa.Array:
    """Undo storage forms (dictionary, views, null type); blank text and NaN become missing."""
    if pa.types.is_null(chunk.type):
        return pa.nulls(len(chunk), pa.string())
    if pa.types.is_dictionary(chunk.type) and not (kind == "code" and _is_text(chunk.type.value_type)):
        chunk = chunk.cast(chunk.type.value_type)
    if pa.types.is_floating(chunk.type):
        if chunk.type != pa.float64():
            chunk = chunk.cast(pa.float64())
        return pc.if_else(pc.is_nan(chunk), pa.scalar(None, chunk.type), chunk)
    if _is_text(chunk.type):
        if chunk.type != pa.string():
            chunk = chunk.cast(pa.string())
        if kind == "text":
            return chunk
        if kind == "id":
            return pc.if_else(pc.equal(chunk, ""), pa.scalar(None, pa.string()), chunk)
        trimmed = pc.utf8_trim_whitespace(chunk)
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    return chunk


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _none(chunk: pa.Array, column: Column) -> pa.Array:
    return pa.nulls(len(chunk), column.arrow_type)


def _where(mask: pa.Array, chunk: pa.Array) -> pa.Array:
    return pc.if_else(mask, chunk, pa.scalar(None, chunk.type))


def _to_text(chunk: pa.Array, column: Column) -> pa.Array:
    if _is_text(chunk.type):
        return chunk
    if pa.types.is_integer(chunk.type):
        return chunk.cast(pa.string())
    if pa.types.is_floating(chunk.type):
        # A spreadsheet gives 3609810001 back as 3609810001.0.
        return _whole(chunk).cast(pa.string())
    return _none(chunk, column)


def _whole(chunk: pa.Array) -> pa.Array:
    fits = pc.and_(pc.equal(chunk, pc.trunc(chunk)), pc.less(pc.abs(chunk), 2.0**53))
    return _where(fits, chunk).cast(pa.int64())


def _to_number(chunk: pa.Array, column: Column) -> pa.Array:
    if _is_text(chunk.type):
        chunk = _where(pc.match_substring_regex(chunk, _NUMBER), chunk).cast(pa.float64())
    elif not _is_number(chunk.type):
        return _none(chunk, column)
    else:
        chunk = chunk.cast(pa.float64(), safe=False)
    return _where(pc.is_finite(chunk), chunk)


def _to_integer(chunk: pa.Array, column: Column) -> pa.Array:
    if pa.types.is_signed_integer(chunk.type):
        return chunk.cast(pa.int64())
    return _whole(_to_number(chunk, column))


def _to_boolean(chunk: pa.Array, column: Column) -> pa.Array:
    if pa.types.is_boolean(chunk.type):
        return chunk
    if _is_text(chunk.type):
        lowered = pc.utf8_lower(chunk)
        true = pc.is_in(lowered, pa.array(["true", "1"]))
        known = pc.or_(true, pc.is_in(lowered, pa.array(["false", "0"])))
    elif _is_number(chunk.type):
        number = _to_number(chunk, column)
        true = pc.equal(number, 1.0)
        known = pc.or_(true, pc.equal(number, 0.0))
    else:
        return _none(chunk, column)
    return _where(known, true)


def _to_date(chunk: pa.Array, column: Column) -> pa.Array:
    if pa.types.is_date32(chunk.type):
        return chunk
    if pa.types.is_date64(chunk.type):
        return chunk.cast(pa.date32())
    if pa.types.is_timestamp(chunk.type):
        # The day on the wall where it was written, not the day in Greenwich.
        local = pc.local_timestamp(chunk) if chunk.type.tz else chunk
        return local.cast(pa.date32(), safe=False)
    if _is_text(chunk.type):
        return _parse_iso(chunk, months=column.kind == "month")
    return _none(chunk, column)


def _parse_iso(chunk: pa.Array, *, months: bool) -> pa.Array:
    formed = pc.match_substring_regex(chunk, _ISO_DATE)
    if months:
        short = pc.match_substring_regex(chunk, _ISO_MONTH)
        chunk = pc.if_else(short, pc.binary_join_element_wise(chunk, "01", "-"), chunk)
        formed = pc.or_(formed, short)
    formed = formed.fill_null(False)
    chunk = pc.if_else(formed, chunk, "0001-01-01")
    year, month, day = (
        pc.utf8_slice_codeunits(chunk, start, stop).cast(pa.int64()).to_numpy(zero_copy_only=False)
        for start, stop in ((0, 4), (5, 7), (8, 10))
    )
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    real = formed.to_numpy(zero_copy_only=False) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    days = first.astype("datetime64[D]").astype(np.int64) + day - 1
    return pa.array(days.astype(np.int32), mask=~real).cast(pa.date32())


def _to_code(chunk: pa.Array, column: Column) -> pa.Array:
    known = pa.array(codes(column.codes), pa.string())
    if pa.types.is_dictionary(chunk.type):
        entries = pc.utf8_trim_whitespace(chunk.dictionary.cast(pa.string()))
        places = pc.index_in(entries, value_set=known).take(chunk.indices)
    elif _is_text(chunk.type):
        places = pc.index_in(chunk, value_set=known)
    else:
        return _none(chunk, column)
    return pa.DictionaryArray.from_arrays(places, known)


def _to_codes(chunk: pa.Array, column: Column) -> pa.Array:
    if _is_text(chunk.type):
        chunk = pc.split_pattern(chunk, ",")
    if not (pa.types.is_list(chunk.type) or pa.types.is_large_list(chunk.type)) or not _is_text(chunk.type.value_type):
        return _none(chunk, column)
    parents = pc.list_parent_indices(chunk).to_numpy(zero_copy_only=False)
    entries = pc.utf8_trim_whitespace(pc.list_flatten(chunk).cast(pa.string()))
    known = pc.is_in(entries, value_set=pa.array(codes(column.codes), pa.string())).to_numpy(zero_copy_only=False)
    good = np.ones(len(chunk), dtype=bool)
    good[parents[~known]] = False
    # Built anew: the offsets of a slice or of a split point into values that were trimmed.
    lengths = pc.list_value_length(chunk).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    listed = pa.ListArray.from_arrays(pa.array(offsets), entries)
    keep = pc.and_(chunk.is_valid(), pa.array(good))
    return _where(keep, listed)


_CONVERT = {
    "id": _to_text,
    "text": _to_text,
    "code": _to_code,
    "codes": _to_codes,
    "date": _to_date,
    "month": _to_date,
    "money": _to_number,
    "number": _to_number,
    "integer": _to_integer,
    "boolean": _to_boolean,
}
