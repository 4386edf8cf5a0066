"""The county's rule: what flags a household whatever the model says, because the registry already shows it.

It is the rule that the model's experiment was tested beside, kept in the bundle's manifest. It reads a feature, never
the registry, so it is bound to what was known at ``as_of`` like everything else. Where the experiment had none, no rule
flags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.evaluation.baselines import COMPARISONS, rule_flags
from riskmodel.evaluation.baselines.rules import figure_words
from riskmodel.explain import format_value
from riskmodel.registry.codes import Lang
from riskmodel.training.baselines import Figure, Rule

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec


@dataclass(frozen=True)
class FlagRule:
    """A rule and the entry of the feature that it reads, as trained; a missing value is not flagged."""

    rule: Rule
    feature: FeatureSpec

    @property
    def name(self) -> str:
        """The code in ``flags.parquet``."""
        word, threshold = self.rule.comparison
        against = threshold.figure if isinstance(threshold, Figure) else f"{threshold:g}"
        return f"{self.rule.feature}_{word}_{against}"

    @property
    def zh(self) -> str:
        """The rule in Chinese: the feature's words and the threshold."""
        return f"{self.feature.zh}：{COMPARISONS[self.rule.comparison[0]].zh}{self._threshold('zh')}"

    @property
    def en(self) -> str:
        """The rule in English."""
        return f"{self.feature.en}: {self.rule.comparison[0].replace('_', ' ')} {self._threshold('en')}"

    def _threshold(self, lang: Lang) -> str:
        threshold = self.rule.comparison[1]
        if isinstance(threshold, Figure):
            return figure_words(threshold.figure, lang)
        return format_value(threshold, self.feature.unit, lang)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``run.json`` says of the rule."""
        word, threshold = self.rule.comparison
        against = threshold.figure if isinstance(threshold, Figure) else threshold
        return {"name": self.name, "feature": self.rule.feature, word: against, "zh": self.zh, "en": self.en}


def trained_rules(manifest: Mapping[str, Any]) -> list[FlagRule]:
    """Return the rules that a bundle's manifest holds; none where it holds none."""
    from riskmodel.features import FeatureSpec

    told = manifest.get("rule")
    if told is None:
        return []
    return [
        FlagRule(
            Rule.model_validate({key: value for key, value in one.items() if key != "entry"}),
            FeatureSpec.from_dict(one["entry"]),
        )
        for one in (told if isinstance(told, list) else [told])
    ]


def rules_met(features: pd.DataFrame, rules: Sequence[FlagRule]) -> NDArray[np.bool_]:
    """Return which rules flag which household: shape (rows, rules)."""
    hits = np.zeros((len(features), len(rules)), dtype=bool)
    for number, rule in enumerate(rules):
        hits[:, number] = rule_flags(rule.rule, features)
    return hits
