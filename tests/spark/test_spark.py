"""Spark gives what DuckDB gives, in parts that nobody had to collect. `make test-spark` runs this, with the extra."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from riskmodel.cli.app import app
from riskmodel.engine.spark import SparkFiles, part_files
from riskmodel.errors import CallError
from riskmodel.features import build_features, build_labels, load_catalogue, write_features
from riskmodel.files import CODEC
from riskmodel.registry import Registry
from riskmodel.simulation import simulate_registry

pytestmark = pytest.mark.spark

FEATURES = Path(__file__).parents[2] / "features"
CATALOGUE = load_catalogue(FEATURES)
DATES = [date(2024, 1, 15), date(2025, 1, 1)]
FEW = ["members", "net_income_pc_12m", "line_gap_12m"]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county with corrections, withdrawals and late rows."""
    out = tmp_path_factory.mktemp("county") / "registry"
    simulate_registry(out, households=200, years=3, seed=4, until=date(2026, 1, 1))
    return out


def together(folder: Path) -> pd.DataFrame:
    rows = pd.concat([pq.read_table(file).to_pandas(date_as_object=True) for file in part_files(folder)])
    return rows.sort_values(["household_id", "as_of"], ignore_index=True)


def test_the_whole_catalogue_equals_duckdb(county: Path, tmp_path: Path) -> None:
    with Registry.open(county) as registry:
        rows = write_features(registry, tmp_path / "features", as_of=DATES, catalogue=CATALOGUE, engine="spark")
        expected = build_features(registry, as_of=DATES, catalogue=CATALOGUE, engine="duckdb")
    found = together(tmp_path / "features")
    assert rows == len(found) == len(expected)
    assert found.columns.tolist() == expected.columns.tolist()
    for name in ("household_id", "as_of"):
        assert found[name].tolist() == expected[name].tolist()
    units = {name: spec.unit for name, spec in CATALOGUE.features.items()}
    for name in CATALOGUE.features:
        # Whole numbers are counts and codes: exact. Amounts, shares and roots to 1e-9.
        whole = not np.any(np.mod(expected[name].dropna(), 1)) and "yuan" not in units[name]
        np.testing.assert_allclose(found[name], expected[name], rtol=0 if whole else 1e-9, atol=0, err_msg=name)


def test_outcomes_equal_duckdb(county: Path) -> None:
    with Registry.open(county) as registry:
        spark, duckdb = (
            build_labels(registry, as_of=date(2024, 7, 1), outcome="need", catalogue=CATALOGUE, engine=engine)
            for engine in ("spark", "duckdb")
        )
    assert duckdb["outcome"].notna().any()
    pd.testing.assert_frame_equal(spark, duckdb)


def test_a_household_lies_in_one_part_and_parts_lie_sorted(
    county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskmodel.engine.spark.session.ROWS_PER_PART", 60)
    with Registry.open(county) as registry:
        write_features(registry, tmp_path / "f", as_of=DATES, catalogue=CATALOGUE, only=FEW, engine="spark")
    files = part_files(tmp_path / "f")
    assert len(files) > 3
    assert {path.name for path in tmp_path.iterdir()} == {"f"}
    assert sorted((tmp_path / "f").rglob("*.parquet")) == sorted(path for path in (tmp_path / "f").rglob("*.*"))
    ids = [pq.read_table(file, partitioning=None)["household_id"].to_pylist() for file in files]
    assert all(part == sorted(part) for part in ids)
    assert sum(len(set(part)) for part in ids) == len({one for part in ids for one in part})


def test_the_command_writes_parts_and_refuses_a_folder_of_other_things(county: Path, tmp_path: Path) -> None:
    call = ["features", str(county), "--as-of", "2025-01-01", "--engine", "spark", *(f"--only={n}" for n in FEW)]
    done = CliRunner().invoke(app, [*call, "--out", str(tmp_path / "parts")])
    assert done.exit_code == 0, done.output
    assert "engine spark: asked for" in done.output
    assert len(together(tmp_path / "parts")) > 100
    (tmp_path / "parts" / "notes.txt").write_text("mine")
    refused = CliRunner().invoke(app, [*call, "--out", str(tmp_path / "parts")])
    assert refused.exit_code != 0
    assert (tmp_path / "parts" / "notes.txt").read_text() == "mine"


def test_a_folder_of_other_things_is_never_replaced(county: Path, tmp_path: Path) -> None:
    # Another data set may have parts of this name too.
    mine = tmp_path / "part=2024" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with Registry.open(county) as registry, pytest.raises(CallError, match=r"holds part=2024/mine\.txt"):
        write_features(registry, tmp_path, as_of=DATES, catalogue=CATALOGUE, only=FEW, engine="spark")
    assert mine.read_text() == "mine"


def test_rows_are_told_by_a_column_of_many_values(tmp_path: Path) -> None:
    numbers = np.random.default_rng(1).permutation(np.repeat(np.arange(5_000, dtype=np.int32), 4))
    pq.write_table(pa.table({"day": pa.array(numbers, pa.date32())}), tmp_path / "days.parquet", compression=CODEC)
    rows = SparkFiles().read([tmp_path / "days.parquet"])
    assert rows.filter(rows.day < ibis.literal(date(1970, 1, 11))).count().to_pyarrow().as_py() == 4 * 10


def test_another_thread_works_in_the_same_spark(county: Path, tmp_path: Path) -> None:
    def build(out: Path) -> int:
        with Registry.open(county) as registry:
            return write_features(registry, out, as_of=DATES, catalogue=CATALOGUE, only=FEW, engine="spark")

    here = build(tmp_path / "here")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(build, tmp_path / "there").result() == here


def test_a_registry_that_is_not_indexed_is_refused(county: Path, tmp_path: Path) -> None:
    shutil.copytree(county, tmp_path / "plain")
    income = pq.read_table(county / "income.parquet").drop_columns("known_until")
    pq.write_table(income.replace_schema_metadata(None), tmp_path / "plain" / "income.parquet")
    with Registry.open(tmp_path / "plain") as registry, pytest.raises(CallError, match="income does not lie"):
        write_features(
            registry, tmp_path / "f", as_of=DATES, catalogue=CATALOGUE, only=["net_income_pc_12m"], engine="spark"
        )
    assert not (tmp_path / "f").exists()


def test_the_java_of_the_extra_is_enough(county: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from datetime import date; import riskmodel.engine.spark.java as java\n"
        "from riskmodel.features import load_catalogue, write_features; from riskmodel.registry import Registry\n"
        "java.shutil.which = lambda name: None\n"
        f"registry = Registry.open(Path({str(county)!r})); catalogue = load_catalogue(Path({str(FEATURES)!r}))\n"
        f"write_features(registry, Path({str(tmp_path / 'f')!r}), as_of=date(2025, 1, 1), catalogue=catalogue, "
        f"only={FEW!r}, engine='spark')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert len(together(tmp_path / "f")) > 100
