"""From an experiment file to what can be trained on: catalogue, registry, dates, rows, groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.engine import plan
from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.evaluation.baselines import Scorer, asks, baseline_scorers, figure_nodes
from riskmodel.evaluation.baselines.scorecard import scorecard_missing
from riskmodel.evaluation.calibrating import calibrate_over_time
from riskmodel.evaluation.tuning import SEARCHED, Search, search
from riskmodel.features.catalogue import Catalogue, load_catalogue
from riskmodel.features.declare import FeatureSpec
from riskmodel.training.baselines import OneNumber
from riskmodel.training.experiment import Experiment, load_experiment
from riskmodel.training.plan import Plan, check_names, plan_dates
from riskmodel.workspace import default_models, workspace_policy

if TYPE_CHECKING:
    from riskmodel.model import RiskClassifier
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry
    from riskmodel.training.training_set import TrainingSet


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An experiment that can run.

    Attributes
    ----------
    columns : tuple of str
        The features that the model is given.
    policy : Policy
        The dated figures of the workspace that the file lies in, wherever one stands.
    """

    experiment: Experiment
    catalogue: Catalogue
    registry: Registry
    plan: Plan
    columns: tuple[str, ...]
    policy: Policy


def prepare(path: Path, *, registry: Path | None = None) -> Prepared:
    """Read an experiment file and check it against its catalogue, the estimator and the registry; read no rows.

    Raises
    ------
    CallError
        Naming the file, the key, and the nearest name.
    DataError
        A date's outcome is not known yet, or nothing can teach an origin.
    """
    from riskmodel.registry import Registry

    experiment = load_experiment(path)
    catalogue = _catalogue(experiment)
    check_names(
        experiment,
        features=list(catalogue.features),
        outcomes=list(catalogue.outcomes),
        cohorts={name: [rule for rule, _ in spec.rules] for name, spec in catalogue.cohorts.items()},
        exposures=list(catalogue.exposures),
        groups=list(catalogue.groups),
    )
    policy = workspace_policy(experiment.workspace)
    _check_baselines(experiment, catalogue, policy)
    _check_model(experiment)
    place = registry or (experiment.path(experiment.registry) if experiment.registry else None)
    if place is None:
        raise experiment.wrong("registry", "is missing: name one there, or on the command line with --registry.")
    opened = Registry.open(place)
    outcome = catalogue.outcomes[experiment.outcome]
    dates = plan_dates(
        experiment, horizon_months=outcome.horizon_months, lag_days=outcome.lag_days, cut_on=opened.cut_on
    )
    grouping = experiment.validation.holdout.by.removeprefix("feature:")
    columns = tuple(n for n in experiment.features.chosen(list(catalogue.features)) if n != grouping)
    return Prepared(
        experiment=experiment,
        catalogue=catalogue,
        registry=opened,
        plan=dates,
        columns=columns,
        policy=policy,
    )


def models_folder(experiment: Experiment) -> Path:
    """Return ``models/`` of the workspace that the file lies in, else of the one that one stands in."""
    return experiment.workspace / "models" if experiment.workspace else default_models()


def _catalogue(experiment: Experiment) -> Catalogue:
    if experiment.features.catalogue is not None:
        return load_catalogue(experiment.path(experiment.features.catalogue))
    workspace = experiment.workspace
    own = workspace / "features" if workspace is not None else None
    return load_catalogue(own if own is not None and own.is_dir() else None)


def _check_baselines(experiment: Experiment, catalogue: Catalogue, policy: Policy) -> None:
    baselines = experiment.baselines
    ranked = {"one_number": baselines.one_number, "past_and_current_mean": baselines.past_and_current_mean}
    for key, number in ranked.items():
        if number is None or number.direction is not None:
            continue
        name = number.feature if isinstance(number, OneNumber) else number.features[0]
        if catalogue.features[name].direction is None:
            raise experiment.wrong(
                f"baselines.{key}.direction",
                f'is missing, and the catalogue gives "{name}" no direction: say rises or falls.',
            )
    figures = {entry.name for entry in policy.entries}
    for key, name in baselines.figures():
        if name not in figures:
            hint = did_you_mean(name, figures)
            raise experiment.wrong(key, f'names "{name}", which is not a figure of the policy record.{hint}')
    if baselines.scorecard is not None and (missing := scorecard_missing()):
        raise experiment.wrong("baselines.scorecard", missing)


