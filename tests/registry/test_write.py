from __future__ import annotations

import errno
import hashlib
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.registry import Registry, RegistryWriter, write_registry
from riskmodel.registry import write as write_module
from riskmodel.registry.schema import TABLES
from riskmodel.registry.validate import validate


def test_what_is_written_reads_back_the_same(sound, tmp_path):
    write_registry(sound, tmp_path / "registry")
    with Registry.open(tmp_path / "registry") as registry:
        assert registry.tables == tuple(TABLES)
        for name, table in sound.items():
            back = registry.table(name).to_pyarrow()
            assert back.column_names == TABLES[name].arrow_schema.names
            expected = [{**row, "withdrawn": False} for row in table.to_pylist()]
            assert sorted(back.to_pylist(), key=repr) == sorted(expected, key=repr)


def test_the_same_rows_give_the_same_bytes(sound, tmp_path):
    for name in ("one", "two"):
        write_registry(sound, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_rows_are_sorted_by_household_own_date_key_and_known_on(sound, tmp_path):
    income = sound["income"]
    again = income.set_column(income.schema.get_field_index("known_on"), "known_on", [[date(2023, 8, 1)] * 3])
    backwards = pa.concat_tables([again, income]).take([5, 4, 3, 2, 1, 0])
    write_registry({"income": backwards}, tmp_path / "r")
    rows = pq.read_table(tmp_path / "r" / "income.parquet").to_pylist()
    places = [(row["household_id"], row["month"], row["source"], row["item"], row["known_on"]) for row in rows]
    assert places == sorted(places)
    assert [row["known_until"] for row in rows] == [date(2023, 8, 1), None] * 3


def test_row_groups_are_bounded_and_codes_are_dictionary_encoded(sound, tmp_path, monkeypatch):
    monkeypatch.setattr(write_module, "ROW_GROUP", 2)
    write_registry(sound, tmp_path / "r")
    with pq.ParquetFile(tmp_path / "r" / "income.parquet") as file:
        assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [2, 1]
        assert pa.types.is_dictionary(file.schema_arrow.field("source").type)
        assert file.metadata.row_group(0).column(0).compression == "LZ4"


def test_the_description_says_version_cut_counts_and_digests(sound, tmp_path):
    write_registry({"points": sound["points"]}, tmp_path / "r")
    content = (tmp_path / "r" / "points.parquet").read_bytes()
    assert json.loads((tmp_path / "r" / "registry.json").read_text()) == {
        "schema_version": 1,
        "cut_on": "2023-07-02",
        "tables": {"points": 2},
        "sha256": {"points": hashlib.sha256(content).hexdigest()},
    }


def test_slices_of_households_give_the_bytes_of_the_whole(sound, tmp_path):
    income = sound["income"]
    write_registry({"income": income}, tmp_path / "whole")
    with RegistryWriter(tmp_path / "slices") as writer:
        writer.add("income", income.slice(0, 2))
        writer.add("income", income.slice(2))
    whole, slices = ((tmp_path / name / "income.parquet").read_bytes() for name in ("whole", "slices"))
    assert whole == slices


def test_they_do_where_there_are_more_ids_than_a_dictionary_holds(tmp_path):
    many = 100_000
    days = pa.array([date(2023, 5, 4)] * many)
    rows = pa.table(
        {
            "household_id": [f"household-{number:09d}" for number in range(many)],
            "record_id": [f"R{number}" for number in range(many)],
            "awarded_on": days,
            "points": pa.array([1.0] * many),
            "known_on": days,
        }
    )
    write_registry({"points": rows}, tmp_path / "whole")
    with RegistryWriter(tmp_path / "slices") as writer:
        for start in range(0, many, 5_000):
            writer.add("points", rows.slice(start, 5_000))
    whole, slices = ((tmp_path / name / "points.parquet").read_bytes() for name in ("whole", "slices"))
    assert whole == slices


def test_a_slice_out_of_order_is_refused_and_nothing_is_left(sound, tmp_path):
    with pytest.raises(CallError, match='begins with household "H1", but "H2" is already written'):  # noqa: SIM117
        with RegistryWriter(tmp_path / "r") as writer:
            writer.add("income", sound["income"].slice(2))
            writer.add("income", sound["income"].slice(0, 2))
    assert list(tmp_path.iterdir()) == []


class OnFullDisk:
    """What has a file open that nothing more can be written to, at its end neither."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self.writer = writer

    def write_table(self, rows: pa.Table, row_group_size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self.writer.close()
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing(sound, tmp_path, monkeypatch):
    real = write_module._parquet_writer
    monkeypatch.setattr(write_module, "_parquet_writer", lambda path, table: OnFullDisk(real(path, table)))
    monkeypatch.setattr(write_module, "ROW_GROUP", 1)
    with pytest.raises(OSError, match="No space left"), RegistryWriter(tmp_path / "r") as writer:
        writer.add("points", sound["points"])
    assert not list(tmp_path.iterdir())


def test_optional_columns_may_be_absent_and_nan_is_missing(tmp_path):
    rows = pa.table(
        {
            "household_id": ["H1"],
            "record_id": ["E1"],
            "happened_on": [date(2023, 1, 5)],
            "kind": ["illness"],
            "loss": [float("nan")],
            "known_on": [date(2023, 1, 6)],
        }
    )
    write_registry({"event": rows}, tmp_path / "r")
    back = pq.read_table(tmp_path / "r" / "event.parquet").to_pylist()[0]
    assert back["loss"] is None and back["subtype"] is None and back["withdrawn"] is None


def test_an_empty_table_is_written(sound, tmp_path):
    write_registry({"points": sound["points"].slice(0, 0)}, tmp_path / "r")
    with Registry.open(tmp_path / "r") as registry:
        assert registry.table("points").count().execute() == 0
        with pytest.raises(DataError, match="holds no rows"):
            _ = registry.cut_on


def test_unknown_names_are_answered_with_the_nearest(sound, tmp_path):
    with pytest.raises(CallError, match=r'no table "incme"\. Did you mean "income"'):
        write_registry({"incme": sound["income"]}, tmp_path / "r")
    wrong = sound["income"].rename_columns(
        ["household_id", "month", "source", "item", "amuont", *sound["income"].column_names[5:]]
    )
    with pytest.raises(CallError, match=r'column "amuont" that the registry does not know\. Did you mean "amount"'):
        write_registry({"income": wrong}, tmp_path / "r")
    with pytest.raises(CallError, match="lacks the required column amount"):
        write_registry({"income": sound["income"].drop(["amount"])}, tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("amount", ["800", "1,2oo", "3"], 'income, row 2: amount is "1,2oo", not a number'),
        ("source", ["wage", "wage", "wgae"], 'income, row 3: source is "wgae", not a known code. Did you mean "wage"'),
        ("month", ["2023-05-01", "2023-06-01", "June"], 'income, row 3: month is "June", not a month'),
        ("known_on", [date(2023, 7, 1), None, date(2023, 7, 1)], "income, row 2: known_on is missing"),
        ("withdrawn", ["true", "no", "perhaps"], 'income, row 2: withdrawn is "no", not true or false'),
    ],
)
def test_a_wrong_value_is_named_by_table_row_and_column(sound, tmp_path, column, values, message):
    rows = sound["income"]
    rows = rows.set_column(rows.schema.get_field_index(column), column, pa.array(values))
    with pytest.raises(DataError) as error:
        write_registry({"income": rows}, tmp_path / "r")
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_row_known_on_the_cut_date_contradicts_it(sound, tmp_path):
    with pytest.raises(DataError, match="known_on is 2023-07-01, but the registry is cut on 2023-07-01"):
        write_registry({"income": sound["income"]}, tmp_path / "r", cut_on=date(2023, 7, 1))
    write_registry({"income": sound["income"]}, tmp_path / "r", cut_on=date(2024, 1, 1))
    with Registry.open(tmp_path / "r") as registry:
        assert registry.cut_on == date(2024, 1, 1)


def test_a_registry_is_replaced_whole_and_a_foreign_folder_is_left_alone(sound, tmp_path):
    out = tmp_path / "r"
    write_registry(sound, out)
    (out / "identity.parquet").write_bytes(b"kept")
    write_registry({"income": sound["income"]}, out)
    assert sorted(entry.name for entry in out.iterdir()) == ["identity.parquet", "income.parquet", "registry.json"]
    other = tmp_path / "letters"
    other.mkdir()
    (other / "a.txt").write_text("dear")
    with pytest.raises(CallError, match="is not a registry"):
        write_registry(sound, other)
    assert (other / "a.txt").read_text() == "dear"
    with pytest.raises(CallError, match="no tables to write"):
        write_registry({}, tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("member/a.txt", "a photo"),
        ("member.parquet", "rows"),
        ("registry.json", "{"),
        ("registry.json", "[1]"),
        ("registry.json", '{"name": "of another program"}'),
    ],
)
def test_a_name_that_registries_use_makes_no_registry(sound, tmp_path, snapshot, name, text):
    file = tmp_path / "photos" / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    before = snapshot(tmp_path)
    with pytest.raises(CallError, match=r"is not a registry \(it is not empty, and holds no registry.json"):
        write_registry(sound, tmp_path / "photos")
    assert snapshot(tmp_path) == before


def test_tables_without_a_description_are_put_right_in_place_and_never_replaced(sound, tmp_path):
    for name in ("a", "b"):
        write_registry(sound, tmp_path / name)
        (tmp_path / name / "registry.json").unlink()
    with pytest.raises(CallError, match="is not a registry"):
        validate(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "b" / "registry.json").exists()
    validate(tmp_path / "a")
    assert (tmp_path / "a" / "registry.json").exists()
