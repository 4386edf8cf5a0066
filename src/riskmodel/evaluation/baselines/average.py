"""The average of several scorers in margin space: the mean of their log-odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from riskmodel.evaluation.baselines.scorer import Predict, Scorer

# A probability of exactly 0 or 1 would outvote all others.
_EDGE = 1e-9


def average_scorer(parts: Sequence[Scorer]) -> Scorer:
    """Return the average of scorers that give probabilities; it asks what they said and teaches nothing anew."""

    def fit(X: pd.DataFrame, y: pd.Series, groups: np.ndarray) -> Predict:
        raise AssertionError("an average is made of what its parts said")

    return Scorer(
        name="average",
        zh="平均",
        en="average",
        means_zh=f"{'、'.join(part.zh for part in parts)}的对数几率的平均",
        means_en=f"the mean log-odds of {', '.join(part.en for part in parts)}",
        probabilities=True,
        fit=fit,
        average_of=tuple(part.name for part in parts),
    )


def averaged(scorer: Scorer, scores: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the probabilities of the mean margin of a scorer's parts.

    Parameters
    ----------
    scores : dict
        What every scorer said of the same rows.
    """
    margins = [logit(np.clip(scores[name], _EDGE, 1 - _EDGE)) for name in scorer.average_of]
    return np.asarray(expit(np.mean(margins, axis=0)))
