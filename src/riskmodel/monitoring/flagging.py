"""The last stage of a scoring run: who is flagged is explained, in bulk, with the facts that are told beside."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.explain import Contributions, require_small, sum_residual
from riskmodel.explain.bulk import SLICE
from riskmodel.files import write_aside
from riskmodel.monitoring.checkpoint import Checkpoints
from riskmodel.monitoring.explaining import contributions_table, explain_flags
from riskmodel.monitoring.facts import gather
from riskmodel.monitoring.flags import FLAGS, contributions_schema
from riskmodel.monitoring.run import FEATURES_FILE, Run
from riskmodel.progress import track

_HOW = b"riskmodel.contributions"


def explain_flagged(run: Run, work: Checkpoints, frame: pd.DataFrame) -> tuple[pa.Table, pa.Table]:
    """Return the flags with their reasons, and all contributions, in the order of the queue.

    Parameters
    ----------
    frame : DataFrame
        Everyone scored, with ``flagged_by`` (empty where not flagged), in the order of the run's features.
    """
    # Villages of two townships may have one code.
    frame = frame.assign(
        village_key=frame["township_code"].fillna("").astype(str) + "|" + frame["village_code"].fillna("").astype(str)
    )
    chosen = frame[frame["flagged_by"] != ""].sort_values("rank", kind="stable").reset_index(drop=True)
    wanted = set(chosen["household_id"])
    picked = [batch[batch["household_id"].isin(wanted)] for batch in run.batches(work)]
    features = pd.concat(picked).set_index("household_id").reindex(chosen["household_id"]).reset_index()
    surroundings, what_if = gather(
        run.registry,
        chosen,
        work=work,
        features=work.path(FEATURES_FILE),
        villages=frame["village_key"],
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


def _contributions(run: Run, work: Checkpoints, chosen: pd.DataFrame, features: pd.DataFrame) -> pa.Table:
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
