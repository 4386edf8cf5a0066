"""Whom to flag, on Spark: the expressions that DuckDB works out on one machine, and the counts of a run's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from riskmodel.files import write_aside
from riskmodel.monitoring.challenger import beside
from riskmodel.monitoring.choosing import choose, named
from riskmodel.monitoring.on_spark.executors import CHOSEN_PARTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from riskmodel.engine.spark import SparkFiles
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run

SCORED = "scored"


def choose_on_spark(run: Run, spark: SparkFiles, work: Checkpoints, *, parts: int) -> dict[str, Any]:
    """Choose whom to flag, into parts; return counts, the queue's risk, and how a challenger's list differs."""
    scored = spark.table(spark.parts(work.path(SCORED)))
    # All columns go along: to join them afterwards would move as much between executors as it spares.
    chosen = choose(scored.mutate(named=named(scored)), run.selection, as_of=run.as_of)
    by = {"both": chosen.by_model & chosen.by_rule, "model": chosen.by_model, "rule": chosen.by_rule}
    word: Any = ""
    for name, condition in reversed(by.items()):
        word = condition.ifelse(name, word)
    with write_aside(work.path(CHOSEN_PARTS)) as aside:
        frame = spark.frame(chosen.mutate(flagged_by=word))
        spark.write_parts(frame, aside, parts=parts, keys=["household_id"])
    rows = spark.table(spark.parts(work.path(CHOSEN_PARTS)))
    told = _counted(rows)
    told["challenger"] = None
    if run.challenger is not None:
        told["challenger"] = beside(run.challenger, scored, rows, run.selection, as_of=run.as_of)
    return told


def _counted(rows: ir.Table) -> dict[str, Any]:
    """Return the counts of a run's record: one row comes from the executors."""
    conditions = {
        "on_list": rows.on_list,
        "outside_cohort": ~rows.on_list & ~rows.in_cohort,
        "eligible": rows["rank"].notnull(),
        "flagged": rows.flagged_by != "",
        **{f"by_{word}": rows.flagged_by == word for word in ("model", "rule", "both")},
        "places": rows.by_model,
        "left_out": rows.left_out,
    }
    many = {name: condition.cast("int64").sum() for name, condition in conditions.items()}
    queue = rows["rank"].notnull()
    found = _one(rows.aggregate(present=rows.count(), cases=rows.risk.sum(where=queue), **many))
    eligible = int(found["eligible"] or 0)
    # The queue is in the order of risk: its middle is a place in it, or between two.
    middle = rows["rank"].isin([(eligible + 1) // 2, eligible // 2 + 1])
    median = _one(rows.aggregate(median=rows.risk.mean(where=middle)))["median"]
    counts = {name: int(found[name] or 0) for name in ("present", *conditions)}
    places, left_out = counts.pop("places"), counts.pop("left_out")
    cases = float(found["cases"] or 0.0)
    risk = {"mean": cases / eligible if eligible else None, "median": median, "expected_cases": cases}
    return {"counts": counts, "places": places, "left_out": left_out, "risk": risk}


def _one(row: ir.Table) -> dict[str, Any]:
    told: dict[str, Any] = row.to_pyarrow().to_pylist()[0]
    return told
