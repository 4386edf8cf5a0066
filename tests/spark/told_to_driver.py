"""What a program on Spark let come to the driver, as its event log tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What stands at the top of a plan without changing what its rows are.
_PASSING = {
    "AdaptiveSparkPlan",
    "WholeStageCodegen",
    "InputAdapter",
    "ResultQueryStage",
    "ShuffleQueryStage",
    "AQEShuffleRead",
    "Exchange",
    "Sort",
    "Project",
    "ColumnarToRow",
}


def plans(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the last plan of every query of an event log, as a tree."""
    found: dict[int, dict[str, Any]] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["Event"].endswith(("SQLExecutionStart", "SQLAdaptiveExecutionUpdate")):
            found[event["executionId"]] = event["sparkPlanInfo"]
    yield from found.values()


def jobs_without_query(log: Path) -> list[str]:
    """Return where jobs were started that no query started: rows of an RDD that somebody asked for.

    To read the schema of Parquet files Spark runs one too, over the names of the files.
    """
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["Event"] == "SparkListenerJobStart" and "spark.sql.execution.id" not in event["Properties"]:
            found += [stage["Details"].partition("\n")[0] for stage in event["Stage Infos"]]
    return [place for place in found if "DataFrameReader.parquet" not in place]


def top(plan: dict[str, Any]) -> str:
    """Return the node of a plan that says what its rows are."""
    while _name(plan) in _PASSING and plan["children"]:
        plan = plan["children"][0]
    return _name(plan)


def broadcasts(plan: dict[str, Any]) -> Iterator[set[str]]:
    """Yield, for each table that is broadcast, where its rows come from."""
    if _name(plan) == "BroadcastExchange":
        yield set(_leaves(plan))
    for child in plan["children"]:
        yield from broadcasts(child)


def _leaves(plan: dict[str, Any]) -> Iterator[str]:
    if not plan["children"]:
        yield _name(plan)
    for child in plan["children"]:
        yield from _leaves(child)


def _name(plan: dict[str, Any]) -> str:
    return str(plan["nodeName"]).split(" (")[0]
