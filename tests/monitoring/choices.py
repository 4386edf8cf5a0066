"""A choice among a few households that are written down, made by the expressions that a run makes it by."""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa

from riskmodel.monitoring.choosing import Selection, choose

AS_OF = date(2025, 6, 1)


def chosen(households, *, capacity=None, rule_capacity=None, as_of=AS_OF, ids=None, **selection):
    def column(name, kind):
        return pa.array([household.get(name) for household in households], kind)

    table = pa.table(
        {
            "household_id": ids or [f"H{number}" for number in range(len(households))],
            "risk": column("risk", pa.float64()),
            "margin": column("margin", pa.float64()),
            "on_list": column("on_list", pa.bool_()),
            "named": column("rule", pa.bool_()),
            "in_cohort": column("cohort", pa.bool_()),
            "county_code": column("county", pa.string()),
            "township_code": column("township", pa.string()),
            "village_code": column("village", pa.string()),
        }
    )
    asked = Selection(capacity=capacity, rule_capacity=rule_capacity, **selection)
    rows = choose(ibis.memtable(table), asked, as_of=as_of).to_pyarrow().to_pylist()
    by_id = {row["household_id"]: row for row in rows}
    told = [by_id[household] for household in table["household_id"].to_pylist()]
    return {name: [row[name] for row in told] for name in ("rank", "number", "by_model", "by_rule", "left_out")}


def where(values):
    return {number for number, value in enumerate(values) if value}
