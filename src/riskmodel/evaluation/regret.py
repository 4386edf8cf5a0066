"""How far every scorer stays behind the best possible: behind who knows each household's true risk.

Regret is the oracle's measure minus the scorer's on the same rows, turned so that more is always worse, with an
interval from the same draws for both sides. Beside it stands the distance of the probabilities from the true risks
themselves, which the luck of one year's outcomes does not blur, and what came true in each band of true risk, so that
the reader can see whether the truth deserves its name.

The true risks are shares of K replays, so they are a little noisy themselves. Where K is known, the noise is taken out
of every squared distance: out of the oracle's Brier score, the mean squared difference and the variance of the true
risk. The oracle's order cannot be freed of it: its AUC, average precision and recall are slightly too low a bar.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.bootstrap import Estimate, estimate, widened
from riskmodel.evaluation.compare import POOLED, as_plain, draws_of, scored_rows, with_draws
from riskmodel.evaluation.doubt import Doubt
from riskmodel.evaluation.metrics import Scored, Sums, better, measures, pool, sums

ORACLE = "oracle"
DISTANCES = ("truth_gap", "truth_squared_error", "truth_correlation", "truth_slope")

# Bands of true risk in which outcomes are counted: from an edge up to the next, which belongs to the next band.
EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0)


@dataclass(frozen=True, kw_only=True)
class Band:
    """The households of one band of true risk.

    Attributes
    ----------
    low, high : float
        From ``low`` up to, and without, ``high`` (1 is within).
    rows : int
    true_risk : float
        Their mean true risk.
    share : Estimate
        To how many of them it happened.
    said : dict
        Scorer -> the mean probability that it gave them.
    """

    low: float
    high: float
    rows: int
    true_risk: float
    share: Estimate
    said: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "share": self.share.to_dict()}


@dataclass(frozen=True, kw_only=True)
class RegretTable:
    """The oracle and everyone else at one test origin, or pooled over those whose truth is known.

    Attributes
    ----------
    origin : date, "pooled" or None
        None for plain cross-validation.
    rows, positives : int
        Households tested whose true risk is known, and to how many of them it happened.
    estimates : dict
        Scorer -> measure -> :class:`Estimate`, the oracle first.
    regrets : dict
        Scorer but the oracle -> measure -> how much worse than the oracle; negative where it did better by luck.
    distances : dict
        Scorer that gives probabilities -> ``truth_gap`` (mean of risk given minus true risk),
        ``truth_squared_error`` (mean squared difference), ``truth_correlation``, and ``truth_slope`` (by how much the
        true risk rises where the risk given rises by one).
    bands : list of Band
        The last holds all rows.
    """

    origin: date | str | None
    rows: int
    positives: int
    estimates: dict[str, dict[str, Estimate]]
    regrets: dict[str, dict[str, Estimate]]
    distances: dict[str, dict[str, Estimate]]
    bands: list[Band]

    @property
    def name(self) -> str:
        """The date, ``pooled`` or ``folds``."""
        return "folds" if self.origin is None else str(self.origin)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "origin": self.name,
            "rows": self.rows,
            "positives": self.positives,
            "scorers": as_plain(self.estimates),
            "regret": as_plain(self.regrets),
            "distance_to_truth": as_plain(self.distances),
            "bands_of_true_risk": [band.to_dict() for band in self.bands],
        }


@dataclass(frozen=True, kw_only=True)
class Regret:
    """The regret of an evaluation.

    Attributes
    ----------
    replays : int or None
        How many lives each true risk is a share of, where it is known.
    corrected : bool
        Whether the replays' noise was taken out of the squared distances.
    tables : dict
        Mode -> tables, a pooled one last where there are several origins; none where no date's truth is known.
    dates, missing : tuple of date
        The dates tested whose truth is known, and those whose truth is not.
    checked : bool
        Whether the truth says which county it is of, and was compared with the registry and the outcome.
    doubts : tuple of Doubt
        Signs that the truth is of another registry or outcome; with any, no regret is to be believed.
    """

    replays: int | None
    corrected: bool
    tables: dict[str, list[RegretTable]]
    dates: tuple[date, ...]
    missing: tuple[date, ...]
    checked: bool
    doubts: tuple[Doubt, ...]

    @property
    def believable(self) -> bool:
        """Whether nothing speaks against the truth."""
        return not self.doubts

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, dates as text."""
        return {
            "replays": self.replays,
            "noise_taken_out": self.corrected,
            "believable": self.believable,
            "checked_against_registry": self.checked,
            "doubts": [doubt.to_dict() for doubt in self.doubts],
            "dates": [str(day) for day in self.dates],
            "dates_without_truth": [str(day) for day in self.missing],
            "tables": {mode: [table.to_dict() for table in tables] for mode, tables in self.tables.items()},
        }


