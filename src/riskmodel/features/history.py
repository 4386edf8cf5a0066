"""A household's history as a feature sees it: tables, conditions, windows, reductions.

Nothing is computed here: each call adds to an expression. A :class:`History` looks back only; the :class:`Outlook`
that outcomes are given can also look ahead, and a feature never gets one.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from riskmodel.engine import plan
from riskmodel.errors import CallError, did_you_mean
from riskmodel.features.expressions import Column, Number, col
from riskmodel.registry import codes, schema

_NUMERIC = {"money", "number", "integer", "boolean"}
# Clocks that are written when a row is superseded or taken back, be it after as_of.
_LATER = {"known_until", "withdrawn"}


@dataclass(frozen=True)
class View:
    """Some rows of one table, as known at the clock's day. Each method returns a narrower view or a number."""

    table: schema.Table
    conditions: tuple[plan.Row, ...] = ()
    window: plan.Window | None = None
    clock: plan.Clock = plan.HISTORY

    def where(self, *conditions: Column, **equals: Any) -> View:
        """Keep the rows that meet all conditions.

        Parameters
        ----------
        *conditions
            Built from :func:`~riskmodel.features.col`, e.g. ``col("amount") > 0``.
        **equals
            A column and the value, or list of values, that it must have: ``where(source="wage")``,
            ``where(kind=["illness", "accident"])``. Codes are checked against the code book.
        """
        nodes = [condition.node for condition in conditions]
        for name, value in equals.items():
            values = tuple(value) if isinstance(value, list | tuple | set) else (value,)
            node = col(name).isin(*values).node if len(values) != 1 else (col(name) == values[0]).node
            nodes.append(node)
        return dataclasses.replace(self, conditions=(*self.conditions, *(self._checked(n) for n in nodes)))

    def last(self, *, months: int, skip: int = 0) -> View:
        """Keep own dates in ``[as_of − months − skip, as_of − skip)``, in calendar months."""
        if not isinstance(months, int) or isinstance(months, bool) or months <= 0 or skip < 0:
            raise CallError(f"last(months={months!r}, skip={skip!r}): months must be 1 or more, skip 0 or more.")
        if self.window is not None:
            raise CallError("this view has a window already: give months and skip in one call of last().")
        end = self.clock.at_months - skip
        return dataclasses.replace(self, window=plan.Window(end - months, end))

    def in_force(self, *, end_column: str = "ended_on") -> View:
        """Keep the spells that have begun and not ended before the day looked back from."""
        self._column(end_column)
        return dataclasses.replace(self, conditions=(*self.conditions, plan.StillOpen(end_column)))

    def ended(self, *, months: int | None = None, end_column: str = "ended_on") -> View:
        """Keep the spells that ended before the day looked back from; with ``months``, in so many months before it."""
        self._date(end_column)
        if months is not None and (not isinstance(months, int) or isinstance(months, bool) or months <= 0):
            raise CallError(f"ended(months={months!r}): months must be 1 or more.")
        end = self.clock.at_months
        within = plan.Within(end_column, None if months is None else end - months, end)
        return dataclasses.replace(self, conditions=(*self.conditions, within))

    def sum(self, column: str | Column) -> Number:
        """The sum over the rows, exact to a millionth; 0 over no rows."""
        return self._reduce("sum", column)

    def mean(self, column: str | Column) -> Number:
        """The mean over the rows; missing over none."""
        return self._reduce("mean", column)

    def min(self, column: str | Column) -> Number:
        """The smallest value; missing over no rows."""
        return self._reduce("min", column)

    def max(self, column: str | Column) -> Number:
        """The largest value; missing over no rows."""
        return self._reduce("max", column)

    def std(self, column: str | Column) -> Number:
        """The sample standard deviation (n − 1); missing over fewer than two rows."""
        return self._reduce("std", column)

    def latest(self, column: str | Column) -> Number:
        """The value on the row with the latest own date (then the latest ``known_on``, then the largest value).

        Missing over no rows, and where that row has none.
        """
        return self._reduce("latest", column)

    def distinct(self, column: str) -> Number:
        """How many different values a column has; 0 over no rows."""
        self._column(column)
        return self._number("distinct", plan.Field(column))

    def count(self) -> Number:
        """How many rows; 0 over none."""
        return self._number("count")

    def exists(self) -> Number:
        """1 if there is a row, else 0."""
        return self._number("exists")

    def months_since(self) -> Number:
        """Whole months between the latest own date and the day looked back from; missing over no rows."""
        return self._number("months_since")

    def days(self, *, end_column: str = "ended_on") -> Number:
        """Days on which the spells overlap the window, added up; an open spell runs to the day looked back from."""
        self._column(end_column)
        window = self.window
        if window is None:
            raise CallError("days() needs a window: call last(months=…) first.")
        node = plan.Reduction(
            self.table.name, "days", self.conditions, window, None, clock=self.clock, end_column=end_column
        )
        return Number(node)

    def _number(self, op: plan.ReduceOp, column: plan.Row | None = None) -> Number:
        return Number(plan.Reduction(self.table.name, op, self.conditions, self.window, column, clock=self.clock))

    def _reduce(self, op: plan.ReduceOp, column: str | Column) -> Number:
        node = self._checked(col(column).node if isinstance(column, str) else column.node)
        if isinstance(node, plan.Field) and self._column(node.name).kind not in _NUMERIC:
            kind = self._column(node.name).kind
            raise CallError(
                f"{self.table.name}.{node.name} is a {kind}, and {op}() needs a number: "
                f'use ordinal("{node.name}") or a condition such as col("{node.name}") == "…".'
            )
        return self._number(op, node)

    def _checked(self, node: plan.Row) -> plan.Row:
        """Check columns and codes against the schema; fill in the code book's order where none was given."""
        match node:
            case plan.Field(name):
                self._column(name)
            case plan.AgeYears(name) | plan.MonthsSince(name):
                self._date(name)
            case plan.Ordinal(name, order):
                column = self._column(name)
                if not order:
                    if not column.codes:
                        raise CallError(f"{self.table.name}.{name} has no code list: give ordinal() the order.")
                    return plan.Ordinal(name, tuple(codes.codes(column.codes)))
            case plan.Compare(left, op, right):
                return plan.Compare(self._checked(left), op, self._code(left, right))
            case plan.IsIn(left, values):
                return plan.IsIn(self._checked(left), tuple(self._code(left, v) for v in values))
            case plan.IsMissing(left):
                return plan.IsMissing(self._checked(left))
            case plan.Not(part):
                return plan.Not(self._checked(part))
            case plan.AllOf(parts):
                return plan.AllOf(tuple(self._checked(p) for p in parts))
            case plan.AnyOf(parts):
                return plan.AnyOf(tuple(self._checked(p) for p in parts))
        return node

    def _code(self, left: plan.Row, value: plan.Scalar) -> plan.Scalar:
        if isinstance(left, plan.Field):
            known = self._column(left.name).codes
            if known and value not in codes.codes(known):
                hint = did_you_mean(str(value), codes.codes(known))
                raise CallError(f'{self.table.name}.{left.name} has no code "{value}".{hint}')
        return value

    def _date(self, name: str) -> None:
        if self._column(name).kind not in {"date", "month"}:
            raise CallError(f"{self.table.name}.{name} is not a date.")

    def _column(self, name: str) -> schema.Column:
        """Return a column that a feature may read.

        Raises
        ------
        CallError
            There is no such column, or it is a clock that tells what the registry learned after as_of.
        """
        if name in _LATER:
            raise CallError(
                f"{self.table.name}.{name} says what became of a row later, also after as_of: no feature may read it. "
                "Rows superseded or withdrawn before as_of are left out by themselves."
            )
        return self.table.column(name)


