"""Income by source and month: wages of the jobs held, crops and animals in their season, rents, transfers, costs."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.state import FEMALE, JOB, NO_JOB, SKILL, TYPE, County

WAGE, OPERATING, PROPERTY, TRANSFER, COST, CLAIMS = range(6)
# Item names by source; their positions are what the journal holds. "unclassified" is only ever a clerk's slip.
ITEMS: dict[int, tuple[str, ...]] = {
    WAGE: ("migrant_wage", "local_wage", "public_post_wage", "unclassified"),
    OPERATING: ("crops", "livestock", "business", "unclassified"),
    PROPERTY: ("land_rent", "asset_dividend", "unclassified"),
    TRANSFER: (
        "pension",
        "dibao",
        "disability_allowance",
        "farm_subsidy",
        "eco_subsidy",
        "family_support",
        "unclassified",
    ),
    COST: ("crops_cost", "livestock_cost", "business_cost", "unclassified"),
    CLAIMS: ("anti_poverty_insurance", "crop_insurance", "unclassified"),
}
_REFERENCE_YEAR = 2023


def step(county: County) -> None:
    """Live one month of income and close the month's account."""
    slot = county.t % 12
    accounts = county.accounts
    _drift(county)
    net = _wages(county) + _crops(county) + _ventures(county) + _property(county) + _transfers(county)
    _crop_claims(county)
    accounts.net[slot] = net


def growth(county: County) -> float:
    """Give nominal income growth since the middle of the reference year."""
    years = float(county.calendar.year[county.t]) + (county.month - 6.5) / 12 - _REFERENCE_YEAR
    return float((1 + county.parameters["income"]["growth_a_year"]) ** years)


def note(county: County, source: int, item: int, households: np.ndarray, *, amount: np.ndarray) -> None:
    """Note the month's amounts of a source and item; most of what a journal holds is this, so it is kept small."""
    county.journal.add(
        "income", households, t=np.int16(county.t), source=np.int8(source), item=np.int8(item), amount=amount
    )


def _note(county: County, source: int, item: int, amount: np.ndarray) -> np.ndarray:
    """Write down what is a yuan or more and give back the amounts as they stand in the account."""
    amount = np.where(amount >= 1.0, np.round(amount, 2), 0.0)
    rows = np.flatnonzero(amount)
    note(county, source, item, rows, amount=amount[rows])
    return amount


def _drift(county: County) -> None:
    """Move each household's transitory part; what pulled a poor household down fades more slowly."""
    households, rng, p = county.households, county.streams["income"], county.parameters["income"]
    poor = county.accounts.adjusted_pc(county.size()) < 1.5 * county.line_now
    keep = np.where((households.transitory < 0) & poor, p["monthly_persistence_poor"], p["monthly_persistence"])
    sd = p["transitory_sd_wage"] * households.volatility
    households.transitory = keep * households.transitory + rng.normal(0, 1, len(households)) * sd * np.sqrt(1 - keep**2)
    # What relatives send has its own ups and downs.
    pull = 0.03 * (np.log(households.support) - 0.6 * households.level)
    households.support = np.exp(np.log(households.support) - pull + rng.normal(0, p["support_sd"], len(households)))


def _wages(county: County) -> np.ndarray:
    members, households, p = county.members, county.households, county.parameters["income"]
    rng = county.streams["income"]
    who = np.flatnonzero((members.job != NO_JOB) & (members.job != JOB["own"]))
    hh = members.hh[who]
    age = members.age(county.today)[who]
    base = np.array([p["wage_migrant"], p["wage_local"], p["wage_public_post"], 0.0])[members.job[who]]
    log = (
        0.15 * members.ability[who]
        + 0.15 * (members.skill[who] == SKILL["skilled"])
        + 0.04 * (members.education[who] - 1)
    )
    log = log - 0.16 * (members.sex[who] == FEMALE) - 0.0006 * (age - 38) ** 2 + households.level[hh]
    log = (
        log
        + households.transitory[hh]
        - 0.35 * (members.skill[who] == SKILL["weak"])
        - 0.25 * (members.stage[who] == 1)
    )
    post = members.job[who] == JOB["public_post"]
    season = p["wage_season"][county.month - 1]
    pay = (
        base
        * growth(county)
        * np.where(post, 1.0, np.exp(log) * season * rng.lognormal(0, p["month_noise_sd"], len(who)))
    )
    # A job of which the first month has just begun pays for part of it.
    pay = pay * np.where(members.tenure[who] == 0, 0.5, 1.0)
    total = np.zeros(len(households))
    for item, kind in enumerate(("migrant", "local", "public_post")):
        of_kind = members.job[who] == JOB[kind]
        total += _note(county, WAGE, item, np.bincount(hh[of_kind], weights=pay[of_kind], minlength=len(households)))
    return total


def hands(county: County) -> np.ndarray:
    """Give the working hands left at home, weak ones counted by half."""
    members = county.members
    home = members.present(county.today) & (members.job != JOB["migrant"])
    worth = np.array([1.1, 1.0, 0.5, 0.0, 0.0])[members.skill]
    return county.per_household(home * worth)


