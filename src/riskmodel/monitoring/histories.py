"""The last three years of each flagged household, by quarters: what its sheet draws.

Worked out by the builder that works out features, so a sheet shows nothing that the model could not have known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError
from riskmodel.features import History
from riskmodel.features.builder import KEYS, evaluate
from riskmodel.monitoring.flags import HISTORIES
from riskmodel.monitoring.ledgers import begins_known
from riskmodel.registry.codes import codes

if TYPE_CHECKING:
    from riskmodel.engine import plan
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

QUARTERS = 12
_MONTHS = 3
_INCOME = ("wage", "operating", "property", "transfer", "operating_cost", "claims")


def build_histories(
    excerpt: Registry, *, as_of: date, policy: Policy, begins: Mapping[str, date] | None = None
) -> pa.Table:
    """Return twelve rows a household, the oldest quarter first, sorted by household.

    A quarter that starts before income, or spending, was kept has none of it: nothing kept is not nothing earned.

    Parameters
    ----------
    excerpt : Registry
        The households' whole histories.
    as_of : date
        Quarters are counted back from here; only what was known, and true, strictly before counts.
    policy : Policy
        For the line in force at each quarter's end; missing where the record has none.
    begins : mapping of str to date, optional
        Since when the whole registry's tables were kept; left out, the excerpt's.

    Returns
    -------
    pyarrow.Table
        Of the schema :data:`~riskmodel.monitoring.flags.HISTORIES`.
    """
    begins = begins if begins is not None else begins_known(excerpt, before=as_of)
    wide = evaluate(
        excerpt, history_outputs(), as_of=as_of, policy=policy, keep=(*KEYS, "county_code"), engine="auto"
    ).to_pandas()
    parts = [
        _quarter(wide, back, start=add_months(as_of, -_MONTHS * (back + 1)), begins=begins)
        for back in reversed(range(QUARTERS))
    ]
    for part, back in zip(parts, reversed(range(QUARTERS)), strict=True):
        part["line"] = _lines(wide["county_code"], policy, on=add_months(as_of, -_MONTHS * back))
    rows = pd.concat(parts).sort_values(["household_id", "quarter"], kind="stable")
    columns = [pa.array(rows[field.name], field.type, from_pandas=True) for field in HISTORIES]
    return pa.table(columns, schema=HISTORIES)


def history_outputs() -> dict[str, plan.Household]:
    """Return what is asked of a household's last three years, by column."""
    h = History()
    outputs = {"members": h.members.count().node}
    for back in range(QUARTERS):
        window = {"months": _MONTHS, "skip": _MONTHS * back}
        for source in _INCOME:
            outputs[f"{source}_{back}"] = h.income.where(source=source).last(**window).sum("amount").node
        outputs[f"medical_oop_{back}"] = h.spending.where(kind="medical_oop").last(**window).sum("amount").node
        for kind in codes("event_kind"):
            outputs[f"{kind}_{back}"] = h.event.where(kind=kind).last(**window).count().node
    return outputs


def _quarter(wide: pd.DataFrame, back: int, *, start: date, begins: Mapping[str, date]) -> pd.DataFrame:
    kept, spent = (name in begins and begins[name] <= start for name in ("income", "spending"))

    def amount(name: str) -> np.ndarray:
        return wide[f"{name}_{back}"].to_numpy(dtype=np.float64)

    nothing = np.full(len(wide), np.nan)
    happened = {kind: wide[f"{kind}_{back}"].to_numpy(dtype=np.float64) > 0 for kind in codes("event_kind")}
    return pd.DataFrame(
        {
            "household_id": wide["household_id"].to_numpy(),
            "quarter": start,
            **{source: amount(source) if kept else nothing for source in _INCOME},
            "medical_oop": amount("medical_oop") if spent else nothing,
            "members": wide["members"].to_numpy(dtype=np.float64),
            "events": [[kind for kind in happened if happened[kind][row]] for row in range(len(wide))],
        }
    )


def _lines(counties: pd.Series, policy: Policy, *, on: date) -> list[float | None]:
    known: dict[str, float | None] = {}
    for county in counties.fillna("").unique():
        try:
            known[county] = policy.value("monitoring_line", region=county, on=on)
        except CallError:
            known[county] = None
    return [known[county] for county in counties.fillna("")]
