"""Reading a date however a county wrote it, and refusing one that could mean two days."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Literal

from riskmodel.registry.importing.text import canonical

_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_DAY = (
    re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}"),
    re.compile(rf"(\d{{4}})()年(\d{{1,2}})月(\d{{1,2}})[日号]?{_TIME}"),
    re.compile(r"(\d{4})()(\d{2})(\d{2})"),
)
# "2023.1" is left out: in a workbook it is as often October (2023.10 stored as a number) as January.
_MONTH = (
    re.compile(r"(\d{4})[-/](\d{1,2})"),
    re.compile(r"(\d{4})年(\d{1,2})月?份?"),
    re.compile(r"(\d{4})\.(\d{2})"),
    re.compile(r"(\d{4})(\d{2})"),
)
_YEAR = re.compile(r"(\d{4})年?度?")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_ANY_SERIAL = re.compile(r"(\d{1,7})(?:\.\d+)?")
# Excel counts a 29 February 1900 that never was: before it, serials run from one day later.
_SERIAL_ZERO = dt.date(1899, 12, 30)

FORMS = "2023-06-05, 2023/6/5, 2023.6.5, 2023年6月5日, 20230605, 2023-06, 202306 or an Excel serial number"


@dataclass(frozen=True)
class DateRule:
    """How the dates of one column are written.

    Attributes
    ----------
    to_month : bool
        The first day of the month is kept, whatever day was given.
    formats : tuple of str
        ``strptime`` patterns, or ``excel`` for serial numbers of any length; none of them: the usual forms.
    month : int, optional
        The month meant where only a year is given.
    day : int or "last", optional
        The day meant where only a year or a month is given.
    """

    to_month: bool = False
    formats: tuple[str, ...] = field(default=())
    month: int | None = None
    day: int | Literal["last"] | None = None


def read_date(value: object, rule: DateRule) -> dt.date:
    """Return the day that ``value`` means under ``rule``.

    Parameters
    ----------
    value : object
        Text, a number, a date or a datetime; not empty.

    Raises
    ------
    ValueError
        It is no date, or could mean several; the message is what was expected.

    Examples
    --------
    >>> read_date("2023年6月5日", DateRule())
    datetime.date(2023, 6, 5)
    >>> read_date("202306", DateRule(to_month=True)), read_date(45082, DateRule())
    (datetime.date(2023, 6, 1), datetime.date(2023, 6, 5))
    >>> read_date("2023", DateRule(month=12, day="last"))
    datetime.date(2023, 12, 31)
    """
    if isinstance(value, dt.datetime):
        found = value.date()
    elif isinstance(value, dt.date):
        found = value
    else:
        text = canonical(value) or ""
        found = _formatted(text, rule.formats) if rule.formats else _usual(text, value, rule)
    return found.replace(day=1) if rule.to_month else found


def _formatted(text: str, formats: tuple[str, ...]) -> dt.date:
    for pattern in formats:
        if pattern == "excel":
            if match := _ANY_SERIAL.fullmatch(text):
                return _from_serial(int(match[1]))
            continue
        try:
            return dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    raise ValueError(f"a date written as {' or '.join(formats)}")


def _usual(text: str, value: object, rule: DateRule) -> dt.date:
    for pattern in _DAY:
        if match := pattern.fullmatch(text):
            return _day(int(match[1]), int(match[3]), int(match[4]))
    for pattern in _MONTH:
        # A number such as 2023.12 may be a rounded anything: only text and whole numbers are months.
        if (match := pattern.fullmatch(text)) and not (isinstance(value, float) and "." in text):
            return _within_month(int(match[1]), int(match[2]), rule)
    if match := _YEAR.fullmatch(text):
        if rule.month is None:
            raise ValueError(f"a date such as {FORMS}; for a year alone, state month (and day) in the mapping")
        return _within_month(int(match[1]), rule.month, rule)
    if match := _SERIAL.fullmatch(text):
        return _from_serial(int(match[1]))
    raise ValueError(f"a date such as {FORMS}")


def _within_month(year: int, month: int, rule: DateRule) -> dt.date:
    _day(year, month, 1)
    if rule.to_month and rule.day is None:
        return dt.date(year, month, 1)
    if rule.day is None:
        raise ValueError("a whole date; for a month alone, state day (1 to 31, or last) in the mapping")
    last = calendar.monthrange(year, month)[1]
    return dt.date(year, month, last if rule.day == "last" else min(rule.day, last))


def _day(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise ValueError("a date that the calendar has") from None


def _from_serial(serial: int) -> dt.date:
    if serial in (0, 60):
        raise ValueError("a serial number of a day that the calendar has")
    return _SERIAL_ZERO + dt.timedelta(days=serial + (1 if serial < 60 else 0))
