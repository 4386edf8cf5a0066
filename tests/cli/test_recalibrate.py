"""``riskmodel recalibrate`` from the command line, on the evaluation's small county."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskmodel.cli.app import app
from riskmodel.errors import CallError
from riskmodel.evaluation import run_experiment
from riskmodel.model import ModelStore, load_bundle


@pytest.fixture(scope="module")
def county():
    place = Path(__file__).parents[1] / "evaluation" / "county.py"
    spec = importlib.util.spec_from_file_location("county_to_recalibrate", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def place(county, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recalibrate")
    county.write_county(folder / "county")
    (folder / "features.py").write_text(county.CATALOGUE, encoding="utf-8")
    (folder / "small.yaml").write_text(county.EXPERIMENT, encoding="utf-8")
    run_experiment(folder / "small.yaml", models=folder / "models", out=folder / "out", tracker=None)
    county.MONTHS, county.CUT = county.MONTHS + 24, date(2026, 2, 1)
    county.write_county(folder / "grown")
    return folder


def _run(place, *arguments, model="small@champion"):
    return CliRunner().invoke(
        app,
        [
            "recalibrate",
            model,
            str(place / "grown"),
            *arguments,
            "--models",
            str(place / "models"),
            "--catalogue",
            str(place / "features.py"),
        ],
    )


def test_a_version_is_added_and_the_champion_stands(place):
    done = _run(place, "--as-of", "2024-07-01", "--as-of", "2025-01-01")
    assert done.exit_code == 0, done.output
    store = ModelStore(place / "models")
    assert store.versions("small") == [1, 2]
    assert store.aliases("small") == {"champion": 1}
    assert load_bundle(store.resolve("small@2")).manifest["recalibrated_from"] == "small@1"
    said = " ".join(done.output.split())
    assert "cases expected" in said
    assert "riskmodel promote small 2" in said
    assert "H0" not in done.output


def test_an_immature_date_leaves_nothing(place):
    before = ModelStore(place / "models").versions("small")
    done = _run(place, "--as-of", "2025-07-01")
    assert done.exit_code != 0
    assert "known from 2026-07-31 on" in str(done.exception)
    assert ModelStore(place / "models").versions("small") == before


def test_an_unknown_method_is_named(place):
    done = _run(place, "--as-of", "2024-07-01", "--method", "isotonik")
    assert isinstance(done.exception, CallError)
    assert 'Did you mean "isotonic"?' in str(done.exception)
