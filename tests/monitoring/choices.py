"""A choice among a few households that are written down, made by the expressions that a run makes it by."""

from __future__ import annotations

from datetime import date
from functools import cache

import duckdb
import ibis
import pyarrow as pa

from riskmodel.monitoring.choosing import Selection, choose

AS_OF = date(2025, 6, 1)
KINDS = {
    "household_id": pa.string(),
    "risk": pa.float64(),
    "margin": pa.float64(),
    "on_list": pa.bool_(),
    "named": pa.bool_(),
    "in_cohort": pa.bool_(),
    "county_code": pa.string(),
    "township_code": pa.string(),
    "village_code": pa.string(),
}


@cache
def _query(asked: Selection, as_of: date) -> str:
    """The choice in SQL, which takes longer to put together than to run."""
    scored = ibis.table(ibis.Schema.from_pyarrow(pa.schema(KINDS)), name="scored")
    return str(ibis.to_sql(choose(scored, asked, as_of=as_of), dialect="duckdb"))


def chosen(households, *, capacity=None, rule_capacity=None, as_of=AS_OF, ids=None, **selection):
    scored = pa.table(
        {
            "household_id": ids or [f"H{number}" for number in range(len(households))],
            "risk": [household.get("risk") for household in households],
            "margin": [household.get("margin") for household in households],
            "on_list": [household.get("on_list") for household in households],
            "named": [household.get("rule") for household in households],
            "in_cohort": [household.get("cohort") for household in households],
            "county_code": [household.get("county") for household in households],
            "township_code": [household.get("township") for household in households],
            "village_code": [household.get("village") for household in households],
        },
        schema=pa.schema(KINDS),
    )
    asked = Selection(capacity=capacity, rule_capacity=rule_capacity, **selection)
    with duckdb.connect(config={"threads": 1}) as opened:
        opened.register("scored", scored)
        rows = opened.sql(_query(asked, as_of)).to_arrow_table().to_pylist()
    by_id = {row["household_id"]: row for row in rows}
    told = [by_id[household] for household in scored["household_id"].to_pylist()]
    return {name: [row[name] for row in told] for name in ("rank", "number", "by_model", "by_rule", "left_out")}


def where(values):
    return {number for number, value in enumerate(values) if value}
