from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.errors import CallError, DataError
from riskmodel.registry.importing.run import ImportReport, import_registry

HOUSEHOLDS = """
  - name: households
    table: household
    source: s
    distinct: true
    columns:
      household_id: 户编号
      county_code: {constant: c}
      township_code: {constant: t}
      village_code: {constant: v}
      registered_on: {constant: 2020-01-01}
      household_type: {constant: ordinary}
    known_on: {own_date_plus_days: 0}
"""
SPENDING = """
  - name: spending
    table: spending
    source: s
    columns:
      household_id: 户编号
      spent_on: 日期
      kind: {constant: medical_oop}
      amount: {from: 金额, unit: 万元}
    known_on: {own_date_plus_days: 30}
"""


def run(
    folder: Path, rows: str, blocks: str, *, sources: str = "s: {file: a.csv}", **options: object
) -> tuple[ImportReport, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / "a.csv").write_text(rows, encoding="utf-8")
    mapping = folder / "m.yaml"
    mapping.write_text(f"sources:\n  {sources}\ntables:{blocks}", encoding="utf-8")
    out = folder / "registry"
    return import_registry(folder / "source", mapping, out, **options), out


def rows_of(out: Path, table: str) -> list[dict]:
    return pq.read_table(out / f"{table}.parquet").to_pylist()


def test_known_on_lag_units_record_ids_and_cut(tmp_path: Path) -> None:
    report, out = run(tmp_path, "户编号,日期,金额\nA,2023-06-05,0.35\nA,2023.6.6,1\n", HOUSEHOLDS + SPENDING)
    first, second = rows_of(out, "spending")
    assert (first["record_id"], first["amount"], first["known_on"]) == ("s-2", 3500.0, dt.date(2023, 7, 5))
    assert second["record_id"] == "s-3"
    assert report.cut_on == dt.date(2023, 7, 7)
    described = json.loads((out / "registry.json").read_text(encoding="utf-8"))
    assert described["cut_on"] == "2023-07-07"


def test_a_stated_cut_wins(tmp_path: Path) -> None:
    report, _ = run(tmp_path, "户编号,日期,金额\nA,2023-06-05,1\n", HOUSEHOLDS + SPENDING, cut_on=dt.date(2024, 1, 1))
    assert report.cut_on == dt.date(2024, 1, 1)


@pytest.mark.parametrize("lock", ["~$a.csv", ".~lock.a.csv#"])
def test_a_lock_file_beside_an_open_workbook_is_no_source(tmp_path: Path, lock: str) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / lock).write_bytes(b"")
    sources = "s: {file: '*a.csv*'}"
    report, _ = run(tmp_path, "户编号,日期,金额\nA,2023-06-05,1\n", HOUSEHOLDS + SPENDING, sources=sources)
    assert {file["file"] for file in report.files} == {"a.csv"}


def test_rows_known_on_or_after_a_stated_cut_are_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    rows = "户编号,日期,金额\nA,2023-06-05,1\nA,2023-12-02,2\nA,2031-12-02,3\n"
    report, out = run(tmp_path, rows, HOUSEHOLDS + SPENDING, cut_on=dt.date(2024, 1, 1))
    assert report.rejected_by_rule == {"spending.known_on.after_cut": 2}
    assert [line["row"] for line in pq.read_table(out / "rejects.parquet").to_pylist()] == [3, 4]
    assert [row["amount"] for row in rows_of(out, "spending")] == [10_000.0]


def test_a_row_from_the_future_is_set_aside_and_moves_no_cut(tmp_path: Path) -> None:
    rows = "户编号,日期,金额\nA,2023-06-05,1\nA,2031-12-02,3\n"
    report, _ = run(tmp_path, rows, HOUSEHOLDS + SPENDING, today=dt.date(2023, 8, 1))
    assert report.rejected_by_rule == {"spending.known_on.after_today": 1}
    assert report.cut_on == dt.date(2023, 7, 6)


