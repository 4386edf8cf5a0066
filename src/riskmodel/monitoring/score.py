"""Scoring a registry: everyone's risk, the flags with their reasons, and a record of how they came about.

The work goes in stages (features, scores, flags), the last two in chunks. Each finished part is kept beside the
results until all is done, so an interrupted run can be continued; what it leaves is byte for byte what an
uninterrupted run leaves (``run.json`` apart, which has timings).
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import CallError, DataError, RiskmodelError
from riskmodel.explain import booster_residual, require_small
from riskmodel.features.engines import check_engine
from riskmodel.features.levers import levers_digest
from riskmodel.files import remove, write_aside
from riskmodel.monitoring import record
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.challenger import Challenger, with_risk
from riskmodel.monitoring.checkpoint import Checkpoints, check_same
from riskmodel.monitoring.choosing import Choice, choose
from riskmodel.monitoring.cohort import cohort_outputs, digest, in_cohort, trained_cohort
from riskmodel.monitoring.explaining import Provenance
from riskmodel.monitoring.facts import HISTORIES_FILE
from riskmodel.monitoring.flagging import explain_flagged
from riskmodel.monitoring.flags import SCORES
from riskmodel.monitoring.matching import catalogue_hash, check_same_features, trained_specs
from riskmodel.monitoring.rules import rules_met, trained_rules
from riskmodel.monitoring.run import FEATURES_FILE, Run
from riskmodel.monitoring.standing import standing
from riskmodel.progress import track
from riskmodel.workspace import workspace_policy

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.model import Bundle
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

_LOG = logging.getLogger(__name__)

CHUNK = 50_000
FLAG_CHUNK = 2_000
_BOOSTER_SAMPLE = 200
_ROW_GROUP = 128_000

_SCORED = pa.schema([("margin", pa.float64()), ("risk", pa.float64()), ("rules", pa.list_(pa.string()))])


def score_registry(
    registry: Registry,
    bundle: Bundle,
    *,
    model: str,
    model_version: int,
    as_of: date,
    out: Path,
    catalogue: Catalogue,
    capacity: Capacity,
    rule_capacity: Capacity | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
    chunk: int = CHUNK,
    flag_chunk: int = FLAG_CHUNK,
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
    capacity : Capacity
        The model's flags, of the households that are not on the list and belong to the model's cohort.
    rule_capacity : Capacity, optional
        The most to flag by rule alone; None flags everyone whom a rule names.
    engine : str
        What works out the features: ``"auto"``, ``"fused"``, ``"duckdb"`` or ``"spark"``; the record says which ran.
    chunk, flag_chunk : int
        Households scored, and flags explained, at a time; bounds the memory.
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
        Unknown engine, a catalogue that differs, other inputs than those of the run to resume.
    DataError
        Nobody is present at ``as_of``; contributions that do not add up.
    """
    check_engine(engine)
    if out.exists() and not out.is_dir():
        raise CallError(f"{out}: is a file; --out must name a folder.")
    for name, number in (("chunk", chunk), ("flag_chunk", flag_chunk)):
        if number < 1:
            raise CallError(f"{name} is {number}; expected 1 household or more at a time.")
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
        capacity=capacity,
        rule_capacity=rule_capacity,
        engine=engine,
        chunk=chunk,
        flag_chunk=flag_chunk,
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
            "capacity": capacity,
            "rule_capacity": rule_capacity or "all",
            "engine": engine,
        }
        | {"chunk": chunk, "flag_chunk": flag_chunk},
    )
    work = None
    if resume:
        work = Checkpoints.resume(out, inputs)
        if work is None and (finished := record.finished(out)) is not None:
            check_same(finished["inputs"], inputs, place=out)
            return finished
    work = work or Checkpoints.begin(out, inputs)
    try:
        return _stages(run, work, out, inputs)
    except BaseException as error:
        # What fell short once falls short again: there is nothing to resume.
        if isinstance(error, RiskmodelError) or work.empty:
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
    with run.stage("features"):
        _build_features(run, work)
    with run.stage("scores"):
        people, scored = _score(run, work)
    choice = choose(
        household_id=people["household_id"].tolist(),
        as_of=run.as_of,
        risk=scored["risk"].to_numpy(),
        margin=scored["margin"].to_numpy(),
        on_list=people["on_list"].to_numpy(dtype=bool),
        named_by_rule=scored["rules"].map(len).to_numpy() > 0,
        in_cohort=people["in_cohort"].to_numpy(dtype=bool),
        capacity=run.capacity,
        rule_capacity=run.rule_capacity,
    )
    frame = _with_choice(people, scored, choice)
    with run.stage("flags"):
        flags, contributions = explain_flagged(run, work, frame)
    with run.stage("writing"):
        final = {
            "scores.parquet": _scores_table(frame),
            "flags.parquet": flags,
            "contributions.parquet": contributions,
        }
        for name, table in final.items():
            with write_aside(work.path(name)) as aside:
                pq.write_table(table, aside, compression="zstd", row_group_size=_ROW_GROUP)
        copied = record.copy_of_model(run.bundle, work.path(record.MODEL))
        told = record.record(
            run.bundle,
            model=run.provenance,
            registry=run.registry,
            absent=record.absent_tables(run.registry, run.catalogue.only(run.needed).features.values()),
            as_of=run.as_of,
            inputs=inputs,
            frame=frame,
            choice=choice,
            rules=run.rules,
            capacity=run.capacity,
            rule_capacity=run.rule_capacity,
            residuals=run.residuals,
            explained=run.explained,
            engine=run.ran.to_dict(),
            timings=run.timings,
            files={name: work.path(name) for name in (*final, HISTORIES_FILE, *copied)},
        )
        if run.challenger is not None:
            told["challenger"] = run.challenger.beside(people, scored, choice, capacity=run.capacity)
        for name in (*final, HISTORIES_FILE):
            work.path(name).replace(out / name)
        remove(out / record.MODEL)
        work.path(record.MODEL).replace(out / record.MODEL)
        with write_aside(out / record.NAME) as aside:
            aside.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    work.close()
    return told


