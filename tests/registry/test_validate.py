"""``riskmodel validate`` on folders: nothing lost, nothing half done, the same result each time."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from riskmodel.errors import CallError, DataError
from riskmodel.registry import Registry
from riskmodel.registry.validate import validate


@pytest.fixture
def folder(rows, tmp_path):
    """A county's folder: plain files, one income that is not a number, a file that is none of our business."""
    path = tmp_path / "county"
    path.mkdir()
    for name, lines in rows.items():
        table = pa.Table.from_pylist(lines)
        if name == "income":
            table = table.set_column(
                table.schema.get_field_index("amount"), "amount", pa.array(["800", "1,2oo", "150"])
            )
        pq.write_table(table, path / f"{name}.parquet")
    (path / "identity.parquet").write_bytes(b"names")
    return path


def _bytes(folder):
    return {entry.name: entry.read_bytes() for entry in sorted(folder.iterdir())}


def test_in_place_the_good_rows_are_rewritten_and_the_bad_ones_set_aside(folder):
    report = validate(folder)
    assert report.rejected == 1
    assert report.rejects == (
        'income.parquet, row 2 (household H1): amount is "1,2oo", not a number. '
        "Set aside in rejects.parquet (rule income.amount.numeric).",
    )
    (line,) = pq.read_table(folder / "rejects.parquet").to_pylist()
    assert (line["table"], line["row"], line["column"], line["value"], line["rule"]) == (
        "income", 2, "amount", "1,2oo", "income.amount.numeric")  # fmt: skip
    assert json.loads(line["original"])["item"] == "post"
    with Registry.open(folder) as registry:
        assert registry.table("income").amount.sum().to_pyarrow().as_py() == 950.0
        assert registry.cut_on == date(2023, 7, 2)
    assert (folder / "identity.parquet").read_bytes() == b"names"
    counts = {count["table"]: count for count in json.loads((folder / "validation.json").read_text())["tables"]}
    assert counts["income"] == {"table": "income", "rows_in": 3, "kept": 2, "rejected": 1, "warnings": 0}


def test_a_second_run_finds_nothing_and_loses_nothing(folder):
    validate(folder)
    first = _bytes(folder)
    assert validate(folder).rejected == 0
    second = _bytes(folder)
    assert {name: data for name, data in second.items() if name != "validation.json"} == {
        name: data for name, data in first.items() if name != "validation.json"
    }


def test_later_rejects_are_added_to_earlier_ones(folder, rows):
    validate(folder)
    good = pq.read_table(folder / "points.parquet")
    pq.write_table(pa.concat_tables([good, good]), folder / "points.parquet")
    assert validate(folder).rejected == 2
    assert pq.read_table(folder / "rejects.parquet")["rule"].to_pylist() == [
        "income.amount.numeric",
        "points.known_on.duplicate",
        "points.known_on.duplicate",
    ]


def test_with_out_the_source_stays_untouched(folder, tmp_path):
    before = _bytes(folder)
    report = validate(folder, tmp_path / "clean")
    assert report.rejected == 1
    assert _bytes(folder) == before
    assert pq.read_metadata(tmp_path / "clean" / "rejects.parquet").num_rows == 1
    assert not (tmp_path / "clean" / "identity.parquet").exists()
    again = validate(folder, tmp_path / "again")
    assert again == report
    assert _bytes(tmp_path / "clean") == _bytes(tmp_path / "again")


def test_check_only_writes_nothing(folder):
    before = _bytes(folder)
    assert validate(folder, check_only=True).rejected == 1
    assert _bytes(folder) == before


def test_a_broken_file_leaves_everything_as_it_was(folder):
    visit = folder / "visit.parquet"
    visit.write_bytes(visit.read_bytes()[:-40])
    before = _bytes(folder)
    with pytest.raises(DataError, match=r"visit\.parquet"):
        validate(folder)
    assert _bytes(folder) == before
    assert [entry.name for entry in folder.parent.iterdir()] == ["county"]


def test_a_file_with_a_broken_page_is_named_and_nothing_is_written(folder):
    income = folder / "income.parquet"
    data = bytearray(income.read_bytes())
    data[4:60] = b"\xff" * 56
    income.write_bytes(bytes(data))
    before = _bytes(folder)
    with pytest.raises(DataError, match=r"income\.parquet cannot be read"):
        validate(folder)
    assert _bytes(folder) == before