def test_a_household_repeated_a_line_a_member_is_one_household(tmp_path: Path) -> None:
    report, out = run(tmp_path, "户编号\nA\nA\nB\nA\n", HOUSEHOLDS)
    assert [row["household_id"] for row in rows_of(out, "household")] == ["A", "B"]
    assert report.blocks[0].counts.repeated == 2


def test_distinct_first_keeps_what_was_known_first(tmp_path: Path) -> None:
    block = HOUSEHOLDS.replace("distinct: true", "distinct: first").replace("{constant: 2020-01-01}", "日期")
    _, out = run(tmp_path, "户编号,日期\nA,2023-01-01\nA,2021-01-01\nA,2022-01-01\n", block)
    assert [row["registered_on"] for row in rows_of(out, "household")] == [dt.date(2021, 1, 1)]


def test_rejects_name_file_row_column_value_and_what_was_expected(tmp_path: Path) -> None:
    report, out = run(
        tmp_path,
        "户编号,姓名,日期,金额\nA,甲某某,2023-06-05,1\nA,甲某某,2023-06-06,1oo\nA,甲某某,06/05/23,2\nA,甲某某,,2\n",
        HOUSEHOLDS + SPENDING,
    )
    lines = rows_of(out, "rejects")
    assert [(x["row"], x["column"], x["value"], x["rule"]) for x in lines] == [
        (3, "amount", "1oo", "spending.amount.numeric"),
        (4, "spent_on", "06/05/23", "spending.spent_on.date"),
        (5, "spent_on", None, "spending.spent_on.required"),
    ]
    assert (
        lines[0]["message"] == 'a.csv, row 3, column 金额: amount is "1oo", expected a number such as 1200 or 1,200.50'
    )
    assert json.loads(lines[0]["original"]) == {"户编号": "A", "日期": "2023-06-06", "金额": "1oo"}
    assert report.blocks[1].counts.rejected == 3
    everything = "".join(path.read_bytes().decode("latin-1") for path in out.rglob("*") if path.is_file())
    assert "甲某某".encode().decode("latin-1") not in everything


def test_what_only_validation_finds_is_told_by_its_row_in_the_file(tmp_path: Path) -> None:
    block = SPENDING.replace("unit: 万元", "unit: 元")
    report, out = run(tmp_path, "户编号,日期,金额\nA,2023-06-05,1\n\nA,2023-06-06,-5\n", HOUSEHOLDS + block)
    (line,) = rows_of(out, "rejects")
    assert (line["row"], line["column"]) == (4, "amount")
    assert line["message"].startswith("a.csv, row 4: ")
    counts = report.blocks[1].counts
    assert (counts.kept, counts.rejected, counts.blank) == (1, 1, 1)


def test_a_ragged_row_is_set_aside_without_its_text(tmp_path: Path) -> None:
    report, out = run(tmp_path, "户编号,日期,金额\nA,2023-06-05,1\nA,2023-06-05,1,秘密\n", HOUSEHOLDS + SPENDING)
    lines = rows_of(out, "rejects")
    assert {(x["table"], x["row"]) for x in lines} == {("household", 3), ("spending", 3)}
    assert all(x["original"] == "{}" for x in lines)
    assert report.rejected == 2


def test_two_blocks_on_the_same_rows_have_different_record_ids(tmp_path: Path) -> None:
    again = SPENDING.replace("name: spending", "name: fees").replace("medical_oop", "education")
    _, out = run(tmp_path, "户编号,日期,金额\nA,2023-06-05,1\n", HOUSEHOLDS + SPENDING + again)
    assert {row["record_id"] for row in rows_of(out, "spending")} == {"s-2", "s-2-fees"}


