"""Figures of people: how many live together, how old they are, how often they lie in hospital and what they pay."""

from __future__ import annotations

from functools import partial

import ibis

from riskmodel.simulation.calibration.money import Figure, one, ratio
from riskmodel.simulation.calibration.years import Years
from riskmodel.simulation.health import OBSERVED


def _size(years: Years, *, registered: bool) -> float | None:
    rows = years.accounts
    rows = rows.filter(rows.registered) if registered else rows
    return one(rows["size"].mean())


def _share_of_age(years: Years, *, low: float, high: float) -> float | None:
    age = years.persons.age
    return one(((age >= low) & (age < high)).cast("float64").mean())


def _stays(years: Years) -> ibis.Table | None:
    """Give one row a stay in hospital of the years: household_id, registered, day, bill; None where none are told."""
    if "observation" not in years.registry.tables:
        return None
    rows = years.standing("observation")
    year = rows.observed_on.year()
    rows = rows.filter((rows.item == OBSERVED[0]) & (year >= years.first) & (year <= years.last))
    homes = years.standing("household")
    homes = homes.select("household_id", registered=homes.household_type != "ordinary")
    return rows.select("household_id", day=rows.observed_on, bill=rows.value).join(homes, "household_id")


def _admissions(years: Years, *, registered: bool) -> float | None:
    stays = _stays(years)
    if stays is None:
        return None
    lived = years.accounts.filter(years.accounts.registered == registered)
    counted = stays.filter(stays.registered == registered).count().as_scalar()
    return one(100 * ratio(counted, lived["size"].sum().as_scalar()))


def _out_of_pocket(years: Years, *, registered: bool) -> float | None:
    """Give what households paid on the days of their stays, over the whole bills of these."""
    stays = _stays(years)
    if stays is None:
        return None
    stays = stays.filter(stays.registered == registered)
    paid = years.standing("spending")
    paid = paid.filter(paid.kind == "medical_oop").select("household_id", "amount", day="spent_on")
    paid = paid.group_by("household_id", "day").aggregate(oop=paid.amount.sum())
    both = stays.join(paid, ["household_id", "day"])
    return one(ratio(both.oop.sum(), both.bill.sum()))


def _bills_compared(years: Years) -> float | None:
    stays = _stays(years)
    if stays is None:
        return None
    return one(stays.bill.mean(where=stays.registered) / stays.bill.mean(where=~stays.registered))


def _disaster_persons(years: Years) -> float | None:
    rows = years.standing("event")
    rows = rows.filter(rows.kind == "disaster").select("household_id", year=rows.happened_on.year())
    hit = rows.join(years.accounts, ["household_id", "year"])
    return one(100 * ratio(hit["size"].sum().as_scalar(), years.accounts["size"].sum().as_scalar()))


FIGURES: dict[str, Figure] = {
    "people.household_size": partial(_size, registered=False),
    "people.registered_size": partial(_size, registered=True),
    "people.share_60": partial(_share_of_age, low=60, high=200),
    "people.share_0_14": partial(_share_of_age, low=0, high=15),
    "health.admissions_registered": partial(_admissions, registered=True),
    "health.admissions_other": partial(_admissions, registered=False),
    "health.out_of_pocket_registered": partial(_out_of_pocket, registered=True),
    "health.out_of_pocket_other": partial(_out_of_pocket, registered=False),
    "health.bill_registered_of_other": _bills_compared,
    "health.disaster_persons": _disaster_persons,
}
