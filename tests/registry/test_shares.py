"""A registry that does not fit in memory: validated some households at a time, it is what it is at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.registry import checking, folder, pile, shares
from riskmodel.registry.folder import find_tables, read_table
from riskmodel.registry.schema import TABLES
from riskmodel.registry.shares import open_source
from riskmodel.registry.validate import validate
from riskmodel.registry.validation_report import ValidationReport
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


def with_ids(
    county: Path, change: Callable[[pa.ChunkedArray], pa.Array | pa.ChunkedArray], table: str = "income"
) -> None:
    """Change the ids of a table: of the feed of incomes."""
    for path in [county / f"{table}.parquet"] if table != "spending" else sorted((county / table).iterdir()):
        rows = pq.read_table(path)
        at = rows.schema.get_field_index("household_id")
        changed = change(rows["household_id"].cast(pa.string()))
        pq.write_table(rows.set_column(at, "household_id", changed), path)


def as_it_is(county: Path) -> None:
    pass


def of_others(county: Path) -> None:
    """Ids that nobody registered."""
    with_ids(county, lambda ids: pc.binary_join_element_wise("Z", ids, ""))


def of_nobody(county: Path) -> None:
    for name in TABLES:
        with_ids(county, lambda ids: pa.nulls(len(ids), pa.string()), name)


def coded(county: Path) -> None:
    for name in TABLES:
        with_ids(county, lambda ids: ids.dictionary_encode(), name)


def of_one_household(county: Path) -> None:
    pq.write_table(pq.read_table(county / "household.parquet").slice(0, 1), county / "household.parquet")


def test_a_household_that_has_nearly_all_rows_is_a_share_of_its_own(dirty, tmp_path):
    county = shutil.copytree(dirty, tmp_path / "county")
    household = sorted(set(pq.read_table(county / "household.parquet")["household_id"].to_pylist()) - {None})[60]
    with_ids(county, lambda ids: pa.array([household] * len(ids)))
    source = open_source(county)
    largest = 0
    for share in shares.shares(source, tmp_path / "shares", most=1_000):
        ids = {id_ for name in source.names for id_ in share.read(name)[0]["household_id"].to_pylist()} - {None}
        assert share.rows <= 3_000 or ids == {household}
        largest = max(largest, share.rows)
    assert largest >= source.rows["income"]


@pytest.mark.parametrize("files", [200, 3], ids=["at once", "again and again"])
@pytest.mark.parametrize("change", [as_it_is, of_others, of_nobody, of_one_household, coded])
def test_a_share_holds_whole_households_and_no_more_rows_than_it_should(dirty, tmp_path, monkeypatch, change, files):
    monkeypatch.setattr(shares, "_FILES", files)
    change(shutil.copytree(dirty, tmp_path / "county"))
    source = open_source(tmp_path / "county")
    last, places = b"", {name: [] for name in source.names}
    many = 0
    for share in shares.shares(source, tmp_path / "shares", most=2_000):
        many += 1
        ids: set[str] = set()
        rows = 0
        for name in source.names:
            table, at = share.read(name)
            assert np.all(np.diff(at) > 0)
            assert pa.types.is_string(table["household_id"].type)
            places[name].append(at)
            ids |= set(table["household_id"].to_pylist()) - {None}
            rows += table.num_rows
        assert rows == share.rows <= 3 * 2_000
        known = sorted(household.encode() for household in ids)
        assert not known or known[0] > last
        last = known[-1] if known else last
    assert many > 4
    for name, parts in places.items():
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(source.rows[name]))
    assert not [path for path in (tmp_path / "shares").rglob("*") if path.is_file()]


@pytest.mark.parametrize("change", [of_others, of_nobody, of_one_household, coded])
def test_in_shares_a_delivery_gone_wrong_is_set_aside_as_at_once(dirty, tmp_path, monkeypatch, change):
    county = shutil.copytree(dirty, tmp_path / "county")
    change(county)
    whole = validate(county, tmp_path / "whole")
    monkeypatch.setattr(shares, "SHARE_ROWS", 2_000)
    monkeypatch.setattr(checking, "_AT_A_TIME", 300)
    assert validate(county, tmp_path / "shares") == whole
    assert files(tmp_path / "shares") == files(tmp_path / "whole")


def test_in_place_they_stand_behind_those_of_before(dirty, tmp_path, few_rows):
    county = shutil.copytree(dirty, tmp_path / "county")
    first = validate(county)
    before = pq.read_table(county / "rejects.parquet")
    of_others(county)
    second = validate(county)
    told = pq.read_table(county / "rejects.parquet")
    assert first.rejected and second.rejected
    assert told.slice(0, before.num_rows).equals(before)
    assert set(told["rule"].to_pylist()[before.num_rows :]) == {"income.household_id.orphan"}
    assert told.num_rows == before.num_rows + second.rejected


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_by_its_place_and_nothing_is_left(dirty, tmp_path, monkeypatch, few_rows):
    monkeypatch.setattr(shares, "_file", lambda *_: Path("/dev/full"))
    with pytest.raises(DataError, match=r"out: the disk is full\. .*twice the space .*make room"):
        validate(dirty, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_column_given_twice_is_refused_by_name(dirty, tmp_path):
    county = shutil.copytree(dirty, tmp_path / "county")
    rows = pq.read_table(county / "points.parquet")
    pq.write_table(rows.append_column("points", rows["points"]), county / "points.parquet")
    with pytest.raises(CallError, match=r'points\.parquet has the column "points" twice'):
        validate(county, tmp_path / "out")


def test_a_page_that_cannot_be_read_is_named_and_leaves_nothing(dirty, tmp_path, few_rows):
    broken = shutil.copytree(dirty, tmp_path / "county")
    data = bytearray((broken / "income.parquet").read_bytes())
    data[4:60] = b"\xff" * 56
    (broken / "income.parquet").write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"income\.parquet cannot be read"):
        validate(broken, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["county"]
