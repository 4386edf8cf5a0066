"""From a slice of households' features to their margins, risks, and what rules and cohort say: no other rows needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from riskmodel.evaluation.baselines.rules import rule_columns
from riskmodel.monitoring.challenger import COLUMNS as OF_CHALLENGER
from riskmodel.monitoring.cohort import in_cohort
from riskmodel.monitoring.rules import FlagRule, rules_met

if TYPE_CHECKING:
    from riskmodel.model import RiskClassifier
    from riskmodel.monitoring.challenger import Challenger

# What the builder is asked for beside features, and keeps of the household's row.
ON_LIST = "_on_list"
PLACES = ("county_code", "township_code", "village_code", "household_type")

SCORED = pa.schema(
    [
        pa.field("household_id", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in PLACES),
        pa.field("on_list", pa.bool_(), nullable=False),
        pa.field("in_cohort", pa.bool_(), nullable=False),
        pa.field("rules", pa.list_(pa.string()), nullable=False),
        pa.field("margin", pa.float64(), nullable=False),
        pa.field("risk", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Scorer:
    """A model with the rules of its experiment.

    Attributes
    ----------
    classifier : RiskClassifier
    names : tuple of str
        Its features, in the order in which it was trained.
    rules : tuple of FlagRule
    cohort : tuple of str
        The columns in which the rules of its cohort are worked out.
    challenger : Challenger, optional
        Scored beside.
    """

    classifier: RiskClassifier
    names: tuple[str, ...]
    rules: tuple[FlagRule, ...] = ()
    cohort: tuple[str, ...] = ()
    challenger: Challenger | None = None

    @property
    def schema(self) -> pa.Schema:
        """The columns of what is scored."""
        beside = OF_CHALLENGER if self.challenger is not None else ()
        return pa.schema([*SCORED, *(pa.field(name, pa.float64(), nullable=False) for name in beside)])

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Score the households of ``rows``, in their order.

        Parameters
        ----------
        rows : pyarrow.Table
            ``household_id``, :data:`PLACES`, the features of the model, of its rules and challenger, the figures that
            rules compare with, the columns of the cohort, and :data:`ON_LIST`.
        """
        asked = self._beside()
        features = rows.select(list(dict.fromkeys([*self.names, *asked]))).to_pandas()
        margin = np.asarray(self.classifier.decision_function(features[list(self.names)]), dtype=np.float64)
        columns: dict[str, Any] = {
            **{name: rows[name] for name in ("household_id", *PLACES)},
            "on_list": features[ON_LIST].to_numpy() == 1,
            "in_cohort": in_cohort(features[[*self.cohort, ON_LIST]]),
            "rules": listed(rules_met(features, self.rules), [rule.name for rule in self.rules]),
            "margin": margin,
            "risk": np.asarray(self.classifier.calibrator_.risk(margin), dtype=np.float64),
        }
        if self.challenger is not None:
            columns |= self.challenger.score(features)
        return pa.table([columns[field.name] for field in self.schema], schema=self.schema)

    def _beside(self) -> list[str]:
        of_rules = [column for rule in self.rules for column in rule_columns(rule.rule)]
        of_challenger = self.challenger.bundle.names if self.challenger is not None else []
        return [*of_rules, *self.cohort, ON_LIST, *of_challenger]


def listed(hits: np.ndarray, names: Sequence[str]) -> pa.ListArray:
    """Return, for each row of truths, the names of the columns that are true.

    >>> listed(np.array([[True, False], [False, False], [True, True]]), ["a", "b"]).to_pylist()
    [['a'], [], ['a', 'b']]
    """
    ends = np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int32)
    told = pa.array(list(names), pa.string()).take(pa.array(np.nonzero(hits)[1], pa.int64()))
    return pa.ListArray.from_arrays(pa.array(ends), told)