@dataclass(frozen=True)
class Others:
    """The other households of the same village or township, present at the same as_of: never the household itself."""

    place: plan.Place

    def mean(self, value: Number) -> Number:
        """The mean of ``value`` over the others that have one, exact to a millionth; missing where none has.

        ``value`` is worked out for each of them from its own history, as for the household itself, so nothing later
        than as_of gets in. For a slice of households to be scored apart, the slice must hold whole townships.
        """
        if plan.peers(value.node):
            raise CallError(f"{self.place}.mean() of something that already speaks of other households.")
        return Number(plan.Peers(self.place, value.node))

    def share(self, condition: Number) -> Number:
        """The share of the others for which ``condition`` holds, of those for which it is known."""
        return self.mean(condition != 0)


class History:
    """All that is known about each household at its as-of date.

    ``h.income``, ``h.event``, … are views of the registry's tables; ``h.members`` are the members present;
    ``h.line()`` is the county's monitoring line, ``h.figure(name)`` any figure of the policy record; ``h.village`` and
    ``h.township`` are the other households there.
    """

    _clock = plan.HISTORY

    def __getattr__(self, name: str) -> View:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in schema.TABLES:
            hint = did_you_mean(name, [*schema.TABLES, "members", "village", "township"])
            extra = " A feature cannot look ahead; only an outcome has next()." if name in {"next", "future"} else ""
            raise CallError(f'a history has no table "{name}".{hint}{extra}')
        return View(schema.TABLES[name], clock=self._clock)

    @property
    def members(self) -> View:
        """The members present: born, and not left before the day looked back from."""
        return self.member.in_force(end_column="left_on")

    @property
    def village(self) -> Others:
        """The other households of the village."""
        return Others("village")

    @property
    def township(self) -> Others:
        """The other households of the township."""
        return Others("township")

    def figure(self, name: str, *, months_ago: int = 0) -> Number:
        """A dated figure of the policy record in the household's county, in force on the day looked back from.

        With ``months_ago``, the one that was in force that many months before.
        """
        return Number(plan.PolicyValue(name, self._clock.at_months - months_ago))

    def line(self, *, months_ago: int = 0) -> Number:
        """The county's monitoring line in yuan a person and year: ``figure("monitoring_line")``."""
        return self.figure("monitoring_line", months_ago=months_ago)


