"""The process that talks to MLflow: ``python -m riskmodel.evaluation.mlflow_worker STORE ASIDE``, a record on stdin.

Started by :class:`riskmodel.evaluation.tracking.MlflowTracker` with telemetry switched off in its environment.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sqlite3
import sys
import uuid
from pathlib import Path
from typing import Any

from riskmodel.files import alone


def main(store: Path, aside: Path) -> None:
    """Import MLflow; when told to, open the store; write what follows; answer with the run's id.

    Where there is no store yet, one is made in the folder ``aside``, and put in its place once there is a record.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    # All of it here, in the only thread there is: parts of MLflow import each other in circles when asked for later.
    for part in ("mlflow", "mlflow.entities", "mlflow.models", "mlflow.pyfunc", "mlflow.tracking"):
        importlib.import_module(part)
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
    told = json.loads(text)
    # One at a time: versions must be registered in their order. Without locks, SQLite's own must do.
    with alone(Path(told["models"])):
        if made is not None:
            put_in_place(made, store)
            client = _opened(store)
        answer = _do(client, told)
    sys.stdout.write(json.dumps(answer) + "\n")


def _do(client: Any, told: dict[str, Any]) -> dict[str, Any]:
    from riskmodel.evaluation.mlflow_registry import Recorded, mirror
    from riskmodel.evaluation.mlflow_runs import write_run

    recorded: Recorded | None = None
    if told["record"] is not None:
        recorded = write_run(client, told["record"])
    mirror(client, models=Path(told["models"]), name=told["mirror"], recorded=recorded)
    return {"run_id": None if recorded is None else recorded.run_id}


def _opened(store: Path) -> Any:
    import mlflow

    address = f"sqlite:///{store}"
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    client = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
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


def said(error: Exception) -> str:
    """Return an error in one line: SQLAlchemy's go on with the statement and its values."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:
        sys.exit(said(error))
