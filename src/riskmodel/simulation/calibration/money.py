"""Figures of income: its level by year, its spread, its growth, its sources; and who falls below the line again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import ibis

from riskmodel.simulation.calibration.years import Years

Figure = Callable[[Years], float | None]
SPREAD_YEAR = 2024


def one(value: ibis.Value) -> float | None:
    """Work out a figure; None where there is nothing to work it out from."""
    found = value.to_pyarrow().as_py()
    return None if found is None else float(found)


def ratio(part: ibis.Value, whole: ibis.Value) -> ibis.Value:
    """Divide; missing where the whole is nothing."""
    return part.cast("float64") / whole.nullif(0)


def _in(years: Years, year: int) -> ibis.Table:
    return years.accounts.filter(years.accounts.year == year)


def _mean(years: Years, *, year: int, lifted: bool = False) -> float | None:
    """Give net income per head: all of it over all persons, as statistics do."""
    rows = _in(years, year)
    rows = rows.filter(rows.lifted) if lifted else rows
    return one(ratio(rows.net.sum(), rows["size"].sum()))


def _per_person(years: Years, year: int) -> ibis.Table:
    """Give the net income per head of everybody's household."""
    return _in(years, year).join(years.persons, ["household_id", "year"]).select("net_pc")


def _median(years: Years) -> float | None:
    return one(_per_person(years, SPREAD_YEAR).net_pc.median())


def _median_of_mean(years: Years) -> float | None:
    rows = _per_person(years, SPREAD_YEAR)
    return one(rows.net_pc.median() / rows.net_pc.mean())


def _spread(years: Years) -> float | None:
    """Give the sd of log income as the middle of the distribution has it: the tails hold debts and windfalls."""
    rows = _per_person(years, SPREAD_YEAR)
    low, high = rows.net_pc.quantile(0.158655), rows.net_pc.quantile(0.841345)
    return one(ibis.greatest(high, 1.0).ln() / 2 - ibis.greatest(low, 1.0).ln() / 2)


def _growth(years: Years) -> float | None:
    """Give the growth a year of the mean, over all years: the county's ups and downs weigh less than over two."""
    before, after = _mean(years, year=years.first), _mean(years, year=years.last)
    if years.first == years.last or not before or not after:
        return None
    return float((after / before) ** (1 / (years.last - years.first)) - 1)


def _share(years: Years, *, part: str, lifted: bool = False) -> float | None:
    """Give a part's share of net income over all years; operating income less its cost."""
    rows = years.accounts
    rows = rows.filter(rows.lifted) if lifted else rows
    amount = rows.operating - rows.operating_cost if part == "operating" else rows[part]
    return one(ratio(amount.sum(), rows.net.sum()))


def _return_lifted(years: Years) -> float | None:
    """Give the share of lifted households above the line in one year that are below it in the next."""
    rows = years.accounts.filter(years.accounts.lifted)
    before = rows.select("household_id", "below", year=rows.year + 1).rename(was_below="below")
    pairs = rows.join(before, ["household_id", "year"])
    pairs = pairs.filter(~pairs.was_below)
    return one(pairs.below.cast("float64").mean())


FIGURES: dict[str, Figure] = {
    **{f"income.mean_{year}": partial(_mean, year=year) for year in range(2020, 2025)},
    **{f"income.lifted_mean_{year}": partial(_mean, year=year, lifted=True) for year in (2021, 2022)},
    f"income.median_{SPREAD_YEAR}": _median,
    "income.median_of_mean": _median_of_mean,
    "income.spread": _spread,
    "income.growth": _growth,
    **{f"sources.{part}_share": partial(_share, part=part) for part in ("wage", "operating", "property", "transfer")},
    "sources.lifted_wage_share": partial(_share, part="wage", lifted=True),
    "risk.return_lifted": _return_lifted,
}
