"""What a list of a given length would hold of each group of households, with ties treated in expectation.

A tally is a sum over rows, so tallies of several test origins add up, and what is left when a group's tally is taken
from that of all is the tally of everyone else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.bootstrap import ClusterDraws, Estimate, estimate


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Sums over the rows of each group, for each set of row weights.

    Attributes
    ----------
    rows, positives : ndarray, shape (b, g)
        How many there are, and to how many the outcome came.
    listed, caught : ndarray, shape (b, g)
        How many of them the list holds, and how many of those the outcome came to; in expectation over ties.
    risk : ndarray, shape (b, g)
        Their risks added up: how many cases the model expects.
    """

    rows: np.ndarray
    positives: np.ndarray
    listed: np.ndarray
    caught: np.ndarray
    risk: np.ndarray

    def __add__(self, other: Tally) -> Tally:
        """Add the tallies of two test origins."""
        return Tally(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def __sub__(self, other: Tally) -> Tally:
        """Take away a part: what is left are the others."""
        return Tally(**{f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(self)})

    def group(self, number: int) -> Tally:
        """Return one group's sums, shape (b, 1)."""
        return Tally(**{f.name: getattr(self, f.name)[:, number : number + 1] for f in fields(self)})

    def total_of(self, numbers: Sequence[int]) -> Tally:
        """The sums over some groups, shape (b, 1)."""
        return Tally(
            **{f.name: getattr(self, f.name)[:, list(numbers)].sum(axis=1, keepdims=True) for f in fields(self)}
        )


Measure = Callable[[Tally], np.ndarray]

# What can be said of a tally. False omission: of those not on the list, the share that it came to all the same.
MEASURES: dict[str, Measure] = {
    "recall": lambda t: t.caught / t.positives,
    "precision": lambda t: t.caught / t.listed,
    "visits_per_case": lambda t: t.listed / t.caught,
    "false_omission": lambda t: (t.positives - t.caught) / (t.rows - t.listed),
    "listed_share": lambda t: t.listed / t.rows,
    "mean_risk": lambda t: t.risk / t.rows,
    "share": lambda t: t.positives / t.rows,
    "observed_to_expected": lambda t: t.positives / t.risk,
    "expected": lambda t: t.risk,
    "observed": lambda t: t.positives,
}


def on_the_list(score: np.ndarray, *, share: float, weights: np.ndarray) -> np.ndarray:
    """Return how much of each row a list holds that is as long as ``share`` of the rows, rounded, at least one.

    Parameters
    ----------
    score : ndarray, shape (n,)
        Higher is visited earlier; rows that are tied share the places that are left.
    weights : ndarray, shape (b, n)
        How often each row counts.

    Returns
    -------
    ndarray, shape (b, n)
        Between 0 and 1.

    Examples
    --------
    >>> on_the_list(np.array([3.0, 1.0, 1.0]), share=0.67, weights=np.ones((1, 3)))
    array([[1. , 0.5, 0.5]])
    """
    order = np.argsort(-score, kind="stable")
    total = weights.sum(axis=1)
    budget = np.where(total > 0, np.maximum(1.0, np.floor(share * total + 0.5)), 0.0)
    ranked = score[order]
    out = np.zeros(weights.shape)
    # The list ends near the top: whole groups of ties are read from there, as many as its end may need.
    reach = round(2 * share * len(score)) + 50
    while True:
        reach = int(np.searchsorted(-ranked, -ranked[min(reach, len(ranked)) - 1], side="right"))
        part, seen = _parts(weights[:, order[:reach]], ranked[:reach], budget)
        if reach == len(ranked) or (seen >= budget).all():
            out[:, order[:reach]] = part
            return out
        reach *= 2


def _parts(weights: np.ndarray, ranked: np.ndarray, budget: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of each row the budget holds, rows in order, and how much they weigh together."""
    first = np.r_[True, ranked[1:] != ranked[:-1]]
    starts, tie = np.flatnonzero(first), np.cumsum(first) - 1
    tied = weights if len(starts) == len(ranked) else np.add.reduceat(weights, starts, axis=1)
    seen = np.cumsum(tied, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(tied > 0, np.clip((budget[:, None] - (seen - tied)) / tied, 0.0, 1.0), 0.0)
    return part[:, tie], seen[:, -1]


def on_own_lists(score: np.ndarray, *, share: float, weights: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return how much of each row is listed when every place visits the first of its own; see :func:`on_the_list`.

    ``places`` holds the number of each row's place, from 0.
    """
    out = np.zeros(weights.shape)
    for place in np.unique(places):
        here = places == place
        out[:, here] = on_the_list(score[here], share=share, weights=weights[:, here])
    return out


Listing = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Tallied:
    """A tally on the rows themselves, and one for each draw.

    Attributes
    ----------
    once, drawn : Tally
        Of shapes (1, g) and (draws, g).
    """

    once: Tally
    drawn: Tally

    def __add__(self, other: Tallied) -> Tallied:
        """Add the tallies of two test origins."""
        return Tallied(once=self.once + other.once, drawn=self.drawn + other.drawn)

    def __sub__(self, other: Tallied) -> Tallied:
        """Take away a part."""
        return Tallied(once=self.once - other.once, drawn=self.drawn - other.drawn)

    def group(self, number: int) -> Tallied:
        """Return one group."""
        return Tallied(once=self.once.group(number), drawn=self.drawn.group(number))

    def total_of(self, numbers: Sequence[int]) -> Tallied:
        """The sums over some groups that do not overlap."""
        return Tallied(once=self.once.total_of(numbers), drawn=self.drawn.total_of(numbers))

    def of(self, measure: str, *, level: float) -> Estimate:
        """Return a measure of a single group with its interval."""
        value, drawn = self._both(measure)
        return estimate(value, drawn, level=level)

    def less(self, other: Tallied, measure: str, *, level: float) -> Estimate:
        """Return how much more the measure is here than there, with the interval of the difference."""
        (mine, my_draws), (theirs, their_draws) = self._both(measure), other._both(measure)
        return estimate(mine - theirs, my_draws - their_draws, level=level)

    def _both(self, measure: str) -> tuple[float, np.ndarray]:
        with np.errstate(invalid="ignore", divide="ignore"):
            once, drawn = MEASURES[measure](self.once)[:, 0], MEASURES[measure](self.drawn)[:, 0]
        return float(once[0]) if np.isfinite(once[0]) else np.nan, np.where(np.isfinite(drawn), drawn, np.nan)


def tally(
    predictions: Predictions,
    members: np.ndarray,
    *,
    listing: Listing,
    boot: ClusterDraws,
    clusters: np.ndarray,
    outcome: np.ndarray | None = None,
    scorer: str = "model",
) -> list[Tallied]:
    """Tally what a scorer's list holds of each group, at each test origin.

    Parameters
    ----------
    members : ndarray of bool, shape (n, g)
        Which rows belong to which group; groups may overlap. Rows of no group still take their places on the list.
    listing : callable
        ``listing(rows, weights)`` gives how much of each of the rows, picked by a mask, is on the list.
    boot, clusters
        The draws and the group of each row that is drawn as a whole.
    outcome : ndarray, shape (n,), optional
        Another outcome than the one that was predicted.
    """
    y_all = predictions.outcome if outcome is None else outcome
    found = []
    for stratum in range(len(predictions.origins)):
        rows = predictions.stratum == stratum
        ones = np.ones((1, int(rows.sum())))
        pieces = [_sums(predictions, members, rows, w, y_all, listing, scorer) for w in boot.weights(clusters[rows])]
        drawn = Tally(**{f.name: np.concatenate([getattr(p, f.name) for p in pieces]) for f in fields(Tally)})
        found.append(Tallied(once=_sums(predictions, members, rows, ones, y_all, listing, scorer), drawn=drawn))
    return found


def _sums(
    predictions: Predictions,
    members: np.ndarray,
    rows: np.ndarray,
    weights: np.ndarray,
    outcome: np.ndarray,
    listing: Listing,
    scorer: str,
) -> Tally:
    inside = members[rows].astype(float)
    y, risk = outcome[rows], predictions.scores[scorer][rows]
    held = weights * listing(rows, weights)
    return Tally(
        rows=weights @ inside,
        positives=weights @ (inside * y[:, None]),
        listed=held @ inside,
        caught=held @ (inside * y[:, None]),
        risk=weights @ (inside * risk[:, None]),
    )


def pooled(parts: Sequence[Tallied]) -> Tallied:
    """Add the tallies of all test origins."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole
