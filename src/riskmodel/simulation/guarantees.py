"""The checks of the five guarantees: registered and listed households by quarter, others in the yearly round."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.state import GRADE, SCHOOL, TYPE, County

FOOD, EDUCATION, MEDICAL, HOUSING, WATER = range(5)


def unmet(county: County) -> np.ndarray:
    """Give the true state of the five guarantees, households × items, true where not met."""
    members, households, p = county.members, county.households, county.parameters["guarantees"]
    present = members.present(county.today)
    out = np.zeros((len(households), 5), dtype=bool)
    lowest = county.accounts.adjusted_pc(county.size()) < p["food_line_share"] * county.line_now
    out[:, FOOD] = lowest & (households.support < 0.6)
    out[:, EDUCATION] = county.per_household((present & (members.school == SCHOOL["dropped_out"])).astype(float)) > 0
    out[:, MEDICAL] = county.per_household((present & ~members.insured).astype(float)) > 0
    out[:, HOUSING] = households.grade >= GRADE["C"]
    out[:, WATER] = ~households.water
    return out


def step(county: County) -> None:
    """Check part of the households this month."""
    households, rng, p = county.households, county.streams["guarantees"], county.parameters["guarantees"]
    n = len(households)
    close = (households.kind != TYPE["ordinary"]) | (county.support.listed_on > 0)
    # Villages take turns, so that a registered household is seen every quarter and an ordinary one once a year.
    turn = households.village % 3 == county.month % 3
    yearly = households.village % 12 == county.month - 1
    checked = (close & turn) | yearly | (rng.random(n) < p["sample_monthly"])
    checked &= rng.random(n) < p["reached"]
    who = np.flatnonzero(checked)
    if len(who) == 0:
        return
    truth = unmet(county)[who]
    slip = rng.random(truth.shape) < p["false_unmet"]
    overlooked = rng.random(truth.shape) < p["overlooked"]
    seen = (truth & ~overlooked) | slip
    day = county.some_day("guarantees", len(who))
    for item in range(5):
        county.journal.add("guarantee", who, day=day, item=item, met=~seen[:, item])
    # What a check finds is put right faster than what nobody has seen.
    found = who[seen.any(axis=1)]
    insured = np.zeros(n, dtype=bool)
    insured[found] = rng.random(len(found)) < p["found_is_insured"]
    members = county.members
    joins = insured[members.hh] & ~members.insured & members.present(county.today)
    members.insured |= joins
    members.changed |= joins


def natural_repair(county: County) -> None:
    """Let households mend house or well, better-off ones sooner, registered ones with help; houses also decay."""
    households, rng, p = county.households, county.streams["guarantees"], county.parameters["guarantees"]
    n = len(households)
    # Registered households are looked at first, and what they lack is put right with them while there is support.
    helped = (households.kind != TYPE["ordinary"]) & (not county.support_withdrawn)
    sooner = np.where(helped, p["registered_sooner"], 1.0)
    mends = (households.grade >= GRADE["C"]) & (rng.random(n) < p["mends_monthly"] * sooner * np.exp(households.level))
    decay = p["decays_monthly"] * np.where(households.grade == GRADE["B"], 1.0, 0.1) * np.exp(-households.level)
    worse = (households.grade < GRADE["C"]) & (rng.random(n) < decay)
    households.grade = np.where(mends, GRADE["B"], np.where(worse, households.grade + 1, households.grade)).astype(
        np.int8
    )
    fixed = ~households.water & (rng.random(n) < p["water_fixed_monthly"] * sooner)
    remote = county.places.remote[households.village]
    fails = households.water & (
        rng.random(n) < p["water_fails_monthly"] * remote * (2.0 if county.month in (8, 9, 10) else 0.5)
    )
    households.water = (households.water | fixed) & ~fails
    households.changed |= mends | worse | fixed | fails
