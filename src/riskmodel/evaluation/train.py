"""Running an experiment: test at every origin beside the baselines, train on all its dates, leave bundle and report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from riskmodel.errors import DataError
from riskmodel.evaluation.backtest import Predictions, backtest, check_classes
from riskmodel.evaluation.baselines import Scorer, any_flags
from riskmodel.evaluation.compare import Table, compare
from riskmodel.evaluation.doubt import Doubt, doubts
from riskmodel.evaluation.drift import drift_of
from riskmodel.evaluation.findings import mode_name
from riskmodel.evaluation.further import look_further
from riskmodel.evaluation.gathering import gather
from riskmodel.evaluation.inputs import (
    Prepared,
    build_rows,
    check_clusters,
    fit_model,
    groups_of,
    models_folder,
    prepare,
    rows_depend_on,
    scorers_of,
)
from riskmodel.evaluation.leaving import save, write_results
from riskmodel.evaluation.lived_by import check_lived_by
from riskmodel.evaluation.regret import Regret, regret_tables
from riskmodel.evaluation.report_words import group_words
from riskmodel.evaluation.results import CROSS_VALIDATION, OUT_OF_TIME, Evaluation
from riskmodel.evaluation.run_note import standing
from riskmodel.evaluation.selection import choice_over_time
from riskmodel.evaluation.selection_words import tuning_told
from riskmodel.evaluation.splits_picture import splits_svg
from riskmodel.evaluation.stages import Contents, Stages
from riskmodel.evaluation.tracking import MlflowTracker
from riskmodel.evaluation.truth import TestedTruth, Truth, against_truth, truth_beside
from riskmodel.files import check_place, write_aside
from riskmodel.progress import step
from riskmodel.training.experiment import Experiment
from riskmodel.training.splits import Fold, grouped_folds, rolling_folds

if TYPE_CHECKING:
    from riskmodel.model import ModelStore, RiskClassifier
    from riskmodel.training.training_set import TrainingSet


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training left.

    Attributes
    ----------
    reference : str
        ``NAME@VERSION``.
    bundle : Path
        Its folder.
    champion : bool
        Whether it is now the champion (only the first version becomes it by itself).
    out : Path
        The folder with ``evaluation.html``, ``metrics.json``, ``card.md``, ``splits.svg``, ``predictions.parquet``.
    run_id : str or None
        MLflow's.
    unrecorded : str
        Why MLflow could not write the run, and how to go on; empty where it could, or was not asked to.
    """

    evaluation: Evaluation
    reference: str
    bundle: Path
    champion: bool
    out: Path
    run_id: str | None
    unrecorded: str = ""


def default_out(experiment: Experiment) -> Path:
    """Return the folder that results go to when none is named: ``out/train/NAME``."""
    return Path("out") / "train" / experiment.name


def check_experiment(path: Path, *, registry: Path | None = None, out: Path | None = None) -> tuple[Prepared, Path]:
    """Check an experiment without running it, and draw its splits.

    Returns
    -------
    Prepared, Path
        What would run, and where the picture is.
    """
    prepared = prepare(path, registry=registry)
    target = (out or default_out(prepared.experiment)) / "splits.svg"
    with write_aside(target) as aside:
        aside.write_text(splits_svg(prepared.plan, lang="en"), encoding="utf-8")
    return prepared, target


