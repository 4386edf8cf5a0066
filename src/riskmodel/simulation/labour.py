"""Work: who finds a job, of which kind, how long it lasts, and how long it takes to find another."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.health import COURSE, WARNING
from riskmodel.simulation.state import JOB, NO_CODE, NO_JOB, PLACE, RELATION, SKILL, County

JOB_LOSS = 3
_SPRING_FESTIVAL = 2


def settle(county: County) -> None:
    """Give jobs to those at work on the first day, begun some months or years before."""
    members, rng = county.members, county.streams["labour"]
    age = members.age(county.today)
    able = _can_work(county)
    share = np.where(age < 50, 0.82, np.where(age < 60, 0.62, 0.2)) * np.where(
        members.skill == SKILL["weak"], 0.35, 1.0
    )
    share = share * np.where(_stays_home(county), 0.3, 1.0)
    starts = np.flatnonzero(able & (rng.random(len(members)) < share))
    ago = rng.exponential(16, len(starts)).astype(np.int64) + 1
    ago = np.minimum(ago, np.maximum(((age[starts] - 16) * 12).astype(np.int64), 0))
    day = county.today - (ago * 30.44).astype(np.int32) + rng.integers(0, 28, len(starts))
    floor = members.birth[starts] + int(16.05 * 365.25)
    _begin(county, starts, day=np.maximum(np.minimum(day, county.today), floor).astype(np.int32))
    members.tenure[starts] = ago


def step(county: County) -> None:
    """Live one month of separations and hirings; an involuntary end is a job-loss event where the registry hears."""
    members, rng, p = county.members, county.streams["labour"], county.parameters["labour"]
    age = members.age(county.today)
    present = members.present(county.today)
    can = _can_work(county)
    working = members.job != NO_JOB
    ill = members.stage == COURSE
    cared_for = county.per_household((ill & present).astype(np.float64))[members.hh] > 0

    base = np.array(p["separation_monthly"])[np.maximum(members.job, 0)]
    late = np.clip(age - 54, 0, 14)
    hazard = base * np.exp(members.instability) * np.where(members.tenure < 6, 1.5, 1.0) * (1 + p["age_ends"] * late)
    hazard = hazard * np.where(members.stage == WARNING, p["warning_ends_job"], 1.0) * np.where(ill, 14.0, 1.0)
    hazard = (
        hazard
        * np.where(county.month == _SPRING_FESTIVAL, 2.2, 1.0)
        * county.places.slump[county.households.village[members.hh]]
    )
    hazard = hazard + np.where(cared_for & (members.job == JOB["migrant"]), 0.03, 0.0)
    ends = working & (~can | (rng.random(len(members)) < np.minimum(hazard, 0.9)))
    too_weak = working & (members.skill == SKILL["weak"]) & (members.job == JOB["migrant"])
    ends |= too_weak & (rng.random(len(members)) < 0.25)
    _end(county, np.flatnonzero(ends), told=present & can)

    idle = can & (members.job == NO_JOB)
    members.idle = np.where(idle, members.idle + 1, 0).astype(np.int32)
    members.tenure = np.where(members.job != NO_JOB, members.tenure + 1, 0).astype(np.int32)
    poor = (county.accounts.adjusted_pc(county.size()) < 1.6 * county.line_now)[members.hh]
    chance = p["hiring_monthly"] * np.exp(-0.35 * members.instability + 0.25 * members.ability)
    chance = chance * np.where(age < 45, 1.0, np.where(age < 55, 0.8, np.where(age < 60, 0.5, 0.07)))
    chance = chance * np.where(members.skill == SKILL["weak"], 0.2, 1.0) * np.where(_stays_home(county), 0.12, 1.0)
    chance = chance * 0.96 ** np.minimum(members.idle, 24) * np.where(poor, p["poor_find_work"], 1.0)
    chance = (
        chance
        * np.where(county.support.has("jobs")[members.hh], 2.0, 1.0)
        * np.where(members.stage == WARNING, 0.3, 1.0)
    )
    chance = chance * np.where(county.month == 3, 1.7, 1.0) * np.where(cared_for, 0.5, 1.0)
    finds = np.flatnonzero(idle & ~ends & (rng.random(len(members)) < chance))
    _begin(county, finds, day=county.some_day("labour", len(finds)))


def begin_public_post(county: County, households: np.ndarray) -> None:
    """Give a public-welfare post to one idle, weak or elder worker of each household."""
    members = county.members
    age = members.age(county.today)
    fit = (members.skill != SKILL["none"]) & (members.skill != SKILL["lost"]) & (age >= 16) & (age < 69)
    fit &= members.present(county.today) & (members.job == NO_JOB) & (members.school == NO_CODE)
    wanted = np.zeros(len(county.households), dtype=bool)
    wanted[households] = True
    who = np.flatnonzero(fit & wanted[members.hh])
    first = who[np.unique(members.hh[who], return_index=True)[1]]
    _begin(
        county, first, day=np.full(len(first), county.today + county.days - 1, dtype=np.int32), kind=JOB["public_post"]
    )


def _can_work(county: County) -> np.ndarray:
    members = county.members
    age = members.age(county.today)
    fit = (members.skill != SKILL["none"]) & (members.skill != SKILL["lost"])
    return members.present(county.today) & fit & (age >= 16.1) & (age < 72) & (members.school == NO_CODE)


def looks_for_work(county: County) -> np.ndarray:
    """Say who can work, is below 60 and does not stay at home by choice or for a small child."""
    return _can_work(county) & ~_stays_home(county) & (county.members.age(county.today) < 60)


def _stays_home(county: County) -> np.ndarray:
    """Say who does not look for paid work: farmers by choice, mothers of small children."""
    members, p = county.members, county.parameters["labour"]
    age = members.age(county.today)
    toddler = (
        county.per_household(((age >= 0) & (age < 3) & members.present(county.today)).astype(np.float64))[members.hh]
        > 0
    )
    mother = (
        toddler
        & (members.sex == 1)
        & (age < 42)
        & np.isin(members.relation, [RELATION["spouse"], RELATION["daughter_in_law"]])
    )
    farm = county.households.cropland[members.hh] > 6
    return (members.attachment < p["stays_home_share"] + 0.10 * farm + 0.12 * (members.sex == 1)) | (
        mother & (members.vigour < 0.7)
    )


def _begin(county: County, who: np.ndarray, *, day: np.ndarray, kind: int | None = None) -> None:
    if len(who) == 0:
        return
    members, rng, p = county.members, county.streams["labour"], county.parameters["labour"]
    if kind is None:
        age = members.age(county.today)[who]
        village = county.households.village[members.hh[who]]
        township = county.places.village_township[village]
        migrant = (
            p["migrant_share"]
            + 0.25 * (county.places.remote[village] - 0.5)
            - 0.25 * (county.places.industry[township] - 0.5)
        )
        migrant = migrant - 0.022 * np.clip(age - 40, 0, 30) - 0.3 * (members.skill[who] == SKILL["weak"])
        own = 0.04 + 0.25 * county.households.business[members.hh[who]]
        draw = rng.random(len(who))
        job = np.select(
            [draw < own, draw < own + np.clip(migrant, 0.02, 0.9)], [JOB["own"], JOB["migrant"]], default=JOB["local"]
        )
    else:
        job = np.full(len(who), kind)
    draw = rng.random(len(who))
    away = np.where(draw < 0.62, PLACE["outside"], np.where(draw < 0.995, PLACE["province"], PLACE["abroad"]))
    near = np.where(draw < 0.25, PLACE["village"], np.where(draw < 0.55, PLACE["township"], PLACE["county"]))
    members.job[who] = job
    members.place[who] = np.where(
        job == JOB["migrant"], away, np.where(job == JOB["public_post"], PLACE["village"], near)
    )
    members.tenure[who] = 0
    members.spell[who] = county.next_spell + np.arange(len(who))
    county.next_spell += len(who)
    county.journal.add(
        "job",
        members.hh[who],
        spell=members.spell[who],
        member=members.number[who],
        start=day,
        end=-1,
        place=members.place[who],
        kind=job,
    )


def end_of_those_gone(county: County) -> None:
    """End the jobs of those who left before this month, on the day they left.

    It comes first in a month: what lies before the month is noted before anything that a switch may do in it.
    """
    members = county.members
    who = np.flatnonzero((members.job != NO_JOB) & (members.left_on < county.today))
    _leave(county, who, day=members.left_on[who].astype(np.int32))


def end_public_posts(county: County) -> None:
    """End all public-welfare posts on the first day of the month: the programme that pays them is over."""
    who = np.flatnonzero(county.members.job == JOB["public_post"])
    _leave(county, who, day=np.full(len(who), county.today, dtype=np.int32))


def _end(county: County, who: np.ndarray, *, told: np.ndarray) -> None:
    if len(who) == 0:
        return
    members, rng, p = county.members, county.streams["labour"], county.parameters["labour"]
    day = np.minimum(county.some_day("labour", len(who)), members.left_on[who])
    heard = (
        told[who]
        & np.isin(members.job[who], [JOB["migrant"], JOB["local"]])
        & (rng.random(len(who)) < p["job_loss_told"])
    )
    county.journal.add("event", members.hh[who][heard], day=day[heard], kind=JOB_LOSS, subtype=0, loss=np.nan)
    _leave(county, who, day=day)


def _leave(county: County, who: np.ndarray, *, day: np.ndarray) -> None:
    members = county.members
    county.journal.add(
        "job",
        members.hh[who],
        spell=members.spell[who],
        member=members.number[who],
        start=-1,
        end=day,
        place=members.place[who],
        kind=members.job[who],
    )
    members.job[who] = NO_JOB
    members.place[who] = NO_CODE
    members.spell[who] = -1
