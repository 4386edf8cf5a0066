"""Scoring on Spark: the same flags as on one machine, nothing but counts on the driver, a run that goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scored import ROOT, County
from told_to_driver import broadcasts, jobs_without_query, plans, top
from typer.testing import CliRunner

from riskmodel.cli.app import app
from riskmodel.errors import DataError
from riskmodel.files import sha256_of
from riskmodel.monitoring.flags import FLAGS, HISTORIES, SCORES, read_output
from riskmodel.monitoring.on_spark.shipping import Shipped
from riskmodel.monitoring.record import read_record
from riskmodel.report import make_report

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def county(scored_county: County) -> County:
    return scored_county


@pytest.fixture(autouse=True)
def in_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskmodel.monitoring.on_spark.stages.PART_ROWS", 150)


def frame(folder: Path, name: str, schema: object) -> pd.DataFrame:
    return read_output(folder / name, schema).to_pandas(date_as_object=True)


def test_the_same_flags_as_on_one_machine(county: County, tmp_path: Path) -> None:
    spark = county.score(tmp_path / "by [1] spark", engine="spark")
    local = county.score(tmp_path / "local")
    assert spark["cut"]["slices"] > 2
    assert spark["counts"] == local["counts"]
    for key, value in local["risk"].items():
        assert spark["risk"][key] == pytest.approx(value, abs=1e-9)
    left, right = (frame(tmp_path / name, "scores.parquet", SCORES) for name in ("by [1] spark", "local"))
    pd.testing.assert_frame_equal(left, right, rtol=0, atol=1e-9)
    left, right = (frame(tmp_path / name, "flags.parquet", FLAGS) for name in ("by [1] spark", "local"))
    assert len(right) > 10
    told = ["reasons", "what_if"]
    pd.testing.assert_frame_equal(left.drop(columns=told), right.drop(columns=told), rtol=0, atol=1e-6)
    for name in told:
        for mine, theirs in zip(left[name], right[name], strict=True):
            assert [one["zh"] for one in mine] == [one["zh"] for one in theirs]
    # What needs the village, the year before, and the history is there to be compared.
    reasons = [one for each in left["reasons"] for one in each]
    assert any(pd.notna(one["village_median"]) for one in reasons)
    assert any(pd.notna(one["year_ago"]) for one in reasons)
    assert any(len(each) for each in left["what_if"])
    left, right = (frame(tmp_path / name, "histories.parquet", HISTORIES) for name in ("by [1] spark", "local"))
    pd.testing.assert_frame_equal(left, right, rtol=1e-9)
    assert np.isfinite(left["line"]).all()


def test_report_and_list_read_a_folder_of_parts_with_a_capacity_for_each_township(
    county: County, tmp_path: Path
) -> None:
    spark = county.score(tmp_path / "spark", engine="spark", per="township")
    local = county.score(tmp_path / "local", per="township")
    assert spark["counts"] == local["counts"]
    left, right = (frame(tmp_path / name, "flags.parquet", FLAGS) for name in ("spark", "local"))
    assert left["household_id"].tolist() == right["household_id"].tolist()
    made = make_report(tmp_path / "spark", tmp_path / "report")
    assert made.households == len(left)
    assert made.townships > 1
    call = ["list", "update", str(tmp_path / "spark"), "--registry", str(county.registry)]
    done = CliRunner().invoke(app, [*call, "--list", str(tmp_path / "list.db"), "--on", "2025-06-03"])
    assert done.exit_code == 0, done.output
    assert f"flags: {len(left)} households: {len(left)} opened" in done.output


_IN_A_SESSION = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from riskmodel.engine.spark.java import java_for_spark
sys.path[:0] = {paths!r}
import riskmodel.monitoring.on_spark.stages as stages
from scored import County
from riskmodel.features import load_catalogue
from riskmodel.model import load_bundle
stages.PART_ROWS = 150
with java_for_spark():
    session = SparkSession.builder.master("local[1]").config(map={settings!r}).getOrCreate()
bundle = load_bundle(Path({bundle!r}))
county = County(Path({registry!r}), bundle, load_catalogue(Path({features!r})).only(bundle.names))
county.score(Path({out!r}), engine="spark")
session.stop()
"""


def test_counts_alone_come_to_the_driver(county: County, tmp_path: Path, small_spark: dict[str, str]) -> None:
    log = tmp_path / "log"
    log.mkdir()
    settings = small_spark | {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file://{log}",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
    }
    code = _IN_A_SESSION.format(
        paths=[str(ROOT / "tests" / "monitoring")],
        settings=settings,
        bundle=str(county.bundle.folder),
        registry=str(county.registry),
        features=str(ROOT / "features"),
        out=str(tmp_path / "out"),
    )
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    (file,) = log.iterdir()
    asked = list(plans(file))
    # A query either writes, or gives counts: rows that were aggregated, or what a task tells of the file it left.
    tops = Counter(top(plan) for plan in asked)
    assert tops["Execute InsertIntoHadoopFsRelationCommand"] >= 3
    assert tops["MapInArrow"] == 2
    others = set(tops) - {"Execute InsertIntoHadoopFsRelationCommand", "Execute CreateViewCommand", "MapInArrow"}
    assert others <= {"HashAggregate", "SortAggregate", "ObjectHashAggregate"}, tops
    # What is broadcast goes by way of the driver: only what came from there.
    sources = [leaves for plan in asked for leaves in broadcasts(plan)]
    assert sources
    assert set.union(*sources) == {"LocalTableScan"}
    assert jobs_without_query(file) == []


def test_a_run_goes_on_where_it_stopped(county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr("riskmodel.monitoring.on_spark.stages._explain", stop)
        with pytest.raises(KeyboardInterrupt):
            county.score(out, engine="spark")
    monkeypatch.setattr("riskmodel.monitoring.on_spark.stages._build", stop)
    monkeypatch.setattr("riskmodel.monitoring.on_spark.stages.choose_on_spark", stop)
    told = county.score(out, engine="spark", resume=True)
    assert told["counts"]["flagged"] == read_output(out / "flags.parquet", FLAGS).num_rows
    assert read_record(out)["counts"] == told["counts"]
    assert not (out / ".work").exists()
    # What is added to, or taken from, a folder of parts is noticed.
    part = sorted((out / "flags.parquet").iterdir())[0]
    shutil.copy(part, part.with_name("again.parquet"))
    with pytest.raises(DataError, match="again"):
        read_record(out)
    part.with_name("again.parquet").unlink()
    part.unlink()
    with pytest.raises(DataError, match=part.name):
        read_record(out)


def test_a_model_that_changed_on_its_way_is_refused(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Shipped("model.zip", sha256_of(county.bundle.folder / "manifest.json"))
    monkeypatch.setattr("pyspark.SparkFiles.get", lambda name: str(tmp_path / name))
    for change, match in (({"booster.txt": b"tree\n"}, "booster.txt was changed"), ({}, "")):
        with zipfile.ZipFile(tmp_path / "model.zip", "w") as packed:
            for file in county.bundle.folder.iterdir():
                packed.writestr(file.name, change.get(file.name, file.read_bytes()))
        if match:
            with pytest.raises(DataError, match=match):
                shipped.unpacked()
        else:
            assert shipped.unpacked().names == county.bundle.names
    other = Shipped("model.zip", "0" * 64)
    with pytest.raises(DataError, match="the run's is 0000"):
        other.unpacked()
