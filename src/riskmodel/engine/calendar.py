"""Whole calendar months and completed years, and the days on which their counts change."""

from __future__ import annotations

import calendar
from datetime import date

_EPOCH = date(1970, 1, 1)
# Days outside every calendar, for bounds that are open.
EARLIEST, LATEST = -(2**31) + 1, 2**31 - 1


def add_months(day: date, months: int) -> date:
    """Return the same day of another month, cut to the month's end.

    >>> add_months(date(2024, 3, 31), -1)
    datetime.date(2024, 2, 29)
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def day_number(day: date) -> int:
    """Return the days since 1970-01-01.

    >>> day_number(date(1970, 2, 1))
    31
    """
    return (day - _EPOCH).days


def born_by(years: int, on: date) -> int:
    """Return the last day from which ``years`` years are completed on the day ``on``, as a day number.

    >>> born_by(16, date(2024, 2, 28)) == day_number(date(2008, 2, 28))
    True
    >>> born_by(1, date(2024, 2, 29)) == day_number(date(2023, 2, 28))
    True
    """
    year = on.year - years
    if not 1 <= year <= 9999:
        return EARLIEST if year < 1 else LATEST - 1
    return day_number(add_months(on, -12 * years))


def begun_by(months: int, on: date) -> int:
    """Return the last day from which ``months`` whole months have passed on the day ``on``, as a day number.

    >>> begun_by(1, date(2024, 3, 31)) == day_number(date(2024, 2, 29))
    True
    """
    year = (on.year * 12 + on.month - 1 - months) // 12
    if not 1 <= year <= 9999:
        return EARLIEST if year < 1 else LATEST - 1
    return day_number(add_months(on, -months))