def run_experiment(
    path: Path,
    *,
    registry: Path | None = None,
    models: Path | None = None,
    out: Path | None = None,
    tracker: Callable[[Path], MlflowTracker] | None = MlflowTracker,
    fresh: bool = False,
) -> Trained:
    """Run an experiment file.

    Parameters
    ----------
    path : Path
        The YAML file.
    registry : Path, optional
        Instead of the one that the file names.
    models : Path, optional
        Where bundles and the MLflow store live; the workspace's ``models/`` when absent.
    out : Path, optional
        Where the report goes; ``out/train/NAME`` when absent.
    tracker : callable, optional
        Given the models folder, gives what writes the runs; None writes none.
    fresh : bool
        Take nothing that an earlier run left in ``out/.stages``.

    Raises
    ------
    CallError
        The file is wrong: names the key and the nearest name. Or another training writes to the same ``out``.
    DataError
        The data fell short: one class only, no rows, an outcome not yet known.
    """
    from riskmodel.model import ModelStore

    prepared = prepare(path, registry=registry)
    models = models or models_folder(prepared.experiment)
    out = out or default_out(prepared.experiment)
    for folder in (models, out):
        check_place(folder)
    stages = Stages(out, fresh=fresh)
    with stages.alone(), nullcontext() if tracker is None else tracker(models) as tracking:
        plan = prepared.plan
        truth = _truth_of(prepared)
        with step(f"Features and outcomes at {len(plan.training)} dates"):
            rows = stages.rows(rows_depend_on(prepared), lambda: _checked_rows(prepared, truth))
        check_clusters(prepared, rows)
        groups = groups_of(rows, prepared.experiment.validation.holdout.by)
        folds = lay_out_folds(prepared, rows, groups)
        judged = None if truth is None else against_truth(truth, rows, folds=folds)
        if tracking is not None:
            tracking.open()
        scorers = scorers_of(prepared)
        tables, predictions, regret = _judge(
            prepared, rows, groups=groups, folds=folds, scorers=scorers, truth=judged, stages=stages
        )
        with step("Groups, visits, stability"):
            further = look_further(prepared, rows, predictions, folds=folds, groups=groups)
        with step("The final model"):
            classifier, told = _final_model(prepared, rows, groups=groups, scorer=scorers[0], stages=stages)
        drift = drift_of(prepared, rows, predictions=predictions.get(OUT_OF_TIME), folds=folds.get(OUT_OF_TIME, []))
        evaluation = gather(
            prepared,
            rows,
            scorers=scorers,
            tables=tables,
            classifier=classifier,
            regret=regret,
            further=further,
            drift=drift,
        )
        evaluation = replace(
            evaluation,
            choice=choice_over_time(evaluation),
            tuning=tuning_told({mode: asked.told for mode, asked in predictions.items()}, final=told),
        )
        store = ModelStore(models)
        version = store.add(prepared.experiment.name, lambda folder: save(classifier, folder, evaluation))
        reference = f"{prepared.experiment.name}@{version}"
        bundle = store.resolve(reference)
        champion = _promote_first(store, version, evaluation)
        files = write_results(evaluation, predictions, rows=rows, out=out)
        run_id, unrecorded = None, ""
        if tracking is not None:
            try:
                with step("MLflow"):
                    run_id = tracking.log(evaluation, files=files, bundle=bundle, reference=reference)
            except DataError as error:
                unrecorded = str(error)
        stages.prune()
    return Trained(
        evaluation=evaluation,
        reference=reference,
        bundle=bundle,
        champion=champion,
        out=out,
        run_id=run_id,
        unrecorded=unrecorded,
    )


def _truth_of(prepared: Prepared) -> Truth | None:
    """Return the true risks beside the registry, if they are of its county and of the experiment's outcome."""
    plan, validation = prepared.plan, prepared.experiment.validation
    truth = truth_beside(
        prepared.registry.path, outcome=prepared.experiment.outcome, horizon_months=plan.horizon.months
    )
    if truth is not None:
        check_lived_by(
            truth.lived_by,
            place=truth.place,
            lag_days=plan.horizon.lag_days,
            policy=prepared.policy,
            tested=[*(origin.as_of for origin in plan.origins), *(plan.training if validation.crossed else ())],
        )
    return truth


