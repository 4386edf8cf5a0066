"""From month to month: how much of the list stays when the same model looks one month later?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.engine.calendar import add_months
from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.bootstrap import Estimate, estimate
from riskmodel.evaluation.compare import POOLED
from riskmodel.evaluation.inputs import Prepared
from riskmodel.evaluation.tallies import on_the_list
from riskmodel.training.training_set import TrainingSet, build_training_set

MONTHS = 1


@dataclass(frozen=True, kw_only=True)
class Stability:
    """The list at a test origin beside that of a month before, by the same model.

    Attributes
    ----------
    origin : str
        The date, or ``pooled``.
    rows : int
        Households of the cohort at both dates; lists are made of them.
    stays : Estimate
        Of the earlier list, the share that is on the later one.
    jaccard : float
        Households on both lists over households on either.
    still_near : float
        Of those who left the list, the share that is still within a list twice as long; NaN where nobody left.
    rank_correlation : float
        Spearman's, over all of them; NaN for ``pooled``.
    """

    origin: str
    rows: int
    stays: Estimate
    jaccard: float
    still_near: float
    rank_correlation: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, None for what is undefined."""
        numbers = ("jaccard", "still_near", "rank_correlation")
        return {
            "origin": self.origin,
            "rows": self.rows,
            "stays": self.stays.to_dict(),
            **{n: float(v) if np.isfinite(v := getattr(self, n)) else None for n in numbers},
        }


@dataclass(frozen=True, kw_only=True)
class Moves:
    """What the two lists of an origin hold, once and for each draw."""

    both: np.ndarray
    earlier: np.ndarray
    either: float
    left: float
    left_near: float

    def __add__(self, other: Moves) -> Moves:
        """Add the moves of two origins."""
        return Moves(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in dataclasses.fields(self)})


def stability(prepared: Prepared, rows: TrainingSet, asked: Asked, *, before: TrainingSet | None) -> list[Stability]:
    """Ask the models of every origin about their test households a month earlier; without origins, nothing.

    ``before`` is what :func:`a_month_before` gives.
    """
    predictions = asked.predictions
    if before is None:
        return []
    days = [add_months(day, -MONTHS) for day in predictions.origins if day is not None]
    found, moved = [], []
    for stratum, (origin, day) in enumerate(zip(predictions.origins, days, strict=True)):
        at = _positions(rows, before, asked, stratum, day)
        if len(at) < asked.smallest.rows:
            continue
        then = _scores(prepared, before, asked, at)
        now = asked.risk[at["asked"].to_numpy()]
        moves = _moves(then, now, asked, at["asked"].to_numpy())
        moved.append(moves)
        correlation = float(pd.Series(then).corr(pd.Series(now), method="spearman"))
        found.append(_said(str(origin), len(at), moves, asked.wide, correlation))
    if len(found) > 1:
        total = moved[0]
        for moves in moved[1:]:
            total = total + moves
        found.append(_said(POOLED, sum(one.rows for one in found), total, asked.wide, np.nan))
    return found


def a_month_before(prepared: Prepared, predictions: Predictions) -> TrainingSet | None:
    """Return the cohort of a month before each test origin; None without origins or models to ask.

    Households are known by then: those that taught the model were known a gap before the origin, a month or more.
    """
    if not predictions.taught or None in predictions.origins:
        return None
    days = [add_months(day, -MONTHS) for day in predictions.origins if day is not None]
    catalogue = dataclasses.replace(prepared.catalogue.only(list(prepared.columns)), exposures={})
    return build_training_set(
        prepared.registry,
        as_of=days,
        outcome=prepared.experiment.outcome,
        cohort=prepared.experiment.cohort.name,
        without_rules=prepared.experiment.cohort.without,
        catalogue=catalogue,
        policy=prepared.policy,
    )


def _positions(rows: TrainingSet, before: TrainingSet, asked: Asked, stratum: int, day: Any) -> pd.DataFrame:
    """Return, for each household of both dates, where it was asked, in which fold, and its row a month before."""
    here = np.flatnonzero(asked.predictions.stratum == stratum)
    names = rows.frame["household_id"].to_numpy()[asked.predictions.rows[here]]
    now = pd.DataFrame({"household_id": names, "asked": here, "fold": asked.predictions.fold[here], "model": stratum})
    earlier = np.flatnonzero((before.frame["as_of"] == day).to_numpy())
    then = pd.DataFrame({"household_id": before.frame["household_id"].to_numpy()[earlier], "before": earlier})
    return now.merge(then, on="household_id", how="inner", validate="one_to_one")


def _scores(prepared: Prepared, before: TrainingSet, asked: Asked, at: pd.DataFrame) -> np.ndarray:
    scores = np.empty(len(at))
    for stratum, fold in sorted(set(zip(at["model"], at["fold"], strict=True))):
        part = at[at["fold"] == fold]
        X = before.X[list(prepared.columns)].iloc[part["before"].to_numpy()].reset_index(drop=True)
        scores[part.index.to_numpy()] = asked.predictions.taught[stratum, fold](X)
    return scores


def _moves(then: np.ndarray, now: np.ndarray, asked: Asked, rows: np.ndarray) -> Moves:
    ones = np.ones((1, len(then)))
    first, second = (on_the_list(score, share=asked.main, weights=ones)[0] for score in (then, now))
    near = on_the_list(now, share=min(2 * asked.main, 1.0), weights=ones)[0]
    both, earlier = [float(np.minimum(first, second).sum())], [float(first.sum())]
    for weights in asked.boot.weights(asked.clusters[rows]):
        a, b = (on_the_list(score, share=asked.main, weights=weights) for score in (then, now))
        both += (weights * np.minimum(a, b)).sum(axis=1).tolist()
        earlier += (weights * a).sum(axis=1).tolist()
    left = np.maximum(first - second, 0.0)
    return Moves(
        both=np.array(both),
        earlier=np.array(earlier),
        either=float(np.maximum(first, second).sum()),
        left=float(left.sum()),
        left_near=float(np.minimum(left, near).sum()),
    )


def _said(origin: str, rows: int, moves: Moves, level: float, correlation: float) -> Stability:
    with np.errstate(invalid="ignore", divide="ignore"):
        share = moves.both / moves.earlier
    return Stability(
        origin=origin,
        rows=rows,
        stays=estimate(float(share[0]), share[1:], level=level),
        jaccard=float(moves.both[0]) / moves.either,
        still_near=moves.left_near / moves.left if moves.left else np.nan,
        rank_correlation=correlation,
    )
