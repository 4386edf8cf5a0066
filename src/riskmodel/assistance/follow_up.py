"""Incomes before and after: every household that a measure reached, and all it could be compared with, month by month.

What is compared, as seen from the first day of the month in which the measure began: net income in the months from
then on (``after``) and in the twelve before (``before``), both a head of those present that day and a year, so that a
birth or a marriage is not taken for an effect; and the two years before that (``earlier``, ``earliest``). All four are
worked out from what was known when the follow-up is complete; what households are matched on, from what was known
strictly before that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from riskmodel.assistance.spells import Spells, months_of, without
from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.features import Catalogue, History, Number, Outlook, View, if_else, number, ordinal
from riskmodel.features.builder import KEYS, PLACES, evaluate, known_when
from riskmodel.policy import Policy
from riskmodel.registry import Registry

# What households are matched on, as near as can be, by the catalogue's names; and what must be the same.
NEAR = (
    "net_income_pc_12m",
    "net_income_pc_change_12m",
    "members",
    "members_able",
    "dependency_ratio",
    "cropland_pc",
)
SAME = ("household_type", "listed", "county_code")

# How long after the follow-up's end incomes may still come in, as for outcomes.
LAG_DAYS = 90
YEAR = 12
INCOMES = ("after", "before", "earlier", "earliest")

_SOURCES = ["wage", "operating", "property", "transfer"]
_NEEDED = ("household", "member", "income", "measure")


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """Who was followed up, and with what.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row a household and month, sorted by both: ``household_id``, ``month``, ``treated``, :data:`SAME`,
        ``township_code``, ``village_code``, :data:`NEAR`, :data:`INCOMES` (yuan a head and year; ``earliest`` is
        missing where the registry does not reach back so far).
    begun : int
        Households whose measure began in the time asked for.
    left_out : dict
        Why some of them are not in ``rows`` -> how many: ``too_recent`` (the follow-up is not complete at the
        registry's cut), ``had_one_before`` (within the year before), ``no_history`` (not present, or no income
        recorded in each of the two years before), ``gone`` (no longer there at the end, or no income recorded since).
    """

    rows: pd.DataFrame
    begun: int
    left_out: dict[str, int]


def check_months(months: int) -> None:
    """Raise :class:`CallError` unless ``months`` is one, two or three whole years, which hold every season alike."""
    if months not in (12, 24, 36):
        raise CallError(f"months is {months}; expected 12, 24 or 36: whole years, as incomes have their seasons.")


def follow_up(
    registry: Registry,
    *,
    kind: str,
    start: date,
    end: date,
    months: int,
    catalogue: Catalogue,
    policy: Policy | None = None,
    engine: str = "auto",
) -> FollowUp:
    """Gather the households whose measure of ``kind`` began in ``[start, end)``, and all that may be like them.

    Those are the households that had none in the year before the month and get none until the follow-up ends, of the
    same type and county, and likewise on the monitoring list or not.

    Parameters
    ----------
    months
        How long after the month's first day incomes are counted: 12, 24 or 36.

    Raises
    ------
    DataError
        A table is lacking, or no measure of the kind began in the time.
    CallError
        ``end`` is not after ``start``, ``months`` is not a whole number of years, or the catalogue lacks a feature of
        :data:`NEAR`.
    """
    check_months(months)
    if end <= start:
        raise CallError(f"to is {end}, not after from, {start}: measures that began in [from, to) are followed up.")
    lacking = [name for name in _NEEDED if name not in registry.tables]
    if lacking:
        raise DataError(f"{registry.path}: there is no table {', '.join(lacking)}; a follow-up needs it.")
    spells = Spells.of(registry, kind)
    begun = spells.begun(start, end)
    if begun.empty:
        raise DataError(
            f"{registry.path}: no measure of the kind {kind} began from {start} to before {end}; those recorded began "
            f"{spells.told()}."
        )
    mature = [m for m in months_of(begun) if known_when(m, months, LAG_DAYS) <= registry.cut_on]
    first = registry.table("income").month.min().to_pyarrow().as_py()
    reached = [m for m in mature if first is not None and add_months(m, -2 * YEAR) >= first]
    had_before = without(spells, reached, before=YEAR, after=0)
    fresh = _fresh(begun[begun.month.isin(reached)], had_before)
    barred = without(spells, reached, before=YEAR, after=months)
    rows = pd.DataFrame(columns=["household_id", "month", "treated", *PLACES, *NEAR, *SAME[:2], *INCOMES])
    if not fresh.empty:
        outputs = _outputs(catalogue, months=months)
        table = evaluate(registry, outputs, as_of=months_of(fresh), policy=policy, keep=(*KEYS, *PLACES), engine=engine)
        pieces = (piece.to_pandas(date_as_object=True) for piece in table.pieces())
        rows = _comparable(pieces, fresh=fresh, barred=barred)
        rows.loc[[add_months(m, -3 * YEAR) < first for m in rows.month], "earliest"] = np.nan
    return _counted(rows, begun=begun, mature=mature, reached=reached, fresh=fresh)


def _fresh(begun: pd.DataFrame, had_before: Mapping[date, np.ndarray]) -> pd.DataFrame:
    """Leave out those who had a measure of the kind in the year before: their income before is not without it."""
    keep = np.ones(len(begun), dtype=bool)
    for month, households in had_before.items():
        keep &= ~((begun.month == month) & begun.household_id.isin(households)).to_numpy()
    return begun[keep]


def _outputs(catalogue: Catalogue, *, months: int) -> dict[str, plan.Household]:
    """Return the expressions: what is matched on, known before; and the incomes, known when all is in."""
    h = History()
    later = Outlook(horizon_months=months, lag_days=LAG_DAYS).after(months=months)
    heads = h.members.count()
    near = {name: catalogue.feature(name).node for name in NEAR}
    same = {
        "household_type": h.household.latest(ordinal("household_type")),
        "listed": h.listing.in_force(end_column="eliminated_on").exists(),
    }
    there = (later.household.exists() == 1) & (later.members.count() > 0)
    incomes = {
        "after": if_else(there, _a_year(later, heads, months=months), number(0) / 0),
        "before": _a_year(later, heads, months=YEAR, skip=months),
        "earlier": _a_year(later, heads, months=YEAR, skip=months + YEAR),
        "earliest": _a_year(later, heads, months=YEAR, skip=months + 2 * YEAR),
    }
    nodes = {name: node for name, node in near.items() if node is not None}
    return nodes | {name: value.node for name, value in (same | incomes).items()}


def _a_year(h: History, heads: Number, *, months: int, skip: int = 0) -> Number:
    """Net income a head and year over a window; missing where nothing was recorded, which is not an income of 0."""
    view = h.income.last(months=months, skip=skip)
    return _net(view) * (YEAR / months) / (heads * view.exists())


def _net(view: View) -> Number:
    return view.where(source=_SOURCES).sum("amount") - view.where(source="operating_cost").sum("amount")


def _comparable(
    pieces: Iterator[pd.DataFrame], *, fresh: pd.DataFrame, barred: Mapping[date, np.ndarray]
) -> pd.DataFrame:
    """Keep the treated, and of the others those without a measure of the kind whose incomes are all known."""
    chosen = pd.MultiIndex.from_frame(fresh[["household_id", "month"]])
    kept = []
    for piece in pieces:
        rows = piece.rename(columns={"as_of": "month"})
        # What is not recorded (a registry without a list) is alike only with what is not recorded either.
        rows = rows.fillna(dict.fromkeys(SAME[:2], -1.0))
        rows["treated"] = pd.MultiIndex.from_frame(rows[["household_id", "month"]]).isin(chosen)
        other = ~rows.treated
        for month, households in barred.items():
            other &= ~((rows.month == month) & rows.household_id.isin(households))
        complete = rows[["after", "before", "earlier", *NEAR[:2]]].notna().all(axis=1)
        kept.append(rows[rows.treated | (other & complete)])
    together = pd.concat(kept, ignore_index=True)
    strata = ["month", *SAME]
    wanted = pd.MultiIndex.from_frame(together.loc[together.treated, strata])
    together = together[pd.MultiIndex.from_frame(together[strata]).isin(wanted)]
    return together.sort_values(["household_id", "month"]).reset_index(drop=True)


def _counted(
    rows: pd.DataFrame, *, begun: pd.DataFrame, mature: list[date], reached: list[date], fresh: pd.DataFrame
) -> FollowUp:
    too_recent = int((~begun.month.isin(mature)).sum())
    in_reach = int(begun.month.isin(reached).sum())
    history = gone = 0
    if len(fresh):
        treated = rows[rows.treated]
        past = treated[["before", "earlier", *NEAR[:2]]].notna().all(axis=1)
        history = len(fresh) - int(past.sum())
        gone = int((past & treated.after.isna()).sum())
        rows = rows[~rows.treated | (past & rows.after.notna()).reindex(rows.index, fill_value=False)]
    left_out = {
        "too_recent": too_recent,
        "had_one_before": in_reach - len(fresh),
        "no_history": len(begun) - too_recent - in_reach + history,
        "gone": gone,
    }
    return FollowUp(rows=rows.reset_index(drop=True), begun=len(begun), left_out=left_out)
