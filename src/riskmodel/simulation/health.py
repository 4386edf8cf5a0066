"""Health: chronic illness builds up, a serious illness often announces itself, bills follow for a year or more.

A person is well, in the months before a diagnosis (``WARNING``: small bills, days off work), or in the course of
a major illness. The registry sees bills, the illness event and, later, the member's flags; never the stage.
"""

from __future__ import annotations

import numpy as np

from riskmodel.simulation import income
from riskmodel.simulation.state import NO_CODE, SKILL, TYPE, County, monthly

WELL, WARNING, COURSE = 0, 1, 2
ILLNESS = 0
SUBTYPES = ("", "major", "admission", "outpatient")
# What the medical insurance tells of a stay in hospital beside what the household paid: the whole bill.
OBSERVED = ("inpatient_bill",)


def step(county: County) -> None:
    """Live one month of health: onsets, courses, recoveries, bills; labour skill follows."""
    members, rng, p = county.members, county.streams["health"], county.parameters["health"]
    present = members.present(county.today)
    age = np.clip(members.age(county.today), 0, 90)
    n = len(members)
    slope = np.exp((age - 45) * p["onset_age_slope"])
    poor = (county.households.level < -0.25)[members.hh]

    onset = p["chronic_onset_at_45"] * np.exp((age - 45) * p["chronic_age_slope"]) * members.frailty
    falls_chronic = present & ~members.chronic & (age > 14) & (rng.random(n) < monthly(np.minimum(onset, 0.12)))
    members.chronic |= falls_chronic

    risk = p["major_onset_at_45"] * slope * members.frailty
    risk = risk * np.where(members.chronic, p["chronic_multiplies"], 1.0) * np.where(poor, 1.25, 1.0)
    risk = np.minimum(risk, 0.25)
    well = present & (members.stage == WELL)
    draw = rng.random(n)
    warned = well & (draw < monthly(risk))
    sudden = well & ~warned & (draw > 1 - monthly(risk * p["sudden_share"]))
    resolves = present & (members.stage == WARNING) & (rng.random(n) < p["warning_ends"])
    diagnosed = sudden | (resolves & (rng.random(n) < p["warning_turns_major"]))
    recovers = present & (members.stage == COURSE) & (rng.random(n) < p["course_ends"])
    members.stage[warned] = WARNING
    members.stage[resolves | recovers] = WELL
    members.stage[diagnosed] = COURSE
    members.major = (members.major | diagnosed) & ~recovers
    members.chronic |= recovers
    members.frailty = np.where(recovers, members.frailty * 1.15, members.frailty)
    becomes_disabled = (
        present & ~members.disabled & (rng.random(n) < monthly(p["disability_at_45"] * slope + 0.08 * members.major))
    )
    members.disabled |= becomes_disabled
    members.disability_grade[becomes_disabled] = rng.integers(2, 5, int(becomes_disabled.sum()))
    members.changed |= falls_chronic | diagnosed | recovers | becomes_disabled

    _bills(county, diagnosed=diagnosed, present=present, age=age)
    update_skill(county)