def _crops(county: County) -> np.ndarray:
    households, p, rng = county.households, county.parameters["income"], county.streams["income"]
    month = county.month
    labour = np.minimum(hands(county) / 1.2, 1.0)
    farmed = households.cropland * labour
    value = (
        farmed
        * p["crop_value_a_mu"]
        * growth(county) ** 0.5
        * np.exp(households.farm_skill + 0.5 * (households.level + households.transitory))
    )
    value = value * np.where(county.support.has("industry"), 1.15, 1.0)
    net = np.zeros(len(households))
    harvest = p["harvest_share"][month - 1]
    if harvest > 0:
        noise = rng.lognormal(0, p["harvest_sd"] * households.volatility)
        sold = value * harvest * noise * (1 - households.crop_damage) * county.price_factor
        net += _note(county, OPERATING, 0, sold)
        households.crop_damage = households.crop_damage * 0.35
    cost = p["crop_cost_season"][month - 1]
    if cost > 0:
        net -= _note(county, COST, 0, value * p["crop_cost_share"] * cost)
    return net


def _ventures(county: County) -> np.ndarray:
    """Give what animals and small businesses bring in, less what they cost and what failed ones still owe."""
    households, p, rng, members = (
        county.households,
        county.parameters["income"],
        county.streams["income"],
        county.members,
    )
    n = len(households)
    labour = np.minimum(hands(county), 1.5)
    keeps = households.livestock & (labour > 0.4)
    scale = growth(county) * np.exp(1.1 * households.farm_skill + 0.5 * households.level)
    sold = np.where(keeps & (rng.random(n) < p["livestock_sale_chance"]), 1.0, 0.0) * p["livestock_sale"]
    sold = (
        sold
        * scale
        * labour
        * np.exp(county.places.price)
        * county.price_factor
        * rng.lognormal(0, 0.35 * households.volatility)
    )
    fed = np.where(keeps & (county.month % 3 == 0), p["livestock_quarter_cost"], 0.0) * scale * labour
    worker = np.flatnonzero(members.job == JOB["own"])
    trade = np.bincount(
        members.hh[worker],
        weights=np.exp(0.2 * members.ability[worker]) * p["own_turnover"],
        minlength=n,
    )
    trade = trade * growth(county) * np.exp(households.level + households.transitory) * rng.lognormal(0, 0.25, n)
    # Debts of a failed enterprise are served from what is earned, and count as its cost.
    served = np.minimum(households.debt, 900.0) * (households.debt > 100)
    households.debt = np.maximum(households.debt - served, 0.0)
    net = _note(county, OPERATING, 1, sold) + _note(county, OPERATING, 2, trade)
    net -= _note(county, COST, 1, fed)
    return net - _note(county, COST, 2, trade * p["own_cost_share"] + served)


def _property(county: County) -> np.ndarray:
    households, p = county.households, county.parameters["income"]
    net = np.zeros(len(households))
    if county.month == 12:
        let = households.cropland * np.maximum(1 - hands(county) / 1.2, 0)
        net += _note(county, PROPERTY, 0, let * p["land_rent_a_mu"] * growth(county))
        members_share = np.where(households.kind == TYPE["ordinary"], 0.0, 1.0) + p["property_of_the_thrifty"] * np.exp(
            households.level
        ) * (households.diligence > 0.8)
        net += _note(county, PROPERTY, 1, members_share * p["dividend"] * growth(county))
    return net


def _transfers(county: County) -> np.ndarray:
    households, members, p = county.households, county.members, county.parameters["income"]
    rng = county.streams["income"]
    n = len(households)
    present = members.present(county.today)
    age = members.age(county.today)
    retired = present & (age >= 60)
    good = members.ability > p["employee_pension_cut"]
    pension = county.per_household(retired * np.where(good, p["employee_pension"], p["resident_pension"])) * growth(
        county
    )
    net = _note(county, TRANSFER, 0, pension)
    dibao = _note(county, TRANSFER, 1, county.support.dibao)
    county.accounts.dibao[county.t % 12] = dibao
    net += dibao
    severe = county.per_household((present & members.disabled & (members.disability_grade <= 2)).astype(np.float64))
    net += _note(county, TRANSFER, 2, severe * p["disability_allowance"])
    if county.month == 5:
        net += _note(county, TRANSFER, 3, households.cropland * p["farm_subsidy_a_mu"])
        net += _note(county, TRANSFER, 4, households.forest * p["eco_subsidy_a_mu"])
    earners = county.per_household((present & (members.job != NO_JOB)).astype(np.float64))
    alone = county.per_household((retired & (age > 61)).astype(np.float64)) * np.where(earners > 0, 0.25, 1.0)
    chance = np.array(p["support_chance"])[county.month - 1]
    poorer = np.where(households.kind == TYPE["ordinary"], 1.0, p["family_support_registered"])
    sent = (rng.random(n) < chance) * alone * households.support * poorer * p["family_support"] * growth(county)
    return net + _note(county, TRANSFER, 5, sent * rng.lognormal(0, 0.3, n))


def _crop_claims(county: County) -> None:
    if county.month == 11:
        paid = _note(county, CLAIMS, 1, county.pending_claims)
        county.accounts.claims[county.t % 12] += paid
        county.pending_claims[:] = 0.0
