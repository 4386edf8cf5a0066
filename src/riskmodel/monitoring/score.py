"""Scoring a registry: everyone's risk, the flags with their reasons, and a record of how they came about.

The work goes in stages (features, scores, flags), the last two in chunks. Each finished part is kept beside the
results until all is done, so an interrupted run can be continued; what it leaves is byte for byte what an
uninterrupted run leaves (``run.json`` apart, which has timings).
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import CallError, DataError, RiskmodelError
from riskmodel.evaluation.baselines import figure_nodes
from riskmodel.explain import Contributions, booster_residual, require_small, sum_residual
from riskmodel.explain.bulk import SLICE
from riskmodel.features.engines import Choice as Engine
from riskmodel.features.engines import check_engine, choose_engine
from riskmodel.files import remove, write_aside
from riskmodel.monitoring import record
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.categories import FEATURES as CATEGORY_FEATURES
from riskmodel.monitoring.challenger import Challenger, with_risk
from riskmodel.monitoring.checkpoint import Checkpoints, check_same
from riskmodel.monitoring.choosing import Choice, choose
from riskmodel.monitoring.cohort import cohort_outputs, digest, in_cohort, trained_cohort
from riskmodel.monitoring.explaining import Provenance, contributions_table, explain_flags
from riskmodel.monitoring.facts import HISTORIES_FILE, gather
from riskmodel.monitoring.flags import FLAGS, SCORES, contributions_schema
from riskmodel.monitoring.matching import catalogue_hash, check_same_features, trained_specs
from riskmodel.monitoring.rules import FlagRule, rules_met, trained_rules
from riskmodel.monitoring.standing import standing
from riskmodel.progress import step, track
from riskmodel.workspace import workspace_policy

if TYPE_CHECKING:
    from riskmodel.engine import plan
    from riskmodel.features import Catalogue, FeatureSpec
    from riskmodel.model import Bundle
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

_LOG = logging.getLogger(__name__)

CHUNK = 50_000
FLAG_CHUNK = 2_000
_BOOSTER_SAMPLE = 200
_FEATURES = "features.parquet"
_HOW = b"riskmodel.contributions"
_ROW_GROUP = 128_000

_SCORED = pa.schema([("margin", pa.float64()), ("risk", pa.float64()), ("rules", pa.list_(pa.string()))])


@dataclass
class _Run:
    """What the stages of one run share."""

    registry: Registry
    bundle: Bundle
    catalogue: Catalogue
    policy: Policy
    as_of: date
    capacity: Capacity
    rule_capacity: Capacity | None
    engine: str
    chunk: int
    flag_chunk: int
    specs: list[FeatureSpec]
    cohort: dict[str, plan.Household]
    rules: list[FlagRule]
    provenance: Provenance
    challenger: Challenger | None = None
    timings: dict[str, float] = field(default_factory=dict)
    residuals: dict[str, float] = field(default_factory=dict)
    explained: list[dict[str, Any]] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        with step(name):
            yield
        self.timings[name] = round(time.monotonic() - started, 3)

    @property
    def model_features(self) -> list[str]:
        return [spec.name for spec in self.specs]

    @property
    def figures(self) -> dict[str, plan.Household]:
        """The figures of the policy record that rules compare with, by column."""
        return figure_nodes([rule.rule for rule in self.rules])

    @property
    def ran(self) -> Engine:
        """What works out the features, and why."""
        nodes = {name: self.catalogue.feature(name).node for name in self.needed}
        asked = {name: node for name, node in nodes.items() if node is not None}
        return choose_engine(self.registry, {**asked, **self.cohort}, self.engine)

    @property
    def needed(self) -> list[str]:
        """The model's features, then what rules, categories and measures read of what the catalogue has."""
        known = self.catalogue.features
        others = [*(rule.rule.feature for rule in self.rules), *CATEGORY_FEATURES, "members_able"]
        beside = [] if self.challenger is None else self.challenger.bundle.names
        return list(dict.fromkeys([*self.model_features, *(name for name in others if name in known), *beside]))


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
    run = _Run(
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
        settings={"capacity": capacity, "rule_capacity": rule_capacity or "all", "engine": engine}
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


def _stages(run: _Run, work: Checkpoints, out: Path, inputs: dict[str, str]) -> dict[str, Any]:
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
        flags, contributions = _explain(run, work, frame)
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


def _build_features(run: _Run, work: Checkpoints) -> None:
    from riskmodel.features.builder import evaluate

    if not work.has(_FEATURES):
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
        table.write_sorted(work.path(_FEATURES), memory_limit=run.registry.memory_limit)
    if not pq.read_metadata(work.path(_FEATURES)).num_rows:
        raise DataError(f"{run.registry.path}: no household is present at {run.as_of}: choose a later as_of.")


def _batches(run: _Run, work: Checkpoints) -> Iterator[pd.DataFrame]:
    file = pq.ParquetFile(work.path(_FEATURES))
    try:
        for batch in file.iter_batches(
            batch_size=run.chunk, columns=["household_id", *run.needed, *run.figures, *run.cohort]
        ):
            yield batch.to_pandas()
    finally:
        file.close()


def _score(run: _Run, work: Checkpoints) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = standing(run.registry, as_of=run.as_of)
    classifier = run.bundle.classifier
    ids, asked, parts = [], [], []
    rows = pq.read_metadata(work.path(_FEATURES)).num_rows
    for number, batch in enumerate(track(_batches(run, work), label="scoring", total=-(-rows // run.chunk))):
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


def _explain(run: _Run, work: Checkpoints, frame: pd.DataFrame) -> tuple[pa.Table, pa.Table]:
    chosen = frame[frame["flagged_by"] != ""].sort_values("rank", kind="stable").reset_index(drop=True)
    wanted = set(chosen["household_id"])
    picked = [batch[batch["household_id"].isin(wanted)] for batch in _batches(run, work)]
    features = pd.concat(picked).set_index("household_id").reindex(chosen["household_id"]).reset_index()
    surroundings, what_if = gather(
        run.registry,
        chosen,
        work=work,
        features=work.path(_FEATURES),
        villages=frame["village_code"],
        own=features,
        specs=[run.catalogue.feature(name) for name in run.model_features],
        levers=list(run.catalogue.levers.values()),
        bundle=run.bundle,
        policy=run.policy,
        as_of=run.as_of,
    )
    every = _contributions(run, work, chosen, features)
    flags: list[pa.Table] = []
    starts: Sequence[int] = range(0, len(chosen), run.flag_chunk)
    for number, start in enumerate(track(starts, label="explaining")):
        name = f"flags-{number:05d}.parquet"
        if not work.has(name):
            rows = slice(start, start + run.flag_chunk)
            told = explain_flags(
                chosen.iloc[rows].reset_index(drop=True),
                features.iloc[rows].reset_index(drop=True),
                np.column_stack([every[name].to_numpy()[rows] for name in run.model_features]),
                base_value=float(run.bundle.classifier.base_value_),
                specs=run.specs,
                surroundings=surroundings,
                what_if=what_if,
                provenance=run.provenance,
            )
            with write_aside(work.path(name)) as aside:
                pq.write_table(told, aside)
        flags.append(pq.read_table(work.path(name), schema=FLAGS))
    all_flags = pa.concat_tables(flags) if flags else FLAGS.empty_table()
    return all_flags.combine_chunks(), every


def _contributions(run: _Run, work: Checkpoints, chosen: pd.DataFrame, features: pd.DataFrame) -> pa.Table:
    """Return the contributions of every flag, worked out in slices that do not depend on how the run is cut up."""
    parts = [contributions_schema(run.model_features).empty_table()]
    contributor = Contributions(run.bundle.classifier, rows=len(chosen))
    for number, start in enumerate(range(0, len(chosen), SLICE)):
        name = f"contributions-{number:05d}.parquet"
        rows = slice(start, start + SLICE)
        if not work.has(name):
            part = contributions_table(
                chosen.iloc[rows], contributor(features.iloc[rows][run.model_features]), run.bundle
            )
            # What was done is told by the part, for a run that takes it up.
            part = part.replace_schema_metadata({_HOW: json.dumps(contributor.told())})
            with write_aside(work.path(name)) as aside:
                pq.write_table(part, aside)
        part = pq.read_table(work.path(name))
        run.explained.append(json.loads((part.schema.metadata or {})[_HOW]))
        parts.append(part.replace_schema_metadata(None))
    every = pa.concat_tables(parts).combine_chunks()
    run.residuals["against_margin"] = sum_residual(
        np.column_stack([every[name].to_numpy() for name in run.model_features]),
        base_value=float(run.bundle.classifier.base_value_),
        margin=every["margin"].to_numpy(),
    )
    require_small(run.residuals["against_margin"], what="base value + contributions against the margin")
    return every


def _scores_table(frame: pd.DataFrame) -> pa.Table:
    schema = with_risk(SCORES, frame.columns)
    columns = {name: frame[name] for name in schema.names}
    columns["rank"] = frame["rank"].where(frame["rank"] > 0).astype("Int64")
    return pa.table([pa.array(columns[f.name], f.type, from_pandas=True) for f in schema], schema=schema)
