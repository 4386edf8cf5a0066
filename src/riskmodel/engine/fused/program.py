"""The reductions of one table and clock as arrays for the compiled pass.

A condition becomes one bit of a row; conditions on dates become ranges of days, one a date looked back from. What a
reduction gathers (a *channel*: what, of which rows, of which value) is shared by all its windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months, day_number
from riskmodel.engine.fused.conditions import Moment, Span, as_span, kind_of, moves_with_the_day

# The kernel's own names for these numbers are in kernel.py, whose import is slow; a test compares them.
CHANNELS = ("count", "sum", "squares", "lowest", "highest", "latest", "last_day", "own_dates")
RESULTS = ("total", "mean", "std", "exists", "extreme", "newest", "day", "distinct", "spell_days")
MOST_BITS = 62
_MILLIONTHS = 1_000_000
_SUMMED = frozenset({"sum", "squares"})
_VALUED = _SUMMED | {"lowest", "highest", "latest"}
_NUMERIC = frozenset({"sum", "mean", "std", "min", "max", "latest"})
_VALUE_KINDS = frozenset({"number", "truth"})

_T = TypeVar("_T")


@dataclass(frozen=True)
class Stored:
    """What the engine must know of a table: its columns' kinds, its own date, and which columns are never missing."""

    kinds: Mapping[str, str]
    own_date: str
    full: frozenset[str] = frozenset()

    @property
    def whole(self) -> frozenset[str]:
        """The columns whose sums need no scaling."""
        return frozenset(name for name, kind in self.kinds.items() if kind in {"integer", "boolean"})


def can_run(reduction: plan.Reduction, stored: Stored) -> bool:
    """Tell whether the compiled pass knows how to work out ``reduction``."""
    for condition in reduction.where:
        if kind_of(condition, stored.kinds) not in _VALUE_KINDS:
            return False
    if reduction.op in _NUMERIC:
        return reduction.column is not None and kind_of(reduction.column, stored.kinds) in _VALUE_KINDS
    if reduction.op == "distinct":
        return isinstance(reduction.column, plan.Field) and (
            reduction.column.name == stored.own_date or kind_of(reduction.column, stored.kinds) in {"text", "truth"}
        )
    if reduction.op == "days":
        return reduction.window is not None and stored.kinds.get(reduction.end_column) in {"date", "month"}
    return True


@dataclass(frozen=True)
class Value:
    """A row node as an array: to be summed in whole units, or compared as it is."""

    node: plan.Row
    scale: int


@dataclass
class Program:
    """One pass over the rows of one table, for reductions of one clock.

    Attributes
    ----------
    reductions
        In the order of the kernel's results.
    conditions
        What the bits of a row mean, by position; ``spans`` are those that are ranges of days.
    units, numbers
        What is summed, and what is compared; ``places`` and ``days`` are the columns read as codes and as dates.
    """

    table: str
    stored: Stored
    clock: plan.Clock
    as_of: tuple[date, ...]
    reductions: list[plan.Reduction] = field(default_factory=list)
    conditions: list[plan.Row] = field(default_factory=list)
    units: list[Value] = field(default_factory=list)
    numbers: list[plan.Row] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    masks: list[frozenset[plan.Row]] = field(default_factory=list)
    channels: list[tuple[int, str, int]] = field(default_factory=list)

    @property
    def ref(self) -> tuple[date, ...]:
        """The days looked back from."""
        return tuple(add_months(day, self.clock.at_months) for day in self.as_of)

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The dates, each with its day looked back from."""
        return tuple(map(Moment, self.as_of, self.ref))

    @property
    def known_at(self) -> tuple[date, ...]:
        """The days before which a row must be known."""
        return tuple(day + timedelta(days=self.clock.lag_days) for day in self.ref)

    @property
    def offsets(self) -> list[int]:
        """The bounds of all windows, in months from as_of; the clock's own day is one."""
        windows = [reduction.window for reduction in self.reductions if reduction.window is not None]
        starts = {window.start for window in windows if window.start is not None}
        return sorted(starts | {window.end for window in windows} | {self.clock.at_months})

    def spans(self) -> dict[plan.Row, Span]:
        """Return the conditions that are ranges of days."""
        found = {condition: as_span(condition, self.moments) for condition in self.conditions}
        return {condition: span for condition, span in found.items() if span is not None}

    def room_for(self, reduction: plan.Reduction) -> bool:
        """Tell whether the bits of a row suffice for one reduction more."""
        more = {condition for condition in self._conditions(reduction) if condition not in self.conditions}
        return len(self.conditions) + len(more) <= MOST_BITS

    def add(self, reduction: plan.Reduction) -> None:
        """Take a reduction into the pass."""
        self.reductions.append(reduction)
        for condition in self._conditions(reduction):
            _place(self.conditions, condition)

    def _conditions(self, reduction: plan.Reduction) -> list[plan.Row]:
        parts = list(reduction.where)
        if reduction.op in {"mean", "std"}:
            assert reduction.column is not None
            parts.extend(self.there(reduction.column))
        return parts

    def there(self, value: plan.Row) -> list[plan.Row]:
        """Return the condition that a value is not missing; none where it never is."""
        full = isinstance(value, plan.Field) and value.name in self.stored.full
        return [] if full else [plan.Not(plan.IsMissing(value))]

    def mask(self, conditions: Sequence[plan.Row]) -> int:
        """Return the number of the mask of rows that meet all ``conditions``."""
        return _place(self.masks, frozenset(conditions))

    def channel(self, conditions: Sequence[plan.Row], op: str, column: int = 0) -> int:
        """Return the number of a channel."""
        return _place(self.channels, (self.mask(conditions), op, column))

    def needs_of(self, conditions: Iterable[plan.Row]) -> int:
        """Return the bits of ``conditions``."""
        return sum({1 << self.conditions.index(condition) for condition in conditions})


