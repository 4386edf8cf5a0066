"""Everything that a training found, put together as one evaluation: tables, drift, importance, what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.engine.plan import tables as tables_read
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.compare import Table
from riskmodel.evaluation.drift import Drift
from riskmodel.evaluation.further import Further
from riskmodel.evaluation.inputs import Prepared
from riskmodel.evaluation.reference import reference_of
from riskmodel.evaluation.regret import Regret
from riskmodel.evaluation.results import Evaluation, Importance, direction_of

if TYPE_CHECKING:
    from riskmodel.model import RiskClassifier
    from riskmodel.training.training_set import TrainingSet

# So many rows are enough for a mean of absolute contributions.
_ROWS_FOR_IMPORTANCE = 4000


def gather(
    prepared: Prepared,
    rows: TrainingSet,
    *,
    scorers: list[Scorer],
    tables: dict[str, list[Table]],
    classifier: RiskClassifier,
    regret: Regret | None,
    drift: Drift | None,
    further: Further,
) -> Evaluation:
    """Return all of it, with the final model's importance, directions and the histograms of what taught it."""
    experiment, catalogue = prepared.experiment, prepared.catalogue
    outcome, cohort = catalogue.outcome(experiment.outcome), catalogue.cohort(experiment.cohort.name)
    cohort = cohort.without(*experiment.cohort.without)
    chosen = catalogue.only(list(prepared.columns))
    return Evaluation(
        experiment=experiment,
        plan=prepared.plan,
        outcome_words=(outcome.zh, outcome.en),
        cohort_words=(cohort.zh, cohort.en),
        scorers=scorers,
        tables=tables,
        importance=_importance(prepared, rows, classifier),
        flow=rows.flow,
        features=[spec.to_dict() for spec in chosen.features.values()],
        rows=len(rows.y),
        positives=int(rows.y.sum()),
        record={
            **rows.record,
            "catalogue_hash": chosen.hash,
            "policy": prepared.policy.digest,
            "cohort_definition": cohort.definition,
            "rule": _rule(prepared),
            "outcome_tables": sorted(tables_read(outcome.node)),
        },
        regret=regret,
        drift=drift,
        directions_held=_directions(prepared, rows, classifier),
        reference=reference_of(rows.X[list(prepared.columns)], households=rows.frame["household_id"].to_numpy()),
        further=further,
    )


def _rule(prepared: Prepared) -> dict[str, Any] | list[dict[str, Any]] | None:
    """The county's rules with the catalogue's entries of their features: at scoring they flag as tested here."""
    features = prepared.catalogue.features
    told = [
        {**rule.model_dump(exclude_none=True), "entry": features[rule.feature].to_dict()}
        for rule in prepared.experiment.baselines.rules
    ]
    return told if len(told) > 1 else told[0] if told else None


def _directions(prepared: Prepared, rows: TrainingSet, classifier: RiskClassifier) -> dict[str, bool]:
    from riskmodel.model import directions_held

    swept = directions_held(classifier, rows.X[list(prepared.columns)], seed=prepared.experiment.seed)
    return {name: found.holds for name, found in swept.items()}


def _importance(prepared: Prepared, rows: TrainingSet, classifier: RiskClassifier) -> list[Importance]:
    X = rows.X[list(prepared.columns)]
    if len(X) > _ROWS_FOR_IMPORTANCE:
        X = X.sample(_ROWS_FOR_IMPORTANCE, random_state=prepared.experiment.seed)
    given = classifier.contributions(X)
    weight = np.abs(given).mean(axis=0)
    specs = [prepared.catalogue.features[name] for name in prepared.columns]
    found = [
        Importance(
            name=s.name,
            zh=s.zh,
            en=s.en,
            mean_contribution=float(w),
            sensitive=s.sensitive,
            direction=direction_of(X[s.name].to_numpy(dtype=float), column),
        )
        for s, w, column in zip(specs, weight, given.T, strict=True)
    ]
    return sorted(found, key=lambda item: -item.mean_contribution)
