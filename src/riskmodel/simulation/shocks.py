"""What strikes from outside: floods and storms by township, accidents, failing enterprises, labour slumps."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.state import GRADE, JOB, County, monthly

ACCIDENT, DISASTER, ENTERPRISE_FAILURE = 1, 2, 4
DISASTER_SUBTYPES = ("flood", "geological", "drought", "meteorological")


def step(county: County) -> None:
    """Live one month of shocks."""
    _slump(county)
    _disaster(county)
    _accident(county)
    _enterprise_failure(county)


def _slump(county: County) -> None:
    """Move each village's separation multiplier: the county's labour market, and each township's own, drift."""
    rng, p = county.streams["county"], county.parameters["shocks"]
    places = county.places
    keep = p["slump_persistence"]
    places.cycle = keep * places.cycle + rng.normal(0, p["slump_sd"] * np.sqrt(1 - keep**2), len(places.cycle))
    places.slump = np.exp(places.cycle[0] + places.cycle[1:][places.village_township])
    places.price = 0.94 * places.price + rng.normal(0, 0.05)


def _disaster(county: County) -> None:
    """Let disasters strike townships, alike for every block of the county, and then households of this one."""
    common, rng, p = county.streams["county"], county.streams["shocks"], county.parameters["shocks"]
    places, households = county.places, county.households
    townships = len(places.township_codes)
    season = p["disaster_season"][county.month - 1]
    if season == 0:
        return
    low = np.bincount(places.village_township, weights=places.low_lying, minlength=townships).astype(np.float64)
    low /= np.bincount(places.village_township, minlength=townships)
    usual = season * (p["disaster_base"] + p["disaster_low_lying"] * low**2)
    strikes = common.random(townships) < usual * county.disaster_factor
    severity = common.beta(1.6, 2.4, townships)
    subtype = np.where(common.random(townships) < 0.35 + 0.4 * low, 0, common.integers(1, 4, townships))
    exposure = 0.15 + 0.85 * places.low_lying
    village_hit = np.where(strikes, severity, 0.0)[places.village_township] * exposure
    chance = np.minimum(1.1 * village_hit[households.village], 0.85)
    hit = np.flatnonzero(rng.random(len(households)) < chance)
    damage = np.clip(
        rng.beta(2.2, 2.0, len(hit)) * (0.5 + severity[places.village_township[households.village[hit]]]), 0, 0.97
    )
    households.crop_damage[hit] = np.maximum(households.crop_damage[hit], damage)
    loss = damage * (households.cropland[hit] * p["crop_loss_a_mu"] + 800)
    house = (rng.random(len(hit)) < 0.03 * damage * (1 + 2 * (households.grade[hit] == GRADE["B"]))) & (
        households.grade[hit] < GRADE["C"]
    )
    households.grade[hit[house]] = GRADE["C"]
    water = rng.random(len(hit)) < 0.015 * damage
    households.water[hit[water]] = False
    households.changed[hit[house | water]] = True
    households.transitory[hit] -= 0.25 * damage * (households.cropland[hit] > 3)
    county.journal.add(
        "event",
        hit,
        day=county.some_day("shocks", len(hit)),
        kind=DISASTER,
        subtype=20 + subtype[places.village_township[households.village[hit]]],
        loss=np.round(loss * rng.lognormal(0, 0.3, len(hit)), 0),
    )
    paid = rng.random(len(hit)) < p["crop_insured"]
    county.pending_claims[hit[paid]] += np.round(0.3 * loss[paid], 0)


def _accident(county: County) -> None:
    members, rng, p = county.members, county.streams["shocks"], county.parameters["shocks"]
    present = members.present(county.today)
    age = np.clip(members.age(county.today), 0, 90)
    rate = (
        p["accident_a_year"] * np.where(members.job == JOB["migrant"], 1.8, 1.0) * (1 + 0.02 * np.clip(age - 60, 0, 30))
    )
    struck = np.flatnonzero(present & (rng.random(len(members)) < monthly(rate)))
    hh = members.hh[struck]
    bill = np.round(np.minimum(rng.lognormal(np.log(p["accident_bill"]), 1.0, len(struck)), 150_000), 2)
    day = county.some_day("shocks", len(struck))
    county.journal.add("event", hh, day=day, kind=ACCIDENT, subtype=0, loss=bill)
    county.journal.add("spending", hh, day=day, kind=0, amount=bill)
    county.accounts.oop[county.t % 12] += np.bincount(hh, weights=bill, minlength=len(county.households))
    lasting = rng.random(len(struck)) < 0.2
    members.disabled[struck[lasting]] = True
    grade = rng.integers(2, 5, int(lasting.sum()))
    old = members.disability_grade[struck[lasting]]
    members.disability_grade[struck[lasting]] = np.where(old > 0, np.minimum(old, grade), grade)
    members.changed[struck[lasting]] = True
    # Weeks in bed: the earners of the house lose pay for some months.
    county.households.transitory[hh] -= 0.35


def _enterprise_failure(county: County) -> None:
    households, rng, p = county.households, county.streams["shocks"], county.parameters["shocks"]
    venture = households.livestock | households.business
    rate = p["failure_a_year"] * np.exp(-0.9 * households.farm_skill) * (1 + 2.0 * county.support.has("finance"))
    rate = rate * np.exp(-2.0 * county.places.price)
    fails = np.flatnonzero(venture & (rng.random(len(households)) < monthly(rate)))
    loss = np.round(rng.lognormal(np.log(p["failure_loss"]), 0.7, len(fails)), 0)
    households.debt[fails] += 0.5 * loss
    households.livestock[fails] = False
    households.business[fails] = False
    county.journal.add(
        "event", fails, day=county.some_day("shocks", len(fails)), kind=ENTERPRISE_FAILURE, subtype=0, loss=loss
    )
    restarts = ~venture & (
        rng.random(len(households)) < monthly(p["restart_a_year"] * np.exp(0.6 * households.farm_skill))
    )
    as_business = restarts & (rng.random(len(households)) < 0.15)
    households.business |= as_business
    households.livestock |= restarts & ~as_business
