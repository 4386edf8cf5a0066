"""A registry that does not fit in memory: validated some households at a time, it is what it is at once."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import DataError
from riskmodel.registry import folder, pile, shares
from riskmodel.registry.folder import find_tables, read_table
from riskmodel.registry.schema import TABLES
from riskmodel.registry.shares import cut, open_source
from riskmodel.registry.validate import validate
from riskmodel.registry.validation import ValidationReport
from riskmodel.simulation import simulate_registry

UNTIL = date(2025, 1, 1)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory) -> Path:
    """A county with faults of every kind, its rows in no order, one table in two files that type a column apart."""
    county = tmp_path_factory.mktemp("dirty") / "county"
    simulate_registry(county, households=120, years=2, seed=5, until=UNTIL, dirty=0.03)
    rng = np.random.default_rng(4)
    for name in TABLES:
        rows = pq.read_table(county / f"{name}.parquet")
        pq.write_table(rows.take(pa.array(rng.permutation(rows.num_rows))), county / f"{name}.parquet")
    spending = pq.read_table(county / "spending.parquet")
    (county / "spending.parquet").unlink()
    (county / "spending").mkdir()
    half = spending.num_rows // 2
    pq.write_table(spending.slice(0, half), county / "spending" / "a.parquet")
    rest = spending.slice(half)
    at = rest.schema.get_field_index("amount")
    pq.write_table(rest.set_column(at, "amount", rest["amount"].cast(pa.string())), county / "spending" / "b.parquet")
    return county


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class Whole:
    files: dict[str, bytes]
    report: ValidationReport


@pytest.fixture(scope="module")
def at_once(dirty, tmp_path_factory) -> Whole:
    out = tmp_path_factory.mktemp("whole") / "out"
    report = validate(dirty, out)
    assert report.rejected > 100
    assert report.warnings
    assert report.lost.households
    return Whole(files(out), report)


@pytest.fixture
def few_rows(monkeypatch):
    monkeypatch.setattr(shares, "SHARE_ROWS", 3_000)
    monkeypatch.setattr(pile, "_IN_MEMORY", 50)


@pytest.mark.parametrize("rows", [20_000, 3_000, 500])
def test_in_shares_a_validation_leaves_the_same_bytes(dirty, at_once, tmp_path, monkeypatch, few_rows, rows):
    monkeypatch.setattr(shares, "SHARE_ROWS", rows)
    monkeypatch.setattr(folder, "PIECE", 1_000)
    report = validate(dirty, tmp_path / "out")
    assert report == at_once.report
    assert files(tmp_path / "out") == at_once.files
    assert validate(dirty, check_only=True) == at_once.report


def test_so_does_a_validation_of_a_database(dirty, at_once, tmp_path, few_rows):
    path = tmp_path / "county.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, lying in find_tables(dirty).items():
            connection.register("given", read_table(lying))
            connection.execute(f"create table {name} as select * from given")
    report = validate(path, tmp_path / "out", cut_on=UNTIL)
    assert [(count.table, count.kept) for count in report.tables] == [
        (count.table, count.kept) for count in at_once.report.tables
    ]
    assert {name: data for name, data in files(tmp_path / "out").items() if name != "validation.json"} == {
        name: data for name, data in at_once.files.items() if name != "validation.json"
    }


def test_a_share_holds_whole_households_and_no_more_than_it_should(dirty, tmp_path):
    source = open_source(dirty)
    parts = cut(source, tmp_path / "shares", most=3_000)
    seen = set()
    for share in parts:
        own = set()
        rows = 0
        for name in source.names:
            table, at = share.read(name)
            assert np.all(np.diff(at) > 0)
            own |= set(table["household_id"].to_pylist()) - {None}
            rows += table.num_rows
        assert not own & seen
        seen |= own
        assert rows < 2 * 3_000
    assert len(parts) > 3
    assert not any((tmp_path / "shares").iterdir())


def test_a_page_that_cannot_be_read_is_named_and_leaves_nothing(dirty, tmp_path, few_rows):
    broken = shutil.copytree(dirty, tmp_path / "county")
    data = bytearray((broken / "income.parquet").read_bytes())
    data[4:60] = b"\xff" * 56
    (broken / "income.parquet").write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"income\.parquet cannot be read"):
        validate(broken, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["county"]
