"""Make one registry column out of outside cells: read each different cell once, name those that will not go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.importing.dates import DateRule, read_date
from riskmodel.registry.importing.mapping import ColumnSpec, DateSpec
from riskmodel.registry.importing.text import canonical
from riskmodel.registry.importing.units import unit_scale
from riskmodel.registry.importing.values import (
    Reader,
    code_reader,
    contains_reader,
    hasher,
    list_reader,
    mapped_reader,
    read_boolean,
    read_id,
    read_integer,
    read_number,
    read_text,
)
from riskmodel.registry.schema import Column

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = ("number", "money", "integer")
_DECIMALS = 9


@dataclass(frozen=True)
class Fault:
    """Rows whose cell could not be read.

    Attributes
    ----------
    positions : numpy.ndarray of int64
        Of the rows, from 0.
    value : object
        What stood there; None for nothing.
    expected : str
        What should have.
    """

    positions: np.ndarray
    value: object
    expected: str


@dataclass(frozen=True)
class Built:
    """A registry column: its values (missing where unread) and its faults."""

    values: pa.Array
    faults: tuple[Fault, ...] = ()


def date_rule(spec: DateSpec, *, to_month: bool) -> DateRule:
    """Return how the dates of ``spec`` are written."""
    day = 1 if spec.day == "first" else spec.day
    return DateRule(to_month=to_month, formats=tuple(spec.format), month=spec.month, day=day)


def siblings_known(columns: Mapping[str, ColumnSpec], spec: ColumnSpec) -> list[str]:
    """Return every value that a many-valued cell may hold: what ``spec`` and its siblings of the block look for."""
    related = [other for other in columns.values() if other.from_ == spec.from_]
    return list(dict.fromkeys(word for other in related for word in [*other.contains, *other.others]))


def cell_reader(column: Column, spec: ColumnSpec, *, known: Iterable[str], secret: bytes | None = None) -> Reader:
    """Return the function that reads one cell for ``column`` as ``spec`` says.

    Parameters
    ----------
    known
        The values that a many-valued cell may hold (with ``contains``).
    secret : bytes, optional
        The key of pseudonyms, where ``spec`` asks for one.
    """
    plain: dict[str, Reader] = {
        "id": read_id,
        "text": read_text,
        "boolean": read_boolean,
        "integer": partial(read_number, unit=spec.unit or "") if _scaled(spec) else read_integer,
        "number": partial(read_number, unit=spec.unit or ""),
        "money": partial(read_number, unit=spec.unit or ""),
        "date": lambda value: read_date(value, date_rule(spec, to_month=False)),
        "month": lambda value: read_date(value, date_rule(spec, to_month=True)),
    }
    read = code_reader(column.codes) if column.codes else plain[column.kind]
    if spec.contains:
        read = contains_reader(spec.contains, known=known, separators=spec.separator)
    if spec.values:
        read = mapped_reader(spec.values, read, strict=column.kind in ("id", "text"))
    if column.kind == "codes":
        read = list_reader(read, spec.separator)
    if spec.hash and secret is not None:
        read = _then(read, hasher(secret, column=column.name))
    if spec.extract is not None:
        read = _extracted(spec.extract, read)
    return read


def build_column(column: Column, spec: ColumnSpec, cells: pd.Series | None, *, rows: int, read: Reader) -> Built:
    """Build ``column`` for ``rows`` rows.

    Parameters
    ----------
    cells : pandas.Series, optional
        The outside cells, missing where empty; None where ``spec`` gives a constant.
    read : callable
        From :func:`cell_reader`.
    """
    if cells is None:
        value = None if spec.constant is None else read(spec.constant)
        return Built(_typed([_factored(value, column, spec)], column).take(pa.array(np.zeros(rows, dtype=np.int64))))
    default = None if spec.default is None else read(spec.default)
    if column.kind in _NUMBERS:
        return _numbers(column, spec, cells, read, default)
    simple = not (spec.values or spec.extract or spec.hash or spec.default is not None)
    if simple and column.kind in ("id", "text") and (ready := _ready_text(cells)) is not None:
        return Built(ready)
    return _by_unique(column, cells, read, default)


def compose(template: str, parts: Mapping[str, pd.Series]) -> pd.Series:
    """Put ``template`` together, row by row; missing where one of its parts is."""
    import string

    import pandas as pd

    index = next(iter(parts.values())).index if parts else pd.RangeIndex(0)
    whole = pd.Series("", index=index, dtype="str")
    for literal, name, _, _ in string.Formatter().parse(template):
        whole = whole + literal
        if name is not None:
            whole = whole + as_text_column(parts[name])
    return whole


def as_text_column(cells: pd.Series) -> pd.Series:
    """Return ``cells`` in canonical text, working each different one out once."""
    import pandas as pd

    codes, uniques = pd.factorize(cells)
    texts = pd.array([canonical(value) for value in uniques], dtype="str")
    return pd.Series(texts.take(codes, allow_fill=True), index=cells.index)


def _by_unique(column: Column, cells: pd.Series, read: Reader, default: object) -> Built:
    import pandas as pd

    codes, uniques = pd.factorize(cells)
    values, faults = _read_each(codes, list(uniques), read)
    if default is not None:
        codes = np.where(codes < 0, len(values), codes)
        values.append(default)
    return Built(_typed(values, column).take(pa.array(codes, mask=codes < 0)), faults)


def _numbers(column: Column, spec: ColumnSpec, cells: pd.Series, read: Reader, default: Any) -> Built:
    import pandas as pd

    faults: tuple[Fault, ...] = ()
    plain = not (spec.values or spec.extract)
    numeric = plain and pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)
    if numeric:
        numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        doubtful = np.isinf(numbers)
    elif plain and cells.dtype != object:
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        doubtful = ~np.isfinite(numbers) & cells.notna().to_numpy()
    else:
        numbers = np.full(len(cells), np.nan)
        doubtful = cells.notna().to_numpy()
    doubtful = doubtful if column.kind != "integer" else doubtful | (np.mod(numbers, 1) > 0)
    if doubtful.any():
        at = np.flatnonzero(doubtful)
        codes, uniques = pd.factorize(cells.iloc[at])
        values, found = _read_each(codes, list(uniques), read)
        numbers = numbers.copy()
        numbers[at] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)[codes]
        faults = tuple(Fault(at[fault.positions], fault.value, fault.expected) for fault in found)
    if _scaled(spec):
        # 0.12 hectares are 1.8 mu, not 1.7999999999999998.
        numbers = np.round(numbers * _factor(column, spec), _DECIMALS)
    if default is not None:
        unread = np.zeros(len(numbers), dtype=bool)
        for fault in faults:
            unread[fault.positions] = True
        numbers = np.where(np.isnan(numbers) & ~unread & cells.isna().to_numpy(), default, numbers)
    values_out = pa.array(numbers, mask=np.isnan(numbers))
    if column.kind == "integer":
        values_out = pc.round(values_out).cast(pa.int64(), safe=False)
    return Built(values_out, faults)


def _read_each(codes: np.ndarray, uniques: list[object], read: Reader) -> tuple[list[Any], tuple[Fault, ...]]:
    values: list[Any] = []
    unread: dict[int, str] = {}
    for number, cell in enumerate(uniques):
        try:
            values.append(read(cell))
        except ValueError as error:
            values.append(None)
            unread[number] = str(error)
    if not unread:
        return values, ()
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(uniques) + 1))
    faults = tuple(
        Fault(order[starts[number] : starts[number + 1]], uniques[number], said) for number, said in unread.items()
    )
    return values, faults


def _ready_text(cells: pd.Series) -> pa.Array | None:
    """Return text cells as they are where canonical text would not differ: plain letters and digits."""
    import pandas as pd

    if not isinstance(cells.dtype, pd.StringDtype):
        return None
    text = pa.array(cells, type=pa.string(), from_pandas=True)
    plain = pc.all(pc.string_is_ascii(text)).as_py()
    return text if plain in (True, None) else None


def _typed(values: list[Any], column: Column) -> pa.Array:
    kind = pa.string() if column.kind == "code" else column.arrow_type
    return pa.array(values, type=kind)


def _factor(column: Column, spec: ColumnSpec) -> float:
    if spec.scale is not None:
        return spec.scale
    return unit_scale(spec.unit, into=column.unit) if spec.unit is not None else 1.0


def _factored(value: Any, column: Column, spec: ColumnSpec) -> Any:
    if value is None or column.kind not in _NUMBERS:
        return value
    number = round(value * _factor(column, spec), _DECIMALS)
    return round(number) if column.kind == "integer" else number


def _scaled(spec: ColumnSpec) -> bool:
    return spec.scale is not None or spec.unit is not None


def _then(first: Reader, second: Reader) -> Reader:
    def read(value: object) -> object:
        found = first(value)
        return None if found is None else second(found)

    return read


def _extracted(pattern: str, read: Reader) -> Reader:
    compiled = re.compile(pattern)

    def found(value: object) -> object:
        match = compiled.search(canonical(value) or "")
        if match is None or match[1] is None:
            raise ValueError(f'text in which "{pattern}" is found')
        return read(match[1])

    return found
