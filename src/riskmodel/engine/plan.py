"""What a feature asks of the tables, as plain data that knows of no engine.

Two levels. *Row* nodes say something of one row of a source table (a column, an age, a condition). *Household* nodes
say something of one household at one ``as_of``: a reduction of rows, a policy figure, arithmetic between them. All
nodes are frozen and compare by value, so equal reductions of different features are worked out once.

Time is given in whole calendar months relative to ``as_of``. A :class:`Clock` says from which day a reduction looks
back: ``at_months`` 0 for features, the horizon for outcomes; it sees the rows known before that day plus ``lag_days``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Scalar = float | int | str | bool
CompareOp = Literal["==", "!=", "<", "<=", ">", ">="]
ReduceOp = Literal["sum", "mean", "min", "max", "std", "count", "exists", "latest", "months_since", "distinct", "days"]
BinaryOp = Literal["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "min", "max"]
UnaryOp = Literal["not", "abs", "log1p", "sqrt", "is_missing"]
Place = Literal["village", "township"]


@dataclass(frozen=True)
class Clock:
    """The day a reduction looks back from, and how much later its rows may have become known.

    ``known_on`` must lie before ``as_of + at_months + lag_days``, the row's own date before ``as_of + at_months``.
    """

    at_months: int = 0
    lag_days: int = 0


HISTORY = Clock()


class Row:
    """Base of the nodes that speak of one row."""


@dataclass(frozen=True)
class Field(Row):
    """A column of the row."""

    name: str


@dataclass(frozen=True)
class AgeYears(Row):
    """Completed years between a date column and the clock's day."""

    column: str


@dataclass(frozen=True)
class MonthsSince(Row):
    """Whole months between a date column and the clock's day; negative for a later date."""

    column: str


@dataclass(frozen=True)
class Ordinal(Row):
    """The position of a code in an ordered list, counted from 0; missing for a code outside it."""

    column: str
    order: tuple[str, ...]


@dataclass(frozen=True)
class Compare(Row):
    """A row value against a constant; missing where the row value is missing."""

    left: Row
    op: CompareOp
    right: Scalar


@dataclass(frozen=True)
class IsIn(Row):
    """Whether a row value is one of some constants."""

    left: Row
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class IsMissing(Row):
    """Whether a row value is missing."""

    left: Row


@dataclass(frozen=True)
class StillOpen(Row):
    """Whether an end date is missing or not before the clock's day."""

    column: str


@dataclass(frozen=True)
class Within(Row):
    """Whether a date column lies in ``[as_of + start, as_of + end)``, in calendar months; a missing start is open."""

    column: str
    start: int | None
    end: int


@dataclass(frozen=True)
class AllOf(Row):
    """All conditions hold."""

    parts: tuple[Row, ...]


@dataclass(frozen=True)
class AnyOf(Row):
    """At least one condition holds."""

    parts: tuple[Row, ...]


@dataclass(frozen=True)
class Not(Row):
    """The condition does not hold."""

    part: Row


class Household:
    """Base of the nodes that speak of one household at one as_of."""

    @cached_property
    def reductions(self) -> tuple[Reduction, ...]:
        """The distinct reductions here and below, in the order in which they appear."""
        return tuple(dict.fromkeys(part for part in walk(self) if isinstance(part, Reduction)))


@dataclass(frozen=True)
class Window:
    """Own dates in ``[as_of + start, as_of + end)``, in calendar months; a missing start is open."""

    start: int | None
    end: int


@dataclass(frozen=True)
class Reduction(Household):
    """One number from the rows of one table.

    ``sum`` and ``count`` over no rows are 0; all other reductions over no rows are missing. ``days`` adds the days on
    which the row's spell (own date to ``end_column``) overlaps the window.
    """

    table: str
    op: ReduceOp
    where: tuple[Row, ...] = ()
    window: Window | None = None
    column: Row | None = None
    clock: Clock = HISTORY
    end_column: str = ""


