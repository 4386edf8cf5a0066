"""A scorecard: points a feature that add up to a margin, by an explainable boosting machine without interactions.

`interpret-core` brings it (extra ``scorecard``). optbinning, the other library of scorecards, needs an OR-Tools that
asks for an older protobuf than MLflow and the rest are pinned with.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pandas as pd

from riskmodel.evaluation.baselines.scorer import Predict, Scorer
from riskmodel.training.baselines import Scorecard


def scorecard_missing() -> str:
    """Say how to get the library when it is not there; empty when it is."""
    if find_spec("interpret") is not None:
        return ""
    return (
        "needs the library interpret-core, which is not installed. It comes with the extra scorecard:\n"
        "pip install --require-hashes -r requirements-scorecard.lock in the folder of the source, "
        "or pip install -e '.[scorecard]' there. Or leave the scorecard out with null."
    )


def scorecard_scorer(settings: Scorecard, *, columns: Sequence[str], seed: int) -> Scorer:
    """Return a scorecard on ``columns``: one step function a feature, missing values a step of their own."""
    names = list(columns)

    def fit(X: pd.DataFrame, y: pd.Series, _groups: np.ndarray) -> Predict:
        from interpret.glassbox import ExplainableBoostingClassifier

        card = ExplainableBoostingClassifier(
            interactions=0, outer_bags=settings.bags, max_bins=settings.bins, n_jobs=1, random_state=seed
        )
        # A column that is always missing has no steps, and the library refuses it.
        kept = [name for name in names if X[name].nunique() > 1]
        if not kept:
            share = float(y.mean())
            return lambda rows: np.full(len(rows), share)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Missing values detected")
            card.fit(X[kept].to_numpy(dtype=float), y.to_numpy(dtype=int))
        return lambda rows: np.asarray(card.predict_proba(rows[kept].to_numpy(dtype=float)))[:, 1]

    return Scorer(
        name="scorecard",
        zh="评分卡",
        en="scorecard",
        means_zh="同样的特征，每个特征一组分值，相加而成",
        means_en="on the same features, steps of points a feature that add up",
        probabilities=True,
        fit=fit,
        columns=tuple(names),
        settings={**settings.model_dump(), "seed": seed},
    )
