"""MLflow, kept at arm's length: a process of its own writes runs to a SQLite store beside the models.

MLflow takes seconds to import and reports usage unless told not to. The process that this module starts is told
before it imports anything (``MLFLOW_DISABLE_TELEMETRY``, ``DO_NOT_TRACK``), takes no other ``MLFLOW_…`` setting from
outside, checks that no telemetry client exists, and warms up while the models are being trained. A store that is not
there yet takes seconds to make: it is made aside and put in its place with its first run, so a training that ends early
leaves none. What the process gets is counts, settings, measures and files of results: nothing that names a household.

The folder of models stays the source of truth. A record that cannot be written is tried once more in a new process,
then kept as a file, which ``riskmodel record`` writes when the store is mended.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from riskmodel.errors import CallError, DataError
from riskmodel.evaluation.results import Evaluation
from riskmodel.evaluation.run_record import run_record
from riskmodel.evaluation.store_check import broken, how_to_go_on
from riskmodel.files import write_aside

KEPT = "mlflow_run.json"

_TIMEOUT_SECONDS = 300
_TRIES = 2


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
        """Start the process, which begins to import MLflow; nothing is written yet.

        Raises
        ------
        DataError
            There is a store, and its file is not a whole database: better known before a training than after it.
        """
        fault = broken(self.store)
        if fault:
            raise DataError(f"{self.store}: {fault}. {how_to_go_on(self.store)}")
        self._start()
        return self

    def open(self) -> None:
        """Let the process open the store, or make a new one aside, now that there is something to write."""
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # what is sent later says why the process ended
            self._process.stdin.write("open\n")
            self._process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process; where training failed, nothing has been logged."""
        self._end()

    def log(self, evaluation: Evaluation, *, files: list[Path], bundle: Path, reference: str) -> str:
        """Write one run for the training and one below it for each test origin, and register the version.

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
            MLflow could not write. The record is kept beside the files; the message says where, and how to go on.
        """
        record = run_record(evaluation, files=files, bundle=bundle, reference=reference)
        record["artifacts"] = (self.models / "mlartifacts" / evaluation.experiment.name).as_uri()
        try:
            return str(self.send({"record": record, "mirror": bundle.parent.name})["run_id"])
        except DataError as error:
            kept = files[0].parent / KEPT
            with write_aside(kept) as aside:
                aside.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            raise DataError(
                f"{error} The bundle {reference} and its report stand; what MLflow should have been told is kept in "
                f"{kept}. {how_to_go_on(self.store)} Then: riskmodel record {kept} --models {self.models}"
            ) from None

    def mirror(self, name: str) -> None:
        """Let MLflow's registry show the versions and aliases of a model as the folder of models has them.

        Raises
        ------
        DataError
            MLflow could not write; the folder of models stands as it is.
        """
        self.send({"record": None, "mirror": name})

    def send(self, told: dict[str, Any]) -> dict[str, Any]:
        """Send what is to be written; where the process fails, once more to a new one.

        A process can fail for reasons of its own while it imports MLflow; a store that is locked may be free again.
        """
        said = ""
        for left in reversed(range(_TRIES)):
            assert self._process is not None
            assert self._complaints is not None
            try:
                answer, _ = self._process.communicate(
                    json.dumps({**told, "models": str(self.models)}), timeout=_TIMEOUT_SECONDS
                )
            except (OSError, ValueError, subprocess.TimeoutExpired):
                answer = ""
            if self._process.poll() == 0 and answer.strip():
                return dict(json.loads(answer.strip().splitlines()[-1]))
            self._complaints.seek(0)
            said = (self._complaints.read().strip().splitlines()[-1:] or ["it did not answer"])[0]
            self._end()
            if left:
                self._start()
                self.open()
        raise DataError(f"{self.store}: MLflow could not write ({said.rstrip('. ')}).")

    def _start(self) -> None:
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by _end
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

    def _end(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
        if self._complaints is not None:
            self._complaints.close()
        if self._aside is not None:
            self._aside.cleanup()


def write_kept(kept: Path, *, models: Path) -> str:
    """Write a record that a training could not write, and remove the file that kept it.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    CallError
        There is no such file.
    DataError
        It holds no record, the bundle that it speaks of is not in the folder of models, or MLflow cannot write.
    """
    if not kept.is_file():
        raise CallError(f"{kept}: no such file. A training that MLflow could not record leaves {KEPT} in its --out.")
    try:
        record = json.loads(kept.read_text(encoding="utf-8"))
        name, _, version = record["name"].partition("@")
        paths = [Path(path) for path in (record["bundle"], *record["files"])]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{kept}: holds no record of a training that {KEPT} would be.") from None
    bundle = Path(models) / name / version
    if bundle.resolve() != paths[0].resolve():
        raise DataError(f"{kept}: speaks of the bundle {paths[0]}, not of {bundle}. Name its folder with --models.")
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: not there, though {kept} speaks of it. Restore it, or train again.")
    with MlflowTracker(models) as tracker:
        tracker.open()
        run_id = str(tracker.send({"record": record, "mirror": name})["run_id"])
    kept.unlink()
    return run_id


def show_in_mlflow(models: Path, name: str) -> str | None:
    """Let MLflow's registry show a model's versions and aliases as they now are.

    Returns
    -------
    str or None
        None when it does; else why not: what the folder of models says holds in any case.
    """
    tracker = MlflowTracker(models)
    if not tracker.store.is_file():
        return f"{tracker.store}: there is no MLflow store, so nothing is shown there."
    try:
        with tracker:
            tracker.open()
            tracker.mirror(name)
    except DataError as error:
        return (
            f"{error} It shows what was there before, until the next promotion or training; {tracker.models / name} "
            "holds."
        )
    return None