class Ahead(History):
    """What became known of the horizon ``[as_of, as_of + months)``.

    Windows are cut to the horizon unless ``last`` says otherwise; members are those present at its end, the line is
    the one in force at its end.
    """

    def __init__(self, *, months: int, lag_days: int) -> None:
        self._clock = plan.Clock(months, lag_days)

    def __getattr__(self, name: str) -> View:
        view = super().__getattr__(name)
        state = name in {"household", "member"}
        window = None if state else plan.Window(0, self._clock.at_months)
        return dataclasses.replace(view, window=window)


class Outlook(History):
    """What an outcome is given: the history, and the horizon after it."""

    def __init__(self, *, horizon_months: int, lag_days: int) -> None:
        self._horizon_months = horizon_months
        self._lag_days = lag_days

    def next(self, *, months: int) -> Ahead:
        """The months after as_of; no more than the outcome's horizon, after which nothing was promised to be known."""
        if not 0 < months <= self._horizon_months:
            raise CallError(
                f"next(months={months}) is outside the outcome's horizon of {self._horizon_months} months: "
                "declare @outcome(horizon_months=…) to match."
            )
        return Ahead(months=months, lag_days=self._lag_days)

    def after(self, *, months: int) -> History:
        """The whole history as it will stand after so many months, 0 to the horizon; the lag lets more be known."""
        if not 0 <= months <= self._horizon_months:
            raise CallError(
                f"after(months={months}) is outside the outcome's horizon of {self._horizon_months} months."
            )
        return _Later(months=months, lag_days=self._lag_days)


class _Later(History):
    def __init__(self, *, months: int, lag_days: int) -> None:
        self._clock = plan.Clock(months, lag_days)
