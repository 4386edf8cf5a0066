"""Row nodes on NumPy arrays, with SQL's sense of what is missing; conditions on dates as ranges of days."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache, partial
from typing import Any

import numpy as np

from riskmodel.engine import plan
from riskmodel.engine.calendar import EARLIEST, LATEST, add_months, begun_by, born_by, day_number
from riskmodel.engine.fused.columns import NO_DAY, Coded, Column, Days, Frame, Numbers

_TEXTS = frozenset({"id", "text", "code"})
_DATES = frozenset({"date", "month"})
_NUMBERS = frozenset({"money", "number", "integer"})
# Days whose months are worked out once: those of everybody alive.
_NEAR = range(day_number(date(1880, 1, 1)), day_number(date(2120, 1, 1)))
_MOVING = (plan.AgeYears, plan.MonthsSince, plan.StillOpen, plan.Within)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Moment:
    """One date of a clock: ``as_of``, from which windows are counted, and the day looked back from."""

    as_of: date
    ref: date


@dataclass(frozen=True)
class Values:
    """One value a row (truths as bool, whole numbers as int64, others as float64), and which are missing."""

    value: np.ndarray
    missing: np.ndarray | None = None

    def holds(self) -> np.ndarray:
        """Where the value, taken as a condition, is neither missing nor false."""
        true = self.value if self.value.dtype == np.bool_ else self.value != 0
        return true if self.missing is None else true & ~self.missing

    def fails(self) -> np.ndarray:
        """Where the value, taken as a condition, is false and not missing."""
        false = ~self.value if self.value.dtype == np.bool_ else self.value == 0
        return false if self.missing is None else false & ~self.missing


@dataclass(frozen=True)
class Span:
    """A condition that holds for the days ``low <= day < high`` of a column, and for missing ones if said so.

    ``low`` and ``high`` have one entry a date looked back from.
    """

    column: str
    low: tuple[int, ...]
    high: tuple[int, ...]
    missing: bool = False


def kind_of(node: plan.Row, kinds: Mapping[str, str]) -> str | None:
    """Return "truth", "number", "text" or "date" for what ``node`` gives; None where this engine cannot tell."""
    match node:
        case plan.Field(name):
            kind = kinds.get(name, "")
            return _stored_kind(kind)
        case plan.AgeYears(column) | plan.MonthsSince(column):
            return "number" if kinds.get(column) in _DATES else None
        case plan.StillOpen(column) | plan.Within(column):
            return "truth" if kinds.get(column) in _DATES else None
        case plan.Ordinal(column):
            return "number" if kinds.get(column) in _TEXTS else None
        case plan.Compare(left, _, right):
            return "truth" if _comparable(kind_of(left, kinds), right) else None
        case plan.IsIn(left, values):
            known = kind_of(left, kinds)
            return "truth" if all(_comparable(known, value) for value in values) else None
        case plan.IsMissing(part):
            return "truth" if kind_of(part, kinds) else None
        case plan.Not(part):
            return "truth" if kind_of(part, kinds) in {"truth", "number"} else None
        case plan.AllOf(parts) | plan.AnyOf(parts):
            return "truth" if all(kind_of(part, kinds) in {"truth", "number"} for part in parts) else None
    return None


def _stored_kind(kind: str) -> str | None:
    if kind in _TEXTS:
        return "text"
    if kind in _DATES:
        return "date"
    if kind in _NUMBERS:
        return "number"
    return "truth" if kind == "boolean" else None


def _comparable(kind: str | None, value: plan.Scalar) -> bool:
    if isinstance(value, bool):
        return kind == "truth"
    return kind == "text" if isinstance(value, str) else kind == "number" and math.isfinite(value)


def moves_with_the_day(node: plan.Row) -> bool:
    """Tell whether ``node`` means something else at another day looked back from."""
    return any(isinstance(part, _MOVING) for part in _walk(node))


def _walk(node: plan.Row) -> Iterator[plan.Row]:
    yield node
    for field in fields(node):  # type: ignore[arg-type]
        value = getattr(node, field.name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, plan.Row):
                yield from _walk(item)


def as_span(node: plan.Row, moments: tuple[Moment, ...]) -> Span | None:
    """Return the condition as a range of days for each moment; None where it is none."""
    days = [moment.ref for moment in moments]
    last: Callable[..., int]
    match node:
        case plan.StillOpen(column):
            return Span(column, tuple(map(day_number, days)), (LATEST,) * len(days), missing=True)
        case plan.Within(column, start, end):
            windows = [_window(moment.as_of, start, end) for moment in moments]
            return Span(column, tuple(low for low, _ in windows), tuple(high for _, high in windows))
        case plan.Compare(plan.AgeYears(column), op, right):
            last = born_by
        case plan.Compare(plan.MonthsSince(column), op, right):
            last = begun_by
        case _:
            return None
    if op == "!=" or isinstance(right, str):
        return None
    bounds = [_bounds(op, float(right), partial(last, on=day)) for day in days]
    return Span(column, tuple(low for low, _ in bounds), tuple(high for _, high in bounds))


def _window(as_of: date, start: int | None, end: int) -> tuple[int, int]:
    low = EARLIEST if start is None else day_number(add_months(as_of, start))
    return low, day_number(add_months(as_of, end))


def _bounds(op: str, right: float, last: Callable[[int], int]) -> tuple[int, int]:
    """Return the days for which a count that falls as the day rises compares so with ``right``."""
    above, at_least = math.floor(right) + 1, math.ceil(right)
    match op:
        case ">":
            return EARLIEST, last(above) + 1
        case ">=":
            return EARLIEST, last(at_least) + 1
        case "<":
            return last(at_least) + 1, LATEST
        case "<=":
            return last(above) + 1, LATEST
    return (last(above) + 1, last(at_least) + 1) if at_least < above else (LATEST, EARLIEST)


def values_of(node: plan.Row, rows: Frame, moment: Moment | None = None) -> Values:
    """Work out ``node`` for every row of ``rows``, at ``moment`` where it moves with the day."""
    match node:
        case plan.Field(name):
            return _field(rows[name])
        case plan.AgeYears(column):
            return _ages(rows[column], moment)
        case plan.MonthsSince(column):
            return _months(rows[column], moment)
        case plan.StillOpen(column):
            ends = _days(rows[column])
            assert moment is not None
            return Values((ends == NO_DAY) | (ends >= day_number(moment.ref)))
        case plan.Within(column, start, end):
            days = _days(rows[column])
            assert moment is not None
            low, high = _window(moment.as_of, start, end)
            return Values((days >= low) & (days < high), days == NO_DAY)
        case plan.Ordinal(column, order):
            places = {code: place for place, code in reversed(list(enumerate(order)))}
            return _by_code(_codes(rows[column]), places.get, np.int64)
        case plan.Compare(plan.Field(name), op, right) if isinstance(rows[name], Coded):
            return _by_code(_codes(rows[name]), lambda code: _COMPARE[op](code, right), np.bool_)
        case plan.IsIn(plan.Field(name), values) if isinstance(rows[name], Coded):
            return _by_code(_codes(rows[name]), lambda code: code in values, np.bool_)
        case plan.Compare(left, op, right):
            given = values_of(left, rows, moment)
            return Values(_COMPARE[op](given.value, right), given.missing)
        case plan.IsIn(left, values):
            given = values_of(left, rows, moment)
            return Values(np.isin(given.value, list(values)), given.missing)
        case plan.IsMissing(part):
            given = values_of(part, rows, moment)
            return Values(np.zeros(rows.rows, bool) if given.missing is None else given.missing)
        case plan.Not(part):
            given = values_of(part, rows, moment)
            return Values(given.fails(), given.missing)
        case plan.AllOf(parts):
            return _joined([values_of(part, rows, moment) for part in parts], decided_by=Values.fails, value=False)
        case plan.AnyOf(parts):
            return _joined([values_of(part, rows, moment) for part in parts], decided_by=Values.holds, value=True)
    raise TypeError(f"not a row node: {node!r}")


def _joined(parts: list[Values], *, decided_by: Callable[[Values], np.ndarray], value: bool) -> Values:
    """AND and OR: one part that decides is enough, otherwise one that is missing makes the whole missing."""
    decided = np.logical_or.reduce([decided_by(part) for part in parts])
    gaps = [part.missing for part in parts if part.missing is not None]
    missing = np.logical_or.reduce(gaps) & ~decided if gaps else None
    return Values(decided if value else ~decided, missing)


def _field(column: Column) -> Values:
    match column:
        case Numbers(value, missing):
            return Values(value, missing)
        case Days(day):
            return Values(day, day == NO_DAY)
        case Coded(place, codes):
            truths = np.array([code is True for code in (False, *codes)])
            return Values(truths[place], place == 0)


def _by_code(column: Coded, meaning: Callable[[Any], Any], dtype: type) -> Values:
    """Work something out once for each code and look it up for each row; None is missing."""
    told = [None, *(meaning(value) for value in column.values)]
    value: np.ndarray = np.array([0 if each is None else each for each in told], dtype=dtype)
    return Values(value[column.place], np.array([each is None for each in told])[column.place])


def _codes(column: Column) -> Coded:
    assert isinstance(column, Coded)
    return column


def _days(column: Column) -> np.ndarray:
    assert isinstance(column, Days)
    return column.day


def _ages(column: Column, moment: Moment | None) -> Values:
    assert moment is not None
    return Values(whole_months(_days(column), moment.ref) // 12, _days(column) == NO_DAY)


def _months(column: Column, moment: Moment | None) -> Values:
    assert moment is not None
    return Values(whole_months(_days(column), moment.ref), _days(column) == NO_DAY)


def whole_months(earlier: np.ndarray, later: date) -> np.ndarray:
    """Return the whole months between days since 1970 and a date (int64); negative for a later day."""
    days = np.where(earlier == NO_DAY, 0, earlier)
    if not len(days) or (days.min() >= _NEAR.start and days.max() < _NEAR.stop):
        return _months_of_near_days(later)[days - _NEAR.start]
    return _whole_months(days, later)


@lru_cache(maxsize=64)
def _months_of_near_days(later: date) -> np.ndarray:
    return _whole_months(np.arange(_NEAR.start, _NEAR.stop), later)


def _whole_months(days: np.ndarray, later: date) -> np.ndarray:
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]")
    begun = (stamps - months).astype(np.int64) >= later.day
    return (later.year - 1970) * 12 + later.month - 1 - months.astype(np.int64) - begun