def _build_features(run: Run, work: Checkpoints) -> None:
    from riskmodel.features.builder import evaluate

    if not work.has(FEATURES_FILE):
        specs = run.catalogue.only(run.needed).features
        for name, missing in record.absent_tables(run.registry, specs.values()).items():
            _LOG.warning("the registry has no table %s: %d features are missing for everyone", name, len(missing))
        features = {name: spec.node for name, spec in specs.items() if spec.node is not None}
        table = evaluate(
            run.registry,
            {**features, **run.figures, **run.cohort},
            as_of=run.as_of,
            policy=run.policy,
            engine=run.engine,
        )
        table.write_sorted(work.path(FEATURES_FILE), memory_limit=run.registry.memory_limit)
    if not pq.read_metadata(work.path(FEATURES_FILE)).num_rows:
        raise DataError(f"{run.registry.path}: no household is present at {run.as_of}: choose a later as_of.")


def _score(run: Run, work: Checkpoints) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = standing(run.registry, as_of=run.as_of)
    classifier = run.bundle.classifier
    ids, asked, parts = [], [], []
    rows = pq.read_metadata(work.path(FEATURES_FILE)).num_rows
    for number, batch in enumerate(track(run.batches(work), label="scoring", total=-(-rows // run.chunk))):
        name = f"scored-{number:05d}.parquet"
        if not work.has(name):
            X = batch[run.model_features]
            part = pa.table(
                [
                    pa.array(np.asarray(classifier.decision_function(X), dtype=np.float64)),
                    pa.array(np.asarray(classifier.predict_proba(X)[:, 1], dtype=np.float64)),
                    pa.array([list(met) for met in rules_met(batch, run.rules)], pa.list_(pa.string())),
                ],
                schema=_SCORED,
            )
            for column, values in run.challenger.score(batch).items() if run.challenger is not None else ():
                part = part.append_column(column, values)
            with write_aside(work.path(name)) as aside:
                pq.write_table(part, aside)
        if number == 0:
            sample = batch[run.model_features].head(_BOOSTER_SAMPLE)
            residual = booster_residual(classifier, sample)
            require_small(residual, what="contributions against LightGBM's own")
            run.residuals["against_lightgbm"] = residual
        ids.append(batch["household_id"])
        asked.append(in_cohort(batch))
        parts.append(pq.read_table(work.path(name)))
    people = known.reindex(pd.concat(ids, ignore_index=True)).rename_axis("household_id").reset_index()
    people["on_list"] = people["on_list"].eq(True)
    people["in_cohort"] = np.concatenate(asked)
    people["as_of"] = run.as_of
    return people, pa.concat_tables(parts).to_pandas()


def _with_choice(people: pd.DataFrame, scored: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    by = np.select(
        [choice.by_model & choice.by_rule, choice.by_model, choice.by_rule], ["both", "model", "rule"], default=""
    )
    beside = {name: scored[name].to_numpy() for name in ("challenger_risk",) if name in scored}
    return people.assign(
        **beside,
        risk=scored["risk"].to_numpy(),
        margin=scored["margin"].to_numpy(),
        rules=scored["rules"].to_numpy(),
        rank=choice.rank,
        flagged_by=by,
    )


def _scores_table(frame: pd.DataFrame) -> pa.Table:
    schema = with_risk(SCORES, frame.columns)
    columns = {name: frame[name] for name in schema.names}
    columns["rank"] = frame["rank"].where(frame["rank"] > 0).astype("Int64")
    return pa.table([pa.array(columns[f.name], f.type, from_pandas=True) for f in schema], schema=schema)
