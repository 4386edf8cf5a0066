"""What a model is set beside: the county's rule, one number, logistic regression. All are scorers, as the model is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from riskmodel.training.experiment import Baselines, Logistic, OneNumber, Rule

Predict = Callable[[pd.DataFrame], np.ndarray]
Fit = Callable[..., Predict]


class Comparison(NamedTuple):
    """How a rule compares, with its sign and its Chinese word."""

    holds: Callable[[Any, float], Any]
    sign: str
    zh: str


COMPARISONS = {
    "below": Comparison(np.less, "<", "低于"),
    "above": Comparison(np.greater, ">", "高于"),
    "at_least": Comparison(np.greater_equal, "≥", "不低于"),
    "at_most": Comparison(np.less_equal, "≤", "不高于"),
}


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Something that ranks households.

    Attributes
    ----------
    name : str
        ``model``, ``rule``, ``one_number`` or ``logistic``.
    zh, en : str
        Its short name in tables and pictures.
    means_zh, means_en : str
        What it goes by, said once a page.
    probabilities : bool
        Whether what it gives is a probability, or only an order.
    fit : callable
        ``fit(X, y, groups)`` gives ``predict(X)``, which gives an array of scores, higher first.
    dated : bool
        Whether ``fit`` also takes ``as_of``, the date of each row.
    """

    name: str
    zh: str
    en: str
    means_zh: str
    means_en: str
    probabilities: bool
    fit: Fit
    dated: bool = False


def rule_flags(rule: Rule, X: pd.DataFrame) -> np.ndarray:
    """Return which rows a rule flags; a missing value is not flagged."""
    word, threshold = rule.comparison
    values = X[rule.feature].to_numpy(dtype=float)
    return np.asarray(COMPARISONS[word].holds(values, threshold)) & ~np.isnan(values)


def rule_scorer(rule: Rule, *, zh: str, en: str) -> Scorer:
    """Return the rule as a scorer of 0 and 1. ``zh`` and ``en`` name its feature."""
    word, threshold = rule.comparison
    compared = COMPARISONS[word]

    def fit(_X: pd.DataFrame, _y: pd.Series, _groups: np.ndarray) -> Predict:
        return lambda X: rule_flags(rule, X).astype(float)

    return Scorer(
        name="rule",
        zh="规则",
        en="rule",
        means_zh=f"{zh}{compared.zh} {threshold:g} 的农户",
        means_en=f"households with {en} {compared.sign} {threshold:g}",
        probabilities=False,
        fit=fit,
    )


def one_number_scorer(one: OneNumber, *, direction: str, zh: str, en: str) -> Scorer:
    """Return one feature as a scorer; a household without it is ranked last."""
    sign = 1.0 if direction == "rises" else -1.0

    def fit(_X: pd.DataFrame, _y: pd.Series, _groups: np.ndarray) -> Predict:
        def predict(X: pd.DataFrame) -> np.ndarray:
            values = sign * X[one.feature].to_numpy(dtype=float)
            return np.where(np.isnan(values), -np.inf, values)

        return predict

    return Scorer(
        name="one_number",
        zh="单一指标",
        en="one number",
        means_zh=f"{zh}，{'高' if sign > 0 else '低'}者在前",
        means_en=f"{en}, {'highest' if sign > 0 else 'lowest'} first",
        probabilities=False,
        fit=fit,
    )


def logistic_scorer(settings: Logistic, *, columns: Sequence[str]) -> Scorer:
    """Return logistic regression on ``columns``: medians, missing flags, what does not vary left out, standardised."""
    names = list(columns)

    def fit(X: pd.DataFrame, y: pd.Series, _groups: np.ndarray) -> Predict:
        from sklearn.feature_selection import VarianceThreshold
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        pipeline = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            VarianceThreshold(),
            StandardScaler(),
            LogisticRegression(C=settings.C, max_iter=1000),
        )
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
    )


def baseline_scorers(
    baselines: Baselines, *, columns: Sequence[str], words: Mapping[str, tuple[str, str]], directions: Mapping[str, str]
) -> list[Scorer]:
    """Return the baselines of an experiment, in the order rule, one number, logistic regression.

    Parameters
    ----------
    baselines : Baselines
        From the experiment file.
    columns : sequence of str
        The features that the model is given, and logistic regression with it.
    words : dict
        The zh and en name of every feature.
    directions : dict
        How the risk moves when a feature grows, for a number whose direction the file leaves out.
    """
    scorers = []
    if baselines.rule is not None:
        zh, en = words[baselines.rule.feature]
        scorers.append(rule_scorer(baselines.rule, zh=zh, en=en))
    if baselines.one_number is not None:
        one = baselines.one_number
        zh, en = words[one.feature]
        scorers.append(one_number_scorer(one, direction=one.direction or directions[one.feature], zh=zh, en=en))
    if baselines.logistic is not None:
        scorers.append(logistic_scorer(baselines.logistic, columns=columns))
    return scorers
