"""``riskmodel validate``: a report; exit 1 when rows were rejected. tests/registry has every rule."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def county(workspace, tmp_path):
    """A copy of the registry with one income below zero."""
    folder = shutil.copytree(workspace / "county", tmp_path / "county")
    income = pq.read_table(folder / "income.parquet")
    amounts = income["amount"].to_pylist()
    amounts[6] = -5.0
    at = income.schema.get_field_index("amount")
    pq.write_table(income.set_column(at, income.schema.field(at), pa.array(amounts)), folder / "income.parquet")
    return folder


def test_check_reports_and_writes_nothing(cli, county, snapshot):
    before = snapshot(county)
    ended = cli("validate", county, "--check")
    assert ended.code == 1
    assert "income.parquet, row 7 (household" in ended.said and "income.amount.range" in ended.said
    assert snapshot(county) == before


def test_with_out_the_source_stays_and_the_clean_registry_passes(cli, county, tmp_path, snapshot):
    before = snapshot(county)
    assert cli("validate", county, "--out", tmp_path / "clean").code == 1
    assert snapshot(county) == before
    assert pq.read_metadata(tmp_path / "clean" / "rejects.parquet").num_rows == 1
    assert cli("validate", tmp_path / "clean", "--check").code == 0


def test_in_place_twice_the_second_finds_nothing(cli, county):
    rows = pq.read_metadata(county / "income.parquet").num_rows
    assert cli("validate", county).code == 1
    assert pq.read_metadata(county / "income.parquet").num_rows == rows - 1
    assert cli("validate", county).code == 0
    assert json.loads((county / "validation.json").read_text())["rejected"] == 0
