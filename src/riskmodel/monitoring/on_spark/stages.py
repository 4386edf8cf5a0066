"""The stages of a run on Spark, as the driver asks for them: features, scores, selection, flags, writing.

Everyone lies in parts, ranges of household_id, each a file that executors read and write on a file system that all of
them share. The driver is told counts, digests and timings. A stage that is finished is noted; a run that is continued
goes on with the next.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.engine.calendar import add_months
from riskmodel.engine.spark import number_of, part_files
from riskmodel.errors import DataError
from riskmodel.explain import require_small
from riskmodel.features.builder import rows_by
from riskmodel.files import remove, write_aside
from riskmodel.monitoring import record
from riskmodel.monitoring.beside import VILLAGE
from riskmodel.monitoring.contributing import CONTRIBUTIONS_FILE
from riskmodel.monitoring.flagging import FLAGS_FILE, HISTORIES_FILE
from riskmodel.monitoring.flags import FLAGS, HISTORIES, contributions_schema
from riskmodel.monitoring.ledgers import begins_known_at
from riskmodel.monitoring.on_spark import executors
from riskmodel.monitoring.on_spark.executors import CHOSEN_PARTS, FEATURES, MEDIANS, TOLD
from riskmodel.monitoring.on_spark.selection import SCORED, choose_on_spark
from riskmodel.monitoring.on_spark.shipping import ship
from riskmodel.monitoring.on_spark.task import Task
from riskmodel.monitoring.selecting import CHOSEN, SCORES_FILE, Selected

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from riskmodel.engine.spark import SparkFiles
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run

_LOG = logging.getLogger(__name__)

# Households of a part: what one executor's core holds at a time, with all of their features.
PART_ROWS = 50_000
# Fewer than so many are not worth a task of their own.
_LEAST = 2_000
RESULTS = (SCORES_FILE, FLAGS_FILE, CONTRIBUTIONS_FILE, HISTORIES_FILE)
_OURS = re.compile(r"riskmodel\.errors\.\w+: (.*)")
_CAUSES = re.compile(r"^(?:Caused by)?: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Scored:
    """What a run on Spark came to.

    Attributes
    ----------
    selected : Selected
        Without the risks of the queue, which stay where they are.
    challenger : dict or None
        How the challenger's list would be another one, where there is one.
    risk : dict
        Mean and median of the queue, and the cases to be expected in it.
    files : dict
        What the record says of each result.
    parts : int
        How many parts everyone was cut into.
    """

    selected: Selected
    challenger: dict[str, Any] | None
    risk: dict[str, Any]
    files: dict[str, Any]
    parts: int


def score_on_spark(run: Run, work: Checkpoints) -> Scored:
    """Score everyone and explain the flags; leave the results among the parts of the run, a folder each.

    Raises
    ------
    DataError
        Nobody is present at ``as_of``; contributions that do not add up; a model that changed on its way.
    """
    with _in_our_words():
        return _scored(run, work)


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    """Raise what went wrong on an executor as it was raised there, without Java's and Python's tracks."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        raise DataError(_in_short(str(error))) from error


def _in_short(told: str) -> str:
    """Return what was at the bottom of an error that Spark tells at length.

    >>> _in_short("calling o1.parquet.\\n: org.x.Failed: a stage\\n\\tat org.x\\nCaused by: org.x.Full: the disk\\n")
    'Spark: org.x.Full: the disk'
    """
    if (mine := _OURS.search(told)) is not None:
        return mine[1]
    causes = _CAUSES.findall(told)
    return f"Spark: {causes[-1] if causes else told.strip().splitlines()[0]}"


