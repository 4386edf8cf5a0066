"""What an experiment file may set beside the model, and how long may be tuned."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from riskmodel.errors import did_you_mean
from riskmodel.training.sections import Section

THRESHOLDS = ("below", "above", "at_least", "at_most")
# Those that give a probability: only these have a margin that can be averaged.
WITH_MARGIN = ("model", "logistic", "spline_logistic", "scorecard", "lightgbm", "lightgbm_tuned")


class Figure(Section):
    """A figure of the policy record: of the household's county, in force at ``as_of``."""

    figure: str = Field(min_length=1)


def _number_or_figure(value: Any) -> str:
    return "figure" if isinstance(value, dict | Figure) else "number"


Threshold = Annotated[
    Annotated[float, Tag("number")] | Annotated[Figure, Tag("figure")], Discriminator(_number_or_figure)
]


class Rule(Section):
    """A county's rule: a feature compared with a number or a figure of the policy record.

    A missing value is not flagged.
    """

    feature: str
    below: Threshold | None = None
    above: Threshold | None = None
    at_least: Threshold | None = None
    at_most: Threshold | None = None

    @model_validator(mode="after")
    def _one_threshold(self) -> Rule:
        if len(self._given()) != 1:
            raise ValueError(f"needs exactly one of {', '.join(THRESHOLDS)}")
        return self

    def _given(self) -> list[tuple[str, float | Figure]]:
        pairs = [(name, getattr(self, name)) for name in THRESHOLDS]
        return [(n, v) for n, v in pairs if isinstance(v, Figure) or (v is not None and math.isfinite(v))]

    @property
    def comparison(self) -> tuple[str, float | Figure]:
        """The word and the threshold, as ``("below", 0.0)``."""
        return self._given()[0]

    @property
    def figure(self) -> str | None:
        """The name of the figure that it compares with, if it is one."""
        threshold = self.comparison[1]
        return threshold.figure if isinstance(threshold, Figure) else None


class OneNumber(Section):
    """One feature as the whole ranking.

    Attributes
    ----------
    direction : {"rises", "falls"}, optional
        How the risk moves when the feature grows; the catalogue's when absent.
    """

    feature: str
    direction: Literal["rises", "falls"] | None = None


class PastAndCurrentMean(Section):
    """The mean of features as the whole ranking: a quantity now and the same a year before.

    Attributes
    ----------
    features : list of str
        Two or more in one unit; a household's mean is over those that it has.
    direction : {"rises", "falls"}, optional
        How the risk moves when the mean grows; the catalogue's of the first feature when absent.
    """

    features: tuple[str, ...] = Field(min_length=2)
    direction: Literal["rises", "falls"] | None = None


class Logistic(Section):
    """Logistic regression on the same features: medians for missing values, missing flags, standardised."""

    C: float = Field(default=1.0, gt=0)


class SplineLogistic(Section):
    """Logistic regression on spline curves of each feature.

    Attributes
    ----------
    C : list of float
        Inverse penalties; of several, the one with the least log-loss in grouped folds of the training rows.
    knots : int
        Of each feature's curve, at quantiles.
    """

    C: tuple[float, ...] = (0.0001, 0.001, 0.01, 0.1)
    knots: int = Field(default=4, ge=2, le=20)

    @field_validator("C", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("C")
    @classmethod
    def _positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or not all(0 < number < math.inf for number in value):
            raise ValueError("needs numbers above 0, such as 0.01 or [0.001, 0.01, 0.1]")
        return tuple(sorted(set(value)))


class Scorecard(Section):
    """Points a feature that add up: an explainable boosting machine without interactions (extra ``scorecard``).

    Attributes
    ----------
    bags : int
        How many are averaged.
    bins : int
        The most steps of a feature.
    """

    bags: int = Field(default=4, ge=1, le=100)
    bins: int = Field(default=32, ge=2, le=1024)


class LightGBM(Section):
    """LightGBM as it comes: no directions, no calibration."""


class LightGBMTuned(Section):
    """LightGBM with settings searched for by ``tuning``: no directions, no calibration.

    Attributes
    ----------
    bags : int
        Boosters with a seed each, averaged.
    """

    bags: int = Field(default=1, ge=1, le=100)


class Tuning(Section):
    """How long settings may be searched for, each time that they are.

    Attributes
    ----------
    trials : int
        Settings tried. What ends here is the same on every run.
    minutes : float
        A ceiling. A search that it cuts short may end elsewhere on another run, and the report says so.
    """

    trials: int = Field(default=40, ge=1, le=100_000)
    minutes: float = Field(default=120.0, gt=0, le=100_000)


def _one_or_several(value: Any) -> str:
    return "several" if isinstance(value, list | tuple) else "one"


Rules = Annotated[
    Annotated[Rule, Tag("one")] | Annotated[tuple[Rule, ...], Tag("several")], Discriminator(_one_or_several)
]


class Baselines(Section):
    """What the model is set beside; ``null`` leaves one out, ``{}`` takes one with its defaults.

    Attributes
    ----------
    rule : Rule or list of Rule, optional
        Of several, each is a row of the tables, and "any of them" is the county's rule.
    average : list of str, optional
        Names of those above that give probabilities, or ``model``: the mean of their margins.
    """

    rule: Rules | None = Rule(feature="line_gap_12m", below=0.0)
    one_number: OneNumber | None = OneNumber(feature="line_gap_12m")
    past_and_current_mean: PastAndCurrentMean | None = None
    logistic: Logistic | None = Logistic()
    spline_logistic: SplineLogistic | None = None
    scorecard: Scorecard | None = None
    lightgbm: LightGBM | None = None
    lightgbm_tuned: LightGBMTuned | None = None
    average: tuple[str, ...] | None = None

    @field_validator("rule")
    @classmethod
    def _some_rule(cls, value: Rule | tuple[Rule, ...] | None) -> Rule | tuple[Rule, ...] | None:
        if value == ():
            raise ValueError("is an empty list, expected rules, or null for none")
        return value

    @field_validator("average")
    @classmethod
    def _of_what_is_there(cls, value: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if value is None:
            return None
        for name in value:
            if name not in WITH_MARGIN:
                raise ValueError(f'names "{name}", which gives no probability here.{did_you_mean(name, WITH_MARGIN)}')
            if name != "model" and info.data.get(name) is None:
                raise ValueError(f'names "{name}", which is not among the baselines: add it, or leave it out here')
        if len(set(value)) < max(2, len(value)):
            raise ValueError("needs two or more different names")
        return value

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The county's rules, in order; empty where there is none."""
        if self.rule is None:
            return ()
        return (self.rule,) if isinstance(self.rule, Rule) else self.rule

    def features(self) -> list[tuple[str, str]]:
        """Return the key and the name of every feature named."""
        named = [(f"{key}.feature", rule.feature) for key, rule in self._keyed_rules()]
        if self.one_number is not None:
            named.append(("baselines.one_number.feature", self.one_number.feature))
        mean = self.past_and_current_mean
        return named + [("baselines.past_and_current_mean.features", name) for name in (mean.features if mean else ())]

    def figures(self) -> list[tuple[str, str]]:
        """Return the key and the name of every figure of the policy record named."""
        return [
            (f"{key}.{rule.comparison[0]}.figure", rule.figure)
            for key, rule in self._keyed_rules()
            if rule.figure is not None
        ]

    def _keyed_rules(self) -> list[tuple[str, Rule]]:
        several = isinstance(self.rule, tuple)
        return [(f"baselines.rule[{at}]" if several else "baselines.rule", rule) for at, rule in enumerate(self.rules)]
