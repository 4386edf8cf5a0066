"""What drives each household's true risk: its year lived again without one of its troubles.

A trouble is taken out of the state at a date, and only there: what may strike in the year ahead may strike all the
same. The risk without it is told beside the risk as it is; the trouble whose absence lowers it most drives it. Troubles
are named by the official risk type that they belong to, and where that has two, by the catalogue's idea besides:

===============================  =======================================================================================
``illness``                      nobody is ill, chronically or seriously, or ails unseen
``illness:medical_insurance``    everybody has basic medical insurance
``disability``                   nobody is disabled
``schooling``                    every child that had dropped out is back at school
``enterprise_failure``           what a failed enterprise still owes is paid
``disaster``                     the damage to this season's crops has not happened
``job_instability``              whoever can work and looks for it has had a local job for a year
``labour_shortage``              a household of fewer than one able member in three has one more, aged 35 and at work
``housing``                      the house is of grade B
``water``                        drinking water is safe
``other``                        earning power: lasting level, farming skill, help from relatives and luck are not below
                                 the median of the households lived with
===============================  =======================================================================================

An accident leaves nothing of its own in the state: what lasts of it is a disability, what passes is luck.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from riskmodel.simulation import health, labour
from riskmodel.simulation.calendar import FAR_FUTURE
from riskmodel.simulation.state import (
    EDUCATION,
    GRADE,
    JOB,
    MALE,
    NO_CODE,
    NO_JOB,
    PLACE,
    RELATION,
    SCHOOL,
    SKILL,
    County,
    Members,
)

# Of a member who is added: below all numbers that members have.
_NUMBER = 90
_AGE = 35
_FEW_HANDS = 1 / 3


def _no_illness(county: County) -> None:
    members = county.members
    members.chronic[:] = False
    members.major[:] = False
    members.stage[:] = health.WELL
    health.update_skill(county)


def _all_insured(county: County) -> None:
    county.members.insured[:] = True


def _no_disability(county: County) -> None:
    members = county.members
    members.disabled[:] = False
    members.disability_grade[:] = 0
    health.update_skill(county)


def _back_at_school(county: County) -> None:
    members = county.members
    members.school[members.school == SCHOOL["dropped_out"]] = SCHOOL["junior"]


def _no_debt(county: County) -> None:
    county.households.debt[:] = 0.0


def _no_damage(county: County) -> None:
    county.households.crop_damage[:] = 0.0


def _at_work(county: County) -> None:
    members = county.members
    idle = labour.looks_for_work(county) & (members.job == NO_JOB)
    members.job[idle] = JOB["local"]
    members.place[idle] = PLACE["county"]
    members.tenure[idle] = 12
    members.idle[idle] = 0
    members.spell[idle] = county.next_spell + np.arange(int(idle.sum()))
    county.next_spell += int(idle.sum())
    members.instability[:] = np.minimum(members.instability, 0.0)


def _one_more_hand(county: County) -> None:
    members, households = county.members, county.households
    present = members.present(county.today)
    able = present & np.isin(members.skill, [SKILL["skilled"], SKILL["ordinary"]])
    size = county.per_household(present.astype(np.float64))
    few = np.flatnonzero((size > 0) & (county.per_household(able.astype(np.float64)) < _FEW_HANDS * size))
    n = len(few)
    level = households.level[few]
    birth = np.full(n, county.today - round(_AGE * 365.2425), dtype=np.int32)
    given = {
        "hh": few,
        "number": np.full(n, _NUMBER),
        "sex": np.full(n, MALE),
        "birth": birth,
        "relation": np.full(n, RELATION["son"]),
        "joins_on": birth,
        "left_on": np.full(n, FAR_FUTURE),
        "education": np.full(n, EDUCATION["junior"]),
        "school": np.full(n, NO_CODE),
        "skill": np.full(n, SKILL["ordinary"]),
        "vigour": np.full(n, 0.5),
        "frailty": np.ones(n),
        "ability": 0.8 * level,
        "attachment": np.ones(n),
        "instability": -0.25 * level,
        "insured": np.ones(n, dtype=bool),
        "job": np.full(n, JOB["local"]),
        "place": np.full(n, PLACE["county"]),
        "spell": county.next_spell + np.arange(n),
        "tenure": np.full(n, 12),
    }
    county.next_spell += n
    columns = [
        np.asarray(given.get(f.name, np.zeros(n))).astype(getattr(members, f.name).dtype) for f in fields(Members)
    ]
    county.members = members.with_others(Members(*columns))


def _safe_house(county: County) -> None:
    grade = county.households.grade
    grade[grade >= GRADE["C"]] = GRADE["B"]


def _safe_water(county: County) -> None:
    county.households.water[:] = True


def _usual_earnings(county: County) -> None:
    households = county.households
    for name in ("level", "farm_skill", "support", "transitory"):
        own = getattr(households, name)
        own[:] = np.maximum(own, np.median(own))


MECHANISMS: dict[str, Callable[[County], None]] = {
    "illness": _no_illness,
    "illness:medical_insurance": _all_insured,
    "disability": _no_disability,
    "schooling": _back_at_school,
    "enterprise_failure": _no_debt,
    "disaster": _no_damage,
    "job_instability": _at_work,
    "labour_shortage": _one_more_hand,
    "housing": _safe_house,
    "water": _safe_water,
    "other": _usual_earnings,
}
"""Each takes one trouble out of a county's state, which must be a copy."""
