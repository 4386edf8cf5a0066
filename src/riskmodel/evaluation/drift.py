"""Drift: whether risks still come true as often as they say, and which features no longer look as they did.

Two things are looked at, apart from each other. *Calibration*: at a date whose outcomes are known, the cases found are
set against the cases expected (the sum of the risks). *Features*: the population stability index sets a feature's
shares in bins of the rows that taught against its shares at a new date. Features may move (prices rise, a year is dry)
without the risks being any less true; so only the first says that a model has drifted, the second says where to look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.evaluation.bootstrap import ClusterDraws, Estimate, estimate, widened
from riskmodel.evaluation.metrics import Scored, measures, sums
from riskmodel.evaluation.reference import FeatureReference, psi, reference_of

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.evaluation.backtest import Predictions
    from riskmodel.evaluation.inputs import Prepared
    from riskmodel.training.splits import Fold
    from riskmodel.training.training_set import TrainingSet

# Customary bounds of the index (Siddiqi 2006, "Credit risk scorecards"): below 0.10 stable, above 0.25 a large shift.
SMALL_SHIFT, LARGE_SHIFT = 0.10, 0.25
_MOVERS_KEPT = 10


@dataclass(frozen=True, kw_only=True)
class DriftRule:
    """When a difference between cases found and expected counts as drift.

    Attributes
    ----------
    factor : float
        Found over expected must lie further from 1 than this factor, either way: 1.25 is a quarter more, or a fifth
        less.
    level : float
        And the interval of the ratio, at this level, must exclude 1.
    """

    factor: float = 1.25
    level: float = 0.95

    def drifted(self, ratio: Estimate) -> bool:
        """Whether a ratio of cases found to cases expected counts as drift.

        >>> DriftRule().drifted(Estimate(value=1.6, low=1.3, high=1.9))
        True
        >>> DriftRule().drifted(Estimate(value=1.6, low=0.9, high=2.4))
        False
        """
        if not (math.isfinite(ratio.value) and math.isfinite(ratio.low)) or ratio.value < 0:
            return False
        apart = ratio.value == 0 or abs(math.log(ratio.value)) > math.log(self.factor)
        return apart and not ratio.low <= 1.0 <= ratio.high


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What risks said and what came of them, at one date.

    Attributes
    ----------
    rows, found : int
        Households asked, and cases found among them.
    expected : float
        The sum of their risks.
    ratio : Estimate
        Found over expected.
    error : Estimate
        Mean distance between mean risk and share of cases over ten bins of equal count.
    drifted : bool
        By the rule.
    """

    rows: int
    found: int
    expected: float
    ratio: Estimate
    error: Estimate
    drifted: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "rows": self.rows,
            "found": self.found,
            "expected": self.expected,
            "found_per_expected": self.ratio.to_dict(),
            "calibration_error": self.error.to_dict(),
            "drifted": self.drifted,
        }