def programs(
    wanted: Sequence[plan.Reduction], stored: Mapping[str, Stored], as_of: Sequence[date]
) -> dict[str, list[Program]]:
    """Return the passes that work out ``wanted``, by table: one a clock, more where the conditions are very many."""
    passes: dict[str, list[Program]] = {}
    for reduction in wanted:
        mine = passes.setdefault(reduction.table, [])
        fitting = [one for one in mine if one.clock == reduction.clock and one.room_for(reduction)]
        if not fitting:
            fitting = [Program(reduction.table, stored[reduction.table], reduction.clock, tuple(as_of))]
            mine.extend(fitting)
        fitting[0].add(reduction)
    return passes


@dataclass(frozen=True)
class Tables:
    """A program's numbers as :func:`kernel.reduce_rows` wants them, and which value each array of numbers holds."""

    dates: tuple[np.ndarray, ...]
    earliest: int
    masks: tuple[np.ndarray, ...]
    channels: tuple[np.ndarray, ...]
    reductions: tuple[np.ndarray, ...]
    units: list[tuple[Value, Moment | None]]
    numbers: list[tuple[plan.Row, Moment | None]]


def tables(program: Program) -> Tables:
    """Lay out a program as arrays. Channels of one mask are put together, so a row's bits are asked once a mask."""
    offsets = program.offsets
    lines = [_line(program, reduction, offsets) for reduction in program.reductions]
    order = sorted(range(len(program.channels)), key=lambda number: program.channels[number][0])
    moved = {number: position for position, number in enumerate(order)}
    ordered = [program.channels[number] for number in order]
    counts = np.bincount([mask for mask, _, _ in ordered], minlength=len(program.masks))
    units, unit_at = _laid_out([(value, value.node) for value in program.units], program.moments)
    numbers, number_at = _laid_out([(node, node) for node in program.numbers], program.moments)
    at = [
        (unit_at if op in _SUMMED else number_at)[c] if op in _VALUED else [0] * len(program.ref)
        for _, op, c in ordered
    ]
    bounds = [[day_number(add_months(day, offset)) for offset in offsets] for day in program.as_of]
    return Tables(
        dates=(_days(program.known_at), _days(program.ref), np.array(bounds, np.int32)),
        earliest=min((line.earliest for line in lines), default=0),
        masks=(
            np.array([program.needs_of(mask) for mask in program.masks], np.uint64),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ),
        channels=(
            np.array([CHANNELS.index(op) for _, op, _ in ordered], np.int64),
            np.array(at, np.int64).reshape(len(ordered), len(program.ref)),
        ),
        reductions=(
            np.array([line.op for line in lines], np.int64),
            np.array([[moved.get(c, 0) for c in line.channels] for line in lines], np.int64),
            np.array([line.low for line in lines], np.int64),
            np.array([line.high for line in lines], np.int64),
            np.array([line.scale for line in lines], np.float64),
            np.array([line.need for line in lines], np.uint64),
            np.array([line.column for line in lines], np.int64),
        ),
        units=units,
        numbers=numbers,
    )


