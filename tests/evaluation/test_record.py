"""MLflow's store when it is shared, damaged, locked, of another version, or gone: no training's record is lost."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.evaluation import tracking
from riskmodel.evaluation.tracking import KEPT, MlflowTracker, show_in_mlflow, write_kept
from riskmodel.model import ModelStore, RiskClassifier, save_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(120, 2)), columns=["income", "members"])
    words = {"zh": "词", "en": "word", "unit": "", "direction": None, "risk_type": None, "sensitive": False}
    folder = tmp_path_factory.mktemp("bundle") / "1"
    save_bundle(
        RiskClassifier(rounds=5, folds=2).fit(X, rng.random(120) < 0.4),
        folder,
        features=[{"name": n, **words, "missing": "", "family": n, "definition": "0"} for n in X.columns],
        metrics={},
        card="# card\n",
        manifest={},
    )
    return folder


@pytest.fixture
def models(tmp_path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def store_is_there(models, mlflow_store):
    mlflow_store(models)


@pytest.fixture
def add(models, bundle):
    """Add a version of ``need`` and return what a training would tell MLflow of it."""

    def added() -> dict[str, object]:
        version = ModelStore(models).add("need", lambda folder: shutil.copytree(bundle, folder))
        return {
            "experiment": "need",
            "artifacts": (models / "mlartifacts" / "need").as_uri(),
            "name": f"need@{version}",
            "params": {"seed": 7},
            "tags": {"bundle": f"need@{version}"},
            "note": "**a note**",
            "metrics": {"auc": 0.7},
            "data": {"name": "need: rows", "digest": "abc", "source": {}, "columns": ["income"], "profile": {}},
            "children": [
                {
                    "name": "out_of_time: 2024-01-01",
                    "params": {"origin": "2024-01-01", "rows": 10, "positives": 2},
                    "tags": {},
                    "metrics": {"auc": 0.6},
                }
            ],
            "files": [str(models / "need" / str(version) / "card.md")],
            "pictures": {"01_recall.svg": "<svg/>"},
            "bundle": str(models / "need" / str(version)),
        }

    return added


def _write(models: Path, record: dict[str, object]) -> str:
    with MlflowTracker(models) as tracker:
        tracker.open()
        return tracker.send({"record": record, "mirror": "need"})["run_id"]


def _asked(models: Path, question: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(models / "mlflow.db")) as store:
        return store.execute(question).fetchall()


def _versions(models: Path) -> list[tuple]:
    """Version, its bundle by the address of its model, and the run that its tag names."""
    return _asked(
        models,
        "select v.version, b.value, r.value from model_versions v "
        "left join model_version_tags b on b.name = v.name and b.version = v.version and b.key = 'bundle' "
        "left join model_version_tags r on r.name = v.name and r.version = v.version and r.key = 'run_id' "
        "where v.current_stage != 'Deleted_Internal' order by v.version",
    )


def _aliases(models: Path) -> dict[str, int]:
    return dict(_asked(models, "select alias, version from registered_model_aliases"))


def test_two_trainings_at_once_are_both_recorded_under_their_own_versions(models, add):
    first, second = add(), add()
    with ThreadPoolExecutor(2) as at_once:
        later, earlier = at_once.map(lambda record: _write(models, record), [second, first])
    assert _versions(models) == [(1, "need@1", earlier), (2, "need@2", later)]
    runs = dict(_asked(models, "select run_uuid, name from runs where status = 'FINISHED'"))
    assert (runs[earlier], runs[later]) == ("need@1", "need@2")
    assert len(runs) == 4


@pytest.mark.usefixtures("store_is_there")
def test_the_registry_mirrors_versions_and_aliases_and_a_new_store_has_them_all(models, add):
    store = ModelStore(models)
    _write(models, add())
    add()
    add()
    shutil.rmtree(models / "need" / "2")
    store.promote("need", 1, who="Li", why="first")
    store.promote("need", 3, who="Li", why="to be compared", alias="challenger")
    assert show_in_mlflow(models, "need") is None
    assert [row[:2] for row in _versions(models)] == [(1, "need@1"), (3, "need@3")]
    assert _aliases(models) == {"champion": 1, "challenger": 3}
    store.promote("need", 3, who="Li", why="better")
    (models / "mlflow.db").rename(models / "old.db")
    assert "there is no MLflow store" in show_in_mlflow(models, "need")
    _write(models, add())
    assert [row[:2] for row in _versions(models)] == [(1, "need@1"), (3, "need@3"), (4, "need@4")]
    assert _aliases(models) == {"champion": 3}
    code = (
        "import sys, mlflow, pandas as pd; mlflow.set_tracking_uri(sys.argv[1]);"
        "m = mlflow.pyfunc.load_model('models:/need@champion');"
        "print(m.predict(pd.DataFrame({'income': [1.0], 'members': [2]}))['risk'].between(0, 1).all())"
    )
    uri = MlflowTracker(models).uri
    done = subprocess.run([sys.executable, "-c", code, uri], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def _garbage(store: Path) -> None:
    store.write_bytes(b"this is no database" * 400)


def _truncated(store: Path) -> None:
    store.write_bytes(store.read_bytes()[:9000])


@pytest.mark.parametrize("damage", [_garbage, _truncated])
def test_a_damaged_store_is_named_before_anything_is_trained(models, damage):
    models.mkdir()
    store = models / "mlflow.db"
    with contextlib.closing(sqlite3.connect(store)) as opened, opened:
        opened.execute("create table runs (name text)")
        opened.executemany("insert into runs values (?)", [("x" * 500,)] * 200)
    damage(store)
    before = store.read_bytes()
    with pytest.raises(DataError, match=r"mlflow\.db.*move it away"), MlflowTracker(models):
        pytest.fail("a training would begin")
    assert store.read_bytes() == before
    assert "holds" in show_in_mlflow(models, "need")


def _logged(models: Path, out: Path, record: dict[str, object], monkeypatch) -> MlflowTracker:
    monkeypatch.setattr(tracking, "run_record", lambda *_, **__: record)
    out.mkdir(exist_ok=True)
    (out / "card.md").write_text("# card\n", encoding="utf-8")
    with MlflowTracker(models) as tracker:
        tracker.open()
        evaluation = type("E", (), {"experiment": type("X", (), {"name": "need"})})
        tracker.log(evaluation, files=[out / "card.md"], bundle=Path(record["bundle"]), reference=record["name"])
    return tracker


@pytest.mark.usefixtures("store_is_there")
@pytest.mark.parametrize("fault", ["locked", "of another version"])
def test_a_record_that_cannot_be_written_is_kept_and_written_later(models, add, tmp_path, monkeypatch, fault):
    _write(models, add())
    monkeypatch.setattr(tracking, "_TRIES", 1)
    record, out = add(), tmp_path / "out"
    with contextlib.closing(sqlite3.connect(models / "mlflow.db", isolation_level=None)) as other:
        (made_by,) = other.execute("select version_num from alembic_version").fetchone()
        if fault == "locked":
            other.execute("begin exclusive")
        else:
            other.execute("update alembic_version set version_num = 'ffffffffffff'")
        with pytest.raises(DataError) as error:
            _logged(models, out, record, monkeypatch)
        if fault == "locked":
            other.execute("rollback")
        else:
            other.execute("update alembic_version set version_num = ?", (made_by,))
    said = str(error.value)
    assert str(models / "mlflow.db") in said
    assert "The bundle need@2 and its report stand" in said
    assert f"riskmodel record {out / KEPT}" in said
    assert ("locked" if fault == "locked" else "ffffffffffff") in said
    assert (models / "need" / "2" / "booster.txt").is_file()
    run_id = write_kept(out / KEPT, models=models)
    assert not (out / KEPT).exists()
    assert [row[:2] for row in _versions(models)] == [(1, "need@1"), (2, "need@2")]
    assert _versions(models)[1][2] == run_id


@pytest.mark.usefixtures("store_is_there")
def test_a_process_that_dies_is_replaced_once(models, add):
    record = add()
    with MlflowTracker(models) as tracker:
        tracker.open()
        tracker._process.kill()
        tracker._process.wait()
        run_id = tracker.send({"record": record, "mirror": "need"})["run_id"]
    assert _versions(models) == [(1, "need@1", run_id)]


@pytest.mark.usefixtures("store_is_there")
def test_a_run_that_an_ended_process_left_half_written_is_marked_as_failed(models, add):
    first, second = add(), add()
    kept = _write(models, first)
    with MlflowTracker(models) as tracker, ThreadPoolExecutor(1) as beside:
        tracker.open()
        process = tracker._process

        def end_it_while_it_writes():
            while not _asked(models, "select 1 from runs where status = 'RUNNING'"):
                assert process.poll() is None
                time.sleep(0.002)
            process.kill()

        ended = beside.submit(end_it_while_it_writes)
        run_id = tracker.send({"record": second, "mirror": "need"})["run_id"]
        ended.result()
    parents = "select run_uuid, status, lifecycle_stage from runs where name like 'need@%' order by start_time"
    (one, status, stage), (half, *failed), (written, *whole) = _asked(models, parents)
    assert (one, status, stage) == (kept, "FINISHED", "active")
    assert half != run_id and failed == ["FAILED", "deleted"]
    assert (written, *whole) == (run_id, "FINISHED", "active")
    assert _asked(models, "select count(*) from runs where status = 'RUNNING'") == [(0,)]


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (None, CallError, "no such file"),
        ("{", DataError, "holds no record"),
        ('{"name": "need@1", "bundle": "elsewhere/need/1", "files": []}', DataError, "Name its folder with --models"),
    ],
)
def test_what_is_no_kept_record_is_refused(models, tmp_path, content, kind, told):
    kept = tmp_path / KEPT
    if content is not None:
        kept.write_text(content, encoding="utf-8")
    with pytest.raises(kind, match=told):
        write_kept(kept, models=models)


def test_a_kept_record_whose_files_are_gone_is_refused_and_stays(models, add, tmp_path):
    record = {**add(), "files": [str(tmp_path / "gone.html")]}
    kept = tmp_path / KEPT
    kept.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(DataError, match=r"gone\.html: not there"):
        write_kept(kept, models=models)
    assert kept.is_file()
