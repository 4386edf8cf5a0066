"""Tables of the measures with intervals, and whether the model is better than each baseline, origin by origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.bootstrap import ClusterDraws, Estimate, estimate, widened
from riskmodel.evaluation.metrics import Scored, Sums, better, capacity_label, measures, pool, reliability, sums

POOLED = "pooled"

# How a difference reads, from the best to the worst.
VERDICTS = ("clearly_better", "better", "level", "worse", "clearly_worse")


@dataclass(frozen=True, kw_only=True)
class Table:
    """The measures of every scorer at one test origin, or pooled over all.

    Attributes
    ----------
    origin : date, "pooled" or None
        None for plain cross-validation.
    rows, positives : int
        Households asked, and how many of them had the outcome.
    trained_rows, trained_positives : int
        The smallest training set behind it.
    estimates : dict
        Scorer -> measure -> :class:`Estimate`.
    differences : dict
        Baseline -> measure -> model minus baseline, from the same draws.
    reliability : dict
        Scorer -> bins.
    """

    origin: date | str | None
    rows: int
    positives: int
    trained_rows: int
    trained_positives: int
    estimates: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]
    reliability: dict[str, list[dict[str, float]]]

    @property
    def name(self) -> str:
        """The date, ``pooled`` or ``folds``."""
        return "folds" if self.origin is None else str(self.origin)

    def verdict(self, baseline: str, measure: str) -> str:
        """Return which of ``VERDICTS`` the model earns against a baseline: "clearly" when the interval excludes 0."""
        return verdict(self.differences[baseline][measure], measure)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "origin": self.name,
            "rows": self.rows,
            "positives": self.positives,
            "trained_rows": self.trained_rows,
            "trained_positives": self.trained_positives,
            "scorers": as_plain(self.estimates),
            "model_minus": {
                baseline: {m: {**e.to_dict(), "verdict": verdict(e, m)} for m, e in by_measure.items()}
                for baseline, by_measure in self.differences.items()
            },
            "reliability": self.reliability,
        }


def verdict(difference: Estimate, measure: str) -> str:
    """Name a difference (model minus baseline) by its sign and by whether its interval excludes 0."""
    sign = better(measure)
    value, ends = sign * difference.value, sorted((sign * difference.low, sign * difference.high))
    if not np.isfinite(value) or value == 0:
        return "level"
    if value > 0:
        return "clearly_better" if ends[0] > 0 else "better"
    return "clearly_worse" if ends[1] < 0 else "worse"


def as_plain(estimates: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Any]:
    """Return estimates, by scorer and measure, as plain data."""
    return {s: {m: e.to_dict() for m, e in by_measure.items()} for s, by_measure in estimates.items()}


def headline_measures(capacities: Sequence[float]) -> list[str]:
    """Return the measures that "better than" is said by: AUC, average precision, recall at about 5 %."""
    return ["auc", "average_precision", f"recall_at_{capacity_label(main_capacity(capacities))}"]


def main_capacity(capacities: Sequence[float]) -> float:
    """Return the capacity that is spoken of where only one is: the one nearest 5 %."""
    return min(capacities, key=lambda share: abs(share - 0.05))


def compare(
    predictions: Predictions,
    *,
    scorers: Sequence[Scorer],
    clusters: np.ndarray,
    capacities: Sequence[float],
    rule: np.ndarray | None,
    draws: int,
    level: float,
    seed: int,
) -> list[Table]:
    """Measure every scorer at every origin and pooled.

    Parameters
    ----------
    predictions : Predictions
        From :func:`riskmodel.evaluation.backtest.backtest`.
    clusters : ndarray of int, shape (n,)
        The group, of each row asked, that is drawn as a whole.
    rule : ndarray of bool, shape (n,), optional
        What the county's rule flags: the size of its list becomes one more capacity.
    draws, level, seed
        Of the bootstrap.

    Returns
    -------
    list of Table
        One an origin, then the pooled one where there are several origins.
    """
    boot = draws_of(clusters, draws=draws, seed=seed)
    level = widened(level, groups=len(np.unique(clusters)))
    strata = range(len(predictions.origins))
    point: dict[str, list[Sums]] = {}
    drawn: dict[str, list[Sums]] = {}
    for scorer in scorers:
        for stratum in strata:
            rows = predictions.stratum == stratum
            flags = rule[rows] if rule is not None else None
            add = partial(sums, scored_rows(predictions, scorer, rows), capacities=capacities, rule=flags)
            once, again = with_draws(add, boot=boot, codes=clusters[rows])
            point.setdefault(scorer.name, []).append(once)
            drawn.setdefault(scorer.name, []).append(again)

    tables = [
        _table(
            predictions,
            scorers,
            origin=predictions.origins[stratum],
            rows=predictions.stratum == stratum,
            trained=predictions.trained_on[stratum],
            point={s: parts[stratum] for s, parts in point.items()},
            drawn={s: parts[stratum] for s, parts in drawn.items()},
            level=level,
        )
        for stratum in strata
    ]
    if len(predictions.origins) > 1:
        tables.append(
            _table(
                predictions,
                scorers,
                origin=POOLED,
                rows=np.ones(len(predictions.rows), dtype=bool),
                trained=min(predictions.trained_on),
                point={s: pool(parts) for s, parts in point.items()},
                drawn={s: pool(parts) for s, parts in drawn.items()},
                level=level,
            )
        )
    return tables


def draws_of(clusters: np.ndarray, *, draws: int, seed: int) -> ClusterDraws:
    """Return the draws of an evaluation: the same for every table that is made of the same clusters and seed."""
    return ClusterDraws.of(int(clusters.max()) + 1, draws=draws, seed=seed)


def with_draws(add: Callable[..., Sums], *, boot: ClusterDraws, codes: np.ndarray) -> tuple[Sums, Sums]:
    """Add up once on the rows themselves and once for each draw.

    Parameters
    ----------
    add : callable
        ``add(weights=w)`` gives the sums of the rows weighted by each line of ``w``; None is every row once.
    codes : ndarray of int
        The group of each row.
    """
    slices = [add(weights=weights) for weights in boot.weights(codes)]
    return add(weights=None), {name: np.concatenate([part[name] for part in slices]) for name in slices[0]}


def scored_rows(predictions: Predictions, scorer: Scorer, rows: np.ndarray) -> Scored:
    """Return what a scorer said about the rows that a mask picks."""
    score = predictions.scores[scorer.name][rows]
    return Scored(outcome=predictions.outcome[rows], score=score, probability=score if scorer.probabilities else None)


def _table(
    predictions: Predictions,
    scorers: Sequence[Scorer],
    *,
    origin: date | str | None,
    rows: np.ndarray,
    trained: tuple[int, int],
    point: dict[str, Sums],
    drawn: dict[str, Sums],
    level: float,
) -> Table:
    values = {s: {m: float(v[0]) for m, v in measures(added).items()} for s, added in point.items()}
    draws = {s: measures(added) for s, added in drawn.items()}
    estimates = {s: {m: estimate(v, draws[s][m], level=level) for m, v in by.items()} for s, by in values.items()}
    differences = {
        scorer.name: {
            m: estimate(v - values[scorer.name][m], draws["model"][m] - draws[scorer.name][m], level=level)
            for m, v in values["model"].items()
            if m in values[scorer.name]
        }
        for scorer in scorers
        if scorer.name != "model"
    }
    return Table(
        origin=origin,
        rows=int(rows.sum()),
        positives=int(predictions.outcome[rows].sum()),
        trained_rows=trained[0],
        trained_positives=trained[1],
        estimates=estimates,
        differences=differences,
        reliability={s.name: reliability(scored_rows(predictions, s, rows)) for s in scorers if s.probabilities},
    )
