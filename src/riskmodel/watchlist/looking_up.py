"""What the registry knows of some households on a day, for the acts that ask for facts: by the one builder."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import pandas as pd

from riskmodel.engine import plan
from riskmodel.features import History, Number, View, age
from riskmodel.features.builder import evaluate
from riskmodel.monitoring.standing import standing
from riskmodel.registry.codes import codes
from riskmodel.registry.excerpt import excerpt_of
from riskmodel.watchlist.facts import Facts

if TYPE_CHECKING:
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

# What each table tells; where the registry lacks it, these facts are not known.
_TABLES = {
    "member": ("members", "members_able", "members_working", "net_income_pc", "net_income_pc_before"),
    "income": ("net_income_pc", "net_income_pc_before", "claims_pc"),
    "spending": ("out_of_pocket_pc",),
    "guarantee": ("guarantees_unmet",),
}
_GROSS = ["wage", "operating", "property", "transfer"]


def facts_of(
    registry: Registry, households: Collection[str], *, as_of: date, policy: Policy, steady_months: int = 6
) -> dict[str, Facts]:
    """Return the facts of households as known, and true, strictly before ``as_of``; absent where not present then.

    Parameters
    ----------
    steady_months : int
        How long ago the earlier income is reckoned.
    """
    if not households:
        return {}
    with excerpt_of(registry, households) as own:
        rows = evaluate(own, _outputs(steady_months), as_of=as_of, policy=policy, engine="duckdb").to_pandas()
        types = standing(own, as_of=as_of)["household_type"]
        absent = [name for table, names in _TABLES.items() if table not in own.tables for name in names]
    return {
        str(row["household_id"]): replace(_facts(row, types, as_of), **dict.fromkeys(absent))
        for _, row in rows.iterrows()
    }


def _outputs(steady_months: int) -> dict[str, plan.Household]:
    h = History()
    members = h.members.count()
    unmet = [(h.guarantee.where(item=item).latest("met") == 0).or_else(0) for item in codes("guarantee_item")]
    named: dict[str, Number] = {
        "members": members,
        "members_able": h.members.where(age() >= 16, age() <= 59, labour_skill=["skilled", "ordinary"]).count(),
        "members_working": h.members.where(labour_skill=["skilled", "ordinary", "weak"]).count(),
        "net_income_pc": _net(h.income.last(months=12)) / members,
        "net_income_pc_before": _net(h.income.last(months=12, skip=steady_months)) / members,
        "out_of_pocket_pc": h.spending.where(kind="medical_oop").last(months=12).sum("amount") / members,
        "claims_pc": h.income.where(source="claims").last(months=12).sum("amount") / members,
        "guarantees_unmet": reduce(add, unmet),
        "line": h.line(),
        "dibao": h.measure.where(kind="protection").in_force().count(),
    }
    return {name: number.node for name, number in named.items()}


def _net(view: View) -> Number:
    return view.where(source=_GROSS).sum("amount") - view.where(source="operating_cost").sum("amount")


def _facts(row: pd.Series, types: pd.Series, as_of: date) -> Facts:
    def number(name: str) -> float | None:
        value = row[name]
        return None if pd.isna(value) else float(value)

    kind = types.get(row["household_id"])
    names = ("members", "members_able", "members_working", "net_income_pc", "net_income_pc_before")
    more = ("out_of_pocket_pc", "claims_pc", "line", "guarantees_unmet")
    dibao = number("dibao")
    return Facts(
        as_of=as_of,
        household_type=None if kind is None or pd.isna(kind) else str(kind),
        already_compared=None if dibao is None else dibao > 0,
        **{name: number(name) for name in (*names, *more)},
    )