def _bills(county: County, *, diagnosed: np.ndarray, present: np.ndarray, age: np.ndarray) -> None:
    members, rng, p = county.members, county.streams["health"], county.parameters["health"]
    n = len(members)
    stock = (members.stage == COURSE) & ~diagnosed
    registered = (county.households.kind != TYPE["ordinary"])[members.hh]
    admitted = p["admission_at_45"] * np.exp((age - 45) * 0.025) * members.frailty
    admitted = monthly(admitted * np.where(registered, p["admission_registered"], 1.0))
    kinds = (
        # who, monthly chance, median yuan, sd of the log, a stay, chance that an illness event is noted, subtype
        (present & diagnosed, 1.0, p["first_bill"], 0.75, True, 0.9, 1),
        (present & stock, p["course_bill_chance"], p["course_bill"], 0.9, True, 0.6, 2),
        (present & (members.stage == WARNING), 0.6, p["warning_bill"], 0.8, False, 0.2, 3),
        (present & members.chronic & ~members.major, p["chronic_bill_chance"], p["chronic_bill"], 0.8, False, 0.0, 3),
        (present, admitted, p["admission_bill"], 0.9, True, 0.6, 2),
    )
    total = np.zeros(len(county.households))
    for who, chance, median, spread, stay, noted, subtype in kinds:
        ill = np.flatnonzero(who & (rng.random(n) < chance))
        hh = members.hh[ill]
        usual = median * np.where(registered[ill] & stay, p["bill_registered"], 1.0)
        bill = np.round(usual * rng.lognormal(0, spread, len(ill)), 2)
        amount = np.round(np.minimum(bill * _out_of_pocket(county, ill, stay=stay), p["bill_cap"]), 2)
        day = county.some_day("health", len(ill))
        county.journal.add("spending", hh, day=day, kind=0, amount=amount)
        if stay:
            county.journal.add("observation", hh, day=day, item=0, value=bill)
        told = rng.random(len(ill)) < noted
        county.journal.add("event", hh[told], day=day[told], kind=ILLNESS, subtype=10 + subtype, loss=amount[told])
        total += np.bincount(hh, weights=amount, minlength=len(total))
    county.accounts.oop[county.t % 12] = total
    _claim(county, total)


def _out_of_pocket(county: County, who: np.ndarray, *, stay: bool) -> np.ndarray:
    """Give the part of a bill that the patient's household pays: of a stay by insurance, of medicine nearly all."""
    p, hh = county.parameters["health"], county.members.hh[who]
    of_others, of_registered = (p["oop_share"], p["oop_share_registered"]) if stay else (1.0, p["medicine_registered"])
    share = np.where(county.households.kind[hh] == TYPE["ordinary"], of_others, of_registered)
    share = share * np.where(county.support.has("health")[hh], p["oop_share_health_support"], 1.0)
    return np.where(county.members.insured[who], share, 1.0 if stay else share * p["oop_uninsured"])


def _claim(county: County, bills: np.ndarray) -> None:
    """Pay the anti-poverty insurance on a very large month of bills, for the part of households that it reaches."""
    rng, p = county.streams["health"], county.parameters["health"]
    excess = np.maximum(bills - p["claim_threshold"], 0)
    reached = (excess > 0) & (rng.random(len(bills)) < p["claim_reached"])
    paid = np.flatnonzero(reached)
    amount = np.round(excess[paid] * p["claim_share"], 0)
    county.accounts.claims[county.t % 12] = 0.0
    county.accounts.claims[county.t % 12][paid] = amount
    income.note(county, income.CLAIMS, 0, paid, amount=amount)


def update_skill(county: County) -> None:
    """Set each member's labour skill from age, schooling and health."""
    members = county.members
    age = np.floor(members.age(county.today))
    ordinary = np.where(members.ability + 0.3 * members.education > 1.6, SKILL["skilled"], SKILL["ordinary"])
    elder = np.where(members.vigour > (age - 60) / 14 + 0.25, SKILL["ordinary"], SKILL["weak"])
    skill = np.select(
        [
            (age < 16) | (members.school != NO_CODE),
            members.disabled & (members.disability_grade <= 2) & (members.disability_grade > 0),
            members.major & (members.vigour < 0.5),
            age >= 80,
            members.disabled | members.major,
            members.chronic & (members.vigour < 0.18),
            age >= 60,
        ],
        [
            SKILL["none"],
            SKILL["lost"],
            SKILL["lost"],
            SKILL["lost"],
            SKILL["weak"],
            SKILL["weak"],
            elder,
        ],
        default=ordinary,
    ).astype(np.int8)
    members.changed |= members.present(county.today) & (skill != members.skill)
    members.skill = skill
