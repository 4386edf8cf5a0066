"""The county's rules: a feature compared with a number, or with a figure of the policy record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from riskmodel.engine import plan
from riskmodel.evaluation.baselines.scorer import Predict, Scorer
from riskmodel.training.baselines import Figure, Rule


class Comparison(NamedTuple):
    """How a rule compares, with its sign and its Chinese word."""

    holds: Callable[[Any, Any], Any]
    sign: str
    zh: str


COMPARISONS = {
    "below": Comparison(np.less, "<", "低于"),
    "above": Comparison(np.greater, ">", "高于"),
    "at_least": Comparison(np.greater_equal, "≥", "不低于"),
    "at_most": Comparison(np.less_equal, "≤", "不高于"),
}

# Of the figures that a rule is likely to name; others are called by their names.
_FIGURES = {
    "monitoring_line": ("监测线", "the monitoring line"),
    "medical_warning": ("医保预警线", "the medical warning threshold"),
    "schooling_warning": ("教育支出预警线", "the schooling warning threshold"),
}


def figure_column(name: str) -> str:
    """Return the column that holds a figure of the policy record beside the features.

    >>> figure_column("monitoring_line")
    'figure:monitoring_line'
    """
    return f"figure:{name}"


def figure_nodes(rules: Sequence[Rule]) -> dict[str, plan.Household]:
    """Return, by column, the figures that rules compare with: of each household's county, in force at ``as_of``."""
    names = dict.fromkeys(rule.figure for rule in rules if rule.figure is not None)
    return {figure_column(name): plan.PolicyValue(name, 0) for name in names}


def rule_columns(rule: Rule) -> tuple[str, ...]:
    """Return the columns that a rule reads."""
    return (rule.feature,) if rule.figure is None else (rule.feature, figure_column(rule.figure))


def figure_words(name: str, lang: str) -> str:
    """Return what a figure is called."""
    return _FIGURES.get(name, (name, name))[0 if lang == "zh" else 1]


def rule_flags(rule: Rule, X: pd.DataFrame) -> np.ndarray:
    """Return which rows a rule flags; a missing value is not flagged."""
    word, threshold = rule.comparison
    values = X[rule.feature].to_numpy(dtype=float)
    against = (
        X[figure_column(threshold.figure)].to_numpy(dtype=float) if isinstance(threshold, Figure) else float(threshold)
    )
    return np.asarray(COMPARISONS[word].holds(values, against)) & ~np.isnan(values) & ~np.isnan(against)


def any_flags(rules: Sequence[Rule], X: pd.DataFrame) -> np.ndarray:
    """Return which rows at least one of the rules flags."""
    return np.logical_or.reduce([rule_flags(rule, X) for rule in rules])


def rule_words(rule: Rule, *, zh: str, en: str) -> tuple[str, str]:
    """Return a rule in words; ``zh`` and ``en`` name its feature."""
    word, threshold = rule.comparison
    compared = COMPARISONS[word]
    if isinstance(threshold, Figure):
        against_zh, against_en = (figure_words(threshold.figure, lang) for lang in ("zh", "en"))
    else:
        against_zh, against_en = f" {threshold:g} ", f"{threshold:g}"
    return f"{zh}{compared.zh}{against_zh}的农户", f"households with {en} {compared.sign} {against_en}"


def rule_scorer(rule: Rule, *, zh: str, en: str, number: int | None = None) -> Scorer:
    """Return one rule as a scorer of 0 and 1.

    Parameters
    ----------
    zh, en : str
        Name its feature.
    number : int, optional
        Its place among several, from 1.
    """
    means_zh, means_en = rule_words(rule, zh=zh, en=en)

    def fit(_X: pd.DataFrame, _y: pd.Series, _groups: np.ndarray) -> Predict:
        return lambda X: rule_flags(rule, X).astype(float)

    return Scorer(
        name="rule" if number is None else f"rule_{number}",
        zh="规则" if number is None else f"规则{number}",
        en="rule" if number is None else f"rule {number}",
        means_zh=means_zh,
        means_en=means_en,
        probabilities=False,
        fit=fit,
        columns=rule_columns(rule),
        settings=rule.model_dump(),
    )


def rule_scorers(rules: Sequence[Rule], *, words: Mapping[str, tuple[str, str]]) -> list[Scorer]:
    """Return the county's rule: the only one, or "any of them", which goes first, and each of several by itself."""
    named = [(rule, *words[rule.feature]) for rule in rules]
    if len(named) < 2:
        return [rule_scorer(rule, zh=zh, en=en) for rule, zh, en in named]

    def fit(_X: pd.DataFrame, _y: pd.Series, _groups: np.ndarray) -> Predict:
        return lambda X: any_flags(rules, X).astype(float)

    either = Scorer(
        name="rule",
        zh="任一规则",
        en="any rule",
        means_zh=f"规则1至规则{len(rules)}中至少符合一条的农户",
        means_en=f"households that at least one of rules 1 to {len(rules)} flags",
        probabilities=False,
        fit=fit,
        columns=tuple(dict.fromkeys(column for rule in rules for column in rule_columns(rule))),
        settings={"any": [rule.model_dump() for rule in rules]},
    )
    return [either, *(rule_scorer(rule, zh=zh, en=en, number=at) for at, (rule, zh, en) in enumerate(named, start=1))]
