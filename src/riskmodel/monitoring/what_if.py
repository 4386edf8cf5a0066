"""What the model would compute had a help been given: flagged households' histories changed, features built anew.

The change is made in a copy of the excerpt, dated and known before as_of, and asked by the same builder. A feature that
the change does not move keeps the value that the run has; so does one that speaks of neighbours, who are not in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months
from riskmodel.explain.words import what_if_sentence
from riskmodel.features.builder import evaluate
from riskmodel.features.levers import Added, Changed, LeverSpec
from riskmodel.registry import schema
from riskmodel.registry.registry import Registry
from riskmodel.registry.write import RegistryWriter

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec
    from riskmodel.model import RiskClassifier
    from riskmodel.policy import Policy

MOST = 4
# In log-odds: what moves the odds by less than a tenth is not worth a line.
WORTH_SAYING = 0.1
_APPLIES, _AMOUNT = "applies ", "amount "


@dataclass(frozen=True)
class WhatIf:
    """What the model would compute for one household if a lever were pulled."""

    lever: str
    risk: float
    margin: float
    zh: str
    en: str


def what_if(
    excerpt: Registry,
    features: pd.DataFrame,
    *,
    margin: pd.Series,
    levers: Sequence[LeverSpec],
    specs: Sequence[FeatureSpec],
    classifier: RiskClassifier,
    as_of: date,
    policy: Policy,
) -> dict[str, list[WhatIf]]:
    """Return, by household, what would lower its risk noticeably, the most first, four at most.

    Parameters
    ----------
    excerpt : Registry
        The households' whole histories.
    features : DataFrame
        The model's features as the run has them, indexed by household_id, in the model's order.
    margin : Series
        As the run has it, by household_id.
    levers : sequence of LeverSpec
    specs : sequence of FeatureSpec
        The model's features with their expressions, in the model's order.

    Returns
    -------
    dict
        Households without an entry have none. Where a lever's condition is not known it does not apply.
    """
    found: dict[str, list[WhatIf]] = {}
    usable = [lever for lever in levers if {rows.table for rows in lever.rows} <= set(excerpt.tables)]
    own = {spec.name: spec.node for spec in specs if spec.node is not None and not plan.peers(spec.node)}
    if not usable or not own or features.empty:
        return found
    asked = evaluate(excerpt, _asked(usable), as_of=as_of, policy=policy).to_pandas().set_index("household_id")
    now = _built(excerpt, own, as_of=as_of, policy=policy)
    risk_now = pd.Series(classifier.calibrator_.risk(margin.to_numpy(dtype=np.float64)), index=margin.index)
    for lever in usable:
        applies = asked.index[asked[f"{_APPLIES}{lever.name}"] == 1]
        households = features.index.intersection(applies).intersection(now.index)
        if households.empty:
            continue
        then = _if_pulled(excerpt, lever, asked.loc[households], own, as_of=as_of, policy=policy)
        changed = _moved(features.loc[households], now.loc[households], then.reindex(households))
        margins = np.asarray(classifier.decision_function(changed), dtype=np.float64)
        risks = classifier.calibrator_.risk(margins)
        for household, new, risk in zip(households, margins, risks, strict=True):
            if margin[household] - new >= WORTH_SAYING:
                shares = {"risk": float(risk), "now": float(risk_now[household])}
                zh, en = (
                    what_if_sentence(lever.zh, **shares, lang="zh"),
                    what_if_sentence(lever.en, **shares, lang="en"),
                )
                found.setdefault(household, []).append(WhatIf(lever.name, float(risk), float(new), zh, en))
    return {household: sorted(each, key=lambda one: one.margin)[:MOST] for household, each in found.items()}


def _asked(levers: Sequence[LeverSpec]) -> dict[str, plan.Household]:
    """Return the conditions and amounts of all levers as columns to be worked out."""
    columns = {f"{_APPLIES}{lever.name}": lever.applies for lever in levers}
    for lever in levers:
        for number, rows in enumerate(lever.rows):
            if isinstance(rows, Added) and rows.amount is not None:
                columns[f"{_AMOUNT}{lever.name} {number}"] = rows.amount.node
    return columns


def _built(registry: Registry, nodes: Mapping[str, plan.Household], *, as_of: date, policy: Policy) -> pd.DataFrame:
    rows = evaluate(registry, nodes, as_of=as_of, policy=policy).to_pandas().set_index("household_id")
    return rows[list(nodes)].astype(np.float64)


def _moved(features: pd.DataFrame, now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    """Return the features with what the change moved put in its place."""
    changed = features.astype(np.float64)
    for name in then.columns:
        before, after = now[name].to_numpy(), then[name].to_numpy()
        same = (before == after) | (np.isnan(before) & np.isnan(after))
        changed[name] = np.where(same, changed[name].to_numpy(), after)
    return changed


def _if_pulled(
    excerpt: Registry,
    lever: LeverSpec,
    asked: pd.DataFrame,
    nodes: Mapping[str, plan.Household],
    *,
    as_of: date,
    policy: Policy,
) -> pd.DataFrame:
    """Build the features of the households whose histories a lever changes."""
    ids = pa.array(sorted(asked.index, key=str.encode), pa.string())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "registry"
        with RegistryWriter(place, cut_on=excerpt.cut_on) as writer:
            for name in excerpt.tables:
                rows = excerpt.table(name).to_pyarrow()
                rows = rows.filter(pc.is_in(rows["household_id"], value_set=ids))
                for number, change in enumerate(lever.rows):
                    if change.table != name:
                        continue
                    if isinstance(change, Changed):
                        rows = _otherwise(rows, change, as_of=as_of)
                    else:
                        amounts = asked.get(f"{_AMOUNT}{lever.name} {number}")
                        rows = _besides(rows, change, ids, amounts, as_of=as_of)
                writer.add(name, rows)
        with Registry.open(place) as pulled:
            return _built(pulled, nodes, as_of=as_of, policy=policy)


def _otherwise(rows: pa.Table, change: Changed, *, as_of: date) -> pa.Table:
    """Return the rows with those that are seen at as_of and meet the condition changed."""
    hit = pc.and_(pc.less(rows["known_on"], as_of), pc.invert(pc.fill_null(rows["withdrawn"], False)))
    for name, value in change.where.items():
        hit = pc.and_(hit, pc.fill_null(pc.equal(rows[name], pa.scalar(value)), False))
    for name, value in change.values.items():
        column = pc.if_else(hit, pa.scalar(value, rows.schema.field(name).type), rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
    return rows


def _besides(rows: pa.Table, change: Added, ids: pa.Array, amounts: pd.Series | None, *, as_of: date) -> pa.Table:
    """Return the rows with the added ones below: known the day before as_of, dated before it."""
    table = schema.table(change.table)
    first = as_of.replace(day=1)
    if change.months == 0:
        days = [as_of - timedelta(days=1)]
    elif table.ledger:
        days = [add_months(first, -back) for back in range(1, change.months + 1)]
    else:
        days = [add_months(as_of, -change.months)]
    households = ids.to_pylist()
    n = len(households) * len(days)
    given: dict[str, object] = {name: [value] * n for name, value in change.values.items()}
    given["household_id"] = households * len(days)
    given[table.own_date] = [day for day in days for _ in households]
    given["known_on"] = [as_of - timedelta(days=1)] * n
    given["withdrawn"] = [False] * n
    if amounts is not None:
        each = amounts.reindex(households).fillna(0.0).tolist()
        given["amount"] = each * len(days)
    added = pa.table(
        [pa.array(given.get(field.name, [None] * n), field.type) for field in rows.schema], schema=rows.schema
    )
    return pa.concat_tables([rows, added])
