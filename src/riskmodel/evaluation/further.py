"""All that is asked of the list beyond the tables: whom it serves, what a visit finds, how early, how steady."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.evaluation.ablation import Theme, shuffled_themes, themes_left_out
from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.beside import look_beside
from riskmodel.evaluation.bootstrap import widened
from riskmodel.evaluation.compare import draws_of, main_capacity
from riskmodel.evaluation.inputs import Prepared, groups_of
from riskmodel.evaluation.lead_time import LeadTime, lead_time
from riskmodel.evaluation.other_eyes import View, by_outcome, by_treatment
from riskmodel.evaluation.reasons_quality import ReasonsQuality, reasons_quality
from riskmodel.evaluation.stability import Stability, a_month_before, stability
from riskmodel.evaluation.subgroups import Cell, Smallest, subgroups
from riskmodel.evaluation.totals import Total, totals
from riskmodel.evaluation.townships import TownshipLists, township_lists
from riskmodel.evaluation.visits import Visits, visits
from riskmodel.training.splits import Fold

if TYPE_CHECKING:
    from riskmodel.training.training_set import TrainingSet


@dataclass(frozen=True, kw_only=True)
class Further:
    """What was found; each part speaks for itself.

    Attributes
    ----------
    mode : str
        Of the predictions that were asked: out of time where that was measured.
    capacity : float
        The main one.
    smallest : Smallest
        Below which nothing is said of a group.
    """

    mode: str
    capacity: float
    smallest: Smallest
    visits: list[Visits]
    totals: list[Total]
    townships: TownshipLists | None
    subgroups: list[Cell]
    by_treatment: list[View]
    by_outcome: list[View]
    lead_time: LeadTime | None
    stability: list[Stability]
    reasons: ReasonsQuality | None
    shuffled: list[Theme]
    left_out: list[Theme]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "mode": self.mode,
            "capacity": self.capacity,
            "smallest": vars(self.smallest),
            "visits": [v.to_dict() for v in self.visits],
            "totals": [t.to_dict() for t in self.totals],
            "townships": None if self.townships is None else self.townships.to_dict(),
            "subgroups": [c.to_dict() for c in self.subgroups],
            "by_treatment": [v.to_dict() for v in self.by_treatment],
            "by_outcome": [v.to_dict() for v in self.by_outcome],
            "lead_time": None if self.lead_time is None else self.lead_time.to_dict(),
            "stability": [s.to_dict() for s in self.stability],
            "reasons": None if self.reasons is None else self.reasons.to_dict(),
            "themes_shuffled": [t.to_dict() for t in self.shuffled],
            "themes_left_out": [t.to_dict() for t in self.left_out],
        }


def look_further(
    prepared: Prepared,
    rows: TrainingSet,
    predictions: dict[str, Predictions],
    *,
    folds: dict[str, list[Fold]],
    groups: pd.Series,
) -> Further:
    """Ask the predictions of the first mode, out of time where there is one, all that is asked beyond the tables.

    ``folds`` and ``groups`` are those that the predictions were made with; a model is taught anew only where the
    experiment asks for an ablation.
    """
    mode, predicted = next(iter(predictions.items()))
    asked = what_is_asked(prepared, rows, predicted)
    catalogue, experiment = prepared.catalogue, prepared.experiment
    before = a_month_before(prepared, predicted)
    outcomes = {name: (spec.zh, spec.en) for name, spec in catalogue.outcomes.items()}
    return Further(
        mode=mode,
        capacity=asked.main,
        smallest=asked.smallest,
        visits=visits(asked),
        totals=totals(asked),
        townships=township_lists(asked),
        subgroups=subgroups(asked, {name: (spec.zh, spec.en) for name, spec in catalogue.groups.items()}),
        by_treatment=by_treatment(asked),
        by_outcome=by_outcome(asked, outcomes, predicted=experiment.outcome),
        lead_time=lead_time(asked),
        stability=stability(prepared, rows, asked, before=before),
        reasons=reasons_quality(prepared, rows, asked, before=before),
        shuffled=shuffled_themes(prepared, rows, asked),
        left_out=themes_left_out(prepared, rows, asked, folds=folds[mode], groups=groups)
        if experiment.ablation
        else [],
    )


def what_is_asked(prepared: Prepared, rows: TrainingSet, predictions: Predictions) -> Asked:
    """Return what all questions share; the draws are those of the tables."""
    experiment = prepared.experiment
    codes = pd.factorize(groups_of(rows, experiment.intervals.by), sort=True)[0]
    clusters = codes[predictions.rows]
    intervals, smallest = experiment.intervals, experiment.subgroups.smallest
    return Asked(
        predictions=predictions,
        beside=look_beside(prepared, rows, predictions),
        boot=draws_of(clusters, draws=intervals.bootstrap, seed=experiment.seed),
        clusters=clusters,
        capacities=experiment.capacities,
        main=main_capacity(experiment.capacities),
        smallest=Smallest(rows=smallest.rows, positives=smallest.positives),
        level=intervals.level,
        wide=widened(intervals.level, groups=len(np.unique(clusters))),
    )
