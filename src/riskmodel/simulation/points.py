"""Points of the village shop: taking part and doing well go with diligence, which also carries a household."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.state import County

ITEMS = ("clean_house", "public_labour", "training", "mutual_help", "penalty")


def step(county: County) -> None:
    """Award the month's points in the villages whose turn it is (every household's village once a quarter)."""
    households, rng, p = county.households, county.streams["points"], county.parameters["points"]
    turn = households.village % 3 == county.month % 3
    takes_part = turn & (
        rng.random(len(households)) < np.clip(p["takes_part"] + 0.12 * households.diligence, 0.02, 0.95)
    )
    who = np.flatnonzero(takes_part)
    item = rng.integers(0, len(ITEMS) - 1, len(who))
    item = np.where(rng.random(len(who)) < 0.04, len(ITEMS) - 1, item)
    score = np.round(np.clip(rng.normal(20 + 6 * households.diligence[who], 6), 1, 60))
    county.journal.add(
        "points",
        who,
        day=county.some_day("points", len(who)),
        item=item,
        points=np.where(item == len(ITEMS) - 1, -5.0, score),
    )