def _scored(run: Run, work: Checkpoints) -> Scored:
    from riskmodel.engine.spark import SparkFiles

    spark = SparkFiles(memory=run.budget.memory)
    with run.stage("features"):
        bounds = _noted(work, "bounds", lambda: {"first": _bounds(run, spark)})["first"]
        _noted(work, FEATURES, lambda: _build(run, spark, work, bounds), folders=[FEATURES])
    parts = len(bounds) + 1
    task = _task(run, spark, work)
    with run.stage("scores"):
        _noted(work, SCORED, lambda: _score(run, spark, work, task), folders=[SCORED])
    with run.stage("selection"):
        told = _noted(
            work, CHOSEN_PARTS, lambda: choose_on_spark(run, spark, work, parts=parts), folders=[CHOSEN_PARTS]
        )
        scores = _noted(
            work, "scores", lambda: {"parts": _write_scores(spark, work, task, parts)}, folders=[SCORES_FILE]
        )
    with run.stage("flags"):
        flagged = told["counts"]["flagged"]
        flags = _noted(
            work,
            "flags",
            lambda: {"parts": _explain(run, spark, work, task, parts=parts, flagged=flagged)},
            folders=[FLAGS_FILE, CONTRIBUTIONS_FILE, HISTORIES_FILE],
        )
    _check(run, flags["parts"])
    files: dict[str, dict[str, Any]] = {name: {} for name in RESULTS}
    for part in [*scores["parts"], *flags["parts"]]:
        for name, entry in part["files"].items():
            files[Path(name).parent.name][name] = entry
    return Scored(
        selected=Selected(dict(told["counts"]), places=told["places"], left_out=told["left_out"]),
        challenger=told["challenger"],
        risk=told["risk"],
        files={name: record.of_parts(each) for name, each in files.items()},
        parts=parts,
    )


