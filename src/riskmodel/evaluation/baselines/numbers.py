"""One number as the whole ranking: a feature, or the mean of one now and a year before."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from riskmodel.evaluation.baselines.scorer import Fit, Predict, Scorer
from riskmodel.training.baselines import OneNumber, PastAndCurrentMean


def one_number_scorer(one: OneNumber, *, direction: str, zh: str, en: str) -> Scorer:
    """Return one feature as a scorer; a household without it is ranked last."""
    rises = direction == "rises"
    return Scorer(
        name="one_number",
        zh="单一指标",
        en="one number",
        means_zh=f"{zh}，{'高' if rises else '低'}者在前",
        means_en=f"{en}, {'highest' if rises else 'lowest'} first",
        probabilities=False,
        fit=_mean_of([one.feature], rises=rises),
        columns=(one.feature,),
        settings={"direction": direction},
    )


def mean_scorer(mean: PastAndCurrentMean, *, direction: str, words: Sequence[tuple[str, str]]) -> Scorer:
    """Return the mean of several features as a scorer; a household without any is ranked last.

    ``words`` are the features' names in zh and en.
    """
    rises = direction == "rises"
    zh, en = "与".join(zh for zh, _ in words), " and ".join(en for _, en in words)
    return Scorer(
        name="past_and_current_mean",
        zh="前后均值",
        en="past-and-current mean",
        means_zh=f"{zh}的平均，{'高' if rises else '低'}者在前",
        means_en=f"the mean of {en}, {'highest' if rises else 'lowest'} first",
        probabilities=False,
        fit=_mean_of(mean.features, rises=rises),
        columns=mean.features,
        settings={"direction": direction},
    )


def _mean_of(names: Sequence[str], *, rises: bool) -> Fit:
    sign = 1.0 if rises else -1.0

    def fit(_X: pd.DataFrame, _y: pd.Series, _groups: np.ndarray) -> Predict:
        def predict(X: pd.DataFrame) -> np.ndarray:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Mean of empty slice")
                values = sign * np.nanmean(X[list(names)].to_numpy(dtype=float), axis=1)
            return np.where(np.isnan(values), -np.inf, values)

        return predict

    return fit