@dataclass(frozen=True)
class PolicyValue(Household):
    """A dated figure of the policy record in the household's county, in force at ``as_of + at_months``."""

    name: str
    at_months: int = 0


@dataclass(frozen=True)
class Constant(Household):
    """A number, the same for everyone."""

    value: float


@dataclass(frozen=True)
class Binary(Household):
    """Arithmetic, comparison or logic between two household nodes; a division by nothing is missing."""

    op: BinaryOp
    left: Household
    right: Household


@dataclass(frozen=True)
class Unary(Household):
    """One-sided arithmetic or logic."""

    op: UnaryOp
    part: Household


@dataclass(frozen=True)
class IfElse(Household):
    """One of two values, by a condition; missing where the condition is."""

    condition: Household
    then: Household
    otherwise: Household


@dataclass(frozen=True)
class Coalesce(Household):
    """The first value that is not missing."""

    parts: tuple[Household, ...]


@dataclass(frozen=True)
class Peers(Household):
    """The mean of ``part`` over the other households of the same place, present at the same as_of: leave one out.

    Others without a value do not count; missing where no other has one. The place is the one on the household row seen
    at as_of. Whoever runs a plan for a slice of households needs all households of their villages and townships in it:
    a mean over half a village is a different number.
    """

    place: Place
    part: Household


def children(node: Household) -> Iterator[Household]:
    """Yield the household nodes directly below ``node``."""
    for field in dataclasses.fields(node):  # type: ignore[arg-type]
        value = getattr(node, field.name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Household):
                yield item


def walk(node: Household) -> Iterator[Household]:
    """Yield ``node`` and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def reductions(node: Household) -> list[Reduction]:
    """Return the distinct reductions below ``node`` in the order in which they appear."""
    return list(node.reductions)


def policy_values(node: Household) -> list[PolicyValue]:
    """Return the distinct policy figures below ``node``."""
    return list(dict.fromkeys(part for part in walk(node) if isinstance(part, PolicyValue)))


def peers(node: Household) -> list[Peers]:
    """Return the distinct means over other households below ``node``; one never lies inside another."""
    return list(dict.fromkeys(part for part in walk(node) if isinstance(part, Peers)))


def tables(node: Household) -> list[str]:
    """Return the source tables that ``node`` reads, each once."""
    return list(dict.fromkeys(part.table for part in reductions(node)))


def columns_read(reduction: Reduction) -> set[str]:
    """Return the columns of its table that a reduction reads, clocks and the row's own date apart."""
    parts = [*reduction.where, reduction.column]
    return {name for part in parts for name in columns(part)} | {reduction.end_column} - {""}


def columns(node: Row | None) -> Iterator[str]:
    """Yield the columns that a row node reads."""
    match node:
        case Field(name):
            yield name
        case AgeYears(column) | MonthsSince(column) | Ordinal(column) | StillOpen(column) | Within(column):
            yield column
        case Compare(part) | IsIn(part) | IsMissing(part) | Not(part):
            yield from columns(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from columns(part)


def month_bounds(node: Row) -> Iterator[int]:
    """Yield the months from as_of at which a row node's date windows begin and end."""
    match node:
        case Within(_, start, end):
            yield from (end,) if start is None else (start, end)
        case Compare(part) | IsIn(part) | IsMissing(part) | Not(part):
            yield from month_bounds(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from month_bounds(part)


def as_data(node: object) -> object:
    """Return a node as nested lists, dicts and scalars, fit for JSON: what a catalogue hash is taken of."""
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        fields = {f.name: as_data(getattr(node, f.name)) for f in dataclasses.fields(node)}
        return {"node": type(node).__name__, **fields}
    if isinstance(node, tuple | list):
        return [as_data(item) for item in node]
    return node


def canonical(node: object) -> str:
    """Return one JSON text for one meaning: equal nodes give equal texts."""
    return json.dumps(as_data(node), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
