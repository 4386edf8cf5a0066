"""Assistance: what a household is given, by rules, once it is registered or listed, and what ends it."""

from __future__ import annotations

import numpy as np

from riskmodel.registry.codes import codes
from riskmodel.simulation import labour
from riskmodel.simulation.state import GRADE, JOB, NO_JOB, SCHOOL, SKILL, TYPE, County

KINDS = codes("measure_kind")
# Kinds that run for a stated time; protection (dibao) runs until a review ends it.
TIMED = (
    "industry",
    "jobs",
    "finance",
    "public_post",
    "health",
    "compulsory_education",
    "other_education",
    "housing",
    "water",
)


def step(county: County) -> None:
    """Live one month of measures: what runs out, what is given, the yearly review of dibao."""
    if county.support_withdrawn:
        return
    _run_down(county)
    _give_listed(county)
    _give_registered(county)
    _repair(county)
    _dibao(county)


def start(county: County, households: np.ndarray, kind: str, *, months: int, amount: np.ndarray | float) -> None:
    """Start a timed measure and note it."""
    if len(households) == 0:
        return
    support = county.support
    record = county.next_measure + np.arange(len(households))
    county.next_measure += len(households)
    support.months_left[kind][households] = months
    support.record[kind][households] = record
    _write(
        county,
        households,
        kind,
        record=record,
        start=county.some_day("measures", len(households)),
        end=-1,
        amount=amount,
    )


def end(county: County, households: np.ndarray, kind: str, *, record: np.ndarray, day: np.ndarray | int) -> None:
    """Note that measures ended."""
    _write(county, households, kind, record=record, start=-1, end=day, amount=np.nan)


def _write(
    county: County, households: np.ndarray, kind: str, *, record: np.ndarray, start: object, end: object, amount: object
) -> None:
    county.journal.add(
        "measure",
        households,
        record=record,
        kind=KINDS.index(kind),
        start=start,
        end=end,
        amount=np.asarray(amount, dtype=np.float64),
    )


def _run_down(county: County) -> None:
    support = county.support
    for kind in TIMED:
        left = support.months_left[kind]
        running = left > 0
        left[running] -= 1
        over = np.flatnonzero(running & (left == 0))
        end(county, over, kind, record=support.record[kind][over], day=county.some_day("measures", len(over)))


def _needs(county: County) -> dict[str, np.ndarray]:
    """Say, kind by kind, which households a measure would fit."""
    members, households = county.members, county.households
    present = members.present(county.today)
    age = members.age(county.today)

    def some(mask: np.ndarray) -> np.ndarray:
        return county.per_household((mask & present).astype(np.float64)) > 0

    idle = (members.job == NO_JOB) & (members.school < 0)
    able = (members.skill == SKILL["ordinary"]) | (members.skill == SKILL["skilled"])
    return {
        "industry": (households.cropland > 1) & some(able & (members.job != JOB["migrant"])),
        "jobs": some(idle & able & (age < 58)),
        "finance": (households.livestock | households.business) & some(able & (age < 65)),
        "public_post": some(idle & (able | (members.skill == SKILL["weak"])) & (age < 69) & (age > 16)),
        "health": some(members.major | members.chronic),
        "compulsory_education": some(members.school == SCHOOL["dropped_out"]),
        "other_education": some(
            (members.school == SCHOOL["vocational"]) | (members.school == SCHOOL["vocational_college"])
        ),
        "housing": households.grade >= GRADE["C"],
        "water": ~households.water,
    }


def _give_listed(county: County) -> None:
    rng, p = county.streams["measures"], county.parameters["measures"]
    listed = (county.support.listed_on > 0) & (county.support.listed_on <= county.today)
    if not listed.any():
        return
    fits = _needs(county)
    for kind in TIMED:
        chance = p["listed_monthly"][kind]
        who = listed & fits[kind] & ~county.support.has(kind) & (rng.random(len(listed)) < chance)
        _give(county, np.flatnonzero(who), kind)


def _give(county: County, who: np.ndarray, kind: str) -> None:
    p, rng = county.parameters["measures"], county.streams["measures"]
    amount = np.round(p["amount"][kind] * rng.uniform(0.7, 1.3, len(who)), -1)
    if kind == "public_post":
        labour.begin_public_post(county, who)
    start(county, who, kind, months=p["months"][kind], amount=amount)


def _give_registered(county: County) -> None:
    """Give the standing support of lifted households, mostly in spring and, for schooling, in autumn."""
    rng, p = county.streams["measures"], county.parameters["measures"]
    yearly = {3: "industry", 4: "finance", 6: "public_post", 10: "other_education", 7: "health"}
    kind = yearly.get(county.month)
    if kind is None:
        return
    registered = county.households.kind != TYPE["ordinary"]
    n = len(registered)
    who = registered & _needs(county)[kind] & ~county.support.has(kind) & (rng.random(n) < p["registered_yearly"][kind])
    _give(county, np.flatnonzero(who), kind)


def _repair(county: County) -> None:
    """Finish housing, water and schooling measures: the guarantee is met again as the measure runs out."""
    support, households, members = county.support, county.households, county.members
    built = (support.months_left["housing"] == 1) & (households.grade >= GRADE["C"])
    households.grade[built] = GRADE["B"]
    piped = (support.months_left["water"] == 1) & ~households.water
    households.water |= piped
    households.changed |= built | piped
    back = support.has("compulsory_education")[members.hh] & (members.school == SCHOOL["dropped_out"])
    back &= county.streams["measures"].random(len(members)) < 0.4
    members.school[back] = SCHOOL["junior"]
    members.changed |= back


def _dibao(county: County) -> None:
    """Review dibao in January and July (and once to begin with), and test listed households month by month."""
    support, rng, p = county.support, county.streams["measures"], county.parameters["measures"]
    size = county.size()
    n = len(size)
    review = county.month in (1, 7) or county.t == 11
    standard = p["dibao_standard_of_line"] * county.line_now
    if county.t < 11:
        return
    own = county.accounts.own_pc(size)
    gap = np.maximum(standard - own * rng.lognormal(0, p["means_test_error"], n), 0.0) * size / 12
    gap = np.where(gap > 0, np.maximum(gap, p["dibao_least_a_month"]), 0.0)
    listed = support.listed_on > 0
    on = support.dibao > 0
    joins = (
        ~on
        & (gap > 0)
        & ((review & (rng.random(n) < p["dibao_uptake"])) | (listed & (rng.random(n) < p["dibao_listed_monthly"])))
    )
    leaves = on & review & (own > p["dibao_leaves_at"] * standard) & (rng.random(n) < 0.6)
    who = np.flatnonzero(joins)
    record = county.next_measure + np.arange(len(who))
    county.next_measure += len(who)
    support.dibao_record[who] = record
    amount = np.round(gap, -1)
    day = county.some_day("measures", len(who))
    _write(county, who, "protection", record=record, start=day, end=-1, amount=amount[who])
    out = np.flatnonzero(leaves)
    end(county, out, "protection", record=support.dibao_record[out], day=county.some_day("measures", len(out)))
    keeps = on & ~leaves & review
    support.dibao = np.where(leaves, 0.0, np.where(joins | (keeps & (gap > 0)), amount, support.dibao))