def _laid_out(
    values: Sequence[tuple[_T, plan.Row]], moments: Sequence[Moment]
) -> tuple[list[tuple[_T, Moment | None]], list[list[int]]]:
    """Give each value one array, or one a date where it moves with the date, and say which it is at each date."""
    rows: list[tuple[_T, Moment | None]] = []
    at: list[list[int]] = []
    for value, node in values:
        first, whens = len(rows), list(moments) if moves_with_the_day(node) else [None]
        rows.extend((value, when) for when in whens)
        at.append([first + min(number, len(whens) - 1) for number in range(len(moments))])
    return rows, at


@dataclass(frozen=True)
class _Line:
    op: int
    channels: tuple[int, int, int]
    low: int
    high: int
    scale: float = 1.0
    need: int = 0
    column: int = 0

    @property
    def earliest(self) -> int:
        """The first segment that it looks at; the last two kinds of result say a bound, -1 for none."""
        if RESULTS[self.op] == "spell_days":
            return 0  # what began long before may last into the window
        return self.low + 1 if RESULTS[self.op] == "distinct" else self.low


def _line(program: Program, reduction: plan.Reduction, offsets: list[int]) -> _Line:
    window, where, op = reduction.window, reduction.where, reduction.op
    end = offsets.index(program.clock.at_months if window is None else window.end)
    start = -1 if window is None or window.start is None else offsets.index(window.start)
    # Segment k lies between bound k - 1 and bound k.
    low, high = start + 1, end

    def line(kind: str, *channels: int, scale: float = 1.0) -> _Line:
        padded = (*channels, 0, 0, 0)[:3]
        return _Line(RESULTS.index(kind), (padded[0], padded[1], padded[2]), low, high, scale)

    if op in {"count", "exists"}:
        return line("total" if op == "count" else "exists", program.channel(where, "count"))
    if op == "months_since":
        return line("day", program.channel(where, "last_day"))
    if op == "days":
        column = _place(program.days, reduction.end_column)
        return _Line(RESULTS.index("spell_days"), (0, 0, 0), start, end, need=program.needs_of(where), column=column)
    assert reduction.column is not None
    if op == "distinct":
        assert isinstance(reduction.column, plan.Field)
        if reduction.column.name == program.stored.own_date:
            return line("total", program.channel(where, "own_dates"))
        column = _place(program.places, reduction.column.name)
        return _Line(RESULTS.index("distinct"), (0, 0, 0), start, end, need=program.needs_of(where), column=column)
    if op in {"min", "max", "latest"}:
        number = _place(program.numbers, reduction.column)
        if op == "latest":
            return line("newest", program.channel(where, "latest", number))
        channel = program.channel(where, "lowest" if op == "min" else "highest", number)
        return line("extreme", channel, scale=-1.0 if op == "min" else 1.0)
    scale = _scale(reduction.column, program.stored)
    unit = _place(program.units, Value(reduction.column, scale))
    total = program.channel(where, "sum", unit)
    if op == "sum":
        return line("total", total, scale=scale)
    many = program.channel((*where, *program.there(reduction.column)), "count")
    if op == "mean":
        return line("mean", total, many, scale=scale)
    return line("std", total, many, program.channel(where, "squares", unit), scale=scale)


def _scale(column: plan.Row, stored: Stored) -> int:
    return 1 if not isinstance(column, plan.Field) or column.name in stored.whole else _MILLIONTHS


def _place(things: list[_T], thing: _T) -> int:
    if thing not in things:
        things.append(thing)
    return things.index(thing)


def _days(days: Sequence[date]) -> np.ndarray:
    return np.array([day_number(day) for day in days], np.int32)
