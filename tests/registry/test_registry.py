from __future__ import annotations

import json
import shutil
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.registry import Registry, write_registry
from riskmodel.registry.schema import TABLES


@pytest.fixture
def folder(sound, tmp_path):
    write_registry(sound, tmp_path / "registry")
    return tmp_path / "registry"


def _foreign(folder, **tables):
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize("name", ["county[1]", "county*", "county?"])
def test_a_folder_s_name_is_no_pattern(sound, tmp_path, name):
    """DuckDB takes such a name for one, and reads another county."""
    other = {table: rows.slice(0, 0) for table, rows in sound.items()}
    for place in ("county1", "county2"):
        write_registry({**other, "points": sound["points"].slice(0, 1)}, tmp_path / place)
    write_registry(sound, tmp_path / name)
    with Registry.open(tmp_path / name) as registry:
        assert registry.table("points").count().to_pyarrow().as_py() == 2
        assert registry.table("income").count().to_pyarrow().as_py() == 3


def test_every_table_has_all_columns_of_the_schema_with_plain_types(folder):
    with Registry.open(folder) as registry:
        for name, table in TABLES.items():
            schema = registry.table(name).schema()
            assert list(schema.names) == [column.name for column in table.columns]
            for column in table.columns:
                kind = str(schema[column.name])
                assert (kind == "string") == (column.kind in ("id", "text", "code"))
        assert str(registry.table("listing").schema()["risk_types"]) == "array<string>"
        assert registry.table("listing").risk_types.to_pyarrow().to_pylist() == [["illness", "disability"], ["other"]]


def test_optional_columns_that_the_files_lack_are_missing_and_typed(sound, tmp_path):
    event = sound["event"].select(["household_id", "record_id", "happened_on", "kind", "known_on"])
    with Registry.open(_foreign(tmp_path / "r", event=event)) as registry:
        table = registry.table("event")
        assert str(table.schema()["loss"]) == "float64"
        assert table.loss.isnull().all().to_pyarrow().as_py()
        assert not table.withdrawn.any().to_pyarrow().as_py()
        assert registry.cut_on == date(2023, 7, 2)


def test_other_storage_forms_are_brought_to_the_schemas_types(sound, tmp_path):
    points = sound["points"].select(["household_id", "record_id", "awarded_on", "points", "known_on"])
    points = points.set_column(2, "awarded_on", pa.array([date(2023, 6, 5)] * 2).cast(pa.timestamp("ns")))
    points = points.set_column(3, "points", pa.array([5.0, float("nan")]))
    measure = sound["measure"].drop(["ended_on", "withdrawn", "known_until"])
    measure = measure.set_column(
        measure.schema.get_field_index("amount"), "amount", pa.array([Decimal("600.50"), None], pa.decimal128(9, 2))
    )
    with Registry.open(_foreign(tmp_path / "r", points=points, measure=measure)) as registry:
        rows = registry.table("points").order_by("record_id").to_pyarrow().to_pylist()
        assert [row["awarded_on"] for row in rows] == [date(2023, 6, 5)] * 2
        assert [row["points"] for row in rows] == [5.0, None]
        assert registry.table("measure").amount.sum().to_pyarrow().as_py() == 600.5


def test_no_number_is_missing_though_a_file_says_between_which_its_numbers_lie(sound, tmp_path):
    points = sound["points"].select(["household_id", "record_id", "awarded_on", "points", "known_on"])
    points = pa.concat_tables([points, points]).set_column(3, "points", pa.array([5.0, float("nan"), -2.0, 7.0]))
    with Registry.open(_foreign(tmp_path / "r", points=points)) as registry:
        found = registry.table("points").points.to_pyarrow().to_pylist()
    assert sorted(found, key=str) == [-2.0, 5.0, 7.0, None]


def test_a_table_in_many_files_counts_all_of_them(folder, sound):
    (folder / "income.parquet").unlink()
    (folder / "income").mkdir()
    income = sound["income"]
    pq.write_table(income.slice(0, 1), folder / "income" / "part-0.parquet")
    pq.write_table(income.slice(1).drop(["withdrawn", "known_until"]), folder / "income" / "part-1.parquet")
    with Registry.open(folder) as registry:
        assert registry.table("income").count().to_pyarrow().as_py() == 3
        assert [path.name for path in registry.files("income")] == ["part-0.parquet", "part-1.parquet"]


