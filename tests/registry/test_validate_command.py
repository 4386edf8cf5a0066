"""``riskmodel validate`` on a folder in which every column of every table has a wrong row: none passes or is lost."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.registry.rejects import as_text
from riskmodel.registry.schema import TABLES, Column

WRONG = {
    "code": "no_such_code",
    "codes": "illness,no_such_code",
    "date": "2023-02-30",
    "month": "2023-05-02",
    "money": "1,2oo",
    "number": "many",
    "integer": "2.5",
    "boolean": "perhaps",
}
# Every text is a text: what can be wrong with one is that it is not there.
COLUMNS = [
    (table.name, column)
    for table in TABLES.values()
    for column in table.columns
    if (column.kind in WRONG or column.required) and column.name != "known_until"
]


def wrong(column: Column) -> str | None:
    return WRONG.get(column.kind)


def written(value: object) -> str | None:
    """A value as a file of nothing but text holds it."""
    return None if value is None else ",".join(value) if isinstance(value, list) else as_text(value)


@pytest.fixture
def folder(rows, tmp_path):
    """The sound registry as text, with one more row for every column that can be wrong."""
    path = tmp_path / "county"
    path.mkdir()
    for name, lines in rows.items():
        texts = [{key: written(value) for key, value in line.items()} for line in lines]
        for number, column in enumerate(c for table, c in COLUMNS if table == name):
            texts.append({**texts[-1], **_own_key(name, number), column.name: wrong(column)})
        names = [column.name for column in TABLES[name].columns if column.name != "known_until"]
        text = pa.schema([(column, pa.string()) for column in names])
        pq.write_table(pa.Table.from_pylist(texts, schema=text), path / f"{name}.parquet")
    return path


def _own_key(name: str, number: int) -> dict[str, str]:
    """What makes the row another one than the sound ones."""
    match name:
        case "household":
            return {"household_id": f"H9{number}"}
        case "member":
            return {"member_id": f"M9{number}"}
        case "guarantee" | "listing":
            return {TABLES[name].own_date: date(2021, 1, 1 + number).isoformat()}
        case "income" | "observation":
            return {"item": f"extra {number}"}
    return {"record_id": f"X9{number}"}


def test_there_is_a_wrong_row_for_every_table_and_every_kind_of_column():
    assert {name for name, _ in COLUMNS} == set(TABLES)
    kinds = {column.kind for table in TABLES.values() for column in table.columns}
    assert {column.kind for _, column in COLUMNS} == kinds
    for name, table in TABLES.items():
        checked = {column.kind for other, column in COLUMNS if other == name}
        assert {column.kind for column in table.own_columns} - checked <= {"text"}


def test_each_is_set_aside_in_full_and_counted_and_the_sound_rows_stay(cli, folder, rows, sound):
    read = {name: pq.read_table(folder / f"{name}.parquet").to_pylist() for name in rows}
    ended = cli("validate", folder)
    assert ended.code == 1
    counts = {count["table"]: count for count in json.loads((folder / "validation.json").read_text())["tables"]}
    rejects = pq.read_table(folder / "rejects.parquet").to_pylist()
    expected = Counter(name for name, _ in COLUMNS)
    for name, lines in read.items():
        count = counts[name]
        assert count["rows_in"] == len(lines) == count["kept"] + count["rejected"]
        assert count["rejected"] == expected[name], name
        mine = {line["row"]: json.loads(line["original"]) for line in rejects if line["table"] == name}
        assert mine == {at: lines[at - 1] for at in range(len(rows[name]) + 1, len(lines) + 1)}
        by_column = {line["column"] for line in rejects if line["table"] == name}
        assert by_column >= {column.name for other, column in COLUMNS if other == name}
        kept = pq.read_table(folder / f"{name}.parquet", columns=sound[name].column_names)
        assert sorted(kept.drop_columns("known_until").to_pylist(), key=repr) == sorted(
            sound[name].drop_columns("known_until").to_pylist(), key=repr
        )
        assert f"{name} {count['rows_in']} {count['kept']} {count['rejected']}" in ended.said
    assert cli("validate", folder, "--check").code == 0


def test_households_that_fall_with_one_cell_are_said_first(cli, rows, tmp_path):
    folder = tmp_path / "county"
    folder.mkdir()
    for name, lines in rows.items():
        table = pa.Table.from_pylist(lines)
        if name == "household":
            table = table.set_column(
                table.schema.get_field_index("cropland_mu"), "cropland_mu", pa.array(["many", "3.5"])
            )
        pq.write_table(table, folder / f"{name}.parquet")
    ended = cli("validate", folder, "--check")
    assert ended.code == 1
    others = sum(line["household_id"] == "H1" for name, lines in rows.items() if name != "household" for line in lines)
    lost = f"1 household lost: no row of it in the household table could stand, so {others} rows of other tables"
    assert lost in ended.said
    assert ended.said.index(lost) < ended.said.index("rows rejected, by rule")
    assert "--examples 20" in ended.said
    assert cli("validate", folder, "--out", tmp_path / "kept").code == 1
    told = json.loads((tmp_path / "kept" / "validation.json").read_text())
    assert told["lost"] == {"households": 1, "rows": others}


def test_a_household_that_another_row_of_it_keeps_is_not_lost(cli, rows, tmp_path):
    folder = tmp_path / "county"
    folder.mkdir()
    rows["household"].append({**rows["household"][0], "known_on": date(2023, 8, 1), "lifted_year": 1})
    for name, lines in rows.items():
        pq.write_table(pa.Table.from_pylist(lines), folder / f"{name}.parquet")
    ended = cli("validate", folder, "--check")
    assert ended.code == 1
    assert "household.lifted_year.range" in ended.said
    assert " lost: " not in ended.said
