"""Every planted fault is found by its rule, nothing else is lost, and a county without dirt loses nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError
from riskmodel.registry.schema import TABLES
from riskmodel.registry.validate import validate
from riskmodel.registry.validation_report import ValidationReport
from riskmodel.simulation import simulate_registry
from riskmodel.simulation.dirt import SCHEMA, written_out
from riskmodel.simulation.faults import DUPLICATE, KINDS, ORPHAN, SWAPPED_UNIT

UNTIL = date(2025, 1, 1)
COUNTY = {"households": 250, "years": 2, "until": UNTIL}
SHARE = 0.03
NAMES = list(TABLES)


@dataclass(frozen=True)
class Dirty:
    clean: Path
    dirty: Path
    kept: Path
    report: ValidationReport

    def planted(self) -> list[dict]:
        return pq.read_table(self.dirty / "dirt.parquet").to_pylist()

    def rejects(self) -> list[dict]:
        return pq.read_table(self.kept / "rejects.parquet").to_pylist()

    def rows(self, name: str) -> list[dict]:
        return pq.read_table(self.dirty / f"{name}.parquet").to_pylist()


def people(folder: Path) -> set[tuple[str, str]]:
    return {(row["household_id"], row["member_id"]) for row in pq.read_table(folder / "member.parquet").to_pylist()}


@pytest.fixture(scope="module", params=[1, 8])
def county(request, tmp_path_factory) -> Dirty:
    folder = tmp_path_factory.mktemp("dirt")
    simulate_registry(folder / "clean", seed=request.param, **COUNTY)
    simulate_registry(folder / "dirty", seed=request.param, dirty=SHARE, **COUNTY)
    report = validate(folder / "dirty", folder / "kept")
    return Dirty(folder / "clean", folder / "dirty", folder / "kept", report)


def test_every_planted_fault_is_found_at_its_row_and_column_by_its_rule(county):
    found = {(line["table"], line["row"], line["column"], line["value"], line["rule"]) for line in county.rejects()}
    planted = [(line["table"], line["row"], line["column"], line["value"], line["rule"]) for line in county.planted()]
    assert len(planted) > 500
    assert [line for line in planted if line not in found] == []


def test_a_fault_that_validation_does_not_know_is_not_found(county, tmp_path):
    """The negative control: a wage a tenth too high is a wrong row, and nobody can tell."""
    income = pq.read_table(county.clean / "income.parquet")
    at = income["source"].to_pylist().index("wage")
    amounts = income["amount"].to_pylist()
    amounts[at] = round(amounts[at] * 1.1, 2)
    place = income.schema.get_field_index("amount")
    for file in county.clean.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    spoilt = income.set_column(place, income.schema.field(place), pa.array(amounts))
    pq.write_table(spoilt, tmp_path / "income.parquet")
    assert validate(tmp_path, check_only=True).rejected == 0


def test_rows_in_are_rows_kept_and_rows_rejected_and_all_others_fell_with_theirs(county):
    spoilt = {(line["table"], line["row"]) for line in county.planted()}
    fallen = {(line["table"], line["row"]): line["rule"] for line in county.rejects()}
    fallen = {place: rule for place, rule in fallen.items() if place not in spoilt}
    gone = set(pq.read_table(county.clean / "household.parquet")["household_id"].to_pylist())
    gone -= set(pq.read_table(county.kept / "household.parquet")["household_id"].to_pylist())
    persons = people(county.clean) - people(county.kept)
    rows = {name: county.rows(name) for name in NAMES}
    for (name, number), rule in fallen.items():
        row = rows[name][number - 1]
        assert rule.endswith(".orphan"), (name, number)
        of_a_person = name == "job" and (row["household_id"], row["member_id"]) in persons
        assert row["household_id"] in gone or of_a_person, (name, number, rule)
    for count in county.report.tables:
        of_table = [name for name, _ in spoilt | set(fallen) if name == count.table]
        assert count.rejected == len(of_table)
        assert count.rows_in == count.kept + count.rejected == len(rows[count.table])
    assert county.report.lost.households == len(gone) > 0


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_says_what_the_clean_county_says(county, name):
    names = [column for column in TABLES[name].arrow_schema.names if column != "known_until"]
    clean = Counter(map(str, pq.read_table(county.clean / f"{name}.parquet", columns=names).to_pylist()))
    kept = Counter(map(str, pq.read_table(county.kept / f"{name}.parquet", columns=names).to_pylist()))
    assert not kept - clean
    repeats = sum(line["table"] == name and line["kind"] == DUPLICATE for line in county.planted())
    (count,) = [count for count in county.report.tables if count.table == name]
    assert (clean - kept).total() == count.rejected - repeats


@pytest.mark.parametrize("name", NAMES)
def test_cells_without_a_fault_are_the_clean_ones(county, name):
    names = [column for column in TABLES[name].arrow_schema.names if column != "known_until"]
    clean = written_out(pq.read_table(county.clean / f"{name}.parquet", columns=names)).to_pylist()
    mine = {line["row"]: line for line in county.planted() if line["table"] == name}
    dirty = county.rows(name)
    sound = [row for number, row in enumerate(dirty, 1) if mine.get(number, {}).get("kind") != DUPLICATE]
    numbers = [number for number in range(1, len(dirty) + 1) if mine.get(number, {}).get("kind") != DUPLICATE]
    assert len(sound) == len(clean)
    for number, row, was in zip(numbers, sound, clean, strict=True):
        differing = [column for column in names if row[column] != was[column]]
        assert differing == ([mine[number]["column"]] if number in mine else [])


def test_every_kind_is_there_in_every_table_that_can_take_it_and_counted(county):
    told = json.loads((county.dirty / "dirt.json").read_text())
    counts = Counter((line["table"], line["kind"]) for line in county.planted())
    assert {(name, kind): n for name, kinds in told["tables"].items() for kind, n in kinds.items()} == counts
    assert told["planted"] == counts.total() == len(county.planted())
    for name, table in TABLES.items():
        if pq.read_metadata(county.clean / f"{name}.parquet").num_rows < len(KINDS):
            continue
        cannot = {SWAPPED_UNIT} if name not in ("household", "income", "spending") else set()
        cannot |= {ORPHAN} if name == "household" else set()
        cannot |= set() if any(column.codes for column in table.columns) else {"unknown_code"}
        assert set(told["tables"][name]) == set(KINDS) - cannot, name


def test_the_share_is_kept_where_a_table_is_large(county):
    for name in ("income", "guarantee"):
        rows = pq.read_metadata(county.clean / f"{name}.parquet").num_rows
        planted = sum(line["table"] == name for line in county.planted())
        assert planted == int(SHARE * rows)


def test_the_side_file_is_sorted_and_typed(county):
    table = pq.read_table(county.dirty / "dirt.parquet")
    assert table.schema.equals(SCHEMA)
    places = list(zip(table["table"].to_pylist(), table["row"].to_pylist(), strict=True))
    assert places == sorted(set(places))


def test_every_wrong_column_kind_is_planted_somewhere(county):
    kinds = {
        TABLES[line["table"]].column(line["column"]).kind for line in county.planted() if line["kind"] == "wrong_type"
    }
    assert kinds == {"date", "month", "money", "number", "integer", "boolean"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_county_without_dirt_loses_nothing(tmp_path, seed):
    simulate_registry(tmp_path / "clean", households=300, years=2, seed=seed, until=UNTIL)
    report = validate(tmp_path / "clean", check_only=True)
    assert report.rejected == 0 and report.lost.households == 0


def test_the_same_seed_plants_the_same_faults(tmp_path):
    small = {"households": 40, "years": 1, "until": UNTIL, "dirty": 0.2}
    for name, seed in (("first", 3), ("second", 3), ("other", 4)):
        simulate_registry(tmp_path / name, seed=seed, **small)
    digests = [
        {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((tmp_path / name).iterdir())}
        for name in ("first", "second", "other")
    ]
    assert digests[0] == digests[1]
    assert digests[0]["dirt.parquet"] != digests[2]["dirt.parquet"]


def test_a_table_in_several_row_groups_is_numbered_through(tmp_path, monkeypatch):
    monkeypatch.setattr("riskmodel.registry.write.ROW_GROUP", 500)
    simulate_registry(tmp_path / "dirty", households=60, years=1, seed=2, until=UNTIL, dirty=0.1)
    validate(tmp_path / "dirty", tmp_path / "kept")
    found = {
        (line["table"], line["row"], line["rule"])
        for line in pq.read_table(tmp_path / "kept" / "rejects.parquet").to_pylist()
    }
    planted = pq.read_table(tmp_path / "dirty" / "dirt.parquet").to_pylist()
    assert max(line["row"] for line in planted) > 2000
    assert {(line["table"], line["row"], line["rule"]) for line in planted} <= found


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_a_share_that_is_none_is_refused_before_any_work(tmp_path, share):
    with pytest.raises(CallError, match="--dirty is"):
        simulate_registry(tmp_path / "county", seed=1, dirty=share, **COUNTY)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("riskmodel.simulation.dirt.pq.ParquetWriter", full)
    with pytest.raises(OSError, match="No space"):
        simulate_registry(tmp_path / "county", households=20, years=1, seed=1, until=UNTIL, dirty=0.1)
    assert list(tmp_path.iterdir()) == []
