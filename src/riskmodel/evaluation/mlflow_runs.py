"""Writing a training's record as MLflow runs: one for the training, one below it for each test origin."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from riskmodel.evaluation.mlflow_registry import Recorded
from riskmodel.serving.model_folder import example_of, write_model_folder

_METRICS_AT_ONCE = 900
_PARAMS_AT_ONCE = 90
_LONGEST_DIGEST = 36


def write_run(client: Any, record: dict[str, Any]) -> Recorded:
    """Write a record; where that fails, what was begun is marked as failed and taken out of sight.

    So is what a process that was ended meanwhile has begun for the same bundle: whoever calls this writes alone.
    """
    home = _experiment(client, record)
    for each in _half_written(client, home, bundle=record["tags"]["bundle"]):
        _give_up(client, each)
    begun: list[str] = []

    def run(name: str, tags: dict[str, str]) -> str:
        begun.append(client.create_run(home, run_name=name, tags=tags).info.run_id)
        return begun[-1]

    try:
        parent = run(record["name"], {**record["tags"], "mlflow.note.content": record["note"]})
        model_id = _log_model(client, home, parent, record)
        _fill(client, parent, record, model_id=model_id)
        _log_data(client, parent, record["data"], context="training")
        for path in record["files"]:
            client.log_artifact(parent, path)
        for name, drawn in record["pictures"].items():
            client.log_text(parent, drawn, f"pictures/{name}")
        for child in record["children"]:
            below = run(child["name"], {**child["tags"], "mlflow.parentRunId": parent})
            _fill(client, below, child)
            _log_data(client, below, _tested(record["data"], child), context="test")
            client.set_terminated(below)
    except BaseException:
        for each in begun:
            with contextlib.suppress(Exception):
                _give_up(client, each)
        raise
    client.set_terminated(parent)
    return Recorded(run_id=parent, model_id=model_id, reference=record["name"], note=record["note"])


def _half_written(client: Any, home: str, *, bundle: str) -> list[str]:
    """Return the runs of a bundle that nobody writes any more, and those below them."""
    left = client.search_runs([home], f"tags.bundle = '{bundle}' and attributes.status = 'RUNNING'")
    parents = [run.info.run_id for run in left]
    below = [
        run.info.run_id
        for parent in parents
        for run in client.search_runs([home], f"tags.`mlflow.parentRunId` = '{parent}'")
    ]
    return [*parents, *below]


def _give_up(client: Any, run_id: str) -> None:
    client.set_terminated(run_id, status="FAILED")
    client.delete_run(run_id)


def _experiment(client: Any, record: dict[str, Any]) -> str:
    experiment = client.get_experiment_by_name(record["experiment"])
    if experiment is None:
        kind = {"mlflow.experimentKind": "custom_model_development"}
        return str(client.create_experiment(record["experiment"], artifact_location=record["artifacts"], tags=kind))
    if experiment.lifecycle_stage != "active":
        client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)


def _log_model(client: Any, home: str, run_id: str, record: dict[str, Any]) -> str:
    from mlflow.entities import LoggedModelOutput

    bundle = Path(record["bundle"])
    tags = {name: value for name, value in record["tags"].items() if not name.startswith("mlflow.")}
    # MLflow allows no dots, colons or slashes in the name of a logged model.
    name = record["name"].replace(".", "_")
    model_id = str(client.create_logged_model(home, name=name, source_run_id=run_id, tags=tags).model_id)
    with tempfile.TemporaryDirectory(prefix="riskmodel-") as place:
        folder = Path(place) / "model"
        write_model_folder(
            bundle,
            folder,
            reference=record["name"],
            example=example_of(bundle),
            run_id=run_id,
            model_id=model_id,
        )
        client.log_model_artifacts(model_id, str(folder))
    client.finalize_logged_model(model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    return model_id


def _fill(client: Any, run_id: str, record: dict[str, Any], *, model_id: str | None = None) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    params = [Param(name, str(value)) for name, value in record["params"].items()]
    metrics = [Metric(name, value, now, 0, model_id=model_id) for name, value in record["metrics"].items()]
    for start in range(0, len(params), _PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[start : start + _PARAMS_AT_ONCE])
    for start in range(0, len(metrics), _METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_AT_ONCE])


def _log_data(client: Any, run_id: str, data: dict[str, Any], *, context: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    columns = [{"type": "double", "name": name, "required": False} for name in data["columns"]]
    described = Dataset(
        name=data["name"],
        digest=data["digest"][:_LONGEST_DIGEST],
        source_type="riskmodel registry",
        source=json.dumps(data["source"], ensure_ascii=False),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps(data["profile"], ensure_ascii=False),
    )
    client.log_inputs(run_id, [DatasetInput(described, [InputTag("mlflow.data.context", context)])])


def _tested(data: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    params = child["params"]
    profile = {"rows": params["rows"], "positives": params["positives"], "as_of": [params["origin"]]}
    return {**data, "name": f"{data['name'].partition(':')[0]}: {child['name']}", "profile": profile}
