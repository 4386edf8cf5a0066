"""From an experiment file to what can be trained on: catalogue, registry, dates, rows, groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.evaluation.baselines import Scorer, baseline_scorers
from riskmodel.evaluation.calibrating import calibrate_over_time
from riskmodel.features.catalogue import Catalogue, load_catalogue
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
    )
    _check_direction(experiment, catalogue)
    _check_model(experiment)
    place = registry or (experiment.path(experiment.registry) if experiment.registry else None)
    if place is None:
        raise experiment.wrong("registry", "is missing: name one there, or on the command line with --registry.")
    opened = Registry.open(place)
    outcome = catalogue.outcomes[experiment.outcome]
    plan = plan_dates(
        experiment, horizon_months=outcome.horizon_months, lag_days=outcome.lag_days, cut_on=opened.cut_on
    )
    grouping = experiment.validation.holdout.by.removeprefix("feature:")
    columns = tuple(n for n in experiment.features.chosen(list(catalogue.features)) if n != grouping)
    return Prepared(
        experiment=experiment,
        catalogue=catalogue,
        registry=opened,
        plan=plan,
        columns=columns,
        policy=workspace_policy(experiment.workspace),
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


def _check_direction(experiment: Experiment, catalogue: Catalogue) -> None:
    one = experiment.baselines.one_number
    if one is not None and one.direction is None and catalogue.features[one.feature].direction is None:
        raise experiment.wrong(
            "baselines.one_number.direction",
            f'is missing, and the catalogue gives "{one.feature}" no direction: say rises or falls.',
        )


def _check_model(experiment: Experiment) -> None:
    from riskmodel.model import RiskClassifier

    known = set(RiskClassifier().get_params()) - {"random_state"}
    for name, value in experiment.model.items():
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


def build_rows(prepared: Prepared) -> TrainingSet:
    """Build the rows of all dates; those whose outcome is not known are left out of what is trained and tested.

    Raises
    ------
    DataError
        If there are none, or a date has none.
    """
    from riskmodel.training.training_set import build_training_set

    experiment, plan = prepared.experiment, prepared.plan
    needed = set(prepared.columns) | _named_features(experiment)
    catalogue = prepared.catalogue
    if len(needed) < len(catalogue.features):
        catalogue = catalogue.only([name for name in catalogue.features if name in needed])
    rows = build_training_set(
        prepared.registry,
        as_of=list(plan.training),
        outcome=experiment.outcome,
        cohort=experiment.cohort.name,
        without_rules=experiment.cohort.without,
        catalogue=catalogue,
        policy=prepared.policy,
    )
    known = rows.y.notna().to_numpy()
    dates = rows.frame["as_of"].to_numpy()
    for day in plan.training:
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
    rule, one = experiment.baselines.rule, experiment.baselines.one_number
    return named | ({rule.feature} if rule else set()) | ({one.feature} if one else set())


def _groupings(experiment: Experiment) -> tuple[str, str]:
    return experiment.validation.holdout.by, experiment.intervals.by


def _check_finite(X: pd.DataFrame) -> None:
    infinite = X.columns[np.isinf(X.to_numpy(dtype=float)).any(axis=0)]
    if len(infinite):
        raise DataError(f"Features hold infinite values: {', '.join(infinite)}. A ratio over nothing must be missing.")


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

    def fit(X: pd.DataFrame, y: pd.Series, groups: np.ndarray, as_of: np.ndarray | None = None) -> Any:
        classifier = fit_model(prepared, X, y, groups=groups, as_of=as_of)
        return lambda rows: np.asarray(classifier.predict_proba(rows[columns]))[:, 1]

    model = Scorer(
        name="model",
        zh="模型",
        en="model",
        means_zh="LightGBM 与有界曲线相加，经校准",
        means_en="LightGBM and bounded curves in one sum, calibrated",
        probabilities=True,
        fit=fit,
        dated=True,
    )
    baselines = baseline_scorers(prepared.experiment.baselines, columns=columns, words=words, directions=directions)
    return [model, *baselines]


def fit_model(
    prepared: Prepared, X: pd.DataFrame, y: pd.Series, *, groups: np.ndarray, as_of: np.ndarray | None
) -> RiskClassifier:
    """Fit the model of an experiment, calibrated as it asks."""
    classifier = new_classifier(prepared).fit(X[list(prepared.columns)], y.astype(int), groups=groups)
    return calibrate_over_time(classifier, y.to_numpy(), as_of=as_of, how=prepared.experiment.calibration)


def new_classifier(prepared: Prepared) -> RiskClassifier:
    """Return the estimator of an experiment, unfitted: the catalogue's directions unless the file gives its own."""
    from riskmodel.model import RiskClassifier

    specs = prepared.catalogue.features
    monotone = {name: specs[name].monotone for name in prepared.columns}
    experiment = prepared.experiment
    settings = {"monotone": monotone, "calibration": experiment.calibration.method, **experiment.model}
    return RiskClassifier(**settings, random_state=experiment.seed)
