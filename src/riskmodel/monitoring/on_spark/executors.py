"""What runs on the executors: functions from batches of rows to batches of rows, for Spark's ``mapInArrow``.

What comes out of the last two are files, written aside and renamed, so that a task that is tried again leaves what the
first would have left; to the driver they tell the file's digest and counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.engine.spark import number_of, part_files
from riskmodel.explain import Contributions, booster_residual
from riskmodel.files import sha256_of, write_aside
from riskmodel.monitoring.beside import LEAST_HOUSEHOLDS, VILLAGE, has_median, rounded
from riskmodel.monitoring.challenger import RISK as OF_CHALLENGER
from riskmodel.monitoring.contributing import CONTRIBUTIONS_FILE
from riskmodel.monitoring.explaining import contributions_table
from riskmodel.monitoring.flagging import FLAGS_FILE, HISTORIES_FILE
from riskmodel.monitoring.flags import SCORES
from riskmodel.monitoring.medians import medians
from riskmodel.monitoring.part import explained
from riskmodel.monitoring.selecting import CHOSEN, SCORES_FILE

if TYPE_CHECKING:
    from riskmodel.monitoring.on_spark.task import Task
    from riskmodel.monitoring.run import Run

Batches = Iterator[pa.RecordBatch]

# Rows of a part whose contributions are held against LightGBM's own.
_SAMPLE = 200
FEATURES, CHOSEN_PARTS = "features", "chosen"
MEDIANS = "medians"

# What the driver is told of a part: the files it left, as JSON, and how it went.
TOLD = pa.schema([("part", pa.int64()), ("rows", pa.int64()), ("told", pa.string())])


def score_batches(task: Task, batches: Batches) -> Batches:
    """Score households: their features come in, ``SCORED`` and the number of their part goes out."""
    scorer = task.run().scorer
    for batch in batches:
        rows = pa.Table.from_batches([batch])
        yield from scorer(rows).append_column("part", rows["part"]).to_batches()


def median_batches(task: Task, batches: Batches) -> Batches:
    """Work out the medians of villages: all households of a village come in together, a row a village goes out.

    In come ``village_key`` and the columns that have a median; out goes the village with the medians of all features
    of the model, in its order.
    """
    run = task.run()
    pieces = list(batches)
    if not pieces:
        return
    rows = pa.Table.from_batches(pieces)
    coded = rows[VILLAGE].combine_chunks().dictionary_encode()
    village = coded.indices.to_numpy().astype(np.int32)
    order = np.argsort(village, kind="stable")
    starts = np.searchsorted(village[order], np.arange(len(coded.dictionary) + 1))
    out = np.full((len(run.model_features), len(coded.dictionary)), np.nan)
    asked = set(with_median(run))
    for place, name in enumerate(run.model_features):
        if name in asked:
            medians(rows[name].to_numpy().astype(np.float64), order, starts, LEAST_HOUSEHOLDS, out[place])
            out[place] = rounded(out[place])
    out = out.T
    ends = pa.array(np.arange(len(out) + 1) * out.shape[1], pa.int32())
    yield pa.RecordBatch.from_arrays(
        [coded.dictionary, pa.ListArray.from_arrays(ends, pa.array(np.ascontiguousarray(out).ravel()))],
        names=[VILLAGE, MEDIANS],
    )


def with_median(run: Run) -> list[str]:
    """Return the model's features that a village has a median of."""
    specs = [run.catalogue.feature(name) for name in run.model_features]
    return [spec.name for spec in specs if has_median(spec)]


def write_scores(task: Task, batches: Batches) -> Batches:
    """Write the parts of ``scores.parquet`` whose numbers come in."""
    run = task.run()
    schema = SCORES if run.challenger is None else SCORES.append(OF_CHALLENGER)
    for batch in batches:
        for number in batch.column("part").to_pylist():
            file = task.folder / SCORES_FILE / f"{number:05d}.parquet"
            rows = 0
            with (
                pq.ParquetFile(_part_of(task, CHOSEN_PARTS, number)) as chosen,
                write_aside(file) as aside,
                pq.ParquetWriter(aside, schema, compression="zstd") as out,
            ):
                for each in chosen.iter_batches():
                    table = pa.Table.from_batches([each])
                    day = pa.repeat(pa.scalar(task.as_of, pa.date32()), table.num_rows)
                    out.write_table(table.append_column("as_of", day).select(schema.names).cast(schema))
                    rows += table.num_rows
            yield _told(number, rows, files={SCORES_FILE: file})


