"""MLflow is told to be quiet before it is imported, whatever the environment says."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from riskmodel.evaluation.mlflow_worker import put_in_place
from riskmodel.evaluation.tracking import MlflowTracker, quiet_environment


def test_settings_from_outside_do_not_reach_mlflow():
    found = quiet_environment(
        {"MLFLOW_TRACKING_URI": "http://somewhere", "_MLFLOW_TESTING_TELEMETRY": "true", "A": "b"}
    )
    assert found == {
        "A": "b",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    }


def test_importing_the_evaluation_imports_neither_mlflow_nor_lightgbm():
    code = (
        "import sys, riskmodel.evaluation.tracking, riskmodel.training.experiment;"
        "print([m for m in ('mlflow', 'lightgbm', 'shap') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_training_that_fails_leaves_no_store(tmp_path):
    with MlflowTracker(tmp_path / "models"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["at once", "when the store is made"])
def test_a_training_that_fails_after_the_store_was_opened_leaves_none(tmp_path, monkeypatch, when):
    places = tmp_path / "temporary"
    places.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(places))
    with contextlib.suppress(KeyboardInterrupt), MlflowTracker(tmp_path / "models") as tracker:
        tracker.open()
        until = time.monotonic() + (120 if when == "when the store is made" else 0)
        while time.monotonic() < until and not any(map(_has_experiments, tmp_path.rglob("mlflow.db"))):
            time.sleep(0.1)
        raise KeyboardInterrupt
    assert list(tmp_path.rglob("*")) == [places]


def _has_experiments(store: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as opened:
            return bool(opened.execute("select count(*) from experiments").fetchone()[0])
    except sqlite3.OperationalError:
        return False


def _write_note(store: Path, text: str) -> None:
    with contextlib.closing(sqlite3.connect(store)) as opened, opened:
        opened.execute("create table note (text)")
        opened.execute("insert into note values (?)", (text,))


def _note(store: Path) -> str:
    with contextlib.closing(sqlite3.connect(store)) as opened:
        return opened.execute("select text from note").fetchone()[0]


@pytest.mark.parametrize("links", [True, False])
def test_a_new_store_is_put_in_its_place_and_takes_no_other_ones(tmp_path, monkeypatch, links):
    def refuse(*_):
        raise PermissionError

    if not links:
        monkeypatch.setattr("os.link", refuse)
    for name in ("first", "second"):
        _write_note(tmp_path / name, name)
        put_in_place(tmp_path / name, tmp_path / "models" / "mlflow.db")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mlflow.db"]
    assert _note(tmp_path / "models" / "mlflow.db") == "first"