def _checked_rows(prepared: Prepared, truth: Truth | None) -> TrainingSet:
    """Build the rows, and make sure that every fold can be taught, asked and judged before anything is kept of them."""
    rows = build_rows(prepared)
    groups = groups_of(rows, prepared.experiment.validation.holdout.by)
    check_clusters(prepared, rows)
    folds = lay_out_folds(prepared, rows, groups)
    for parts in folds.values():
        check_classes(parts, rows.y)
    if truth is not None:
        against_truth(truth, rows, folds=folds)
    return rows


def lay_out_folds(prepared: Prepared, rows: TrainingSet, groups: pd.Series) -> dict[str, list[Fold]]:
    """Return the folds of each mode that the experiment asks for."""
    validation, plan = prepared.experiment.validation, prepared.plan
    folds, seed = validation.holdout.folds, prepared.experiment.seed
    what = group_words(validation.holdout.by, "en")
    laid = {}
    if validation.forward:
        laid[OUT_OF_TIME] = rolling_folds(
            rows.frame, origins=plan.origins, groups=groups, folds=folds, seed=seed, what=what
        )
    if validation.crossed:
        laid[CROSS_VALIDATION] = grouped_folds(rows.frame, groups=groups, folds=folds, seed=seed, what=what)
    return laid


def _judge(
    prepared: Prepared,
    rows: TrainingSet,
    *,
    groups: pd.Series,
    folds: dict[str, list[Fold]],
    scorers: list[Scorer],
    truth: TestedTruth | None,
    stages: Stages,
) -> tuple[dict[str, list[Table]], dict[str, Predictions], Regret | None]:
    experiment = prepared.experiment
    clusters = pd.factorize(groups_of(rows, experiment.intervals.by), sort=True)[0]
    rules = experiment.baselines.rules
    flags = any_flags(rules, rows.X) if rules else None
    tables, predictions, regrets = {}, {}, {}
    signs: list[Doubt] = []
    for mode, parts in folds.items():
        asked = backtest(
            rows.X,
            rows.y,
            folds=parts,
            scorers=scorers,
            groups=groups,
            label=f"Testing {mode_name(mode, 'en')}",
            as_of=rows.frame["as_of"].to_numpy(),
            stages=stages,
        )
        with step("Intervals"):
            how = {
                "scorers": scorers,
                "clusters": clusters[asked.rows],
                "capacities": experiment.capacities,
                "rule": flags[asked.rows] if flags is not None else None,
                "draws": experiment.intervals.bootstrap,
                "level": experiment.intervals.level,
                "seed": experiment.seed,
            }
            tables[mode] = compare(asked, **how)
            if truth is not None:
                risk, noise = truth.risk[asked.rows], truth.noise[asked.rows] if truth.noise is not None else None
                regrets[mode] = regret_tables(asked, risk=risk, noise=noise, **how)
                signs += doubts(
                    regrets[mode],
                    mode=mode,
                    outcome=asked.outcome,
                    risk=risk,
                    noise=noise,
                    stratum=asked.stratum,
                    replays=truth.replays,
                )
        predictions[mode] = asked
    return tables, predictions, None if truth is None else truth.regret(regrets, doubts=tuple(signs))


def _final_model(
    prepared: Prepared, rows: TrainingSet, *, groups: pd.Series, scorer: Scorer, stages: Stages
) -> tuple[RiskClassifier, dict[str, Any]]:
    codes, as_of = pd.factorize(groups, sort=True)[0], rows.frame["as_of"].to_numpy()
    depends = Contents(rows.X, rows.y, codes=codes, as_of=as_of).of(scorer)
    return stages.model(
        depends,
        lambda: fit_model(prepared, rows.X, rows.y, groups=codes, as_of=as_of),
        columns=prepared.columns,
    )


def _promote_first(store: ModelStore, version: int, evaluation: Evaluation) -> bool:
    """Let the version be the champion where there is none: scoring needs one. The log says what it does not beat."""
    why = f"no champion before; {standing(evaluation)}"
    return store.promote_first(evaluation.experiment.name, version, who="riskmodel train", why=why)
