"""Whether a year's premium covers the claims to be expected, from calibrated risks and what was borne before.

How much a household that comes to need bears, and how much one that does not, is taken from the registry's last year
whose outcomes are known: each household's medical costs and losses to accidents and disasters, less claims, worked
through under today's terms. A year ahead is then drawn many times: whole villages of the past are drawn again (their
weather and their roads are shared), each household comes to need with its calibrated risk, and bears what a household
of its kind bore. What that cannot show: whether all who may claim do, a disaster larger than the past year held, and
perils that the registry does not record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.assistance.insurance import Claim, Terms, terms_in_force, work_through
from riskmodel.engine.calendar import add_months
from riskmodel.errors import DataError

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

DRAWS = 1000
LEVEL = 0.95
# The terms' perils that the registry's tables tell of, and where from.
_COVERED = {"illness": "oop", "accident": "accident", "disaster": "disaster"}


@dataclass(frozen=True)
class Budget:
    """Premium against expected claims.

    Attributes
    ----------
    premium : float
        Yuan of the year.
    expected, low, high : float
        Claims of the year, yuan: the mean over the draws, and the interval that 95 % of them lie in.
    holds : float
        Share of the draws in which the claims do not exceed the premium.
    households, persons : int
        Those whose risks were drawn.
    claims_in_need, claims_otherwise : float
        Share of past households with a claim above the trigger, of those that came to need and of others.
    mean_in_need, mean_otherwise : float
        Mean paid a household, claim or not, of the two.
    past_from : date
        The year of the past that it rests on begins here.
    """

    premium: float
    expected: float
    low: float
    high: float
    holds: float
    households: int
    persons: int
    claims_in_need: float
    claims_otherwise: float
    mean_in_need: float
    mean_otherwise: float
    past_households: int
    past_in_need: int
    past_from: date
    assumed: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**vars(self), "past_from": self.past_from.isoformat(), "assumed": list(self.assumed)}

    def sentence(self, lang: str) -> str:
        """Say whether the budget holds."""
        told = {name: f"{getattr(self, name):,.0f}" for name in ("premium", "expected", "low", "high")}
        if lang == "zh":
            return (
                f"保费{told['premium']}元；预计赔付{told['expected']}元（95%区间{told['low']}–{told['high']}元）；"
                f"{self.holds:.0%}的模拟年份保费够用。"
            )
        return (
            f"Premium {told['premium']} yuan; claims expected {told['expected']} yuan (95 % interval {told['low']} to "
            f"{told['high']}); the premium suffices in {self.holds:.0%} of the years drawn."
        )


def premium_budget(
    registry: Registry,
    risks: pd.Series,
    *,
    as_of: date,
    policy: Policy,
    catalogue: Catalogue,
    region: str,
    premium: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Budget:
    """Hold a year's premium against the claims to be expected.

    Parameters
    ----------
    risks : Series
        Calibrated risk by household, at ``as_of``.
    region : str
        The county's code.
    premium : float, optional
        Yuan of the year; by default the county's fund of the policy record, else the premium a person times the share
        of the people that is paid for.
    draws, seed : int
        The same give the same budget.

    Raises
    ------
    DataError
        No past year's outcomes are known yet, or nobody in it came to need.
    """
    terms = terms_in_force(policy, region=region, on=as_of)
    past, start = _past(registry, as_of=as_of, policy=policy, catalogue=catalogue)
    past = past.assign(paid=_paid(past, terms))
    in_need = past["need"] == 1
    if not in_need.any() or in_need.all():
        raise DataError(
            f"{registry.path}: of the households at {start} none, or all, came to need: nothing to reckon with."
        )
    persons = int(past["members"].sum())
    persons_now = round(persons * len(risks) / len(past))
    money = premium if premium is not None else _premium(policy, region=region, on=as_of, persons=persons_now)
    totals = _drawn(past, risks.to_numpy(dtype=float), draws=draws, seed=seed)
    low, high = np.percentile(totals, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    paid = past["paid"]
    return Budget(
        premium=float(money),
        expected=float(totals.mean()),
        low=float(low),
        high=float(high),
        holds=float((totals <= money).mean()),
        households=len(risks),
        persons=persons_now,
        claims_in_need=float((paid[in_need] > 0).mean()),
        claims_otherwise=float((paid[~in_need] > 0).mean()),
        mean_in_need=float(paid[in_need].mean()),
        mean_otherwise=float(paid[~in_need].mean()),
        past_households=len(past),
        past_in_need=int(in_need.sum()),
        past_from=start,
        assumed=terms.assumed,
    )


def _past(registry: Registry, *, as_of: date, policy: Policy, catalogue: Catalogue) -> tuple[pd.DataFrame, date]:
    """Return the households of the last year whose outcomes were known at ``as_of``: need, what they bore, village."""
    from riskmodel.features import Outlook
    from riskmodel.features.builder import evaluate

    spec = catalogue.outcome("need")
    start = add_months(as_of - timedelta(days=spec.lag_days), -spec.horizon_months).replace(day=1)
    h = Outlook(horizon_months=spec.horizon_months, lag_days=spec.lag_days)
    year = h.next(months=spec.horizon_months)
    outputs = {
        "need": spec.censored(registry.tables),
        "members": h.members.count().node,
        "oop": year.spending.where(kind="medical_oop").sum("amount").node,
        "accident": year.event.where(kind="accident").sum("loss").node,
        "disaster": year.event.where(kind="disaster").sum("loss").node,
        "claims": year.income.where(source="claims").sum("amount").node,
    }
    keep = ("household_id", "village_code")
    rows = evaluate(registry, outputs, as_of=start, policy=policy, keep=keep).to_pandas()
    rows = rows[rows["need"].notna()]
    if rows.empty:
        raise DataError(f"{registry.path}: no outcomes of the year from {start} are known: a longer history is needed.")
    return rows.fillna({"oop": 0.0, "accident": 0.0, "disaster": 0.0, "claims": 0.0}), start


def _paid(past: pd.DataFrame, terms: Terms) -> np.ndarray:
    """Return what today's terms would have paid each household: per peril, claims received going to the largest."""
    total = np.zeros(len(past))
    amounts = past[[column for peril, column in _COVERED.items() if peril in terms.perils]]
    largest = amounts.idxmax(axis=1) if len(amounts.columns) else None
    for peril, column in _COVERED.items():
        if peril not in terms.perils or largest is None:
            continue
        others = np.where(largest == column, past["claims"], 0.0)
        for row in np.flatnonzero(past[column].to_numpy() - others > terms.trigger):
            claim = Claim(
                peril,
                float(past[column].iloc[row]),
                paid_by_others=float(others[row]),
                in_need=bool(past["need"].iloc[row] == 1),
            )
            total[row] += float(work_through(claim, terms).paid)
    return total


