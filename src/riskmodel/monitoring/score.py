"""Scoring a registry: everyone's risk, the flags with their reasons, and a record of how they came about.

The work goes in stages (scores, selection, flags, writing), the first and third a slice at a time. Each finished part
is kept beside the results until all is done, so an interrupted run can be continued; what it leaves is byte for byte
what an uninterrupted run leaves (``run.json`` apart, which has timings), however it was cut up.
"""

from __future__ import annotations

import errno
import json
import logging
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.allocation import what_is_there_spared
from riskmodel.errors import CallError, DataError
from riskmodel.features.engines import check_engine
from riskmodel.features.levers import levers_digest
from riskmodel.files import remove, sha256_of, write_aside
from riskmodel.monitoring import record
from riskmodel.monitoring.budget import Budget
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.challenger import Challenger
from riskmodel.monitoring.checkpoint import Checkpoints, check_same, one_run, sweep
from riskmodel.monitoring.choosing import Selection, Unit
from riskmodel.monitoring.cohort import cohort_outputs, digest, trained_cohort
from riskmodel.monitoring.contributing import CONTRIBUTIONS_FILE
from riskmodel.monitoring.explaining import Provenance
from riskmodel.monitoring.flagging import FLAGS_FILE, HISTORIES_FILE, explain_flagged
from riskmodel.monitoring.matching import catalogue_hash, check_same_features, trained_specs
from riskmodel.monitoring.rules import trained_rules
from riskmodel.monitoring.run import Run
from riskmodel.monitoring.selecting import SCORES_FILE, select_flags
from riskmodel.monitoring.slices import check_booster, score_slices
from riskmodel.workspace import workspace_policy

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.model import Bundle
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

_LOG = logging.getLogger(__name__)

_RESULTS = (SCORES_FILE, FLAGS_FILE, CONTRIBUTIONS_FILE, HISTORIES_FILE)


