"""Logistic regression on the model's features: as lines, or as spline curves under a penalty that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.evaluation.baselines.scorer import Predict, Scorer, Taught
from riskmodel.training.baselines import Logistic, SplineLogistic

# Above so many rows one fifth left out tells as much as folds do.
_MANY_ROWS = 20_000
_FOLDS = 3


def logistic_scorer(settings: Logistic, *, columns: Sequence[str]) -> Scorer:
    """Return logistic regression on ``columns``: medians, missing flags, what does not vary left out, standardised."""
    names = list(columns)

    def fit(X: pd.DataFrame, y: pd.Series, _groups: np.ndarray) -> Predict:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        pipeline = make_pipeline(*_filled(), _scaler(), LogisticRegression(C=settings.C, max_iter=1000))
        pipeline.fit(X[names].to_numpy(dtype=float), y.to_numpy(dtype=int))
        return lambda rows: np.asarray(pipeline.predict_proba(rows[names].to_numpy(dtype=float)))[:, 1]

    return Scorer(
        name="logistic",
        zh="逻辑回归",
        en="logistic regression",
        means_zh="与模型使用同样的特征",
        means_en="on the same features as the model",
        probabilities=True,
        fit=fit,
        columns=tuple(names),
        settings=settings.model_dump(),
    )


def spline_scorer(settings: SplineLogistic, *, columns: Sequence[str], seed: int) -> Scorer:
    """Return logistic regression on quadratic splines of ``columns``, missing values flagged.

    Of several penalties the one with the least log-loss in grouped folds of the training rows is taken.
    """
    names = list(columns)

    def fit(X: pd.DataFrame, y: pd.Series, groups: np.ndarray) -> Predict:
        rows, outcome = X[names].to_numpy(dtype=float), y.to_numpy(dtype=int)
        C = _choose(settings, rows, outcome, groups=groups, seed=seed)
        curves = _curves(settings.knots)
        regression = _regression(C).fit(curves.fit_transform(rows), outcome)

        def ask(asked: pd.DataFrame) -> np.ndarray:
            made = curves.transform(asked[names].to_numpy(dtype=float))
            return np.asarray(regression.predict_proba(made))[:, 1]

        return Taught(ask=ask, told={"C": C})

    return Scorer(
        name="spline_logistic",
        zh="样条逻辑回归",
        en="spline logistic regression",
        means_zh="同样的特征，各成一条样条曲线",
        means_en="on the same features, each as a spline curve",
        probabilities=True,
        fit=fit,
        columns=tuple(names),
        settings={**settings.model_dump(), "seed": seed},
    )


def _choose(settings: SplineLogistic, rows: np.ndarray, y: np.ndarray, *, groups: np.ndarray, seed: int) -> float:
    from sklearn.metrics import log_loss

    from riskmodel.model.folds import grouped_folds, single_holdout

    if len(settings.C) == 1:
        return settings.C[0]
    target = y.astype(float)
    if len(y) > _MANY_ROWS:
        splits = single_holdout(target, groups, share=0.2, seed=seed)
    else:
        splits = grouped_folds(target, groups, folds=_FOLDS, seed=seed)
    losses = np.zeros(len(settings.C))
    for train, test in splits:
        curves = _curves(settings.knots)
        inside, outside = curves.fit_transform(rows[train]), curves.transform(rows[test])
        for at, C in enumerate(settings.C):
            risk = _regression(C).fit(inside, y[train]).predict_proba(outside)[:, 1]
            losses[at] += log_loss(y[test], risk, labels=[0, 1]) * len(test)
    # Equal losses (there were no folds to tell) leave the strongest penalty.
    return settings.C[int(np.argmin(losses))]


def _curves(knots: int) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer

    return make_pipeline(
        *_filled(),
        make_column_transformer(
            (SplineTransformer(n_knots=knots, degree=2, knots="quantile", extrapolation="constant"), _varied),
            remainder="passthrough",
        ),
        *_filled()[1:],
        _scaler(),
    )


def _varied(X: np.ndarray) -> list[int]:
    """Columns with more than two values; flags stay as they are."""
    return [j for j in range(X.shape[1]) if len(np.unique(X[:, j])) > 2]


def _regression(C: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    # Many rows and some hundred columns: Newton's steps are few, and each is one product of matrices.
    return LogisticRegression(C=C, solver="newton-cholesky", max_iter=100)


def _filled() -> tuple[Any, ...]:
    from sklearn.feature_selection import VarianceThreshold
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), VarianceThreshold()


def _scaler() -> Any:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler()
