"""The months of a simulation and how they lie on the calendar, as days since 1970-01-01."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

BURN_IN_MONTHS = 12
FAR_FUTURE = np.int32(2_000_000)

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Return a date as days since 1970-01-01, the way Parquet stores it.

    >>> day_number(date(1970, 2, 1))
    31
    """
    return (day - _EPOCH).days


@dataclass(frozen=True)
class Calendar:
    """Every month that is lived through, the burn-in included.

    Attributes
    ----------
    until : int
        Day number of the registry's cut: nothing known on or after it is written.
    first : int
        Index of the first month whose flows (income, spending, …) are written; months before it let jobs,
        illness and yearly accounts settle.
    month_start : ndarray of int32
        Day number of the first day of each month, with one more entry for the end of the last.
    year, month : ndarray
        Calendar year and month (1 to 12) of each entry.
    """

    until: int
    first: int
    month_start: np.ndarray
    year: np.ndarray
    month: np.ndarray

    @property
    def months(self) -> int:
        """How many months are lived through."""
        return len(self.month_start) - 1

    @property
    def start(self) -> int:
        """Day number of the first day that is written."""
        return int(self.month_start[self.first])


def make_calendar(*, years: int, until: date) -> Calendar:
    """Lay out ``years`` years up to ``until`` (exclusive), after a burn-in of a year.

    >>> c = make_calendar(years=2, until=date(2026, 1, 1))
    >>> c.months, c.first, int(c.year[c.first]), int(c.month[c.first])
    (36, 12, 2024, 1)
    """
    end = until.year * 12 + until.month - 1 + (1 if until.day > 1 else 0)
    begin = until.year * 12 + until.month - 1 - 12 * years - BURN_IN_MONTHS
    index = np.arange(begin, end + 1)
    starts = (index - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return Calendar(
        until=day_number(until),
        first=BURN_IN_MONTHS,
        month_start=starts.astype(np.int32),
        year=(index // 12).astype(np.int32),
        month=(index % 12 + 1).astype(np.int32),
    )