def score_registry(
    registry: Registry,
    bundle: Bundle,
    *,
    model: str,
    model_version: int,
    as_of: date,
    out: Path,
    catalogue: Catalogue,
    capacity: Capacity | None = None,
    threshold: float | None = None,
    per: Unit = "registry",
    rule_capacity: Capacity | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
    memory: str | None = None,
    workers: int | None = None,
    slice_rows: int | None = None,
    resume: bool = False,
    challenger: Challenger | None = None,
) -> dict[str, Any]:
    """Score everyone present at ``as_of`` and flag whom to visit first.

    Leaves ``scores.parquet``, ``flags.parquet``, ``contributions.parquet``, ``histories.parquet``, the model's card and
    metrics in ``model/``, and ``run.json`` in ``out``. The last is written last and holds the sha256 of the others: a
    folder where they do not agree was interrupted.

    Parameters
    ----------
    registry : Registry
    bundle : Bundle
        The trained model, its bytes verified.
    model, model_version : str, int
        What every flag is signed with.
    as_of : date
        Only what was known, and true, strictly before counts. Past the day on which the model expires, the log warns.
    catalogue : Catalogue
        Must mean the same by the model's features and cohort as when it was trained.
    policy : Policy, optional
        The dated figures; by default the package's record with the workspace's laid over it. One with other figures
        than the model was trained with is told in the log and in ``run.json``.
    capacity : Capacity, optional
        The model's flags, of the households that are not on the list and belong to the model's cohort.
    threshold : float, optional
        Instead of a capacity: everyone of these whose risk is at least this.
    per : {"registry", "county", "township", "village"}
        What has a capacity of its own: the whole registry, or each unit.
    rule_capacity : Capacity, optional
        The most to flag by rule alone, in each unit; None flags everyone whom a rule names.
    engine : str
        What works out the features: ``"auto"``, ``"fused"``, ``"duckdb"`` or ``"spark"``; the record says which ran.
    memory : str, optional
        What the whole run may take, roughly, such as ``"4GB"``; by default 2 GB. Decides how many households are scored
        at a time, and from when DuckDB sorts on disk.
    workers : int, optional
        Slices in work at the same time; by default as many as there are cores.
    slice_rows : int, optional
        Households in a slice; by default as many as the memory allows, 50,000 at most. A run that is continued keeps to
        the slices that it was begun with.
    resume : bool
        Continue an interrupted run with the same inputs; where there is none, start anew.
    challenger : Challenger, optional
        Another version, scored beside: ``scores.parquet`` gets its risk, ``run.json`` how its list would differ. It
        flags nobody and changes no flag.

    Returns
    -------
    dict
        The content of ``run.json``.

    Raises
    ------
    CallError
        Unknown engine, a catalogue that differs, other inputs than those of the run to resume, less memory than the
        smallest slice needs, another run at work in ``out``.
    DataError
        Nobody is present at ``as_of``; contributions that do not add up; a registry or model that was changed while it
        was read.
    """
    check_engine(engine)
    if out.exists() and not out.is_dir():
        raise CallError(f"{out}: is a file; --out must name a folder.")
    selection = Selection(capacity=capacity, threshold=threshold, per=per, rule_capacity=rule_capacity)
    budget = Budget.of(memory, workers, slice_rows)
    specs = trained_specs(bundle.features)
    called = f"{model}, version {model_version},"
    told = bundle.manifest
    rules = trained_rules(told)
    read = [rule.feature for rule in rules if rule.feature.name not in bundle.names]
    check_same_features([*specs, *read], catalogue, model=called)
    if not rules:
        _LOG.info("%s knows no rule of its experiment: no rule flags", called)
    if challenger is not None:
        challenger.check(catalogue, champion=bundle, model=called)
    policy = policy or workspace_policy()
    _warn_of_other_figures(policy, told.get("policy"), model=called)
    _warn_if_expired(told.get("expires"), as_of, model=called)
    cohort = cohort_outputs(registry, trained_cohort(told, catalogue, model=called))
    run = Run(
        registry=registry,
        bundle=bundle,
        catalogue=catalogue,
        policy=policy,
        as_of=as_of,
        selection=selection,
        engine=engine,
        budget=budget,
        specs=specs,
        cohort=cohort,
        rules=rules,
        # The bundle's own digest may speak of features that the model left aside; it is what people will look for.
        provenance=Provenance(model, model_version, str(told.get("catalogue_hash", catalogue_hash(specs)))),
        challenger=challenger,
    )
    if challenger is not None and run.ran.engine != replace(run, challenger=None).ran.engine:
        _LOG.warning("%s needs another engine than the model: not scored beside, no flag may change", challenger.called)
        run = replace(run, challenger=None)
    inputs = record.inputs(
        registry,
        bundle,
        model=f"{model}@{model_version}",
        as_of=as_of,
        features=catalogue.only(run.needed).hash,
        cohort=digest(cohort),
        policy=policy,
        beside=run.challenger,
        settings={
            "levers": levers_digest(catalogue.levers.values()),
            **selection.to_dict(),
            "engine": engine,
        },
    )
    rows = budget.rows(len(run.outputs))
    with one_run(out):
        work = None
        if resume:
            work = Checkpoints.resume(out, inputs)
            if work is None and (finished := record.finished(out)) is not None:
                check_same(finished["inputs"], inputs, place=out)
                sweep(out)
                return finished
        work = work or Checkpoints.begin(out, inputs, {"slice": rows})
        try:
            with what_is_there_spared():
                return (_stages_on_spark if engine == "spark" else _stages)(run, work, out, inputs)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise DataError(
                f"{out}: the disk is full. What was finished is kept: make room, and go on with --resume."
            ) from error
        except BrokenExecutor as error:
            raise DataError(
                f"{out}: a process that helped was ended from outside, most likely for want of memory. What was "
                "finished is kept: go on with --resume, with fewer --workers or where there is more memory."
            ) from error
        except BaseException:
            if work.empty:
                work.abandon()
            raise


