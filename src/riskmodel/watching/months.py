"""The months before a date, and which of them a day falls in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from riskmodel.engine.calendar import add_months

if TYPE_CHECKING:
    import ibis.expr.types as ir


def months_before(day: date, months: int) -> list[date]:
    """Return the ``months`` + 1 dates a month apart that end with ``day``, oldest first.

    >>> months_before(date(2024, 3, 1), 2)
    [datetime.date(2024, 1, 1), datetime.date(2024, 2, 1), datetime.date(2024, 3, 1)]
    """
    return [add_months(day, -back) for back in range(months, -1, -1)]


def number_of_month(days: Any, ends: Sequence[date]) -> ir.IntegerValue:
    """Return, for a column of days before the last of ``ends``, which month each falls in.

    Month i is ``[ends[i], ends[i + 1])``; -1 is before all of them.
    """
    import ibis

    return ibis.cases(*((days >= start, number) for number, start in reversed(list(enumerate(ends[:-1])))), else_=-1)