def test_files_put_together_by_hand_are_indexed_across_each_other(sound, tmp_path):
    income = sound["income"]
    later = income.set_column(income.schema.get_field_index("known_on"), "known_on", [[date(2023, 9, 1)] * 3])
    write_registry({"income": income}, tmp_path / "july")
    write_registry({"income": later}, tmp_path / "september")
    both = tmp_path / "both" / "income"
    both.mkdir(parents=True)
    for name in ("july", "september"):
        shutil.copy(tmp_path / name / "income.parquet", both / f"{name}.parquet")
    with Registry.open(tmp_path / "both") as registry:
        standing = registry.table("income").known_until.isnull().sum().to_pyarrow().as_py()
    assert standing == 3


def test_a_duckdb_file_reads_like_a_folder(sound, tmp_path):
    path = tmp_path / "county.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name in ("income", "listing"):
            rows = sound[name].drop(["known_until", "withdrawn"])  # noqa: F841  (DuckDB finds it by its name)
            connection.execute(f"create table {name} as select * from rows")
    with Registry.open(path) as registry:
        assert registry.tables == ("income", "listing")
        assert registry.cut_on == date(2023, 7, 2)
        assert registry.table("income").amount.sum().to_pyarrow().as_py() == 1750.0
        assert registry.table("listing").risk_types.to_pyarrow().to_pylist()[1] == ["other"]
        assert len(registry.fingerprint) == 16
        assert registry.files("income") == ()


def test_a_cut_that_nobody_stated_is_warned_of_with_the_table_that_sets_it(sound, tmp_path, caplog):
    stray = sound["points"].set_column(
        sound["points"].schema.get_field_index("known_on"), "known_on", pa.array([date(2023, 7, 1), date(2032, 1, 1)])
    )
    with Registry.open(_foreign(tmp_path / "r", income=sound["income"], points=stray)) as registry:
        assert registry.cut_on == date(2032, 1, 2)
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "2032-01-01 in table points" in said


def test_a_stated_cut_is_taken_without_a_word(folder, caplog):
    with Registry.open(folder) as registry:
        assert registry.cut_on == date(2023, 7, 2)
    assert not caplog.records


