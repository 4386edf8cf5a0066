"""An interrupted training goes on where it stopped; an unchanged one teaches nothing; a broken stage is made anew."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from riskmodel.errors import CallError
from riskmodel.evaluation import run_experiment, stages
from riskmodel.evaluation import train as training
from riskmodel.model import RiskClassifier

FILES = ("metrics.json", "predictions.parquet", "card.md", "evaluation.html", "flow.csv")


class StoppedError(Exception):
    """What pulls the plug."""


@pytest.fixture
def fits(monkeypatch):
    """Count fits of the estimator, and stop before the one that is asked for."""
    counted = {"done": 0, "stop_at": None}
    fit = RiskClassifier.fit

    def counting(self, *arguments, **named):
        if counted["done"] == counted["stop_at"]:
            raise StoppedError
        counted["done"] += 1
        return fit(self, *arguments, **named)

    monkeypatch.setattr(RiskClassifier, "fit", counting)
    return counted


@pytest.fixture(scope="module")
def whole(trained):
    return trained


def run(workspace, folder, **named):
    how = {"models": folder / "models", "out": folder / "out", "tracker": None}
    return run_experiment(workspace / "small.yaml", **how, **named)


def same(done, whole):
    for name in FILES:
        assert (done.out / name).read_bytes() == (whole.out / name).read_bytes(), name
    for path in sorted(whole.bundle.iterdir()):
        assert (done.bundle / path.name).read_bytes() == path.read_bytes(), path.name


def test_an_interrupted_run_ends_with_the_same_bytes_and_the_next_teaches_nothing(workspace, whole, tmp_path, fits):
    fits["stop_at"] = 3
    with pytest.raises(StoppedError):
        run(workspace, tmp_path)
    assert not (tmp_path / "out" / "metrics.json").exists()
    assert not (tmp_path / "models").exists()
    fits.update(done=0, stop_at=None)
    same(run(workspace, tmp_path), whole)
    # Three origins, two folds, and the final model, less the three that were done.
    assert fits["done"] == 4
    fits.update(done=0, stop_at=0)
    second = run(workspace, tmp_path)
    assert second.reference == "small@2"
    for name in FILES:
        assert (second.out / name).read_bytes() == (whole.out / name).read_bytes(), name


def test_the_rows_are_not_built_twice_and_it_is_said(workspace, whole, tmp_path, monkeypatch, caplog):
    shutil.copytree(whole.out, tmp_path / "out")
    monkeypatch.setattr(training, "build_rows", lambda _: pytest.fail("built again"))
    with caplog.at_level(logging.INFO, logger="riskmodel"):
        run(workspace, tmp_path)
    assert "Features and outcomes: taken from an earlier run" in caplog.text
    assert "24 of 24 taken from an earlier run" in caplog.text


def test_fresh_takes_nothing(workspace, whole, tmp_path, fits):
    shutil.copytree(whole.out, tmp_path / "out")
    same(run(workspace, tmp_path, fresh=True), whole)
    assert fits["done"] == 7


@pytest.mark.parametrize(("kind", "again"), [("scores-*.parquet", None), ("rows-*", 0), ("model-*", 7)])
def test_a_broken_stage_is_noticed_and_made_anew(workspace, whole, tmp_path, fits, caplog, kind, again):
    shutil.copytree(whole.out, tmp_path / "out")
    for place in (tmp_path / "out" / stages.FOLDER).glob(kind):
        file = place if place.is_file() else max(place.iterdir(), key=lambda path: path.stat().st_size)
        body = bytearray(file.read_bytes())
        body[len(body) // 3] ^= 0xFF
        file.write_bytes(bytes(body))
    same(run(workspace, tmp_path), whole)
    assert "is broken" in caplog.text
    assert again is None or fits["done"] == again


def test_another_seed_is_another_stage_and_what_is_no_longer_used_goes(workspace, whole, tmp_path, fits):
    shutil.copytree(whole.out, tmp_path / "out")
    before = {path.name for path in (tmp_path / "out" / stages.FOLDER).iterdir()}
    text = (workspace / "small.yaml").read_text(encoding="utf-8")
    other = workspace / "other_seed.yaml"
    other.write_text(text.replace("seed: 7", "seed: 8"), encoding="utf-8")
    try:
        run_experiment(other, models=tmp_path / "models", out=tmp_path / "out", tracker=None)
    finally:
        other.unlink()
    after = {path.name for path in (tmp_path / "out" / stages.FOLDER).iterdir()}
    assert fits["done"] == 7
    # The rows do not depend on the seed; every model does, and so do the folds.
    assert [name[:5] for name in before & after] == ["rows-"]
    assert len(after) == len(before)


def test_a_second_training_into_one_folder_is_refused_and_the_first_keeps_its_stages(workspace, tmp_path, monkeypatch):
    judge, refused = training._judge, []

    def meanwhile(*arguments, **named):
        kept = sorted(path.name for path in (tmp_path / "out" / stages.FOLDER).iterdir())
        with pytest.raises(CallError, match=r"another training is writing there.*--out") as raised:
            run(workspace, tmp_path)
        refused.append(str(raised.value))
        assert kept and sorted(path.name for path in (tmp_path / "out" / stages.FOLDER).iterdir()) == kept
        return judge(*arguments, **named)

    monkeypatch.setattr(training, "_judge", meanwhile)
    assert run(workspace, tmp_path).reference == "small@1"
    assert [said.startswith(str(tmp_path / "out")) for said in refused] == [True]
    monkeypatch.setattr(training, "_judge", judge)
    assert run(workspace, tmp_path).reference == "small@2", "the lock ends with the run"


HOLDS = """
import sys, time
from pathlib import Path
from riskmodel.evaluation.stages import Stages
with Stages(Path(sys.argv[1])).alone():
    print("holds", flush=True)
    time.sleep(60)
"""


def test_a_training_that_was_killed_holds_no_lock(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "holds\n"
        with pytest.raises(CallError, match="another training"), stages.Stages(tmp_path).alone():
            pass
        other.kill()
    with stages.Stages(tmp_path).alone():
        pass


def test_no_stage_is_a_pickle_and_none_is_logged(whole):
    kept = [path for path in (whole.out / stages.FOLDER).rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} <= {".parquet", ".json", ".txt", ".md"}


def test_a_change_of_any_source_that_makes_scores_makes_them_anew():
    folder = Path(stages.__file__).parent
    read = {
        name
        for ours in stages._OURS
        for name in re.findall(r"riskmodel\.evaluation\.(\w+)", (folder / ours).read_text())
    }
    assert {f"{name}.py" for name in read - {"baselines"}} <= set(stages._OURS)