def regret_tables(
    predictions: Predictions,
    *,
    risk: np.ndarray,
    noise: np.ndarray | None,
    scorers: Sequence[Scorer],
    clusters: np.ndarray,
    capacities: Sequence[float],
    rule: np.ndarray | None,
    draws: int,
    level: float,
    seed: int,
) -> list[RegretTable]:
    """Hold every scorer against the true risks, on the rows tested whose true risk is known.

    Parameters
    ----------
    risk : ndarray, shape (n,)
        True risk of each row asked; NaN where it is not known.
    noise : ndarray, shape (n,), optional
        The variance of ``risk`` around the truth (:meth:`riskmodel.evaluation.truth.Truth.noise`); left out, squared
        distances stay as they are.
    clusters, capacities, rule, draws, level, seed
        As :func:`riskmodel.evaluation.compare.compare` was given them: then the draws are those of its tables.

    Returns
    -------
    list of RegretTable
        One an origin with known true risks, then the pooled one where there are several.
    """
    boot = draws_of(clusters, draws=draws, seed=seed)
    level = widened(level, groups=len(np.unique(clusters)))
    known = np.isfinite(risk)
    parts: list[tuple[date | None, dict[str, Sums], dict[str, Sums]]] = []
    for stratum, origin in enumerate(predictions.origins):
        rows = known & (predictions.stratum == stratum)
        if not rows.any():
            continue
        once, again = {}, {}
        for name, scored in _everyone(predictions, scorers, risk, rows).items():
            add = partial(
                _sums,
                scored,
                oracle=name == ORACLE,
                risk=risk[rows],
                noise=np.zeros(int(rows.sum())) if noise is None else noise[rows],
                capacities=capacities,
                rule=None if rule is None else rule[rows],
            )
            once[name], again[name] = with_draws(add, boot=boot, codes=clusters[rows])
        parts.append((origin, once, again))
    tables = [_table(origin, once, again, level=level) for origin, once, again in parts]
    if len(parts) > 1:
        names = list(parts[0][1])
        whole = {name: pool([once[name] for _, once, _ in parts]) for name in names}
        drawn = {name: pool([again[name] for _, _, again in parts]) for name in names}
        tables.append(_table(POOLED, whole, drawn, level=level))
    return tables


def _everyone(
    predictions: Predictions, scorers: Sequence[Scorer], risk: np.ndarray, rows: np.ndarray
) -> dict[str, Scored]:
    truth = Scored(outcome=predictions.outcome[rows], score=risk[rows], probability=risk[rows])
    return {ORACLE: truth} | {s.name: scored_rows(predictions, s, rows) for s in scorers}


def _sums(
    scored: Scored,
    *,
    oracle: bool,
    risk: np.ndarray,
    noise: np.ndarray,
    capacities: Sequence[float],
    rule: np.ndarray | None,
    weights: np.ndarray | None,
) -> Sums:
    w = np.ones((1, len(risk))) if weights is None else weights
    added = sums(scored, capacities=capacities, rule=rule, weights=weights)
    if oracle:
        added["squared_error"] = added["squared_error"] - w @ noise
        return added | band_sums(scored.outcome, risk=risk, weights=w)
    if scored.probability is None:
        return added
    said = band_sums(scored.probability, risk=risk, weights=w)
    return added | said | distance_sums(scored.probability, risk=risk, noise=noise, weights=w)


