"""list.xlsx as a village cadre opens it: a sheet a township, headed, frozen, filtered, with a verdict to choose."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st
from scored import listing, read

from riskmodel.registry.codes import CODE_BOOK
from riskmodel.report import make_report
from riskmodel.report.data import read_report_data
from riskmodel.report.workbook import KEY_SHEET, sheet_names, write_workbook

HEADINGS = {
    "zh": ["排序", "户编号", "乡镇", "村", "风险", "来源", "建议类别", "风险类型", "评分的理由（按贡献大小）",
           "可考虑的措施", "核实结论", "走访日期", "走访人", "情况记录"],
    "en": ["rank", "household", "township", "village", "risk", "flagged by", "proposed category", "Risk types",
           "reasons for the score (by size of contribution)", "measures to consider", "Verdict", "Visited on",
           "Visitor", "Notes"],
}  # fmt: skip
FILES = {"zh": "list.xlsx", "en": "list.en.xlsx"}
OTHERS = {"zh": ("总览", "说明"), "en": ("Overview", "Read me")}
TO_FILL = slice(10, 14)
LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])


@pytest.fixture(scope="module")
def folder(scored_run, tmp_path_factory) -> Path:
    return make_report(scored_run, tmp_path_factory.mktemp("workbook") / "report").workbook.parent


@pytest.fixture(scope="module")
def flags(scored_run):
    """The flags with the township that each lies in, in the order of the queue."""
    places = read(scored_run, "scores.parquet")[["household_id", "township_code", "village_code"]]
    return read(scored_run, "flags.parquet").merge(places, on="household_id", how="left")


def rows_of(workbook: Path, sheet: str) -> list[list[object]]:
    return python_calamine.CalamineWorkbook.from_path(workbook).get_sheet_by_name(sheet).to_python()


@LANGUAGES
def test_a_sheet_a_township_between_the_overview_and_what_explains_it(folder, flags, lang):
    first, last = OTHERS[lang]
    book = openpyxl.load_workbook(folder / FILES[lang])
    assert book.sheetnames == [first, *sorted(flags["township_code"].unique()), last, KEY_SHEET]
    assert book[KEY_SHEET].sheet_state == "veryHidden"
    # On paper it is one page wide, and its lines run over the columns beside them.
    assert str(book[first].page_setup.fitToHeight) == "0"
    assert book[first].sheet_properties.pageSetUpPr.fitToPage
    assert not book[first]["A2"].alignment.wrap_text
    shown = {row[0]: row[3] for row in rows_of(folder / FILES[lang], first)[4:]}
    assert shown == flags["township_code"].value_counts().to_dict()


@LANGUAGES
def test_a_row_a_flag_in_the_order_of_the_queue(folder, flags, lang):
    for town, here in flags.groupby("township_code"):
        heading, *rows = rows_of(folder / FILES[lang], town)
        assert heading == HEADINGS[lang]
        assert len(rows) == len(here)
        for row, flag in zip(rows, here.itertuples(), strict=True):
            assert row[:4] == [flag.rank, flag.household_id, town, flag.village_code]
            assert row[4] == pytest.approx(flag.risk, abs=1e-12)
            reasons = [f"{number}. {reason[lang]}" for number, reason in enumerate(flag.reasons, start=1)]
            assert row[8] == "\n".join(reasons)
            assert row[TO_FILL] == [""] * 4


def test_words_stand_for_codes(folder, flags):
    codes = {code.code for name in ("risk_type", "listing_category", "measure_kind") for code in CODE_BOOK[name]}
    telling = {code for code in codes if "_" in code} | {"model", "both"}
    for town in flags["township_code"].unique():
        for row in rows_of(folder / FILES["zh"], town)[1:]:
            for cell in (row[5], row[6], row[7], row[9]):
                assert not re.search(r"[A-Za-z]", str(cell)), cell
        for row in rows_of(folder / FILES["en"], town)[1:]:
            assert not telling & {part for cell in (row[5], row[6], row[7], row[9]) for part in str(cell).split(", ")}
    assert len(flags) > 20


@LANGUAGES
def test_the_header_stays_and_filters_and_the_verdict_is_chosen(folder, flags, lang):
    book = openpyxl.load_workbook(folder / FILES[lang])
    for town, here in flags.groupby("township_code"):
        page, last = book[town], len(here) + 1
        assert page.freeze_panes == "C2"
        assert page.auto_filter.ref == f"A1:N{last}"
        assert all(cell.font.b for cell in page[1])
        assert page.print_title_rows in ("1:1", "$1:$1")
        assert page.page_setup.orientation == "landscape"
        assert {page.cell(row, 5).number_format for row in range(2, last + 1)} == {"0.0%"}
        by_column = {str(check.sqref): check for check in page.data_validations.dataValidation}
        verdict, visited = by_column[f"K2:K{last}"], by_column[f"L2:L{last}"]
        assert verdict.formula1.strip('"').split(",") == [code.label(lang) for code in CODE_BOOK["visit_verdict"]]
        assert verdict.showErrorMessage
        assert (visited.type, visited.operator) == ("date", "greaterThanOrEqual")
        for row, flag in enumerate(here.itertuples(), start=2):
            assert page.row_dimensions[row].height >= 13 * len(flag.reasons)


@LANGUAGES
def test_nothing_is_a_formula_or_a_link(folder, lang):
    for page in openpyxl.load_workbook(folder / FILES[lang]):
        assert not [cell for row in page.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]


@pytest.mark.parametrize(
    "start",
    ["=", "+", "-", "@", "=cmd|' /C calc'!A0", "=HYPERLINK(0)&", "https://", "0012", "\t=", "<b>", "\x07=", "{="],
)
def test_ids_and_codes_stay_the_text_that_they_are(scored_run, tmp_path, start):
    data = read_report_data(scored_run)
    flag = replace(data.flags[0], household_id=f"{start}1", township=f"{start}2", village=f"{start}3")
    town = replace(data.townships[0], code=f"{start}2", flags=(flag,))
    write_workbook(replace(data, flags=(flag,), townships=(town,)), tmp_path / "list.xlsx", lang="zh")
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    cells = book.worksheets[1][2][1:4]
    shown = start.replace("\x07", "\ufffd")
    assert [cell.value for cell in cells] == [f"{shown}1", f"{shown}2", f"{shown}3"]
    assert {cell.data_type for cell in cells} == {"s"}
    assert cells[0].number_format == "@"
    assert rows_of(tmp_path / "list.xlsx", book.sheetnames[1])[1][1:4] == [f"{shown}1", f"{shown}2", f"{shown}3"]
    assert not [c for page in book for row in page.iter_rows() for c in row if c.data_type == "f" or c.hyperlink]


@given(st.lists(st.text(max_size=40), max_size=20))
def test_sheets_have_names_that_excel_takes_and_no_two_alike(codes):
    names = sheet_names(codes, taken=["说明"])
    assert len(names) == len(codes)
    assert len({name.casefold() for name in [*names, "说明"]}) == len(codes) + 1
    assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\']", name) for name in names)
    assert not any(name.casefold() == "history" for name in names)


def test_the_hidden_sheet_says_whose_row_each_is(scored_run, folder, flags):
    rows = rows_of(folder / "list.xlsx", KEY_SHEET)
    told = {row[0]: row[1] for row in rows[:3]}
    assert told["model"] == "need@3"
    assert told["as_of"] == "2025-06-01"
    assert len(told["flags_sha256"]) == 64
    for name, at, household in rows[4:]:
        assert rows_of(folder / "list.xlsx", name)[int(at) - 1][1] == household
    assert len(rows) - 4 == len(flags)


def test_a_list_of_nobody_still_opens(scored_run, tmp_path):
    data = read_report_data(scored_run)
    nobody = tuple(replace(town, flags=()) for town in data.townships)
    write_workbook(replace(data, flags=(), townships=nobody), tmp_path / "list.xlsx", lang="zh")
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    assert book.sheetnames == ["总览", "说明", KEY_SHEET]
    assert "本次没有提示走访的农户。" in {cell.value for row in book["总览"].iter_rows() for cell in row}


@pytest.mark.parametrize(
    ("lang", "clue", "counts"),
    [
        ("zh", "评分只是入户走访的线索", "已评分农户 400 · 本次提示走访 {n}"),
        ("en", "A score is a clue for a home visit", "households scored 400 · flagged for a visit {n}"),
    ],
)
def test_the_read_me_says_what_a_score_is(folder, flags, lang, clue, counts):
    page = openpyxl.load_workbook(folder / FILES[lang])[OTHERS[lang][1]]
    told = "\n".join(str(cell.value) for row in page.iter_rows() for cell in row if cell.value)
    assert clue in told
    assert "2025-06-01" in told
    assert counts.format(n=len(flags)) in told


def test_the_workbooks_lie_in_the_report(folder):
    assert set(FILES.values()) <= listing(folder)