def _check_model(experiment: Experiment) -> None:
    from riskmodel.model import RiskClassifier

    known = set(RiskClassifier().get_params()) - {"random_state"} | {"tuned"}
    for name, value in experiment.model.items():
        if name == "tuned":
            _check_tuned(experiment, value)
            continue
        if name == "calibration" and "method" in experiment.calibration.model_fields_set:
            raise experiment.wrong("model.calibration", "is given, and calibration.method too: leave one of them out.")
        if name == "random_state":
            raise experiment.wrong("model.random_state", "is set by seed: write it there.")
        if name not in known:
            raise experiment.wrong(f"model.{name}", f"is not a parameter of RiskClassifier.{did_you_mean(name, known)}")
        try:
            RiskClassifier(**{name: value}).check_parameters()
        except CallError as error:
            raise CallError(f"{experiment.file}: model.{error}") from None
        except TypeError:
            raise experiment.wrong(f"model.{name}", f"is {value!r}, which is not a value that it takes.") from None


def _check_tuned(experiment: Experiment, value: Any) -> None:
    if not isinstance(value, bool):
        raise experiment.wrong("model.tuned", f"is {value!r}, expected true or false.")
    both = sorted(set(experiment.model_settings) & set(SEARCHED))
    if value and both:
        raise experiment.wrong("model.tuned", f"is true, so that {', '.join(both)} are searched for: leave them out.")


def build_rows(prepared: Prepared) -> TrainingSet:
    """Build the rows of all dates; those whose outcome is not known are left out of what is trained and tested.

    Raises
    ------
    DataError
        If there are none, or a date has none.
    """
    from riskmodel.training.training_set import build_training_set

    experiment, days = prepared.experiment, prepared.plan.training
    needed = set(prepared.columns) | _named_features(experiment)
    catalogue = prepared.catalogue
    if len(needed) < len(catalogue.features):
        catalogue = catalogue.only([name for name in catalogue.features if name in needed])
    figures = figure_nodes(experiment.baselines.rules)
    if figures:
        beside = {name: figure_spec(name, node) for name, node in figures.items()}
        catalogue = replace(catalogue, features={**catalogue.features, **beside})
    rows = build_training_set(
        prepared.registry,
        as_of=list(days),
        outcome=experiment.outcome,
        cohort=experiment.cohort.name,
        without_rules=experiment.cohort.without,
        catalogue=catalogue,
        policy=prepared.policy,
    )
    known = rows.y.notna().to_numpy()
    dates = rows.frame["as_of"].to_numpy()
    for day in days:
        here = dates == day
        if not (here & known).any():
            seen = f"{int(here.sum()):,} rows, none with a known outcome" if here.any() else "no household"
            raise DataError(
                f"{experiment.file}: at {day} the cohort {experiment.cohort} holds {seen}. "
                f"The registry may begin later, or the cohort may be too narrow: choose other dates or another cohort."
            )
    _check_finite(rows.X)
    return rows.known()


def _named_features(experiment: Experiment) -> set[str]:
    named = {by.removeprefix("feature:") for by in _groupings(experiment) if by.startswith("feature:")}
    return named | {name for _, name in experiment.baselines.features()}


def figure_spec(name: str, node: Any) -> FeatureSpec:
    """Return a figure of the policy record as a column beside the features; no model is given it."""
    return FeatureSpec(
        name=name,
        zh=name,
        en=name,
        unit="yuan",
        direction=None,
        risk_type="",
        sensitive=False,
        missing="",
        family=name,
        definition=name,
        node=node,
    )


def _groupings(experiment: Experiment) -> tuple[str, str]:
    return experiment.validation.holdout.by, experiment.intervals.by


def _check_finite(X: pd.DataFrame) -> None:
    infinite = X.columns[np.isinf(X.to_numpy(dtype=float)).any(axis=0)]
    if len(infinite):
        raise DataError(f"Features hold infinite values: {', '.join(infinite)}. A ratio over nothing must be missing.")


def check_clusters(prepared: Prepared, rows: TrainingSet) -> None:
    """Refuse intervals over one group: every draw would be the same, and all intervals empty."""
    by = prepared.experiment.intervals.by
    if groups_of(rows, by).nunique() < 2:
        raise prepared.experiment.wrong(
            "intervals.by",
            f"is {by}, but all rows lie in one: drawn again it is always the same, and no interval can be told. "
            "Use a finer group (village, household).",
        )


def groups_of(rows: TrainingSet, by: str) -> pd.Series:
    """Return the group of each row as text; a row without one is a group of its household alone."""
    values = rows.X[by.removeprefix("feature:")] if by.startswith("feature:") else rows.groups[by]
    alone = "household " + rows.frame["household_id"].astype(str)
    return values.astype(str).where(values.notna(), alone).reset_index(drop=True)


