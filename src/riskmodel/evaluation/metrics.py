"""Measures of a ranking and of a probability, with whole groups of tied scores treated in expectation.

A county's rule gives only 0 or 1. Which of the tied households a list would hold is then a matter of chance, so
recall and precision at a capacity are given as their expectation when ties are broken at random; the area under
the ROC curve counts a tied pair as half; average precision takes tied households as one step of the curve.

Everything is a ratio of sums. So the measures of several test origins pool without ever comparing a household
of one origin with a household of another: numerators and denominators are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CALIBRATION_BINS = 10

# Which way each measure is better: +1 the higher, -1 the lower.
BETTER = {"auc": 1, "average_precision": 1, "brier": -1, "brier_skill": 1, "calibration_error": -1}

Sums = dict[str, np.ndarray]


def capacity_label(share: float) -> str:
    """Return the share as it stands in the name of a measure.

    >>> capacity_label(0.05), capacity_label(0.025)
    ('5pct', '2.5pct')
    """
    return f"{share * 100:g}pct"


def better(measure: str) -> int:
    """Return +1 where a higher value is better, -1 where a lower one is."""
    return BETTER.get(measure, 1)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What one scorer said about the rows of one test origin.

    Attributes
    ----------
    outcome : ndarray of float
        0 or 1.
    score : ndarray of float
        Higher is visited earlier; any scale, -inf allowed.
    probability : ndarray of float or None
        Absent for a scorer that gives none.
    """

    outcome: np.ndarray
    score: np.ndarray
    probability: np.ndarray | None = None


def calibration_bins(probability: np.ndarray, *, bins: int = CALIBRATION_BINS) -> np.ndarray:
    """Return the bin of each probability: bins of about equal count, equal probabilities never parted."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, probability, side="left")


def sums(
    scored: Scored,
    *,
    capacities: Sequence[float],
    rule: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Sums:
    """Add up everything that the measures need, for each set of row weights.

    Parameters
    ----------
    scored : Scored
        The n rows of one test origin.
    capacities : sequence of float
        Shares of the households that can be visited. The list then holds that share of the rows, rounded to
        whole households, at least one.
    rule : ndarray of bool, optional
        The households that the county's rule flags: its size is one more capacity.
    weights : ndarray, shape (b, n), optional
        How often each row counts; one row of ones when absent.

    Returns
    -------
    dict of str to ndarray, shape (b,)
    """
    y = np.asarray(scored.outcome, dtype=float)
    w = np.ones((1, len(y))) if weights is None else np.asarray(weights, dtype=float)
    weight = w.sum(axis=1)
    positives = w @ y
    out: Sums = {"weight": weight, "positives": positives}

    order = np.argsort(-scored.score, kind="stable")
    ranked = scored.score[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    tied_w = np.add.reduceat(w[:, order], starts, axis=1)
    tied_pos = np.add.reduceat(w[:, order] * y[order], starts, axis=1)
    tied_neg = tied_w - tied_pos
    seen_w, seen_pos = np.cumsum(tied_w, axis=1), np.cumsum(tied_pos, axis=1)

    out["pairs_won"] = (tied_neg * (seen_pos - tied_pos / 2)).sum(axis=1)
    out["pairs"] = positives * (weight - positives)
    with np.errstate(invalid="ignore", divide="ignore"):
        out["precision_steps"] = np.where(seen_w > 0, tied_pos * seen_pos / seen_w, 0.0).sum(axis=1)
        share_before = seen_w - tied_w
        budgets = {capacity_label(c): np.maximum(1.0, np.floor(c * weight + 0.5)) for c in capacities}
        if rule is not None:
            budgets["rule"] = w @ np.asarray(rule, dtype=float)
        for label, budget in budgets.items():
            part = np.where(tied_w > 0, (budget[:, None] - share_before) / tied_w, 0.0)
            out[f"caught_{label}"] = (tied_pos * np.clip(part, 0.0, 1.0)).sum(axis=1)
            out[f"visited_{label}"] = np.minimum(budget, weight)

    if scored.probability is not None:
        p = np.asarray(scored.probability, dtype=float)
        out["squared_error"] = w @ (p - y) ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            out["squared_error_of_mean"] = positives * (1 - positives / weight)
        bins = calibration_bins(p)
        off = np.zeros_like(weight)
        for number in np.unique(bins):
            inside = bins == number
            off += np.abs(w[:, inside] @ (p[inside] - y[inside]))
        out["off"] = off
        out["risk"] = w @ p
    return out


def pool(parts: Sequence[Sums]) -> Sums:
    """Add the sums of several test origins."""
    return {name: np.sum([part[name] for part in parts], axis=0) for name in parts[0]}


def measures(added: Sums) -> dict[str, np.ndarray]:
    """Turn sums into measures.

    Returns
    -------
    dict of str to ndarray, shape (b,)
        ``auc``; ``average_precision``; ``brier`` (mean squared error of the probability), ``brier_skill`` (1 minus
        its ratio to that of the origin's own mean) and ``calibration_error`` (mean distance between mean
        probability and share of positives over ten bins of equal count) where there are probabilities;
        ``recall_at_…`` and ``precision_at_…`` for every capacity. NaN where undefined.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        out = {
            "auc": added["pairs_won"] / added["pairs"],
            "average_precision": added["precision_steps"] / added["positives"],
        }
        if "squared_error" in added:
            out["brier"] = added["squared_error"] / added["weight"]
            out["brier_skill"] = 1 - added["squared_error"] / added["squared_error_of_mean"]
            out["calibration_error"] = added["off"] / added["weight"]
        for name in added:
            if name.startswith("caught_"):
                label = name.removeprefix("caught_")
                out[f"recall_at_{label}"] = added[name] / added["positives"]
                out[f"precision_at_{label}"] = added[name] / added[f"visited_{label}"]
    return {name: np.where(np.isfinite(value), value, np.nan) for name, value in out.items()}


def reliability(scored: Scored, *, bins: int = CALIBRATION_BINS) -> list[dict[str, float]]:
    """Return, for each bin of equal count, the rows, the mean probability and the share of positives."""
    if scored.probability is None:
        return []
    number = calibration_bins(scored.probability, bins=bins)
    return [
        {
            "rows": int((number == b).sum()),
            "mean_risk": float(scored.probability[number == b].mean()),
            "share": float(scored.outcome[number == b].mean()),
        }
        for b in np.unique(number)
    ]