def distance_sums(probability: np.ndarray, *, risk: np.ndarray, noise: np.ndarray, weights: np.ndarray) -> Sums:
    """Add up what the distances of probabilities from true risks are made of, within one test origin."""
    weight, total_noise = weights.sum(axis=1), weights @ noise
    # Taken from their middle, so that differences of large sums lose no digits.
    p, r = probability - probability.mean(), risk - risk.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_p, mean_r = (weights @ p) / weight, (weights @ r) / weight
        return {
            "truth_off": weights @ (probability - risk),
            "truth_squared": weights @ (probability - risk) ** 2 - total_noise,
            "covariance": weights @ (p * r) - weight * mean_p * mean_r,
            "variance_said": weights @ (p * p) - weight * mean_p**2,
            "variance_true": weights @ (r * r) - weight * mean_r**2 - total_noise,
        }


def distances(added: Sums) -> dict[str, np.ndarray]:
    """Turn the sums of :func:`distance_sums` (and ``weight``) into ``DISTANCES``; NaN where undefined."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (
            added["truth_off"] / added["weight"],
            added["truth_squared"] / added["weight"],
            added["covariance"] / np.sqrt(added["variance_said"] * added["variance_true"]),
            added["covariance"] / added["variance_said"],
        )
    return {name: np.where(np.isfinite(v), v, np.nan) for name, v in zip(DISTANCES, found, strict=True)}


def band_sums(values: np.ndarray, *, risk: np.ndarray, weights: np.ndarray) -> Sums:
    """Add up rows, true risks and ``values`` in each band of true risk; the band ``all`` holds every row."""
    number = np.searchsorted(EDGES[1:-1], risk, side="right")
    out = {}
    for name, inside in [*((str(n), number == n) for n in range(len(EDGES) - 1)), ("all", np.full(len(risk), True))]:
        w = weights[:, inside]
        out[f"rows_{name}"], out[f"risk_{name}"] = w.sum(axis=1), w @ risk[inside]
        out[f"values_{name}"] = w @ values[inside]
    return out


def _measures(added: Sums) -> dict[str, np.ndarray]:
    """Those that the true risk is best at in expectation: 1 minus Brier says no more, and bins are not made for it."""
    left_out = ("brier_skill", "calibration_error")
    return {name: value for name, value in measures(added).items() if name not in left_out}


def _table(origin: date | str | None, once: dict[str, Sums], again: dict[str, Sums], *, level: float) -> RegretTable:
    values, draws = ({name: _measures(added) for name, added in side.items()} for side in (once, again))
    best, best_drawn = values[ORACLE], draws[ORACLE]
    regrets = {
        name: {
            m: estimate(better(m) * float((best[m] - v)[0]), better(m) * (best_drawn[m] - draws[name][m]), level=level)
            for m, v in by_measure.items()
        }
        for name, by_measure in values.items()
        if name != ORACLE
    }
    return RegretTable(
        origin=origin,
        rows=int(once[ORACLE]["weight"][0]),
        positives=int(once[ORACLE]["positives"][0]),
        estimates={s: _estimates(by, draws[s], level=level) for s, by in values.items()},
        regrets=regrets,
        distances={
            name: _estimates(distances(added), distances(again[name]), level=level)
            for name, added in once.items()
            if "truth_squared" in added
        },
        bands=_bands(once, again[ORACLE], level=level),
    )


def _estimates(
    values: Mapping[str, np.ndarray], drawn: Mapping[str, np.ndarray], *, level: float
) -> dict[str, Estimate]:
    return {m: estimate(float(v[0]), drawn[m], level=level) for m, v in values.items()}


def _bands(once: dict[str, Sums], drawn: Sums, *, level: float) -> list[Band]:
    truth = once[ORACLE]
    ranges = [(str(n), *ends) for n, ends in enumerate(itertools.pairwise(EDGES))]
    out = []
    for name, low, high in [*ranges, ("all", EDGES[0], EDGES[-1])]:
        rows = float(truth[f"rows_{name}"][0])
        if not rows:
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = drawn[f"values_{name}"] / drawn[f"rows_{name}"]
        out.append(
            Band(
                low=low,
                high=high,
                rows=int(rows),
                true_risk=float(truth[f"risk_{name}"][0]) / rows,
                share=estimate(float(truth[f"values_{name}"][0]) / rows, shares, level=level),
                said={
                    s: float(added[f"values_{name}"][0]) / rows
                    for s, added in once.items()
                    if s != ORACLE and f"values_{name}" in added
                },
            )
        )
    return out
