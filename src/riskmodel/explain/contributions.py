"""Checks that contributions are what they claim: they add up to the margin, and they are LightGBM's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.model import RiskClassifier

TOLERANCE = 1e-5
# Whom the base value speaks of: each curve has mean 0 over the rows that taught, and the trees' expectation is taken
# over the rows that passed through their leaves.
BASE = {
    "zh": "基准：模型学习时所用农户的平均评分（对数几率）",
    "en": "base value: the mean score (log-odds) of the households that the model learned from",
}


def sum_residual(contributions: NDArray[np.float64], *, base_value: float, margin: NDArray[np.float64]) -> float:
    """Return the largest |base value + contributions - margin| over the rows, in log-odds; 0.0 for no rows.

    >>> sum_residual(np.array([[0.5, -0.25]]), base_value=-2.0, margin=np.array([-1.75]))
    0.0
    """
    if not len(margin):
        return 0.0
    return float(np.abs(base_value + contributions.sum(axis=1) - margin).max())


def booster_residual(classifier: RiskClassifier, rows: pd.DataFrame) -> float:
    """Return the largest difference between the classifier's contributions and LightGBM's own, in log-odds.

    LightGBM's are worked out by a Booster read afresh from the stored text; to them the exact contributions of the
    additive part are added, feature by feature.

    Parameters
    ----------
    rows : DataFrame
        The features, in the order in which the classifier was trained.
    """
    if not len(rows):
        return 0.0
    import lightgbm

    values = np.ascontiguousarray(rows.to_numpy(dtype=np.float64))
    booster = lightgbm.Booster(model_str=classifier.booster_text_)
    trees = np.asarray(booster.predict(values, pred_contrib=True, num_threads=1))[:, :-1]
    own = trees + classifier.linear_.terms(values)
    return float(np.abs(classifier.contributions(rows) - own).max())


def require_small(residual: float, *, what: str, tolerance: float = TOLERANCE) -> None:
    """Raise :class:`DataError` when a residual is above the tolerance, or not a number."""
    if not residual <= tolerance:
        raise DataError(
            f"{what}: off by {residual:.3g}, more than {tolerance:g}. The reasons would not be true of the score, so "
            "nothing is written. The model bundle and the installed LightGBM may not fit each other."
        )
