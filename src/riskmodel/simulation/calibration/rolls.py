"""Figures of the official list and of the registry's own habits: who enters, who leaves, when it is known."""

from __future__ import annotations

from datetime import date
from functools import partial

import ibis

from riskmodel.simulation.calibration.money import Figure, one, ratio
from riskmodel.simulation.calibration.years import Years

_LATE_DAYS = 60


def _entries(years: Years) -> ibis.Table:
    """Give the listings of the years, with the year of each."""
    rows = years.standing("listing")
    rows = rows.mutate(year=rows.identified_on.year())
    return rows.filter((rows.year >= years.first) & (rows.year <= years.last))


def _new(years: Years) -> float | None:
    return one(ratio(_entries(years).count().as_scalar(), years.accounts.count().as_scalar()))


def _mix(years: Years, *, category: str) -> float | None:
    return one((_entries(years).category == category).cast("float64").mean())


def _within_15_days(years: Years) -> float | None:
    """Give the share of listings recognised at most 15 days after the visit that led to them."""
    visits, rows = years.standing("visit"), _entries(years)
    visits = visits.filter(visits.verdict == "at_risk").select("household_id", "visited_on")
    both = rows.join(visits, "household_id")
    both = both.filter(both.visited_on <= both.identified_on)
    last = both.group_by("household_id", "identified_on").aggregate(visited=both.visited_on.max())
    return one((last.identified_on.delta(last.visited, unit="day") <= 15).cast("float64").mean())


def _eliminated(years: Years, *, at: date, sudden: bool | None = None) -> float | None:
    """Give, of everyone listed by a day, the share whose risk was eliminated by then."""
    rows = years.standing("listing")
    rows = rows.filter(rows.identified_on <= at)
    if sudden is not None:
        rows = rows.filter((rows.category == "sudden_hardship") == sudden)
    return one((rows.eliminated_on.notnull() & (rows.eliminated_on <= at)).cast("float64").mean())


def _after_three_years(years: Years) -> float | None:
    at = years.first + 2
    return _eliminated(years, at=date(at, 12, 31)) if at < years.last else None


def _at_end(years: Years) -> float | None:
    return _eliminated(years, at=date(years.last, 12, 31)) if years.last - years.first >= 3 else None


def _sudden_slowest(years: Years) -> float | None:
    at = date(years.last, 12, 31)
    sudden, others = (_eliminated(years, at=at, sudden=which) for which in (True, False))
    return None if sudden is None or not others else sudden / others


def _year_end(years: Years) -> float | None:
    rows = years.standing("listing")
    month = rows.filter(rows.eliminated_on.notnull()).eliminated_on.month()
    return one((month >= 11).cast("float64").mean())


def _delay(years: Years, *, table: str, own: str, kind: str | None = None) -> float | None:
    """Give the median days from a row's own date (a month's from its end) to the day on which it was known."""
    rows = years.registry.table(table)
    rows = rows.filter(rows.kind == kind) if kind else rows
    return one(_days(rows, own).median())


def _days(rows: ibis.Table, own: str) -> ibis.Value:
    happened = rows[own] + ibis.interval(months=1) if own == "month" else rows[own]
    return rows.known_on.epoch_seconds() / 86400 - happened.epoch_seconds() / 86400


def _late(years: Years) -> float | None:
    return one((_days(years.registry.table("income"), "month") > _LATE_DAYS).cast("float64").mean())


FIGURES: dict[str, Figure] = {
    "list.new_entries": _new,
    "list.new_unstable": partial(_mix, category="unstable_lifted"),
    "list.new_marginal": partial(_mix, category="marginal"),
    "list.new_sudden": partial(_mix, category="sudden_hardship"),
    "list.within_15_days": _within_15_days,
    "list.eliminated_after_3_years": _after_three_years,
    "list.eliminated_at_end": _at_end,
    "list.sudden_slowest": _sudden_slowest,
    "list.year_end": _year_end,
    "delays.medical": partial(_delay, table="spending", own="spent_on", kind="medical_oop"),
    "delays.income": partial(_delay, table="income", own="month"),
    "delays.event": partial(_delay, table="event", own="happened_on"),
    "delays.listing": partial(_delay, table="listing", own="identified_on"),
    "delays.visit": partial(_delay, table="visit", own="visited_on"),
    "delays.late": _late,
}
