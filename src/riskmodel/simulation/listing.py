"""The official list: clues, visits, recognition within about fifteen days, and leaving it, mostly at the year's end.

Nobody sees need itself. A clue comes from what a department, a cadre or the household notices, so some who are in
need are never listed, and patrols also visit households that are well.
"""

from __future__ import annotations

import numpy as np

from riskmodel.registry.codes import codes
from riskmodel.simulation.guarantees import unmet
from riskmodel.simulation.state import GRADE, SCHOOL, SKILL, TYPE, County

SOURCE = {code: position for position, code in enumerate(codes("visit_source"))}
VERDICT = {code: position for position, code in enumerate(codes("visit_verdict"))}
CATEGORY = {code: position for position, code in enumerate(codes("listing_category"))}
RISK = {code: position for position, code in enumerate(codes("risk_type"))}
NOTES = ("", "income checked with the head", "only elders at home", "bills seen", "house looked at")


def step(county: County) -> None:
    """Live one month of clues, visits, entries and exits."""
    county.recent = _recent(county)
    _clues(county)
    _patrol(county)
    _eliminate(county)


def _recent(county: County) -> np.ndarray:
    """Give households × risk types: what weighs on each household now."""
    members, households = county.members, county.households
    present = members.present(county.today)
    oop = county.accounts.oop.sum(axis=0)
    ill = county.per_household((present & (members.major | members.chronic)).astype(float)) > 0
    able = county.per_household(present & (members.skill <= SKILL["ordinary"]))
    size = county.size()
    out = np.zeros((len(households), len(RISK)), dtype=bool)
    out[:, RISK["illness"]] = ill & (oop > 6000)
    out[:, RISK["disability"]] = county.per_household((present & members.disabled).astype(float)) > 0
    out[:, RISK["schooling"]] = county.per_household((present & (members.school >= SCHOOL["senior"])).astype(float)) > 1
    out[:, RISK["disaster"]] = households.crop_damage > 0.15
    out[:, RISK["enterprise_failure"]] = households.debt > 2000
    out[:, RISK["job_instability"]] = (
        county.per_household((present & (members.idle > 0) & (members.idle < 9)).astype(float)) > 0
    ) & (able > 0)
    out[:, RISK["labour_shortage"]] = able <= np.where(size >= 4, 1, 0.25 * size)
    out[:, RISK["housing"]] = households.grade >= GRADE["C"]
    out[:, RISK["water"]] = ~households.water
    out[:, RISK["other"]] = ~out.any(axis=1)
    return out


def trouble(county: County) -> np.ndarray:
    """Say who is in need by the county's own full account of the last twelve months."""
    low = county.accounts.adjusted_pc(county.size()) < county.line_now
    return low | unmet(county).any(axis=1)


