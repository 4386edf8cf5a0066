"""Townships, villages and the households in them.

The county has the code 369901, which is assigned to no place, so nothing made here can be taken for a real
county, township or village.
"""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.calendar import Calendar, day_number
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.state import GRADE, TYPE, Households, Places

COUNTY_CODE = "369901"
# Their codes have three digits.
_TOWNSHIPS_MOST = 900


def make_places(parameters: Parameters, *, households: int, rng: np.random.Generator) -> Places:
    """Lay out the county: about 80 households a village, ten to eighteen townships where there are villages enough.

    A county too large for eighteen gets more of them.
    """
    p = parameters["geography"]
    villages = max(1, round(households / p["households_per_village"]))
    townships = int(np.clip(villages // 12, p["townships_low"], p["townships_high"]))
    townships = min(villages, max(townships, -(-villages // p["villages_per_township_most"])), _TOWNSHIPS_MOST)
    village_township = np.sort(np.arange(villages) % townships)
    within = np.arange(villages) - np.searchsorted(village_township, village_township)
    township_low = rng.beta(1.2, 2.2, townships)
    township_remote = rng.beta(2.0, 2.0, townships)
    return Places(
        township_codes=[f"{COUNTY_CODE}{100 + i:03d}" for i in range(townships)],
        village_codes=[
            f"{COUNTY_CODE}{100 + t:03d}{200 + w:03d}" for t, w in zip(village_township, within, strict=True)
        ],
        village_township=village_township,
        low_lying=np.clip(township_low[village_township] + rng.normal(0, 0.12, villages), 0, 1),
        remote=np.clip(township_remote[village_township] + rng.normal(0, 0.15, villages), 0, 1),
        industry=rng.beta(2.0, 2.0, townships),
        slow_clerk=rng.gamma(4.0, 0.25, villages),
        cycle=np.zeros(townships + 1),
        slump=np.ones(villages),
    )


def households_of_villages(places: Places, *, households: int, rng: np.random.Generator) -> np.ndarray:
    """Draw how many households live in each village."""
    weight = rng.uniform(0.75, 1.25, len(places.village_codes))
    return rng.multinomial(households, weight / weight.sum())


def make_households(
    parameters: Parameters, *, village: np.ndarray, places: Places, calendar: Calendar, rng: np.random.Generator
) -> Households:
    """Draw the households of these villages: type, land, house, and the lasting traits that no registry holds."""
    p, households = parameters["geography"], len(village)
    remote = places.remote[village]
    draw = rng.random(households)
    lifted_share = p["lifted_share"] * (0.4 + 1.2 * remote)
    kind = np.where(draw < p["unlifted_share"], TYPE["unlifted"], TYPE["ordinary"])
    kind = np.where((kind == TYPE["ordinary"]) & (rng.random(households) < lifted_share), TYPE["lifted"], kind)
    poor = kind != TYPE["ordinary"]
    lifted_year = np.where(kind == TYPE["lifted"], rng.choice(np.arange(2014, 2021), households, p=p["lifted_year"]), 0)
    earliest = np.minimum(day_number_of_years(lifted_year), calendar.start - 400)
    registered_on = earliest - rng.integers(60, 700, households)

    income = parameters["income"]
    level_sd = income["permanent_sd_unobserved"]
    level = rng.normal(0, level_sd, households) + poor * income["registered_level_gap"]
    cropland = rng.lognormal(np.log(p["cropland_median"]), 0.7, households) * (0.7 + 0.6 * remote)
    cropland = np.where(rng.random(households) < p["landless_share"], 0.0, cropland)
    cropland = cropland * np.where(poor, p["cropland_registered"], 1.0)
    farm_skill = rng.normal(0, 0.35, households) + 0.25 * level
    grade_score = rng.random(households) + 0.015 * (level < -0.3)
    grade = np.select(
        [grade_score < 0.55, grade_score < p["housing_safe_share"], grade_score < p["housing_safe_share"] + 0.025],
        [GRADE["A"], GRADE["B"], GRADE["C"]],
        default=GRADE["D"],
    )
    # Nobody was lifted without a safe house.
    grade = np.where(kind == TYPE["lifted"], np.minimum(grade, GRADE["B"]), grade)
    return Households(
        village=village.astype(np.int32),
        kind=kind.astype(np.int8),
        lifted_year=lifted_year.astype(np.int64),
        registered_on=registered_on.astype(np.int32),
        cropland=np.round(cropland, 1),
        forest=np.round(np.where(rng.random(households) < 0.4, rng.lognormal(1.6, 0.9, households), 0.0), 1),
        relocation=(rng.random(households) < np.where(kind == TYPE["lifted"], p["relocation_share"], 0.004)),
        road=np.round(rng.gamma(1.5, 0.4 + 1.6 * remote), 1),
        grade=grade.astype(np.int8),
        water=rng.random(households) > p["unsafe_water_share"] * (0.3 + 1.4 * remote) * (1 + poor),
        level=level,
        farm_skill=farm_skill,
        volatility=rng.lognormal(-0.1, 0.45, households),
        diligence=0.5 * level / max(level_sd, 1e-9) + rng.normal(0, 1, households),
        support=rng.lognormal(0, 0.55, households),
        transitory=rng.normal(0, 1, households) * income["transitory_sd_wage"],
        livestock=(rng.random(households) < p["livestock_share"] * np.where(poor, p["livestock_registered"], 1.0)),
        business=(rng.random(households) < p["business_share"] * np.where(poor, p["business_registered"], 1.0)),
        crop_damage=np.zeros(households),
        debt=np.zeros(households),
        changed=np.ones(households, dtype=bool),
    )


def day_number_of_years(years: np.ndarray) -> np.ndarray:
    """Give the day number of 1 January of each year; the year 0 (never) counts as 2015."""
    from datetime import date

    table = {year: day_number(date(year, 1, 1)) for year in np.unique(np.where(years == 0, 2015, years)).tolist()}
    return np.array([table[year] for year in np.where(years == 0, 2015, years).tolist()], dtype=np.int64)
