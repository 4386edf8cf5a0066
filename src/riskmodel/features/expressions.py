"""The words a feature is written in: columns of rows, and numbers of households, with ordinary operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from riskmodel.engine import plan
from riskmodel.errors import CallError


@dataclass(frozen=True, eq=False)
class Column:
    """Something of one row: a column, an age, a condition. Built by :func:`col`, :func:`age`, …."""

    node: plan.Row

    def _compare(self, op: plan.CompareOp, other: Any) -> Column:
        return Column(plan.Compare(self.node, op, _scalar(other)))

    def __eq__(self, other: object) -> Column:  # type: ignore[override]
        return self._compare("==", other)

    def __ne__(self, other: object) -> Column:  # type: ignore[override]
        return self._compare("!=", other)

    def __lt__(self, other: plan.Scalar) -> Column:
        return self._compare("<", other)

    def __le__(self, other: plan.Scalar) -> Column:
        return self._compare("<=", other)

    def __gt__(self, other: plan.Scalar) -> Column:
        return self._compare(">", other)

    def __ge__(self, other: plan.Scalar) -> Column:
        return self._compare(">=", other)

    def __and__(self, other: Column) -> Column:
        return Column(plan.AllOf((self.node, other.node)))

    def __or__(self, other: Column) -> Column:
        return Column(plan.AnyOf((self.node, other.node)))

    def __invert__(self) -> Column:
        return Column(plan.Not(self.node))

    def isin(self, *values: plan.Scalar) -> Column:
        """Whether the value is one of ``values``."""
        return Column(plan.IsIn(self.node, tuple(_scalar(v) for v in values)))

    def is_missing(self) -> Column:
        """Whether the value is missing."""
        return Column(plan.IsMissing(self.node))

    def __bool__(self) -> bool:
        raise CallError("a condition on rows has no truth of its own: use & | ~ instead of and, or, not.")

    __hash__ = None  # type: ignore[assignment]


def col(name: str) -> Column:
    """A column of the row, by name.

    >>> (col("amount") > 0).node
    Compare(left=Field(name='amount'), op='>', right=0)
    """
    return Column(plan.Field(name))


def age(birth_column: str = "birth_date") -> Column:
    """Completed years from a date column to the day the history is looked back from."""
    return Column(plan.AgeYears(birth_column))


def months_since(column: str) -> Column:
    """Whole months from a date column to the day the history is looked back from; negative for a later date."""
    return Column(plan.MonthsSince(column))


def ordinal(name: str, *order: str) -> Column:
    """The position of a code in an ordered list, from 0; without ``order`` the code book's own order."""
    return Column(plan.Ordinal(name, tuple(order)))


def _scalar(value: Any) -> plan.Scalar:
    if isinstance(value, bool | int | float | str):
        return value
    raise CallError(f"a row can be compared with a number, a text or a truth value, not with {type(value).__name__}.")


@dataclass(frozen=True, eq=False)
class Number:
    """Something of one household at one as_of: a reduction or arithmetic between reductions."""

    node: plan.Household

    def _with(self, op: plan.BinaryOp, other: Any, *, swapped: bool = False) -> Number:
        mine, theirs = self.node, number(other).node
        return Number(plan.Binary(op, theirs, mine) if swapped else plan.Binary(op, mine, theirs))

    def __add__(self, other: Any) -> Number:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Number:
        return self._with("+", other, swapped=True)

    def __sub__(self, other: Any) -> Number:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Number:
        return self._with("-", other, swapped=True)

    def __mul__(self, other: Any) -> Number:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Number:
        return self._with("*", other, swapped=True)

    def __truediv__(self, other: Any) -> Number:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Number:
        return self._with("/", other, swapped=True)

    def __neg__(self) -> Number:
        return number(0) - self

    def __eq__(self, other: object) -> Number:  # type: ignore[override]
        return self._with("==", other)

    def __ne__(self, other: object) -> Number:  # type: ignore[override]
        return self._with("!=", other)

    def __lt__(self, other: Any) -> Number:
        return self._with("<", other)

    def __le__(self, other: Any) -> Number:
        return self._with("<=", other)

    def __gt__(self, other: Any) -> Number:
        return self._with(">", other)

    def __ge__(self, other: Any) -> Number:
        return self._with(">=", other)

    def __and__(self, other: Any) -> Number:
        return self._with("and", other)

    def __or__(self, other: Any) -> Number:
        return self._with("or", other)

    def __invert__(self) -> Number:
        return Number(plan.Unary("not", self.node))

    def __abs__(self) -> Number:
        return Number(plan.Unary("abs", self.node))

    def log1p(self) -> Number:
        """The natural logarithm of one plus the value; missing at or below −1."""
        return Number(plan.Unary("log1p", self.node))

    def sqrt(self) -> Number:
        """The square root; missing below 0."""
        return Number(plan.Unary("sqrt", self.node))

    def is_missing(self) -> Number:
        """Whether the value is missing."""
        return Number(plan.Unary("is_missing", self.node))

    def or_else(self, other: Any) -> Number:
        """The value, or ``other`` where it is missing."""
        return Number(plan.Coalesce((self.node, number(other).node)))

    def __bool__(self) -> bool:
        raise CallError("a feature has no truth of its own while it is built: use & | ~ and if_else(...).")

    __hash__ = None  # type: ignore[assignment]


def number(value: Any) -> Number:
    """Turn a constant into a :class:`Number`; a :class:`Number` stays as it is."""
    if isinstance(value, Number):
        return value
    if isinstance(value, bool | int | float):
        return Number(plan.Constant(float(value)))
    raise CallError(f"expected a number or something built from a history, got {type(value).__name__}.")


def if_else(condition: Number, then: Any, otherwise: Any) -> Number:
    """One of two values by a condition; missing where the condition is."""
    return Number(plan.IfElse(condition.node, number(then).node, number(otherwise).node))


def smaller(left: Any, right: Any) -> Number:
    """The smaller of two values; missing where either is."""
    return Number(plan.Binary("min", number(left).node, number(right).node))


def larger(left: Any, right: Any) -> Number:
    """The larger of two values; missing where either is."""
    return Number(plan.Binary("max", number(left).node, number(right).node))