def _warn_of_other_figures(policy: Policy, trained_with: str | None, *, model: str) -> None:
    if trained_with is not None and trained_with != policy.digest:
        _LOG.warning(
            "%s was trained with the policy figures %s, the ones in force here are %s: lines and what is measured from "
            "them differ. Score from the workspace it was trained in, or train again.",
            model,
            trained_with,
            policy.digest,
        )


def _warn_if_expired(expires: str | None, as_of: date, *, model: str) -> None:
    if expires is not None and as_of >= date.fromisoformat(expires):
        _LOG.warning(
            "%s expired on %s, and is asked about %s: its risks may no longer come true as often as they say. "
            "Recalibrate it by outcomes known since (riskmodel recalibrate), or train again.",
            model,
            expires,
            as_of,
        )


def _stages(run: Run, work: Checkpoints, out: Path, inputs: dict[str, str]) -> dict[str, Any]:
    with run.stage("scores"):
        slices = score_slices(run, work)
        check_booster(run, slices[0])
    with run.stage("selection"):
        selected, beside = select_flags(run, work, slices)
    with run.stage("flags"):
        explain_flagged(run, work, slices, flagged=selected.counts["flagged"])
    with run.stage("writing"):
        _check_unchanged(run, inputs)
        copied = record.copy_of_model(run.bundle, work.path(record.MODEL))
        told = record.record(
            run.bundle,
            model=run.provenance,
            registry=run.registry,
            absent=record.absent_tables(run.registry, run.catalogue.only(run.needed).features.values()),
            as_of=run.as_of,
            inputs=inputs,
            selected=selected,
            selection=run.selection,
            rules=run.rules,
            cut={"slice": work.sizes["slice"], "slices": len(slices), "workers": run.budget.workers}
            | {"memory": run.budget.memory},
            residuals=run.residuals,
            explained=run.explained,
            engine=run.ran.to_dict(),
            timings=run.timings,
            files={name: work.path(name) for name in (*_RESULTS, *copied)},
        )
        if beside is not None:
            told["challenger"] = beside
        _leave(work, out, told)
    work.close()
    return told


def _stages_on_spark(run: Run, work: Checkpoints, out: Path, inputs: dict[str, str]) -> dict[str, Any]:
    from riskmodel.monitoring.on_spark import PART_ROWS, score_on_spark

    found = score_on_spark(run, work)
    with run.stage("writing"):
        _check_unchanged(run, inputs)
        copied = record.copy_of_model(run.bundle, work.path(record.MODEL))
        told = record.record(
            run.bundle,
            model=run.provenance,
            registry=run.registry,
            absent=record.absent_tables(run.registry, run.catalogue.only(run.needed).features.values()),
            as_of=run.as_of,
            inputs=inputs,
            selected=found.selected,
            selection=run.selection,
            rules=run.rules,
            cut={"slice": PART_ROWS, "slices": found.parts, "memory": run.budget.memory},
            residuals=run.residuals,
            explained=run.explained,
            engine=run.ran.to_dict(),
            timings=run.timings,
            files={name: work.path(name) for name in copied},
        )
        told["files"] |= found.files
        told["risk"] = found.risk
        if found.challenger is not None:
            told["challenger"] = found.challenger
        _leave(work, out, told)
    work.close()
    return told


def _leave(work: Checkpoints, out: Path, told: dict[str, Any]) -> None:
    """Put the results in their places, and the record last."""
    for name in (*_RESULTS, record.MODEL):
        if (out / name).is_dir() or work.path(name).is_dir():
            remove(out / name)
        work.path(name).replace(out / name)
    with write_aside(out / record.NAME) as aside:
        aside.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def _check_unchanged(run: Run, inputs: dict[str, str]) -> None:
    """Make sure that what the run says of its inputs is still what lies there.

    Raises
    ------
    DataError
        The registry or the model was replaced during the run.
    """
    run.registry.check_unchanged()
    manifest = run.bundle.folder / "manifest.json"
    if not manifest.is_file() or sha256_of(manifest) != inputs["model_manifest"]:
        raise DataError(f"{manifest}: the model was replaced during the run. Run `riskmodel score` again.")
