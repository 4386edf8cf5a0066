"""A wrong row in every table and every column: set aside with its rule, in full, and counted; the others stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from riskmodel.registry import Registry, validate_tables, write_registry
from riskmodel.registry.rejects import as_text
from riskmodel.registry.schema import TABLES, Column, Table

# What tells the row that will be spoilt from the sound ones.
_OWN_KEY: dict[str, dict[str, Any]] = {
    "household": {"household_id": "H3"},
    "member": {"member_id": "M9", "relation": "son"},
    "income": {"item": "extra"},
    "guarantee": {"item": "food_clothing"},
    "listing": {"identified_on": date(2021, 1, 1)},
    "observation": {"item": "extra"},
}
_LINKS = {("household", "household_id"), ("job", "member_id")}


def faults(table: Table, column: Column) -> Iterator[tuple[str, Any]]:
    """Every way in which a value of this column can be wrong: (last part of the rule, value)."""
    if column.required:
        yield "required", None
    if column.kind in ("id", "text"):
        if column.required and column.kind == "id":
            yield "required", ""
        if column.name not in ("household_id", "member_id"):
            yield "text", 2.5
    elif column.kind == "code":
        yield "code", "no_such_code"
    elif column.kind == "codes":
        yield "code", ["illness", "no_such_code"]
    elif column.kind == "boolean":
        yield "boolean", "perhaps"
        yield "boolean", 2
    elif column.kind in ("date", "month"):
        yield "date", "2023-02-30"
        yield "date", "5 June"
        yield "date", 45000
        yield "range", date(1850, 1, 1)
        yield "range", "2250-01-01"
        if column.kind == "month":
            yield "month", date(2023, 5, 2)
        if column.name == table.own_date:
            yield "after_known_on", date(2023, 7, 2)
    else:
        yield ("integer" if column.kind == "integer" else "numeric"), "1,2oo"
        yield ("integer" if column.kind == "integer" else "numeric"), float("inf")
        if column.kind == "integer":
            yield "integer", 2.5
        if column.low is not None:
            yield "range", column.low - 1
        if column.high is not None:
            yield "range", str(int(column.high) + 1)


CASES = [
    pytest.param(table.name, column.name, fault, value, id=f"{table.name}.{column.name}.{fault}-{value}")
    for table in TABLES.values()
    for column in table.columns
    if column.name != "known_until"  # worked out anew from the rows that stay
    for fault, value in faults(table, column)
]


def spoilt(rows: list[dict], name: str, column: str, value: Any) -> pa.Table:
    """The table as a careless file would hold it: one more row, whose ``column`` is ``value``."""
    rows = [*rows, {**rows[-1], **_OWN_KEY.get(name, {"record_id": "X9"}), column: value}]
    columns = {}
    for field in TABLES[name].columns:
        values = [row.get(field.name) for row in rows]
        if field.name == column and isinstance(value, str) and field.kind not in ("id", "text", "code"):
            values = [None if entry is None else as_text(entry) for entry in values]
        elif (
            field.name == column
            and isinstance(value, int | float)
            and field.kind in ("id", "text", "date", "month", "boolean")
        ):
            return _numbers(rows, name, column, value)
        columns[field.name] = pa.array(values)
    return pa.table(columns)


def _numbers(rows: list[dict], name: str, column: str, value: float) -> pa.Table:
    """The whole column as numbers: text that is no number, a date or a boolean cannot stand in one Arrow column."""
    table = pa.Table.from_pylist([{key: entry for key, entry in row.items() if key != column} for row in rows])
    kind = TABLES[name].column(column).kind
    plain = [1] * (len(rows) - 1) if kind == "boolean" else list(range(len(rows) - 1))
    return table.append_column(column, pa.array([*plain, value]))


@pytest.mark.parametrize(("name", "column", "fault", "value"), CASES)
def test_a_wrong_row_is_set_aside_in_full_and_counted(rows, name, column, fault, value):
    raw = {other: pa.Table.from_pylist(lines) for other, lines in rows.items()}
    raw[name] = spoilt(rows[name], name, column, value)
    victim = raw[name].num_rows
    kept, rejects, report = validate_tables(raw)

    lines = [line for line in rejects.to_arrow().to_pylist() if line["table"] == name and line["row"] == victim]
    assert f"{name}.{column}.{fault}" in {line["rule"] for line in lines}
    assert all(json.loads(line["original"]).keys() == set(raw[name].column_names) for line in lines)
    for count in report.tables:
        assert count.rows_in == count.kept + count.rejected == raw[count.table].num_rows
        assert count.kept == kept[count.table].num_rows
    # A column of bare numbers has no date in it at all; elsewhere only the one row goes.
    whole_column = fault == "date" and value == 45000
    counts = {count.table: count.rejected for count in report.tables}
    assert counts[name] == (victim if whole_column else 1)
    if not whole_column:
        assert sum(counts.values()) == 1


def test_there_is_a_case_for_every_table_and_every_kind_of_column():
    seen = {(case.values[0], TABLES[case.values[0]].column(case.values[1]).kind) for case in CASES}
    assert {kind for _, kind in seen} == {c.kind for table in TABLES.values() for c in table.columns}
    assert {name for name, _ in seen} == set(TABLES)


def _rules(raw: dict[str, pa.Table]) -> dict[str, int]:
    return validate_tables(raw)[1].by_rule()


def _with(rows: dict[str, list[dict]], name: str, *more: dict) -> dict[str, pa.Table]:
    return {other: pa.Table.from_pylist([*lines, *(more if other == name else ())]) for other, lines in rows.items()}


def test_sound_rows_pass_without_a_word(rows, sound):
    for tables in ({name: pa.Table.from_pylist(lines) for name, lines in rows.items()}, sound):
        kept, rejects, report = validate_tables(tables)
        assert len(rejects) == 0 and report.warnings == () and report.notes == ()
        assert {name: table.to_pylist() for name, table in kept.items()} == {n: t.to_pylist() for n, t in sound.items()}


@pytest.mark.parametrize(
    ("name", "later", "earlier"),
    [
        ("job", "ended_on", "started_on"),
        ("measure", "ended_on", "started_on"),
        ("listing", "eliminated_on", "identified_on"),
        ("member", "left_on", "birth_date"),
    ],
)
def test_a_span_cannot_run_backwards(rows, name, later, earlier):
    extra = {
        **rows[name][-1],
        **_OWN_KEY.get(name, {"record_id": "X9"}),
        earlier: date(2001, 5, 5),
        later: date(2001, 5, 4),
    }
    assert _rules(_with(rows, name, extra)) == {f"{name}.{later}.before_{earlier}": 1}
    assert _rules(_with(rows, name, {**extra, later: date(2001, 5, 5)})) == {}


@pytest.mark.parametrize("name", [name for name in TABLES if name != "household"])
def test_rows_of_a_household_that_nobody_registered_are_orphans(rows, name):
    stray = {**rows[name][-1], "household_id": "H404"}
    found = _rules(_with(rows, name, stray))
    assert found[f"{name}.household_id.orphan"] == 1


def test_rows_of_a_rejected_household_are_orphans_too(rows):
    rows["household"][1]["housing_grade"] = "E"
    kept, _, report = validate_tables({name: pa.Table.from_pylist(lines) for name, lines in rows.items()})
    assert all(set(table["household_id"].to_pylist()) == {"H1"} for table in kept.values())
    assert all(count.rows_in == count.kept + count.rejected for count in report.tables)


def test_a_job_of_somebody_elses_member_is_set_aside(rows):
    # M2 is a member of H1, not of H2.
    assert _rules(_with(rows, "job", {**rows["job"][1], "record_id": "X9", "member_id": "M2"})) == {
        "job.member_id.orphan": 1
    }


def test_of_rows_with_one_key_known_on_one_day_the_first_stays(rows):
    first = rows["income"][0]
    tables = _with(rows, "income", {**first, "amount": 900.0}, {**first, "amount": 950.0, "known_on": date(2023, 8, 1)})
    kept, rejects, _ = validate_tables(tables)
    assert rejects.by_rule() == {"income.known_on.duplicate": 1}
    assert rejects.to_arrow()["row"].to_pylist() == [4]
    assert kept["income"]["amount"].to_pylist() == [800.0, 800.0, 150.0, 950.0]


@pytest.mark.parametrize(
    ("said", "kept_rows", "stands"),
    [
        ([False, True], [0, 1], False),
        ([True, False], [0, 1], True),
        ([False, True, False], [0, 1, 2], True),
        ([False, False, True, True], [0, 2], False),
        ([False, None], [0], True),
    ],
)
def test_a_row_and_its_withdrawal_may_be_known_on_one_day_and_the_later_one_stands(
    rows, tmp_path, said, kept_rows, stands
):
    event = rows["event"][0]
    given = [{**event, "loss": float(at), "withdrawn": word} for at, word in enumerate(said)]
    kept, rejects, _ = validate_tables({"event": pa.Table.from_pylist(given)})
    assert kept["event"]["loss"].to_pylist() == [float(at) for at in kept_rows]
    assert len(rejects) == len(said) - len(kept_rows)
    write_registry(kept, tmp_path / "registry")
    with Registry.open(tmp_path / "registry") as registry:
        newest = registry.table("event").filter(lambda t: t.known_until.isnull()).to_pyarrow().to_pylist()
    assert [not row["withdrawn"] for row in newest] == [stands]


def test_a_rejected_row_does_not_push_out_a_good_one_of_its_key(rows):
    rows["income"].insert(0, {**rows["income"][0], "amount": -5.0})
    kept, rejects, _ = validate_tables({name: pa.Table.from_pylist(lines) for name, lines in rows.items()})
    assert rejects.by_rule() == {"income.amount.range": 1}
    assert kept["income"].num_rows == 3


def test_a_row_that_breaks_several_rules_counts_once_and_lists_each(rows):
    tables = _with(
        rows, "income", {**rows["income"][0], "item": "x", "amount": -5.0, "source": "wgae", "month": date(2023, 9, 2)}
    )
    _, rejects, report = validate_tables(tables)
    assert set(rejects.by_rule()) == {
        "income.amount.range",
        "income.month.after_known_on",
        "income.month.month",
        "income.source.code",
    }
    assert report.rejected == 1
    messages = dict(zip(rejects.to_arrow()["rule"].to_pylist(), rejects.to_arrow()["message"].to_pylist(), strict=True))
    assert messages["income.source.code"] == 'source is "wgae", not a known code. Did you mean "wage"?'


def test_well_formed_values_in_another_dress_are_accepted(rows):
    tables = {name: pa.Table.from_pylist(lines) for name, lines in rows.items()}
    income = tables["income"]
    for column, values in {
        "month": ["2023-05", "2023-06-01", "2023-06-01"],
        "amount": ["800", " 800.0 ", "1.5e2"],
        "known_on": ["2023-07-01"] * 3,
    }.items():
        income = income.set_column(income.schema.get_field_index(column), column, pa.array(values))
    kept, rejects, _ = validate_tables({**tables, "income": income})
    assert len(rejects) == 0
    assert kept["income"]["amount"].to_pylist() == [800.0, 800.0, 150.0]
    assert kept["income"]["month"].to_pylist()[0] == date(2023, 5, 1)
