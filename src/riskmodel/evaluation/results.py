"""Everything that an evaluation found, as plain data that the report, the card and the tracker read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata

from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.compare import POOLED, Table
from riskmodel.evaluation.drift import Drift
from riskmodel.evaluation.further import Further
from riskmodel.evaluation.reference import FeatureReference
from riskmodel.evaluation.regret import Regret
from riskmodel.evaluation.selection import Choice
from riskmodel.training.experiment import Experiment
from riskmodel.training.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

_CLEAR = 0.3

OUT_OF_TIME, CROSS_VALIDATION = "out_of_time", "cross_validation"


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much a feature moves the score: the mean absolute contribution, in log-odds.

    Attributes
    ----------
    direction : {"rises", "falls", "mixed"}
        How the contribution goes with the value, over the rows.
    """

    name: str
    zh: str
    en: str
    mean_contribution: float
    sensitive: bool
    direction: str = "mixed"


def direction_of(values: np.ndarray, contributions: np.ndarray) -> str:
    """Return whether a feature's contribution ``rises`` or ``falls`` with its value, or does neither: ``mixed``.

    By the rank correlation over the rows that have a value; below 0.3 either way it is mixed.
    """
    there = ~np.isnan(values)
    values, contributions = values[there], contributions[there]
    if values.size < 2 or np.ptp(values) == 0 or np.ptp(contributions) == 0:
        return "mixed"
    correlation = float(np.corrcoef(rankdata(values), rankdata(contributions))[0, 1])
    return "mixed" if abs(correlation) < _CLEAR else "rises" if correlation > 0 else "falls"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What was asked, and what came out.

    Attributes
    ----------
    outcome_words, cohort_words : tuple of str
        In zh and en.
    scorers : sequence of Scorer
        The model first, then the baselines.
    tables : dict
        ``out_of_time`` and/or ``cross_validation`` -> tables; a pooled one last where there are several origins.
    importance : sequence of Importance
        Of the final model, largest first.
    flow : DataFrame
        Counts a date at each exclusion.
    features : sequence of dict
        Catalogue entries of the model's columns, in order.
    rows, positives : int
        What the final model learned from.
    record : dict
        What the training set was made of.
    regret : Regret, optional
        How far all stay behind the best possible, where a simulated registry tells the true risks.
    drift : Drift, optional
        Whether risks came true at each test origin as often as they said, and which features moved.
    reference : sequence of FeatureReference
        What the features of the final model's rows looked like.
    directions_held : mapping of str to bool, optional
        Whether each direction that binds the final model held over real rows; None where that was not tested.
    further : Further, optional
        Whom the list serves, what a visit finds, how early and how steadily.
    choice : Choice, optional
        Which scorer a rule of choice would have taken at each origin, and what that cost.
    tuning : dict
        What searches for settings found, by mode and scorer, and for the final model; empty where there were none.
    """

    experiment: Experiment
    plan: Plan
    outcome_words: tuple[str, str]
    cohort_words: tuple[str, str]
    scorers: Sequence[Scorer]
    tables: dict[str, list[Table]]
    importance: Sequence[Importance]
    flow: pd.DataFrame
    features: Sequence[dict[str, Any]]
    rows: int
    positives: int
    record: dict[str, Any]
    regret: Regret | None = None
    drift: Drift | None = None
    reference: Sequence[FeatureReference] = ()
    directions_held: Mapping[str, bool] | None = None
    further: Further | None = None
    choice: Choice | None = None
    tuning: dict[str, Any] = field(default_factory=dict)

    @property
    def baselines(self) -> list[Scorer]:
        """Every scorer but the model."""
        return [scorer for scorer in self.scorers if scorer.name != "model"]

    def summary(self, mode: str) -> Table:
        """Return the pooled table of a mode, or its only one."""
        return self.tables[mode][-1]

    def single(self, mode: str) -> list[Table]:
        """Return the tables of a mode, one an origin."""
        return [table for table in self.tables[mode] if table.origin != POOLED]

    @property
    def main_mode(self) -> str:
        """Out of time where it was measured."""
        return OUT_OF_TIME if OUT_OF_TIME in self.tables else CROSS_VALIDATION

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, as ``metrics.json`` holds it; ``regret`` and ``drift`` where there is any."""
        regret = {} if self.regret is None else {"regret": self.regret.to_dict()}
        drift = {} if self.drift is None else {"drift": self.drift.to_dict()}
        return {
            "experiment": self.experiment.model_dump(mode="json", by_alias=True),
            "experiment_sha256": self.experiment.sha256,
            "plan": self.plan.to_dict(),
            "record": self.record,
            "final_model": {"rows": self.rows, "positives": self.positives, "features": len(self.features)},
            "scorers": {
                s.name: {
                    "zh": s.zh,
                    "en": s.en,
                    "means_zh": s.means_zh,
                    "means_en": s.means_en,
                    "probabilities": s.probabilities,
                }
                for s in self.scorers
            },
            "tables": {mode: [table.to_dict() for table in tables] for mode, tables in self.tables.items()},
            **regret,
            **drift,
            "reference": [feature.to_dict() for feature in self.reference],
            "directions_held": None if self.directions_held is None else dict(self.directions_held),
            **({} if self.further is None else {"further": self.further.to_dict()}),
            "choice_over_time": None if self.choice is None else self.choice.to_dict(),
            "tuning": self.tuning,
            "importance": [vars(item) for item in self.importance],
            "flow": [{k: _plain(v) for k, v in row.items()} for row in self.flow.to_dict(orient="records")],
        }


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    return value if isinstance(value, int | float | str | bool) or value is None else str(value)
