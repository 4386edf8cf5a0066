"""Who is no longer there, and schooling: people die, marry out or split off, pupils move up in September."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.families import PLAN_EDUCATION, PLAN_ENDS_AT, school_of
from riskmodel.simulation.state import (
    EDUCATION,
    FEMALE,
    JOB,
    MALE,
    NO_CODE,
    RELATION,
    SCHOOL,
    TYPE,
    County,
    Members,
    monthly,
)


def settle_schooling(county: County) -> None:
    """Give everyone, on the first day, exactly one of school status and education."""
    settle_schools(county.members, day=county.today, month=county.month)


def settle_schools(members: Members, *, day: int, month: int) -> None:
    """Give these members exactly one of school status and education, by their ages and plans on a day of a month."""
    since_september = (month - 9) % 12 * 30.44
    age = np.floor(members.age(int(day - since_september)))
    young = age < PLAN_ENDS_AT[members.plan]
    members.school = np.where(young, school_of(np.maximum(age, 0), members.plan), NO_CODE).astype(np.int8)
    just_through = ~young & (age < 24)
    members.education = np.where(just_through, PLAN_EDUCATION[members.plan], members.education).astype(np.int8)
    members.education[young] = NO_CODE


def step(county: County) -> None:
    """Live one month of dying, leaving and schooling."""
    members, rng, p = county.members, county.streams["demography"], county.parameters["demography"]
    present = members.present(county.today)
    age = members.age(county.today)
    size = county.size()[members.hh]
    poor = (county.households.kind != TYPE["ordinary"])[members.hh]
    hazard = p["death_at_60"] * np.exp((np.clip(age, 0, 95) - 60) * p["death_age_slope"]) * members.frailty**0.4
    hazard = hazard + np.where(members.major, p["death_with_major_illness"], 0.0)
    dies = present & (rng.random(len(members)) < monthly(hazard)) & (size > 1)
    marries_out = (members.relation == RELATION["daughter"]) & (age > 20) & (age < 32) & (members.school == NO_CODE)
    splits = (members.relation == RELATION["son"]) & (age > 24) & (members.job == JOB["migrant"])
    leave_hazard = np.where(marries_out, p["daughters_leave_a_year"], 0.0) + np.where(
        splits, p["sons_split_a_year"], 0.0
    )
    leaves = present & ~dies & (rng.random(len(members)) < monthly(leave_hazard * (1 + 0.3 * poor))) & (size > 1)
    gone = _at_most_all_but_one(county, (dies | leaves) & present)
    dies, leaves = dies & gone, leaves & gone
    days = county.some_day("demography", len(members))
    members.left_on = np.where(gone, np.maximum(days, members.joins_on + 1), members.left_on).astype(np.int32)
    members.changed |= gone
    dead = np.flatnonzero(dies)
    county.journal.add(
        "event",
        members.hh[dead],
        day=members.left_on[dead],
        kind=5,
        subtype=np.where(members.major[dead], 1, 0),
        loss=np.round(rng.lognormal(np.log(p["funeral_cost"]), 0.4, len(dead)), 0),
    )
    _succeed(county, gone & (members.relation == RELATION["head"]))
    if county.month == 9:
        _move_up(county)
    _drop_out(county)
    _insure(county)


def _at_most_all_but_one(county: County, gone: np.ndarray) -> np.ndarray:
    """Keep one person in every household: a household never dies out here."""
    members = county.members
    stays = members.present(county.today) & ~gone
    left = county.per_household(stays.astype(np.float64))
    return gone & (left[members.hh] > 0)


def _succeed(county: County, was_head: np.ndarray) -> None:
    """Where the head is gone, make the spouse, else the eldest present adult, head, and rename the others."""
    members = county.members
    empty = np.zeros(len(county.households), dtype=bool)
    empty[members.hh[was_head]] = True
    here = members.present(county.today) & (members.left_on > county.today + county.days) & empty[members.hh]
    here &= ~was_head
    candidates = np.flatnonzero(here)
    if len(candidates) == 0:
        return
    rank = np.where(members.relation[candidates] == RELATION["spouse"], 200.0, members.age(county.today)[candidates])
    order = np.lexsort((-rank, members.hh[candidates]))
    ordered = candidates[order]
    successor = ordered[np.unique(members.hh[ordered], return_index=True)[1]]
    old = np.full(len(county.households), -1, dtype=np.int64)
    old[members.hh[successor]] = members.relation[successor]
    new_sex = np.zeros(len(county.households), dtype=np.int8)
    new_sex[members.hh[successor]] = members.sex[successor]
    seen_from = old[members.hh[candidates]]
    relation = members.relation[candidates].copy()
    heir_is_child = np.isin(seen_from, [RELATION["son"], RELATION["daughter"]])
    heir_is_elder = (seen_from != RELATION["spouse"]) & ~heir_is_child
    weds = (
        (seen_from == RELATION["son"])
        & (relation == RELATION["daughter_in_law"])
        & (new_sex[members.hh[candidates]] == MALE)
    )
    renamed = relation.copy()
    for before, after in (("grandchild", "son"), ("parent", "grandparent"), ("daughter_in_law", "other")):
        renamed[heir_is_child & (relation == RELATION[before])] = RELATION[after]
    renamed[heir_is_child & np.isin(relation, [RELATION["son"], RELATION["daughter"]])] = RELATION["sibling"]
    girl = heir_is_child & (relation == RELATION["grandchild"]) & (members.sex[candidates] == FEMALE)
    renamed[girl] = RELATION["daughter"]
    renamed[weds] = RELATION["spouse"]
    renamed[heir_is_elder] = RELATION["other"]
    members.relation[candidates] = renamed
    members.relation[successor] = RELATION["head"]
    members.changed[candidates[renamed != relation]] = True
    members.changed[successor] = True


def _move_up(county: County) -> None:
    """Move pupils to their stage of the school year; who is through has an education instead."""
    members = county.members
    age = np.floor(members.age(county.today))
    pupil = (members.school != NO_CODE) & (members.school != SCHOOL["dropped_out"])
    status = np.where(pupil, school_of(np.maximum(age, 0), members.plan), members.school).astype(np.int8)
    through = pupil & (status == NO_CODE)
    members.education[through] = PLAN_EDUCATION[members.plan[through]]
    members.changed |= members.present(county.today) & (members.school != status)
    members.school = status


def _drop_out(county: County) -> None:
    """Let a few pupils of 12 to 15 leave school early, more often in poor or ill households."""
    members, rng, p = county.members, county.streams["demography"], county.parameters["demography"]
    pupil = (members.school == SCHOOL["junior"]) & members.present(county.today)
    ill = county.per_household(members.major.astype(np.float64))[members.hh] > 0
    strain = np.exp(-1.2 * county.households.level)[members.hh] * np.where(ill, 3.0, 1.0)
    leaves = pupil & (rng.random(len(members)) < monthly(p["drop_out_a_year"] * strain))
    members.school[leaves] = SCHOOL["dropped_out"]
    too_old = (members.school == SCHOOL["dropped_out"]) & (members.age(county.today) >= 16)
    back = (members.school == SCHOOL["dropped_out"]) & ~too_old & (rng.random(len(members)) < p["return_to_school"])
    members.school[back] = SCHOOL["junior"]
    members.school[too_old] = NO_CODE
    members.education[too_old] = EDUCATION["primary"]
    members.changed |= leaves | too_old | back


def _insure(county: County) -> None:
    """Let medical insurance lapse or start at the turn of the year, for a whole household at a time."""
    if county.month != 1:
        return
    members, rng, p = county.members, county.streams["demography"], county.parameters["demography"]
    households = county.households
    away = county.per_household((members.job == JOB["migrant"]).astype(np.float64)) > 0
    rate = p["insurance_lapses_a_year"] * np.exp(-1.0 * households.level) * np.where(away, 1.6, 0.7)
    lapses = rng.random(len(households)) < rate
    returns = rng.random(len(households)) < p["insurance_returns_a_year"]
    one = rng.random(len(members)) < 0.5
    before = members.insured.copy()
    members.insured = np.where(lapses[members.hh] & one, False, members.insured)
    members.insured |= ~before & returns[members.hh]
    members.changed |= members.present(county.today) & (members.insured != before)