@dataclass(frozen=True, kw_only=True)
class Mover:
    """A feature that no longer looks as it did.

    Attributes
    ----------
    index : float
        Its population stability index.
    mean_before, mean_now : float
        Means of the values that are there; NaN where none is.
    """

    name: str
    zh: str
    en: str
    index: float
    mean_before: float
    mean_now: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, None for an undefined mean."""
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in vars(self).items()}


@dataclass(frozen=True, kw_only=True)
class OriginDrift:
    """Drift at one test origin.

    Attributes
    ----------
    movers : list of Mover
        The ten features that moved most between the rows that taught and the rows asked, largest first.
    moved : int
        How many features passed the bound of a large shift.
    """

    origin: date
    calibration: Calibration
    movers: list[Mover]
    moved: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "origin": str(self.origin),
            **self.calibration.to_dict(),
            "features_moved": self.moved,
            "movers": [mover.to_dict() for mover in self.movers],
        }


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Drift over the test origins of an evaluation, oldest first."""

    rule: DriftRule
    origins: list[OriginDrift] = field(default_factory=list)

    @property
    def seen(self) -> list[OriginDrift]:
        """The origins at which the risks had drifted."""
        return [each for each in self.origins if each.calibration.drifted]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as ``metrics.json`` holds it."""
        return {
            "rule": vars(self.rule),
            "seen": [str(each.origin) for each in self.seen],
            "origins": [each.to_dict() for each in self.origins],
        }


def measure_calibration(
    risk: np.ndarray, outcome: np.ndarray, *, clusters: np.ndarray, draws: int, seed: int, rule: DriftRule
) -> Calibration:
    """Set cases found against cases expected.

    Parameters
    ----------
    risk, outcome : ndarray of shape (n,)
        Probabilities, and 0 or 1.
    clusters : ndarray of int, shape (n,)
        The group of each row that is drawn as a whole: its village.
    draws, seed
        Of the bootstrap.

    Returns
    -------
    Calibration
    """
    scored = Scored(outcome=outcome, score=risk, probability=risk)
    codes = np.unique(clusters, return_inverse=True)[1]
    boot = ClusterDraws.of(int(codes.max()) + 1, draws=draws, seed=seed)
    parts = [sums(scored, capacities=(), weights=weights) for weights in boot.weights(codes)]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = drawn["positives"] / drawn["risk"]
    once = sums(scored, capacities=())
    expected, found = float(once["risk"][0]), int(once["positives"][0])
    level = widened(rule.level, groups=boot.counts.shape[1])
    ratio = estimate(found / expected if expected > 0 else math.nan, ratios, level=level)
    error = estimate(float(measures(once)["calibration_error"][0]), measures(drawn)["calibration_error"], level=level)
    return Calibration(
        rows=len(risk), found=found, expected=expected, ratio=ratio, error=error, drifted=rule.drifted(ratio)
    )


def feature_movers(
    references: Sequence[FeatureReference], now: pd.DataFrame, *, words: dict[str, tuple[str, str]]
) -> list[Mover]:
    """Return every feature with its index, largest first.

    Parameters
    ----------
    references : sequence of FeatureReference
        Of the rows that taught.
    now : DataFrame
        A column for each reference; one that is missing there is left out.
    words : dict
        Name -> words in zh and en.
    """
    found = []
    for reference in references:
        if reference.name not in now.columns:
            continue
        values = now[reference.name].to_numpy(dtype=float)
        there = values[~np.isnan(values)]
        zh, en = words.get(reference.name, (reference.name,) * 2)
        found.append(
            Mover(
                name=reference.name,
                zh=zh,
                en=en,
                index=psi(reference, values),
                mean_before=reference.mean,
                mean_now=float(there.mean()) if there.size else math.nan,
            )
        )
    return sorted(found, key=lambda mover: (-mover.index, mover.name))


def drift_of(
    prepared: Prepared, rows: TrainingSet, *, predictions: Predictions | None, folds: Sequence[Fold]
) -> Drift | None:
    """Measure drift of an experiment's model at every test origin; None where there are no origins.

    Parameters
    ----------
    rows : TrainingSet
        Those that taught and were tested.
    predictions : Predictions or None
        What the model said out of time.
    folds : sequence of Fold
        Those of the predictions: an origin's rows are set against the rows that had taught its models.
    """
    from riskmodel.evaluation.inputs import groups_of

    if predictions is None:
        return None
    experiment = prepared.experiment
    rule = DriftRule(**experiment.drift.model_dump())
    specs = prepared.catalogue.features
    words = {name: (specs[name].zh, specs[name].en) for name in prepared.columns}
    X, households = rows.X[list(prepared.columns)], rows.frame["household_id"].to_numpy()
    clusters = np.unique(groups_of(rows, experiment.intervals.by).to_numpy(dtype=str), return_inverse=True)[1]
    out = []
    for stratum, origin in enumerate(predictions.origins):
        assert origin is not None
        here = predictions.stratum == stratum
        places = predictions.rows[here]
        taught = np.unique(np.concatenate([f.train for f in folds if f.origin == origin]))
        before = reference_of(X.iloc[taught], households=households[taught])
        calibration = measure_calibration(
            predictions.scores["model"][here],
            predictions.outcome[here],
            clusters=clusters[places],
            draws=experiment.intervals.bootstrap,
            seed=experiment.seed,
            rule=rule,
        )
        movers = feature_movers(before, X.iloc[places], words=words)
        moved = sum(mover.index > LARGE_SHIFT for mover in movers)
        out.append(OriginDrift(origin=origin, calibration=calibration, movers=movers[:_MOVERS_KEPT], moved=moved))
    return Drift(rule=rule, origins=out)
