"""The county's rules: what flags a household whatever the model says, because the registry already shows it.

A rule reads features, never the registry, so it is bound to what was known at ``as_of`` like everything else.
A rule whose feature the catalogue lacks is silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from riskmodel.registry.codes import Lang


@dataclass(frozen=True)
class Rule:
    """One rule: ``feature`` strictly below ``below`` flags the household; a missing value does not.

    Attributes
    ----------
    name : str
        The code in ``flags.parquet``.
    zh, en : str
        The rule in words.
    """

    name: str
    feature: str
    below: float
    zh: str
    en: str

    def words(self, lang: Lang) -> str:
        """Return the rule in ``lang``."""
        return self.zh if lang == "zh" else self.en


RULES = (
    Rule(
        name="income_below_line",
        feature="line_gap_12m",
        below=0.0,
        zh="登记的近12个月人均纯收入低于监测线",
        en="recorded net income per person over the last 12 months is below the monitoring line",
    ),
)


def rule_features(available: Iterable[str]) -> list[str]:
    """Return the features that rules need, of those ``available``."""
    known = set(available)
    return [rule.feature for rule in RULES if rule.feature in known]


def rules_met(features: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return, row by row, the names of the rules that flag the household.

    >>> rules_met(pd.DataFrame({"line_gap_12m": [-0.2, 0.0, float("nan")]}))
    [('income_below_line',), (), ()]
    """
    hits = [(rule.name, (features[rule.feature] < rule.below).to_numpy()) for rule in RULES if rule.feature in features]
    return [tuple(name for name, hit in hits if hit[row]) for row in range(len(features))]


def rule_words(name: str, lang: Lang) -> str:
    """Return the rule ``name`` in words; the name itself where no rule has it (a list from another version)."""
    for rule in RULES:
        if rule.name == name:
            return rule.words(lang)
    return name