def _noted(
    work: Checkpoints, name: str, make: Callable[[], dict[str, Any]], *, folders: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what was told of a stage that is finished and left its folders as they are, else do it and note it."""
    told = work.noted(name)
    if told is None or told["weights"] != _weights(work, folders):
        told = make()
        told["weights"] = _weights(work, folders)
        work.note(name, told, files={})
    return told


def _weights(work: Checkpoints, folders: Sequence[str]) -> list[list[int]]:
    """Return how many files each folder holds, and their bytes."""
    found = []
    for name in folders:
        sizes = [path.stat().st_size for path in work.path(name).rglob("*") if path.is_file()]
        found.append([len(sizes), sum(sizes)])
    return found


def _bounds(run: Run, spark: SparkFiles) -> list[str]:
    """Return the first household of each part but the first: parts are about equally large."""
    from pyspark.sql import functions as sf

    known = sum(pq.read_metadata(path).num_rows for path in run.registry.files("household"))
    parts = max(-(-known // PART_ROWS), min(spark.session.sparkContext.defaultParallelism, known // _LEAST), 1)
    if parts == 1:
        return []
    households = run.registry.read_by(spark.read).table("household").select("household_id").distinct()
    ranges = spark.frame(households).repartitionByRange(parts, "household_id")
    first = ranges.groupBy(sf.spark_partition_id().alias("range")).agg(sf.min("household_id").alias("first"))
    return sorted(row["first"] for row in first.collect())[1:]


def _part_of(column: Column, bounds: list[str], low: int = 0) -> Column:
    """Return the number of a household's part, found by halving."""
    from pyspark.sql import functions as sf

    if not bounds:
        return sf.lit(low)
    middle = len(bounds) // 2
    before = _part_of(column, bounds[:middle], low)
    after = _part_of(column, bounds[middle + 1 :], low + middle + 1)
    return sf.when(column < sf.lit(bounds[middle]), before).otherwise(after)


def _build(run: Run, spark: SparkFiles, work: Checkpoints, bounds: list[str]) -> dict[str, Any]:
    from pyspark.sql import functions as sf

    absent = record.absent_tables(run.registry, run.catalogue.only(run.needed).features.values())
    for name, missing in absent.items():
        _LOG.warning("the registry has no table %s: %d features are missing for everyone", name, len(missing))
    rows = rows_by(spark, run.registry, run.outputs, as_of=run.as_of, policy=run.policy, keep=run.keep)
    frame = spark.frame(rows).withColumn("part", _part_of(sf.col("household_id"), bounds))
    with write_aside(work.path(FEATURES)) as aside:
        many = spark.write_parts(frame, aside, parts=len(bounds) + 1, keys=["household_id"])
    if not many:
        remove(work.path(FEATURES))
        raise DataError(f"{run.registry.path}: no household is present at {run.as_of}: choose a later as_of.")
    run.registry.check_unchanged()
    return {"rows": many}


def _task(run: Run, spark: SparkFiles, work: Checkpoints) -> Task:
    beside = None if run.challenger is None else ship(run.challenger.bundle, spark.session)
    before = add_months(run.as_of, -12)
    begun = begins_known_at(run.registry.read_by(spark.read), [run.as_of, before])
    return Task.of(
        run,
        model=ship(run.bundle, spark.session),
        challenger=beside,
        folder=work.folder,
        begins=begun[run.as_of],
        then=begun[before],
    )


def _score(run: Run, spark: SparkFiles, work: Checkpoints, task: Task) -> dict[str, Any]:
    schema = run.scorer.schema.append(pa.field("part", pa.int32()))
    frame = _by(executors.score_batches, task, spark.parts(work.path(FEATURES)), schema)
    with write_aside(work.path(SCORED)) as aside:
        return {"rows": spark.write_rows(frame, aside)}


def _write_scores(spark: SparkFiles, work: Checkpoints, task: Task, parts: int) -> list[dict[str, Any]]:
    there = [number_of(file) for file in part_files(work.path(CHOSEN_PARTS))]
    work.path(SCORES_FILE).mkdir(exist_ok=True)
    numbers = spark.session.range(0, parts, 1, parts).withColumnRenamed("id", "part")
    return _told(_by(executors.write_scores, task, numbers.filter(numbers.part.isin(there)), TOLD))


def _explain(
    run: Run, spark: SparkFiles, work: Checkpoints, task: Task, *, parts: int, flagged: int
) -> list[dict[str, Any]]:
    from pyspark.sql import functions as sf

    nobody = {
        FLAGS_FILE: FLAGS.empty_table(),
        CONTRIBUTIONS_FILE: contributions_schema(run.model_features).empty_table(),
        HISTORIES_FILE: HISTORIES.empty_table(),
    }
    for name in nobody:
        work.path(name).mkdir(exist_ok=True)
    if not flagged:
        files = executors.of_files(executors.write_part(work.folder, 0, nobody))
        return [{"part": 0, "rows": 0, "files": files}]
    codes = [sf.coalesce(sf.col(name), sf.lit("")) for name in ("township_code", "village_code")]
    village = sf.concat_ws("|", *codes)
    features = spark.parts(work.path(FEATURES)).withColumn(VILLAGE, village)
    chosen = spark.parts(work.path(CHOSEN_PARTS)).filter("flagged_by != ''").withColumn(VILLAGE, village)
    schema = pa.schema([(VILLAGE, pa.string()), (MEDIANS, pa.list_(pa.float64()))])
    together = features.select(VILLAGE, *executors.with_median(run)).repartition(VILLAGE)
    medians = _by(executors.median_batches, task, together, schema)
    rows = chosen.select(*CHOSEN.names, "part", VILLAGE).join(medians, VILLAGE, "left")
    return _told(_by(executors.explain_batches, task, rows.repartition(8 * parts, "part"), TOLD))


def _by(
    work: Callable[[Task, executors.Batches], executors.Batches], task: Task, frame: DataFrame, schema: pa.Schema
) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    return frame.mapInArrow(partial(work, task), from_arrow_schema(schema))


def _told(frame: DataFrame) -> list[dict[str, Any]]:
    """Have the executors do it; return what they tell of each part, in their order."""
    rows = sorted(frame.collect(), key=lambda row: row["part"])
    return [{"part": row["part"], "rows": row["rows"], **json.loads(row["told"])} for row in rows]


def _check(run: Run, parts: Iterable[dict[str, Any]]) -> None:
    """Note how the contributions were worked out, and refuse ones that do not add up."""
    run.residuals |= {"against_margin": 0.0, "against_lightgbm": 0.0}
    for told in parts:
        if not told["rows"]:
            continue
        run.explained.append(told["contributions"])
        for name, off in told["residuals"].items():
            run.residuals[name] = max(run.residuals[name], off)
    require_small(run.residuals["against_margin"], what="base value + contributions against the margin")
    require_small(run.residuals["against_lightgbm"], what="contributions against LightGBM's own")