def explain_batches(task: Task, batches: Batches) -> Batches:
    """Explain flagged households: they come in by parts, a part's files are left behind.

    In comes ``CHOSEN`` with the number of the part, the village and its medians.
    """
    rows = list(batches)
    if not rows:
        return
    flagged = pa.Table.from_batches(rows)
    for number in sorted(flagged["part"].unique().to_pylist()):
        mine = flagged.filter(pc.equal(flagged["part"], number)).sort_by("household_id")
        yield _explain(task, number, mine)


def _explain(task: Task, number: int, flagged: pa.Table) -> pa.RecordBatch:
    started = time.perf_counter()
    run = task.run()
    chosen = flagged.select([*CHOSEN.names, VILLAGE]).to_pandas()
    features = _features(task, run, number, flagged["household_id"])
    contributor = Contributions(run.bundle.classifier, rows=len(chosen))
    values = contributor(features[run.model_features])
    new = explained(
        chosen,
        features,
        values,
        registry=run.registry,
        bundle=run.bundle,
        specs=run.specs,
        entries=[run.catalogue.feature(name) for name in run.model_features],
        levers=list(run.catalogue.levers.values()),
        policy=run.policy,
        as_of=run.as_of,
        provenance=run.provenance,
        medians=_medians(run, flagged),
        begins=task.begins,
        then=task.then,
    )
    order = pa.array(np.argsort(chosen["number"].to_numpy(), kind="stable"))
    left = {
        FLAGS_FILE: new.flags.take(order),
        CONTRIBUTIONS_FILE: contributions_table(chosen.assign(as_of=run.as_of), values, run.bundle).take(order),
        HISTORIES_FILE: new.histories,
    }
    files = write_part(task.folder, number, left)
    residuals = {
        "against_margin": new.off,
        "against_lightgbm": booster_residual(run.bundle.classifier, features[run.model_features].head(_SAMPLE)),
    }
    return _told(
        number,
        len(chosen),
        files=files,
        contributions=contributor.told(),
        residuals=residuals,
        seconds=round(time.perf_counter() - started, 3),
    )


def write_part(folder: Path, number: int, tables: Mapping[str, pa.Table]) -> dict[str, Path]:
    """Write one part of each of some results; return the files by the result's name."""
    files = {}
    for name, table in tables.items():
        files[name] = folder / name / f"{number:05d}.parquet"
        with write_aside(files[name]) as aside:
            pq.write_table(table, aside, compression="zstd")
    return files


def of_files(files: Mapping[str, Path]) -> dict[str, Any]:
    """Return what a record says of a part's files."""
    return {
        f"{name}/{path.name}": {"sha256": sha256_of(path), "rows": pq.read_metadata(path).num_rows}
        for name, path in files.items()
    }


def _features(task: Task, run: Run, number: int, households: pa.ChunkedArray) -> pd.DataFrame:
    """Return the features of some households of a part, in their order, which is that of the part."""
    columns = ["household_id", *run.needed]
    rows = pq.read_table(_part_of(task, FEATURES, number), columns=columns, partitioning=None)
    return rows.filter(pc.is_in(rows["household_id"], value_set=households.combine_chunks())).to_pandas()


def _medians(run: Run, flagged: pa.Table) -> pd.DataFrame:
    found = dict(zip(flagged[VILLAGE].to_pylist(), flagged[MEDIANS].to_pylist(), strict=True))
    nothing = [np.nan] * len(run.model_features)
    rows = [each if each is not None else nothing for each in found.values()]
    return pd.DataFrame(
        np.array(rows, dtype=np.float64).reshape(len(found), len(run.model_features)),
        index=pd.Index(list(found), dtype=object),
        columns=run.model_features,
    )


def _part_of(task: Task, name: str, number: int) -> Path:
    return next(file for file in part_files(task.folder / name) if number_of(file) == number)


def _told(number: int, rows: int, *, files: dict[str, Path], **more: Any) -> pa.RecordBatch:
    told = json.dumps({"files": of_files(files), **more})
    return pa.RecordBatch.from_pydict({"part": [number], "rows": [rows], "told": [told]}, schema=TOLD)