def _clues(county: County) -> None:
    rng, p = county.streams["listing"], county.parameters["listing"]
    n = len(county.households)
    size = county.size()
    adjusted = county.accounts.adjusted_pc(size)
    oop = county.accounts.oop[county.t % 12]
    if county.t < 11:
        return
    low = adjusted < county.line_now
    near = adjusted < 1.3 * county.line_now
    registered = county.households.kind != TYPE["ordinary"]
    department = (oop > p["bill_pushed"]) * p["push_is_followed"] + p["unmet_is_followed"] * unmet(county).any(axis=1)
    department = department + 0.3 * (county.households.crop_damage > 0.5) * near
    told = low * p["self_report_monthly"] * np.where(county.households.diligence > 0, 1.4, 0.7)
    found = low * p["patrol_finds_monthly"] * np.where(registered, p["patrol_registered"], 1.0)
    sweep = 2.5 if county.month in (5, 11) else 1.0
    chance = np.stack([department, told, found * sweep])
    hit = rng.random((3, n)) < chance
    clue = hit.any(axis=0) & (county.support.listed_on == 0)
    source = np.array([SOURCE["department"], SOURCE["self_report"], SOURCE["cadre_patrol"]])[hit.argmax(axis=0)]
    who = np.flatnonzero(clue)
    seen_on = county.some_day("listing", len(who))
    visited = seen_on + rng.integers(1, 4, len(who))
    in_need = low[who] | (unmet(county)[who].any(axis=1) & (rng.random(len(who)) < 0.5))
    at_risk = np.where(
        in_need, rng.random(len(who)) < p["visit_recognises"], rng.random(len(who)) < p["visit_mistakes"]
    )
    _visit(county, who, day=visited, source=source[who], at_risk=at_risk)
    listed = who[at_risk & (rng.random(len(who)) < p["review_agrees"])]
    day = (seen_on + rng.integers(9, 16, len(who)))[np.isin(who, listed)].astype(np.int32)
    category = np.where(
        adjusted[listed] + county.accounts.oop.sum(axis=0)[listed] / np.maximum(size[listed], 1) >= county.line_now,
        CATEGORY["sudden_hardship"],
        np.where(registered[listed], CATEGORY["unstable_lifted"], CATEGORY["marginal"]),
    )
    mask = (county.recent[listed] * (1 << np.arange(len(RISK)))).sum(axis=1)
    county.support.listed_on[listed] = day
    county.support.listing_category[listed] = category
    county.support.listing_risks[listed] = mask
    county.journal.add("listing", listed, day=day, category=category, risks=mask, end=-1, mode=-1)


def _visit(county: County, who: np.ndarray, *, day: np.ndarray, source: np.ndarray | int, at_risk: np.ndarray) -> None:
    rng, p = county.streams["listing"], county.parameters["listing"]
    missed = rng.random(len(who)) < p["nobody_home"]
    verdict = np.where(missed, VERDICT["unreachable"], np.where(at_risk, VERDICT["at_risk"], VERDICT["no_risk"]))
    county.journal.add(
        "visit",
        who,
        day=np.asarray(day, dtype=np.int32),
        source=source,
        verdict=verdict,
        note=np.where(rng.random(len(who)) < 0.5, rng.integers(1, len(NOTES), len(who)), 0),
    )


def _patrol(county: County) -> None:
    """Visit a small random sample of everybody: the only unselected look at who is in need."""
    rng, p = county.streams["listing"], county.parameters["listing"]
    n = len(county.households)
    who = np.flatnonzero(rng.random(n) < p["patrol_sample_monthly"])
    truth = trouble(county)[who]
    at_risk = np.where(
        truth, rng.random(len(who)) < p["visit_recognises"], rng.random(len(who)) < p["visit_mistakes"] / 3
    )
    _visit(county, who, day=county.some_day("listing", len(who)), source=SOURCE["cadre_patrol"], at_risk=at_risk)


def _eliminate(county: County) -> None:
    """Take off the list who has stood well for half a year or more; a household without any labour stays."""
    rng, p, support = county.streams["listing"], county.parameters["listing"], county.support
    members = county.members
    on = np.flatnonzero(support.listed_on > 0)
    if len(on) == 0:
        return
    able = county.per_household(members.present(county.today) & (members.skill <= SKILL["weak"]))[on] > 0
    # What a sudden blow cost is looked at for longer: large spending has to have ended.
    sudden = support.listing_category[on] == CATEGORY["sudden_hardship"]
    settled = county.today - support.listed_on[on] > np.where(sudden, p["sudden_stays"], p["stays"])
    safe = county.accounts.adjusted_pc(county.size())[on] > 1.1 * county.line_now
    safe &= ~unmet(county)[on].any(axis=1)
    chance = p["eliminate_december"] if county.month in (11, 12) else p["eliminate_monthly"]
    off = on[able & settled & safe & (rng.random(len(on)) < chance)]
    helped = rng.random(len(off)) < 0.88
    county.journal.add(
        "listing",
        off,
        day=support.listed_on[off],
        category=support.listing_category[off],
        risks=support.listing_risks[off],
        end=county.some_day("listing", len(off)),
        mode=np.where(helped, 0, 1),
    )
    support.listed_on[off] = 0
