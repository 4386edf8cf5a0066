"""list.xlsx as a village cadre opens it: headed, frozen, filtered, with a verdict to choose and reasons in words."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest
import python_calamine
from scored import listing, read

from riskmodel.registry.codes import CODE_BOOK
from riskmodel.report import make_report
from riskmodel.report.data import read_report_data
from riskmodel.report.workbook import write_workbook

HEADINGS = {
    "名单": ["排序", "户编号", "乡镇", "村", "风险", "来源", "建议类别", "风险类型", "评分的理由（按贡献大小）",
             "可考虑的措施", "核实结论", "走访日期", "走访人", "情况记录"],
    "List": ["rank", "household", "township", "village", "risk", "flagged by", "proposed category", "Risk types",
             "reasons for the score (by size of contribution)", "measures to consider", "Verdict", "Visited on",
             "Visitor", "Notes"],
}  # fmt: skip
TO_FILL = slice(10, 14)


@pytest.fixture(scope="module")
def workbook(scored_run, tmp_path_factory) -> Path:
    return make_report(scored_run, tmp_path_factory.mktemp("workbook") / "report").workbook


@pytest.fixture(scope="module")
def opened(workbook):
    return openpyxl.load_workbook(workbook)


@pytest.fixture(scope="module")
def flags(scored_run):
    return read(scored_run, "flags.parquet")


def rows_of(workbook: Path, sheet: str) -> list[list[object]]:
    return python_calamine.CalamineWorkbook.from_path(workbook).get_sheet_by_name(sheet).to_python()


def test_the_sheets_are_the_list_in_both_languages_and_what_explains_it(opened, scored_run, tmp_path):
    assert opened.sheetnames == ["名单", "List", "说明 Read me"]
    write_workbook(read_report_data(scored_run), tmp_path / "list.xlsx", main="en")
    assert openpyxl.load_workbook(tmp_path / "list.xlsx").sheetnames == ["List", "名单", "Read me 说明"]


@pytest.mark.parametrize(("sheet", "lang"), [("名单", "zh"), ("List", "en")])
def test_a_row_a_flag_in_the_order_of_the_queue(workbook, flags, scored_run, sheet, lang):
    heading, *rows = rows_of(workbook, sheet)
    assert heading == HEADINGS[sheet]
    places = read(scored_run, "scores.parquet").set_index("household_id")
    assert len(rows) == len(flags)
    for row, flag in zip(rows, flags.itertuples(), strict=True):
        where = places.loc[flag.household_id]
        assert row[:4] == [flag.rank, flag.household_id, where["township_code"], where["village_code"]]
        assert row[4] == pytest.approx(flag.risk, abs=1e-12)
        reasons = [f"{number}. {reason[lang]}" for number, reason in enumerate(flag.reasons, start=1)]
        assert row[8] == "\n".join(reasons)
        assert row[TO_FILL] == [""] * 4


def test_words_stand_for_codes(workbook, flags):
    codes = {code.code for name in ("risk_type", "listing_category", "measure_kind") for code in CODE_BOOK[name]}
    telling = {code for code in codes if "_" in code} | {"model", "both"}
    for row in rows_of(workbook, "名单")[1:]:
        for cell in (row[5], row[6], row[7], row[9]):
            assert not re.search(r"[A-Za-z]", str(cell)), cell
    for row in rows_of(workbook, "List")[1:]:
        assert not telling & {part for cell in (row[5], row[6], row[7], row[9]) for part in str(cell).split(", ")}
    assert len(flags) > 20


@pytest.mark.parametrize("sheet", ["名单", "List"])
def test_the_header_stays_and_filters(opened, flags, sheet):
    page = opened[sheet]
    assert page.freeze_panes == "C2"
    assert page.auto_filter.ref == f"A1:N{len(flags) + 1}"
    assert all(cell.font.b for cell in page[1])
    assert page.print_title_rows in ("1:1", "$1:$1")
    assert page.page_setup.orientation == "landscape"
    assert {page.cell(row, 5).number_format for row in range(2, len(flags) + 2)} == {"0.0%"}


@pytest.mark.parametrize(("sheet", "lang"), [("名单", "zh"), ("List", "en")])
def test_the_verdict_is_chosen_and_the_visit_has_a_date(opened, flags, sheet, lang):
    by_column = {str(check.sqref): check for check in opened[sheet].data_validations.dataValidation}
    last = len(flags) + 1
    verdict, visited = by_column[f"K2:K{last}"], by_column[f"L2:L{last}"]
    assert verdict.type == "list"
    assert verdict.formula1.strip('"').split(",") == [code.label(lang) for code in CODE_BOOK["visit_verdict"]]
    assert verdict.showErrorMessage
    assert (visited.type, visited.operator) == ("date", "greaterThanOrEqual")


def test_rows_are_as_high_as_their_reasons(opened, flags):
    for row, flag in enumerate(flags.itertuples(), start=2):
        assert opened["名单"].row_dimensions[row].height >= 13 * len(flag.reasons)


def test_nothing_is_a_formula_or_a_link(opened):
    for page in opened:
        assert not [cell for row in page.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "=HYPERLINK(0)&", "https://", "0012", "\t="])
def test_ids_and_codes_stay_the_text_that_they_are(scored_run, tmp_path, start):
    from dataclasses import replace

    data = read_report_data(scored_run)
    flag = replace(data.flags[0], household_id=f"{start}1", township=f"{start}2", village=f"{start}3")
    write_workbook(replace(data, flags=(flag,)), tmp_path / "list.xlsx", main="zh")
    cells = openpyxl.load_workbook(tmp_path / "list.xlsx")["名单"][2][1:4]
    assert [cell.value for cell in cells] == [f"{start}1", f"{start}2", f"{start}3"]
    assert {cell.data_type for cell in cells} == {"s"}
    assert cells[0].number_format == "@"
    assert rows_of(tmp_path / "list.xlsx", "名单")[1][1:4] == [f"{start}1", f"{start}2", f"{start}3"]


def test_a_list_of_nobody_still_opens(scored_run, tmp_path):
    from dataclasses import replace

    write_workbook(replace(read_report_data(scored_run), flags=()), tmp_path / "list.xlsx", main="zh")
    assert rows_of(tmp_path / "list.xlsx", "名单") == [HEADINGS["名单"]]


def test_the_read_me_says_what_a_score_is(opened, flags):
    told = "\n".join(str(cell.value) for row in opened["说明 Read me"].iter_rows() for cell in row if cell.value)
    assert "评分只是入户走访的线索" in told
    assert "A score is a clue for a home visit" in told
    assert "2025-06-01" in told
    assert f"households scored 400 · flagged for a visit {len(flags)}" in told


def test_the_workbook_lies_in_the_report(workbook):
    assert "list.xlsx" in listing(workbook.parent)