def scorers_of(prepared: Prepared) -> list[Scorer]:
    """Return the model and the baselines of an experiment as scorers, the model first."""
    words = {name: (spec.zh, spec.en) for name, spec in prepared.catalogue.features.items()}
    directions = {name: spec.direction for name, spec in prepared.catalogue.features.items() if spec.direction}
    columns = list(prepared.columns)
    experiment = prepared.experiment

    def fit(
        X: pd.DataFrame, y: pd.Series, groups: np.ndarray, as_of: np.ndarray | None = None
    ) -> tuple[RiskClassifier, dict[str, Any]]:
        return fit_model(prepared, X, y, groups=groups, as_of=as_of)

    model = Scorer(
        name="model",
        zh="模型",
        en="model",
        means_zh="LightGBM 与有界曲线相加，经校准" + ("，LightGBM 的设置经搜寻" if experiment.model_tuned else ""),
        means_en="LightGBM and bounded curves in one sum, calibrated"
        + (", LightGBM's settings searched for" if experiment.model_tuned else ""),
        probabilities=True,
        fit=lambda *past, **dated: asks(fit(*past, **dated)[0], columns),
        classifier=fit,
        dated=True,
        columns=prepared.columns,
        settings={
            "given": experiment.model,
            "calibration": experiment.calibration.model_dump(),
            "monotone": directions_of(prepared),
            "search": search_of(prepared).to_dict() if experiment.model_tuned else {},
            "seed": experiment.seed,
        },
    )
    baselines = baseline_scorers(
        experiment.baselines,
        columns=columns,
        words=words,
        directions=directions,
        how=search_of(prepared),
        model=model,
    )
    return [model, *baselines]


def search_of(prepared: Prepared) -> Search:
    """Return how an experiment searches for settings: within training rows, under the gap that it tests with."""
    return Search(
        budget=prepared.experiment.tuning,
        horizon=prepared.plan.horizon,
        gap_months=prepared.plan.gap_months,
        seed=prepared.experiment.seed,
    )


def fit_model(
    prepared: Prepared, X: pd.DataFrame, y: pd.Series, *, groups: np.ndarray, as_of: np.ndarray | None
) -> tuple[RiskClassifier, dict[str, Any]]:
    """Fit the model of an experiment, its settings searched for within these rows where the file says so.

    Returns
    -------
    RiskClassifier, dict
        And what there is to tell of the search.
    """
    from riskmodel.model.names import monotone_signs

    columns, told, settings = list(prepared.columns), {}, {}
    if prepared.experiment.model_tuned:
        bound = new_classifier(prepared).monotone
        found = search(
            np.ascontiguousarray(X[columns].to_numpy(dtype=float)),
            y.to_numpy(dtype=float),
            groups=groups,
            as_of=as_of,
            monotone=monotone_signs(bound, columns),
            how=search_of(prepared),
        )
        # The number of trees is the estimator's own choice, beside its curves.
        told, settings = found.to_dict(), found.settings
    classifier = new_classifier(prepared).set_params(**settings).fit(X[columns], y.astype(int), groups=groups)
    how = prepared.experiment.calibration
    return calibrate_over_time(classifier, y.to_numpy(), as_of=as_of, how=how), told


def directions_of(prepared: Prepared) -> dict[str, int]:
    """Return the catalogue's directions of the model's columns."""
    return {name: prepared.catalogue.features[name].monotone for name in prepared.columns}


def new_classifier(prepared: Prepared) -> RiskClassifier:
    """Return the estimator of an experiment, unfitted: the catalogue's directions unless the file gives its own."""
    from riskmodel.model import RiskClassifier

    experiment = prepared.experiment
    settings = {"monotone": directions_of(prepared), "calibration": experiment.calibration.method}
    return RiskClassifier(**{**settings, **experiment.model_settings}, random_state=experiment.seed)


def rows_depend_on(prepared: Prepared) -> dict[str, Any]:
    """Return what the rows of an experiment are made of, as plain data."""
    experiment, catalogue = prepared.experiment, prepared.catalogue
    outcome = catalogue.outcome(experiment.outcome)
    needed = sorted(set(prepared.columns) | _named_features(experiment))
    return {
        "registry": prepared.registry.fingerprint,
        "cut_on": str(prepared.registry.cut_on),
        "features": catalogue.only(needed).hash,
        "order": list(prepared.columns),
        "exposures": {name: plan.canonical(spec.over(outcome)) for name, spec in catalogue.exposures.items()},
        "figures": sorted(figure_nodes(experiment.baselines.rules)),
        "outcome": [outcome.name, plan.canonical(outcome.node), outcome.horizon_months, outcome.lag_days],
        "cohort": catalogue.cohort(experiment.cohort.name).without(*experiment.cohort.without).definition,
        "without": list(experiment.cohort.without),
        "dates": [str(day) for day in prepared.plan.training],
        "policy": prepared.policy.digest,
    }