def test_where(tmp_path: Path) -> None:
    rows = (
        "户编号,日期,金额,类\n"
        + "".join(f"A,2023-06-0{n},{n},{'甲乙丙'[n % 3]}\n" for n in range(1, 9))
        + "A,2023-06-09,,\n"
    )
    for condition, kept in (
        ("类: 甲", [3, 6]),
        ("类: [甲, 乙]", [1, 3, 4, 6, 7]),
        ("类: {not: 甲}, 金额: {present: true}", [1, 2, 4, 5, 7, 8]),
        ("金额: {at_least: 3, below: 5}", [3, 4]),
        ("金额: {above: 3, at_most: 5}", [4, 5]),
    ):
        block = SPENDING.replace("    columns:", f"    where: {{{condition}}}\n    columns:", 1)
        report, out = run(tmp_path / condition.encode().hex()[:60], rows, HOUSEHOLDS + block)
        assert [row["spent_on"].day for row in rows_of(out, "spending")] == kept
        assert report.blocks[1].counts.filtered == 9 - len(kept)


def test_templates_constants_defaults_and_extracts(tmp_path: Path) -> None:
    block = """
  - table: visit
    columns:
      household_id: {template: "{乡}-{户}"}
      record_id: {template: "{source}/{file}/{row}"}
      visited_on: {template: "{年}-{月}-1"}
      source: {from: 来源, values: {系统推送: model}, default: cadre_patrol}
      note: {from: 备注, extract: '编号(\\d+)'}
    known_on: {constant: 2024-01-01}
"""
    _, out = run(tmp_path, "乡,户,年,月,来源,备注\n7,1,2023,6,系统推送,编号12号\n7,2,2023,11,,\n", block)
    one, two = rows_of(out, "visit")
    assert (one["household_id"], one["record_id"], one["source"], one["note"]) == ("7-1", "s/a.csv/2", "model", "12")
    assert (two["visited_on"], two["source"], two["note"]) == (dt.date(2023, 11, 1), "cadre_patrol", None)


def test_wide_to_long_by_pattern_with_a_date_for_each_wave(tmp_path: Path) -> None:
    block = """
  - table: observation
    melt: {pattern: '^(?P<item>.+)_(?P<wave>bsl|end)$'}
    columns:
      household_id: hh
      observed_on: {from: wave, values: {bsl: 2007-12-31, end: 2009-12-31}}
      item: item
      value: value
    known_on: {own_date_plus_days: 0}
"""
    report, out = run(tmp_path, "hh,food_bsl,food_end,name\nA,1,,N\nB,x,4,N\n", block)
    found = {(r["household_id"], r["item"], r["observed_on"].year, r["value"]) for r in rows_of(out, "observation")}
    assert found == {("A", "food", 2007, 1.0), ("B", "food", 2009, 4.0)}
    counts = report.blocks[0].counts
    assert (counts.seen, counts.kept, counts.rejected, counts.blank) == (4, 2, 1, 1)
    assert "column food_bsl" in rows_of(out, "rejects")[0]["message"]


def test_pseudonyms_join_tables_and_leave_no_real_number(tmp_path: Path) -> None:
    blocks = (HOUSEHOLDS + SPENDING).replace("household_id: 户编号", "household_id: {from: 户编号, hash: true}")
    rows = "户编号,日期,金额\n36099901012345,2023-06-05,1\n36099901012345,2023-06-05,bad\n"
    key = {"RISKMODEL_ID_SECRET": "a key that is long enough"}
    _, out = run(tmp_path, rows, blocks, environment=key)
    ((household,), (spent,)) = rows_of(out, "household"), rows_of(out, "spending")
    assert household["household_id"] == spent["household_id"] != "36099901012345"
    assert json.loads(rows_of(out, "rejects")[0]["original"])["household_id"] == household["household_id"]
    for path in out.rglob("*"):
        assert b"36099901012345" not in path.read_bytes(), path
    _, other = run(tmp_path / "other", rows, blocks, environment={"RISKMODEL_ID_SECRET": "some other key, long too"})
    assert rows_of(other, "household")[0]["household_id"] != household["household_id"]
    with pytest.raises(CallError, match="RISKMODEL_ID_SECRET"):
        run(tmp_path, rows, blocks, environment={})