def test_the_fingerprint_follows_the_content_and_not_the_place(folder, sound, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")
    with Registry.open(folder) as here, Registry.open(tmp_path / "elsewhere") as there:
        assert here.fingerprint == there.fingerprint
    amounts = pa.chunked_array([[800.0, 801.0, 150.0]])
    changed = sound["income"].set_column(sound["income"].schema.get_field_index("amount"), "amount", amounts)
    write_registry({**sound, "income": changed}, tmp_path / "elsewhere")
    with Registry.open(folder) as here, Registry.open(tmp_path / "elsewhere") as there:
        assert here.fingerprint != there.fingerprint


def _swapped(sound):
    """The incomes of two months of one household changed places: the same size, counts and ranges."""
    place = sound["income"].schema.get_field_index("amount")
    first, second = (pa.chunked_array([values]) for values in ([700.0, 800.0, 150.0], [800.0, 700.0, 150.0]))
    return sound["income"].set_column(place, "amount", first), sound["income"].set_column(place, "amount", second)


def test_two_values_that_change_places_change_the_fingerprint(sound, tmp_path):
    prints = set()
    for name, income in zip("ab", _swapped(sound), strict=True):
        write_registry({"income": income}, tmp_path / name)
        _foreign(tmp_path / f"foreign-{name}", income=income.drop(["known_until"]))
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            rows = income.drop(["known_until", "withdrawn"])  # noqa: F841  (DuckDB finds it by its name)
            connection.execute("create table income as select * from rows")
        for place in (name, f"foreign-{name}", f"{name}.duckdb"):
            with Registry.open(tmp_path / place) as registry:
                prints.add(registry.fingerprint)
    assert len(prints) == 6


def test_a_file_changed_since_it_was_written_is_noticed(folder, sound, tmp_path, caplog):
    with Registry.open(folder) as registry:
        before = registry.fingerprint
        registry.table("income")
    assert not caplog.records
    _, other = _swapped(sound)
    write_registry({"income": other}, tmp_path / "other")
    shutil.copy(tmp_path / "other" / "income.parquet", folder / "income.parquet")
    with Registry.open(folder) as registry:
        assert registry.fingerprint != before
        registry.table("income")
    assert "table income is not what registry.json says was written" in caplog.text


def test_a_correction_added_by_hand_ends_the_row_that_it_repeats(folder):
    points = pq.read_table(folder / "points.parquet")
    place = points.schema.get_field_index("known_on")
    later = points.slice(0, 1).set_column(place, points.schema.field(place), pa.array([date(2023, 8, 1)]))
    pq.write_table(pa.concat_tables([points, later]), folder / "points.parquet")
    with Registry.open(folder) as registry:
        rows = registry.table("points").order_by(["household_id", "known_on"]).to_pyarrow()
    assert rows["known_until"].to_pylist() == [date(2023, 8, 1), None, None]


def test_a_stamped_file_without_a_record_of_it_is_indexed_anew(folder):
    (folder / "registry.json").unlink()
    points = pq.read_table(folder / "points.parquet")
    pq.write_table(pa.concat_tables([points, points.slice(0, 1)]), folder / "points.parquet")
    with Registry.open(folder) as registry:
        standing = registry.table("points").known_until.isnull().sum().to_pyarrow().as_py()
    assert standing == 2


def test_nothing_at_the_path(tmp_path, folder):
    with pytest.raises(CallError, match=r'no such file or folder\. Did you mean "registry"'):
        Registry.open(tmp_path / "registri")


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(CallError, match=r"holds none of a registry's tables \(household\.parquet"):
        Registry.open(tmp_path)


def test_a_misspelt_table_is_not_taken_for_an_absent_one(folder):
    (folder / "income.parquet").rename(folder / "incomes.parquet")
    with pytest.raises(DataError, match=r'incomes\.parquet is not a registry\'s table\. Did you mean "income"'):
        Registry.open(folder)


def test_a_table_that_is_absent_is_said_to_be(sound, tmp_path):
    write_registry({"income": sound["income"]}, tmp_path / "r")
    with Registry.open(tmp_path / "r") as registry:
        assert registry.tables == ("income",)
        with pytest.raises(CallError, match='has no table "member"'):
            registry.table("member")
        with pytest.raises(CallError, match='no table "incme". Did you mean "income"'):  # noqa: RUF043
            registry.table("incme")


def test_an_unknown_column_is_answered_with_the_nearest(folder, sound):
    wrong = sound["points"].append_column("recordid", sound["points"]["record_id"])
    pq.write_table(wrong, folder / "points.parquet")
    with pytest.raises(CallError, match=r'points\.parquet has a column "recordid".*Did you mean "record_id"'):
        Registry.open(folder)


def test_a_required_column_that_is_absent(folder, sound):
    pq.write_table(sound["points"].drop(["points"]), folder / "points.parquet")
    with pytest.raises(CallError, match=r"points\.parquet lacks the required column points"):
        Registry.open(folder)


def test_a_column_of_a_type_that_cannot_be_meant(folder, sound):
    text = sound["points"].set_column(sound["points"].schema.get_field_index("points"), "points", pa.array(["5", "x"]))
    pq.write_table(text, folder / "points.parquet")
    with pytest.raises(DataError, match=r"points\.parquet: points is stored as string.*riskmodel validate"):
        Registry.open(folder)


@pytest.mark.parametrize("keep", [0, 3, 200, -1])
def test_a_truncated_parquet_file_is_named(folder, keep):
    path = folder / "income.parquet"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"income\.parquet is not a whole Parquet file"):
        Registry.open(folder)


def test_a_newer_schema_is_refused_by_description_and_by_file(folder, sound):
    description = json.loads((folder / "registry.json").read_text())
    (folder / "registry.json").write_text(json.dumps({**description, "schema_version": 2}))
    with pytest.raises(DataError, match="written with schema version 2; this riskmodel reads up to 1"):
        Registry.open(folder)
    (folder / "registry.json").unlink()
    newer = sound["points"].replace_schema_metadata({"riskmodel.schema_version": "7"})
    pq.write_table(newer, folder / "points.parquet")
    with pytest.raises(DataError, match=r"points\.parquet was written with schema version 7"):
        Registry.open(folder)


def test_a_broken_description_is_named(folder):
    (folder / "registry.json").write_text('{"cut_on": "soon"}')
    with pytest.raises(DataError, match=r"registry\.json is not a registry's description"):
        Registry.open(folder)


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "county.duckdb").write_bytes(b"this is a letter, not a database" * 500)
    with pytest.raises(DataError, match=r"county\.duckdb is not a DuckDB file"):
        Registry.open(tmp_path / "county.duckdb")


def test_nothing_can_be_fetched_and_limits_are_obeyed(folder, tmp_path):
    with Registry.open(folder, memory_limit="300MiB", temp_folder=tmp_path / "spill", threads=1) as registry:
        said = dict(
            registry.connection.raw_sql(
                "select name, value from duckdb_settings() where name in ('autoinstall_known_extensions',"
                " 'autoload_known_extensions', 'memory_limit', 'temp_directory', 'threads')"
            ).fetchall()
        )
    assert said["autoinstall_known_extensions"] == said["autoload_known_extensions"] == "false"
    assert said["memory_limit"] == "300.0 MiB"
    assert said["temp_directory"] == str(tmp_path / "spill")
    assert said["threads"] == "1"