def _premium(policy: Policy, *, region: str, on: date, persons: int) -> float:
    funds = [
        entry for entry in policy.entries if entry.name == "insurance.fund" and entry.in_force(region=region, on=on)
    ]
    if funds:
        return policy.value("insurance.fund", region=region, on=on)
    share = policy.value("insurance.frame_share", region=region, on=on)
    return share * persons * policy.value("insurance.premium", region=region, on=on)


def _drawn(past: pd.DataFrame, risks: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """Return the claims of each drawn year."""
    rng = np.random.default_rng(seed)
    village, names = pd.factorize(past["village_code"])
    paid, need = past["paid"].to_numpy(), past["need"].to_numpy() == 1
    totals = np.empty(draws)
    for number in range(draws):
        weights = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[village].astype(float)
        came = int((rng.random(len(risks)) < risks).sum())
        totals[number] = sum(
            _sum_of(rng, paid[group], weights[group], count)
            for group, count in ((need, came), (~need, len(risks) - came))
        )
    return totals


def _sum_of(rng: np.random.Generator, paid: np.ndarray, weights: np.ndarray, count: int) -> float:
    """Draw so many households of a group by weight and sum what they are paid."""
    if count == 0 or weights.sum() == 0:
        return 0.0
    some = paid > 0
    share = weights[some].sum() / weights.sum()
    claims = rng.binomial(count, share)
    if claims == 0:
        return 0.0
    chosen = rng.choice(paid[some], size=claims, p=weights[some] / weights[some].sum())
    return float(chosen.sum())


def risks_of(scores: Mapping[str, Any] | pd.DataFrame) -> pd.Series:
    """Return the calibrated risk by household of a run's scores."""
    frame = pd.DataFrame(scores)
    return frame.set_index("household_id")["risk"]
