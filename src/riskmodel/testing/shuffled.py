"""Labels shuffled within each date: a model learns nothing from them, unless something told it the answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from riskmodel.training import TrainingSet

Fit = Callable[["pd.DataFrame", "pd.Series", "pd.DataFrame"], "NDArray[np.float64]"]
Derive = Callable[["TrainingSet"], "pd.DataFrame"]

# An honest pipeline is suspected once in about 370 times.
_BAND = 3.0


@dataclass(frozen=True)
class ShuffledReport:
    """What a model knew of shuffled labels.

    Attributes
    ----------
    auc : float
        On households not trained on, among rows of one as_of; the mean over dates and repeats.
    noise : float
        The standard deviation that chance alone gives this mean: sqrt((p + n + 1) / (12 p n)) for p outcomes and n
        others at one date (Mann and Whitney 1947), the dates weighted by its inverse square.
    rows, repeats : int
        Rows tested at each repeat, and how often the labels were shuffled.
    """

    auc: float
    noise: float
    rows: int
    repeats: int

    @property
    def passed(self) -> bool:
        """Whether the AUC lies within three standard deviations of one half."""
        return abs(self.auc - 0.5) <= _BAND * self.noise

    def require(self) -> None:
        """Raise ``AssertionError`` with the report where the labels were known; for use in a test."""
        if not self.passed:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        """Say it in one line."""
        said = "as chance has it" if self.passed else "something tells the model the labels that it is tested on"
        return (
            f"shuffled labels: AUC {self.auc:.3f}, expected 0.5 ± {_BAND * self.noise:.3f} "
            f"({self.rows:,} rows, {self.repeats} repeats): {said}."
        )


def shuffled_labels(
    rows: TrainingSet, *, derive: Derive | None = None, fit: Fit | None = None, repeats: int = 8, seed: int = 0
) -> ShuffledReport:
    """Shuffle the outcome within each as_of, learn from half of the households, and test on the other half.

    Features that do not read the outcome are as good as random numbers then. It is the columns that somebody makes
    from a whole training set (an outcome rate a village, a selection, an imputation by class), and a way of fitting
    that sees test rows, that give themselves away.

    Parameters
    ----------
    rows
        A training set; rows whose outcome is not known are left out.
    derive
        Given the training set with its labels shuffled, gives the columns to learn from; ``rows.X`` when absent.
    fit
        Given columns and labels of one half and columns of the other, gives scores of the other half; gradient-boosted
        trees when absent.
    repeats
        How often.

    Raises
    ------
    DataError
        One class only, or too few households to halve.
    """
    known = rows.known()
    rng = np.random.default_rng(seed)
    scored, variances, tested = [], [], 0
    for _ in range(repeats):
        shuffled = replace(known, y=_shuffled(known, rng))
        X = shuffled.X if derive is None else derive(shuffled)
        teaches = _half_of_households(known, rng)
        if shuffled.y[teaches].nunique() < 2:
            raise DataError("shuffled labels: half of the households hold one class only; give a larger training set.")
        scores = (fit or _trees)(X[teaches], shuffled.y[teaches], X[~teaches])
        auc, variance = _auc_within_dates(shuffled.y[~teaches], scores, shuffled.frame["as_of"][~teaches])
        scored.append(auc)
        variances.append(variance)
        tested = len(scores)
    return ShuffledReport(float(np.mean(scored)), math.sqrt(sum(variances)) / repeats, tested, repeats)


def _auc_within_dates(y: pd.Series, scores: NDArray[np.float64], as_of: pd.Series) -> tuple[float, float]:
    """Return the AUC among rows of one date, and its variance by chance.

    Shuffling keeps each date's rate, so that over all dates a score that only tells the date would be right more often
    than not.
    """
    from sklearn.metrics import roc_auc_score

    labels, aucs, precisions = y.to_numpy(), [], []
    for places in as_of.reset_index(drop=True).groupby(as_of.to_numpy()).indices.values():
        true = int(labels[places].sum())
        false = len(places) - true
        if true and false:
            aucs.append(float(roc_auc_score(labels[places], scores[places])))
            precisions.append(12 * true * false / (true + false + 1))
    if not aucs:
        raise DataError("shuffled labels: at each date half of the households hold one class; give a larger set.")
    return float(np.average(aucs, weights=precisions)), 1 / sum(precisions)


def _shuffled(rows: TrainingSet, rng: np.random.Generator) -> pd.Series:
    y = rows.y.copy()
    for places in rows.frame.groupby("as_of", sort=True).indices.values():
        y.iloc[places] = rng.permutation(y.iloc[places].to_numpy())
    return y


def _half_of_households(rows: TrainingSet, rng: np.random.Generator) -> NDArray[np.bool_]:
    ids = np.unique(rows.frame["household_id"].to_numpy(dtype=str))
    chosen = rng.permutation(ids)[: len(ids) // 2]
    return np.asarray(rows.frame["household_id"].isin(chosen))


def _trees(X: pd.DataFrame, y: pd.Series, asked: pd.DataFrame) -> NDArray[np.float64]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, early_stopping=False, random_state=0)
    # Many small fits: threads would wait for each other longer than they work.
    with threadpool_limits(1):
        return np.asarray(model.fit(X, y).predict_proba(asked)[:, 1])
