"""MLflow, kept at arm's length: a process of its own writes runs to a SQLite store beside the models.

MLflow takes seconds to import and reports usage unless told not to. The process that this module starts is told
before it imports anything (``MLFLOW_DISABLE_TELEMETRY``, ``DO_NOT_TRACK``), takes no other ``MLFLOW_…`` setting from
outside, checks that no telemetry client exists, and warms up while the models are being trained. A store that is not
there yet takes seconds to make: it is made aside and put in its place with its first run, so a training that ends early
leaves none. What the process gets is counts, settings, measures and files of results: nothing that names a household.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from riskmodel.errors import DataError
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import POOLED, Table
from riskmodel.evaluation.regret import ORACLE
from riskmodel.evaluation.results import Evaluation

_TIMEOUT_SECONDS = 300


def quiet_environment(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment in which MLflow takes its settings from us alone and sends nothing."""
    kept = {name: value for name, value in environment.items() if not name.upper().lstrip("_").startswith("MLFLOW")}
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_ENABLE_ASYNC_LOGGING": "false"}


class MlflowTracker:
    """Writes the runs of one training; used as a context, so that its process ends with it.

    Parameters
    ----------
    models : Path
        The folder of models: the store is ``mlflow.db`` in it, files go to ``mlartifacts``.
    """

    def __init__(self, models: Path) -> None:
        self.models = Path(models).resolve()
        self._process: subprocess.Popen[str] | None = None
        self._complaints: IO[str] | None = None
        self._aside: tempfile.TemporaryDirectory[str] | None = None

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.models / "mlflow.db"

    @property
    def uri(self) -> str:
        """The store's address, as ``mlflow ui --backend-store-uri`` takes it."""
        return f"sqlite:///{self.store}"

    def __enter__(self) -> MlflowTracker:
        """Start the process, which begins to import MLflow; nothing is written yet."""
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._aside = tempfile.TemporaryDirectory(prefix="riskmodel-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "riskmodel.evaluation.mlflow_worker", str(self.store), self._aside.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
            env=quiet_environment(dict(os.environ)),
        )
        return self

    def open(self) -> None:
        """Let the process open the store, or make a new one aside, now that there is something to train on."""
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # log() says why the process ended
            self._process.stdin.write("open\n")
            self._process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process; where training failed, nothing has been logged."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
        if self._complaints is not None:
            self._complaints.close()
        if self._aside is not None:
            self._aside.cleanup()

    def log(self, evaluation: Evaluation, *, files: list[Path], bundle: Path, reference: str) -> str:
        """Write one run for the training and one below it for each test origin.

        Parameters
        ----------
        files : list of Path
            Report, card and the like; nothing that names a household.
        bundle : Path
            The bundle's folder, logged as plain files.
        reference : str
            ``NAME@VERSION``.

        Returns
        -------
        str
            The run's id.

        Raises
        ------
        DataError
            If MLflow could not write.
        """
        assert self._process is not None
        assert self._complaints is not None
        payload = run_record(evaluation, files=files, bundle=bundle, reference=reference)
        payload["artifacts"] = (self.models / "mlartifacts" / evaluation.experiment.name).as_uri()
        try:
            answer, _ = self._process.communicate(json.dumps(payload), timeout=_TIMEOUT_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            answer = ""
        if self._process.returncode != 0 or not answer.strip():
            self._complaints.seek(0)
            said = self._complaints.read().strip().splitlines()[-1:] or ["it did not answer"]
            raise DataError(f"{self.uri}: MLflow could not write the run ({said[0]}). The bundle {reference} stands.")
        return str(json.loads(answer.strip().splitlines()[-1])["run_id"])


def run_record(evaluation: Evaluation, *, files: list[Path], bundle: Path, reference: str) -> dict[str, Any]:
    """Return what is logged of a training, as plain data."""
    experiment, plan = evaluation.experiment, evaluation.plan
    params = {
        "outcome": experiment.outcome,
        "cohort": str(experiment.cohort),
        "horizon_months": plan.horizon.months,
        "gap_months": plan.gap_months,
        "mode": experiment.validation.mode,
        "holdout": f"{experiment.validation.holdout.by}, {experiment.validation.holdout.folds} folds",
        "origins": ", ".join(str(o.as_of) for o in plan.origins),
        "training_dates": ", ".join(map(str, plan.training)),
        "features": len(evaluation.features),
        "final_rows": evaluation.rows,
        "final_positives": evaluation.positives,
        "seed": experiment.seed,
        "bootstrap": f"{experiment.intervals.bootstrap} by {experiment.intervals.by}",
        **{f"model.{name}": value for name, value in experiment.model.items()},
    }
    tags = {
        "bundle": reference,
        "experiment_sha256": experiment.sha256,
        "catalogue_hash": str(evaluation.record.get("catalogue_hash", "")),
        "registry_fingerprint": str(evaluation.record.get("registry", "")),
    }
    children = [
        {
            "name": f"{mode}: {table.name}",
            "params": {"mode": mode, "origin": table.name, "rows": table.rows, "positives": table.positives},
            "metrics": table_metrics(table) | regret_metrics(evaluation, mode, origin=table.origin),
        }
        for mode, tables in evaluation.tables.items()
        for table in tables
        if table.origin != POOLED
    ]
    metrics: dict[str, float] = {}
    for mode in evaluation.tables:
        prefix = "" if mode == evaluation.main_mode else f"{mode}/"
        found = table_metrics(evaluation.summary(mode)) | regret_metrics(evaluation, mode)
        metrics |= {prefix + name: value for name, value in found.items()}
    return {
        "experiment": experiment.name,
        "name": reference,
        "params": {name: str(value)[:6000] for name, value in params.items()},
        "tags": tags,
        "metrics": metrics,
        "children": children,
        "files": [str(path.resolve()) for path in files],
        "bundle": str(bundle.resolve()),
    }


def table_metrics(table: Table) -> dict[str, float]:
    """Return a table as metrics: the model's under their own names, a baseline's as ``rule/auc``; ends as ``_low``."""
    return {
        f"{'' if scorer == 'model' else f'{scorer}/'}{name}": value
        for scorer, by_measure in table.estimates.items()
        for name, value in _with_ends(by_measure)
    }


def regret_metrics(evaluation: Evaluation, mode: str, *, origin: date | str | None = POOLED) -> dict[str, float]:
    """Return the distance to the best possible as metrics; none where no truth is known.

    Parameters
    ----------
    origin : date or None
        The table's; the last one (pooled over the origins whose truth is known) when left out.

    Returns
    -------
    dict
        ``oracle/auc``; ``regret/auc`` and ``truth_slope`` of the model, ``rule/regret/auc`` of a baseline.
    """
    tables = [] if evaluation.regret is None else evaluation.regret.tables.get(mode, [])
    chosen = tables[-1:] if origin == POOLED else [table for table in tables if table.origin == origin]
    out: dict[str, float] = {}
    for table in chosen:
        out |= {f"{ORACLE}/{name}": value for name, value in _with_ends(table.estimates[ORACLE])}
        for scorer in table.regrets:
            prefix = "" if scorer == "model" else f"{scorer}/"
            out |= {f"{prefix}regret/{name}": value for name, value in _with_ends(table.regrets[scorer])}
            out |= {f"{prefix}{name}": value for name, value in _with_ends(table.distances.get(scorer, {}))}
    return out


def _with_ends(by_measure: Mapping[str, Estimate]) -> Iterator[tuple[str, float]]:
    for measure, estimate in by_measure.items():
        for ending, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)):
            if not math.isnan(value):
                yield f"{measure}{ending}", float(value)
