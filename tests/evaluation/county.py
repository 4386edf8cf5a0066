"""A county of a few hundred households whose next year depends on their last: small, but read like any registry."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from riskmodel.engine.calendar import add_months
from riskmodel.registry import write_registry

FIRST, MONTHS, CUT = date(2018, 1, 1), 72, date(2024, 2, 1)

CATALOGUE = """
from riskmodel.features import cohort, feature, outcome


def pc(h, view):
    return view.where(source="wage").sum("amount") / h.members.count()


@feature(months=(3, 12), unit="yuan/person", risk="falls", zh="近{months}个月收入", en="income, {months} months")
def income_pc(h, months):
    return pc(h, h.income.last(months=months))


@feature(unit="ratio", risk="falls", zh="距监测线", en="distance to the line")
def line_gap_12m(h):
    return pc(h, h.income.last(months=12)) / 5000 - 1


@feature(unit="count", sensitive=True, zh="患慢性病人数", en="members with a chronic illness")
def members_chronic(h):
    return h.members.where(chronic_illness=True).count()


@feature(unit="count", zh="亲族", en="kin group")
def kin(h):
    return h.household.latest("forest_mu")


@outcome(horizon_months=12, lag_days=30, zh="未来一年收入低于线", en="income below the line within a year")
def need(h):
    return h.next(months=12).income.where(source="wage").sum("amount") < 10000


@outcome(horizon_months=12, lag_days=30, zh="从不发生", en="never happens")
def never(h):
    return h.next(months=12).income.where(source="wage").sum("amount") < 0


@cohort(zh="在户", en="present")
def everyone(h):
    return {"present": h.members.count() > 0}


@cohort(zh="无人", en="nobody")
def nobody(h):
    return {"present": h.members.count() > 99}
"""


def write_county(
    folder: Path, *, households: int = 360, seed: int = 1, falls_on: date | None = None, to: float = 1.0
) -> Path:
    """Write the registry: two members a household, a wage a month that remembers its past.

    From ``falls_on`` every wage is ``to`` times what it would have been.
    """
    rng = np.random.default_rng(seed)
    ids = [f"H{i:05d}" for i in range(households)]
    villages = rng.integers(0, 18, households)
    level = rng.normal(9.45, 0.35, households) + rng.normal(0, 0.2, 18)[villages]
    chronic = rng.random((households, 2)) < 0.2
    level -= 0.25 * chronic.sum(axis=1)
    shock = np.zeros(households)
    income = []
    for step in range(MONTHS):
        month = add_months(FIRST, step)
        shock = 0.9 * shock + rng.normal(0, 0.12, households)
        factor = to if falls_on is not None and month >= falls_on else 1.0
        wage = np.round(factor * np.exp(level + shock) / 12, 2)
        income.extend((ids[i], month, float(wage[i])) for i in range(households))
    known = date(2017, 12, 1)
    tables = {
        "household": pa.table(
            {
                "household_id": ids,
                "county_code": ["c"] * households,
                "township_code": [f"t{v // 6}" for v in villages],
                "village_code": [f"v{v:02d}" for v in villages],
                "registered_on": [known] * households,
                "household_type": ["ordinary"] * households,
                "forest_mu": [float(i // 2) for i in range(households)],
                "known_on": [known] * households,
            }
        ),
        "member": pa.table(
            {
                "household_id": [i for i in ids for _ in range(2)],
                "member_id": [f"{i}-{k}" for i in ids for k in range(2)],
                "sex": ["male", "female"] * households,
                "birth_date": [date(1980, 5, 1)] * (2 * households),
                "relation": ["head", "spouse"] * households,
                "chronic_illness": [bool(v) for v in chronic.ravel()],
                "known_on": [known] * (2 * households),
            }
        ),
        "income": pa.table(
            {
                "household_id": [row[0] for row in income],
                "month": [row[1] for row in income],
                "source": ["wage"] * len(income),
                "item": ["wage"] * len(income),
                "amount": [row[2] for row in income],
                "known_on": [add_months(row[1], 1) + timedelta(days=5) for row in income],
            }
        ),
    }
    write_registry(tables, folder, cut_on=CUT)
    return folder


EXPERIMENT = """
name: small
title_zh: 小县
title_en: a small county
registry: county
features: {catalogue: features.py, without: [kin]}
outcome: need
cohort: everyone
training: {as_of: {every_months: 6, newest: 3}}
validation:
  origins: {newest: 3, every_months: 6}
  holdout: {by: village, folds: 2}
model: {calibration: sigmoid, folds: 3}
intervals: {bootstrap: 60}
seed: 7
"""