def test_a_link_to_a_registry_stays_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    validate(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (folder / "validation.json").is_file()


def test_rows_in_many_files_are_counted_through_all_of_them(folder, rows):
    (folder / "points.parquet").unlink()
    (folder / "points").mkdir()
    good = pa.Table.from_pylist(rows["points"])
    pq.write_table(good, folder / "points" / "a.parquet")
    bad = good.set_column(good.schema.get_field_index("points"), "points", pa.array(["x", "7"]))
    bad = bad.set_column(bad.schema.get_field_index("record_id"), "record_id", pa.array(["P3", "P4"]))
    pq.write_table(bad, folder / "points" / "b.parquet")
    report = validate(folder)
    line = [line for line in pq.read_table(folder / "rejects.parquet").to_pylist() if line["table"] == "points"]
    assert [(entry["row"], entry["value"]) for entry in line] == [(3, "x")]
    assert any(text.startswith("points/*.parquet, row 3 (household H1)") for text in report.rejects)
    assert pq.read_table(folder / "points.parquet")["points"].to_pylist() == [5.0, -2.0, 7.0]
    assert not (folder / "points").exists()


def _described(folder, cut_on):
    (folder / "registry.json").write_text(json.dumps({"schema_version": 1, "cut_on": cut_on, "tables": {}}))


def _add_points(folder, known_on):
    points = pq.read_table(folder / "points.parquet").to_pylist()
    pq.write_table(pa.Table.from_pylist([*points, {**points[0], "known_on": known_on}]), folder / "points.parquet")


def _cut(folder):
    return json.loads((folder / "registry.json").read_text())["cut_on"]


def test_a_stated_cut_stays_and_rows_known_on_it_or_later_are_set_aside(folder):
    _described(folder, "2024-01-01")
    for day in (date(2023, 12, 31), date(2024, 1, 1), date(2032, 1, 1)):
        _add_points(folder, day)
    report = validate(folder, today=date(2024, 6, 1))
    assert [(line.rule, line.rows) for line in report.rejected_by_rule if "known_on" in line.rule] == [
        ("points.known_on.after_cut", 2)
    ]
    assert any("known_on is 2024-01-01, but the registry is cut on 2024-01-01" in line for line in report.rejects)
    assert _cut(folder) == "2024-01-01"


def test_a_new_cut_is_stated_with_the_rows_that_it_lets_in(folder):
    _described(folder, "2024-01-01")
    _add_points(folder, date(2024, 2, 1))
    assert validate(folder, cut_on=date(2024, 3, 1)).rejected == 1
    assert _cut(folder) == "2024-03-01"


def test_a_row_from_the_future_is_set_aside_and_moves_no_cut(folder):
    _add_points(folder, date(2032, 1, 1))
    _add_points(folder, date(2023, 9, 1))
    report = validate(folder, today=date(2023, 9, 1))
    assert "points.known_on.after_today" in [line.rule for line in report.rejected_by_rule]
    assert any("known_on is 2032-01-01, but today is 2023-09-01" in line for line in report.rejects)
    assert _cut(folder) == "2023-09-02"


def test_a_stated_cut_after_today_is_pointed_out(folder):
    _described(folder, "2032-01-02")
    assert any("cut on 2032-01-02, after today (2024-01-01)" in note for note in validate(
        folder, check_only=True, today=date(2024, 1, 1)).notes)  # fmt: skip


def test_the_command_takes_today_from_the_clock_and_a_cut_from_its_option(folder, tmp_path, monkeypatch):
    from riskmodel.cli import validate as command

    app = typer.Typer()
    command.register(app)
    monkeypatch.setattr(command, "today", lambda: date(2023, 6, 30))
    result = CliRunner().invoke(app, [str(folder), "--check"])
    assert "points.known_on.after_today" in result.output
    result = CliRunner().invoke(app, [str(folder), "--cut-on", "2024-01-01", "--out", str(tmp_path / "out")])
    assert "known_on" not in result.output
    assert _cut(tmp_path / "out") == "2024-01-01"


def test_a_database_is_only_read(rows, tmp_path):
    path = tmp_path / "county.duckdb"
    income = pa.Table.from_pylist([{**line, "amount": str(line["amount"])} for line in rows["income"]])
    with duckdb.connect(str(path)) as connection:
        connection.register("given", income)
        connection.execute("create table income as select * from given")
    with pytest.raises(CallError, match="--out"):
        validate(path)
    assert validate(path, tmp_path / "out").rejected == 0
    assert pq.read_metadata(tmp_path / "out" / "income.parquet").num_rows == 3


def test_wrong_names_are_answered_with_the_nearest(folder, tmp_path):
    with pytest.raises(CallError, match="no such file or folder"):
        validate(tmp_path / "nowhere")
    points = pq.read_table(folder / "points.parquet")
    pq.write_table(points.rename_columns(["househld_id", *points.column_names[1:]]), folder / "points.parquet")
    with pytest.raises(CallError, match=r'points\.parquet has a column "househld_id".*"household_id"'):
        validate(folder)


def test_an_empty_table_is_fine(folder):
    for name in ("points", "listing", "member", "job", "household"):
        pq.write_table(pq.read_table(folder / f"{name}.parquet").slice(0, 0), folder / f"{name}.parquet")
    report = validate(folder, check_only=True)
    assert all(count.rows_in == count.kept + count.rejected for count in report.tables)
    # With no household left, every other row is an orphan.
    assert sum(count.kept for count in report.tables) == 0


def test_the_command_prints_the_counts_and_says_by_its_code_that_rows_fell_out(folder):
    from riskmodel.cli.validate import register

    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    first = CliRunner().invoke(app, ["validate", str(folder)])
    assert first.exit_code == 1
    assert "income.amount.numeric" in first.output
    assert 'amount is "1,2oo", not a number' in first.output
    second = CliRunner().invoke(app, ["validate", str(folder), "--check"])
    assert second.exit_code == 0, second.output
    assert "rejected" in second.output
