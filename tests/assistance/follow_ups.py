"""Follow-ups made up with an effect that is known, to see whether it is found again."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.assistance.follow_up import FollowUp
from riskmodel.assistance.lead import Lead, reckon

START, END = date(2023, 1, 1), date(2024, 1, 1)


def made_rows(
    seed: int,
    *,
    effect: float,
    villages: int = 40,
    each: int = 25,
    on_level: float = 0.8,
    on_change: float = 0.8,
    on_unseen: float = 0.0,
    usual: float = -2.0,
) -> pd.DataFrame:
    """Rows of a follow-up: those poorer last year (``on_level``), and whose income fell (``on_change``), get a measure.

    Incomes have a part that lasts, of which able members make some, one that comes and goes (so that it recovers after
    a fall), and one that a village shares in each year; they grow by a twentieth a year. ``on_unseen`` chooses by the
    part that lasts, which nothing records. ``effect`` is on average what a measure adds; it varies between households.
    """
    rng = np.random.default_rng(seed)
    n = villages * each
    village = np.repeat(np.arange(villages), each)
    members = rng.integers(1, 7, n)
    able = rng.binomial(members, 0.5)
    lasts = 11_000 + 1_200 * able + rng.normal(0, 2_500, n)
    passing = rng.normal(0, 3_000, n)
    years = []
    for year in range(4):
        shared = rng.normal(0, 600, villages)[village]
        years.append((lasts + passing) * 1.05**year + shared + rng.normal(0, 500, n))
        passing = 0.5 * passing + np.sqrt(0.75) * rng.normal(0, 3_000, n)
    earliest, earlier, before, after = years
    change = before - earlier
    chance = usual - on_level * (before - before.mean()) / before.std() - on_change * change / change.std()
    chance += on_unseen * (lasts - lasts.mean()) / lasts.std()
    treated = rng.random(n) < 1 / (1 + np.exp(-chance))
    gain = rng.normal(effect, 800, n)
    return pd.DataFrame(
        {
            "household_id": [f"H{i:06d}" for i in range(n)],
            "month": rng.choice([date(2023, 3, 1), date(2023, 4, 1)], n),
            "treated": treated,
            "household_type": rng.integers(0, 2, n).astype(float),
            "listed": 0.0,
            "county_code": "369901",
            "township_code": [f"T{v // 5:02d}" for v in village],
            "village_code": [f"V{v:03d}" for v in village],
            "net_income_pc_12m": before,
            "net_income_pc_change_12m": change,
            "members": members.astype(float),
            "members_able": able.astype(float),
            "dependency_ratio": 1 - able / members,
            "cropland_pc": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 0.8, n)),
            "after": after + treated * gain,
            "before": before,
            "earlier": earlier,
            "earliest": earliest,
        }
    )


def followed(rows: pd.DataFrame) -> FollowUp:
    """The rows as a follow-up from which nobody was left out."""
    return FollowUp(
        rows=rows,
        begun=int(rows.treated.sum()),
        left_out={"too_recent": 0, "had_one_before": 0, "no_history": 0, "gone": 0},
    )


def reckoned(rows: pd.DataFrame, **options: Any) -> Lead:
    """What comes of the rows, as industry support of 2023."""
    return reckon(followed(rows), kind="industry", start=START, end=END, **{"draws": 200, **options})
