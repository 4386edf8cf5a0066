"""The process that talks to MLflow: ``python -m riskmodel.evaluation.mlflow_worker STORE ASIDE``, a record on stdin.

Started by :class:`riskmodel.evaluation.tracking.MlflowTracker` with telemetry switched off in its environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import time
import uuid
from pathlib import Path
from typing import Any

_METRICS_AT_ONCE = 900


def main(store: Path, aside: Path) -> None:
    """Import MLflow; when told to, open the store; write the record that follows; answer with the run's id.

    Where there is no store yet, one is made in the folder ``aside``, and put in its place once there is a record.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    from mlflow.telemetry import get_telemetry_client

    if get_telemetry_client() is not None:
        sys.exit("MLflow's telemetry is on although it was switched off; nothing was logged")
    if not sys.stdin.readline():
        return
    made = None if store.exists() else aside / store.name
    client = _opened(made or store)
    text = sys.stdin.read()
    if not text.strip():
        return
    if made is not None:
        put_in_place(made, store)
        client = _opened(store)
    sys.stdout.write(json.dumps({"run_id": _write(client, json.loads(text))}) + "\n")


def _opened(store: Path) -> Any:
    import mlflow.tracking

    client = mlflow.tracking.MlflowClient(tracking_uri=f"sqlite:///{store}")
    client.search_experiments(max_results=1)
    return client


def put_in_place(made: Path, store: Path) -> None:
    """Copy a new store to where it belongs, whole; one that another training has put there meanwhile stands."""
    store.parent.mkdir(parents=True, exist_ok=True)
    copy = store.with_name(f".{store.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with contextlib.closing(sqlite3.connect(made)) as old, contextlib.closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        _link(copy, store)
    finally:
        copy.unlink(missing_ok=True)


def _link(copy: Path, store: Path) -> None:
    """A link, unlike a rename, never takes the place of a file; not every file system has links."""
    try:
        os.link(copy, store)
    except FileExistsError:
        return
    except OSError:
        if not store.exists():
            copy.rename(store)


def _write(client: Any, record: dict[str, Any]) -> str:
    experiment = client.get_experiment_by_name(record["experiment"])
    if experiment is None:
        home = client.create_experiment(record["experiment"], artifact_location=record["artifacts"])
    else:
        home = experiment.experiment_id
        if experiment.lifecycle_stage != "active":
            client.restore_experiment(home)
    parent = client.create_run(home, run_name=record["name"], tags=record["tags"]).info.run_id
    try:
        _fill(client, parent, record)
        for child in record["children"]:
            below = {"mlflow.parentRunId": parent}
            run = client.create_run(home, run_name=child["name"], tags=below).info.run_id
            _fill(client, run, child)
            client.set_terminated(run)
        for path in record["files"]:
            client.log_artifact(parent, path)
        client.log_artifacts(parent, record["bundle"], artifact_path=f"bundle/{Path(record['bundle']).name}")
    except BaseException:
        client.set_terminated(parent, status="FAILED")
        raise
    client.set_terminated(parent)
    return str(parent)


def _fill(client: Any, run: str, record: dict[str, Any]) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, 0) for name, value in record["metrics"].items()]
    client.log_batch(run, params=[Param(name, str(value)) for name, value in record["params"].items()])
    for start in range(0, len(metrics), _METRICS_AT_ONCE):
        client.log_batch(run, metrics=metrics[start : start + _METRICS_AT_ONCE])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