def test_the_key_of_pseudonyms_may_lie_in_a_file(tmp_path: Path) -> None:
    blocks = HOUSEHOLDS.replace("household_id: 户编号", "household_id: {from: 户编号, hash: true}")
    (tmp_path / "key").write_text("a key that is long enough\n", encoding="utf-8")
    _, out = run(tmp_path, "户编号\nA\n", blocks, sources="s: {file: a.csv}\nsecret_file: key")
    _, same = run(
        tmp_path / "b", "户编号\nA\n", blocks, environment={"RISKMODEL_ID_SECRET": "a key that is long enough"}
    )
    assert rows_of(out, "household")[0]["household_id"] == rows_of(same, "household")[0]["household_id"]


def test_many_files_of_one_shape(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a-2.csv").write_text("户编号,日期,金额\nB,2023-06-05,1\n", encoding="gb18030")
    report, out = run(
        tmp_path, "户编号,日期,金额\nA,2023-06-05,1\n", HOUSEHOLDS + SPENDING, sources='s: {file: "a*.csv"}'
    )
    assert {row["record_id"] for row in rows_of(out, "spending")} == {"s-a-2", "s-a-2-2"}
    assert [file["encoding"] for file in report.files] == ["gb18030", "utf-8"]


def test_nothing_kept_or_nothing_there_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no row could be kept: 2 read, 2 rejected(.|\n)*a\.csv, row 2"):
        run(tmp_path, "户编号,日期,金额\nA,soon,1\nA,later,1\n", SPENDING)
    with pytest.raises(DataError, match=r'no file "b\.csv".*Did you mean "a\.csv"'):
        run(tmp_path, "x\n", SPENDING, sources="s: {file: b.csv}")
    with pytest.raises(CallError, match="no such file or folder"):
        import_registry(tmp_path / "sorce", tmp_path / "m.yaml", tmp_path / "registry")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["m.yaml", "source"]


def test_a_folder_that_is_no_registry_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "thesis.doc").write_text("years of work", encoding="utf-8")
    with pytest.raises(CallError, match="not a registry"):
        run(tmp_path, "户编号\nA\n", HOUSEHOLDS)
    assert (tmp_path / "registry" / "thesis.doc").exists()


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    rows = "户编号,日期,金额\nB,2023-06-05,1\nA,2023-06-06,x\nA,2023-06-07,2\n"
    outs = [run(tmp_path / name, rows, HOUSEHOLDS + SPENDING)[1] for name in ("one", "two")]
    one, two = ({p.name: p.read_bytes() for p in out.iterdir()} for out in outs)
    assert one == two


CELLS = st.sampled_from(["1", "2.5", "1oo", "", "-3", "1,000"])
DATES = st.sampled_from(["2023-06-05", "202306", "2023年6月5日", "never", "", "20230607"])


@settings(max_examples=40, deadline=None)
@given(cells=st.lists(st.tuples(st.sampled_from(["A", "B", ""]), DATES, CELLS), min_size=1, max_size=12))
def test_every_row_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str, str]]
) -> None:
    rows = "户编号,日期,金额\n" + "".join(",".join(row) + "\n" for row in [*cells, ("A", "2023-06-01", "1")])
    report, out = run(tmp_path_factory.mktemp("x"), rows, HOUSEHOLDS + SPENDING)
    for block in report.blocks:
        assert block.counts.adds_up
        assert block.counts.seen == len(cells) + 1
        assert block.counts.kept == len(rows_of(out, block.table))
    lost = {(line["table"], line["row"]) for line in rows_of(out, "rejects")}
    assert len(lost) == report.rejected


def test_half_a_million_rows_take_seconds(tmp_path: Path) -> None:
    import time

    draw = random.Random(0)
    lines = (f"H{n % 50_000},2023-{1 + n % 12:02d}-{1 + n % 28:02d},{draw.random():.6f}" for n in range(500_000))
    rows = "户编号,日期,金额\n" + "\n".join(lines) + "\n"
    started = time.perf_counter()
    report, _ = run(tmp_path, rows, HOUSEHOLDS + SPENDING)
    assert report.tables == {"household": 50_000, "spending": 500_000}
    assert time.perf_counter() - started < 30
