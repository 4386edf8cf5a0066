"""The list as a workbook: a sheet in each language with columns for the visit, and a sheet that explains it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from riskmodel.drawing import text_width
from riskmodel.registry.codes import CODE_BOOK, Lang
from riskmodel.report import words
from riskmodel.report.data import Flag, ReportData

_EARLIEST = date(2015, 1, 1)
_EARLIEST_TIME = datetime(2015, 1, 1, tzinfo=UTC)
_A3 = 8
_LINE = 13.5
_README_WIDTH = 96
_DEEP, _SOFT, _TO_FILL = "#1F4E63", "#E8EEF1", "#FDF6E3"


@dataclass(frozen=True)
class _Column:
    """A column: its heading, width in characters, format, and what stands in it (None: left for the visit)."""

    heading: str
    width: float
    kind: str
    value: Callable[[Flag], Any] | None


def write_workbook(data: ReportData, path: Path, *, main: Lang) -> None:
    """Write ``list.xlsx``.

    The main language's sheet comes first. Text is written as text, never as a formula or a number, so neither an id
    with leading zeros nor a note that starts with ``=`` changes its meaning.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        # A workbook that said when it was made would have other bytes every time.
        book.set_properties({"title": words.word("title", main), "created": _EARLIEST_TIME})
        formats = _formats(book)
        other: Lang = "en" if main == "zh" else "zh"
        for lang in (main, other):
            _list_sheet(book, data, lang=lang, formats=formats)
        _readme_sheet(book, data, order=(main, other), formats=formats)


def _columns(lang: Lang) -> list[_Column]:
    def word(key: str, **values: object) -> str:
        return words.word(key, lang, **values)

    joiner = "、" if lang == "zh" else ", "
    return [
        _Column(word("rank"), 7, "count", lambda flag: flag.rank),
        _Column(word("household"), 16, "text", lambda flag: flag.household_id),
        _Column(word("township"), 13, "text", lambda flag: flag.township),
        _Column(word("village"), 15, "text", lambda flag: flag.village),
        _Column(word("risk"), 9, "percent", lambda flag: flag.risk),
        _Column(word("flagged_by"), 12, "wrap", lambda flag: words.source(flag, lang)),
        _Column(word("category"), 15, "wrap", lambda flag: words.category(flag, lang)),
        _Column(
            word("risk_types"), 22, "wrap", lambda flag: joiner.join(name for _, name in words.risk_types(flag, lang))
        ),
        _Column(word("reasons_heading"), 64, "wrap", lambda flag: _numbered(flag, lang)),
        _Column(word("measures_heading"), 22, "wrap", lambda flag: joiner.join(words.measures(flag, lang))),
        _Column(word("verdict"), 14, "fill", None),
        _Column(word("visit_date"), 13, "fill_date", None),
        _Column(word("visitor"), 12, "fill", None),
        _Column(word("note"), 30, "fill", None),
    ]


def _numbered(flag: Flag, lang: Lang) -> str:
    return "\n".join(f"{number}. {reason.sentence(lang)}" for number, reason in enumerate(flag.reasons, start=1))


def _row_height(text: str, width: float) -> float:
    """Return the height in points that ``text`` takes in a column of ``width`` characters.

    Not every program fits a row to wrapped text when it opens a workbook, so it is worked out here: a Chinese
    character is as wide as two Latin ones.
    """
    lines = sum(max(1, math.ceil(text_width(line, size=2) / (1.1 * width))) for line in text.split("\n"))
    return _LINE * lines + 4


def _formats(book: Any) -> dict[str, Any]:
    plain = {"valign": "top", "border": 1, "border_color": "#D9DFE3", "font_size": 10}
    fill = {**plain, "bg_color": _TO_FILL, "text_wrap": True}
    return {
        "heading": book.add_format(
            {**plain, "bold": True, "bg_color": _DEEP, "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter"}
        ),
        "text": book.add_format({**plain, "num_format": "@"}),
        "wrap": book.add_format({**plain, "text_wrap": True}),
        "count": book.add_format({**plain, "num_format": "#,##0"}),
        "percent": book.add_format({**plain, "num_format": "0.0%"}),
        "fill": book.add_format(fill),
        "fill_date": book.add_format({**fill, "num_format": "yyyy-mm-dd"}),
        "title": book.add_format({"bold": True, "font_size": 15, "font_color": _DEEP}),
        "subtitle": book.add_format({"bold": True, "font_color": _DEEP, "bg_color": _SOFT}),
        "prose": book.add_format({"text_wrap": True, "valign": "top"}),
    }


def _list_sheet(book: Any, data: ReportData, *, lang: Lang, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(words.word(f"sheet_{lang}", lang))
    columns = _columns(lang)
    last = max(len(data.flags), 1)
    sheet.set_row(0, 32)
    for position, column in enumerate(columns):
        sheet.set_column(position, position, column.width)
        sheet.write_string(0, position, column.heading, formats["heading"])
    for row, flag in enumerate(data.flags, start=1):
        sheet.set_row(row, max(_row_height(c.value(flag), c.width) for c in columns if c.kind == "wrap" and c.value))
        for position, column in enumerate(columns):
            _write(sheet, row, position, column, flag, formats)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.freeze_panes(1, 2)
    risk = next(p for p, column in enumerate(columns) if column.kind == "percent")
    sheet.conditional_format(
        1, risk, last, risk, {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#E9A98B"}
    )
    _validate(sheet, columns, last, lang)
    sheet.set_landscape()
    sheet.set_paper(_A3)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")


def _write(sheet: Any, row: int, position: int, column: _Column, flag: Flag, formats: dict[str, Any]) -> None:
    shown = formats[column.kind]
    if column.value is None:
        sheet.write_blank(row, position, None, shown)
    elif column.kind in ("count", "percent"):
        sheet.write_number(row, position, column.value(flag), shown)
    else:
        sheet.write_string(row, position, column.value(flag), shown)


def _validate(sheet: Any, columns: list[_Column], last: int, lang: Lang) -> None:
    verdict, visited = (
        next(p for p, column in enumerate(columns) if column.heading == words.word(key, lang))
        for key in ("verdict", "visit_date")
    )
    verdicts = [code.label(lang) for code in CODE_BOOK["visit_verdict"]]
    sheet.data_validation(
        1,
        verdict,
        last,
        verdict,
        {
            "validate": "list",
            "source": verdicts,
            "error_title": words.word("verdict", lang),
            "error_message": words.word("pick", lang),
        },
    )
    sheet.data_validation(
        1,
        visited,
        last,
        visited,
        {
            "validate": "date",
            "criteria": ">=",
            "value": _EARLIEST,
            "error_title": words.word("visit_date", lang),
            "error_message": words.word("date_wanted", lang),
        },
    )


def _readme_sheet(book: Any, data: ReportData, *, order: tuple[Lang, Lang], formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(" ".join(words.word("readme", lang) for lang in order))
    sheet.set_column(0, 0, _README_WIDTH)
    sheet.hide_gridlines(2)
    sheet.fit_to_pages(1, 0)
    row = 0
    for lang in order:
        record = data.record
        sheet.write_string(row, 0, words.word("title", lang), formats["title"])
        signed = f"{record['model']['name']} {words.word('version', lang, n=record['model']['version'])}"
        lines = [
            f"{words.word('as_of', lang)} {data.as_of} · {words.word('model', lang)} {signed}",
            f"{words.word('households_scored', lang)} {data.counts['present']:,} · "
            f"{words.word('flagged', lang)} {data.counts['flagged']:,}",
            words.word("clue", lang),
        ]
        for number, text in enumerate(lines, start=row + 1):
            sheet.set_row(number, _row_height(text, _README_WIDTH))
            sheet.write_string(number, 0, text, formats["prose"])
        row += len(lines) + 1
        sheet.write_string(row, 0, words.word("how_to_read", lang), formats["subtitle"])
        explained = [
            " ".join([words.word("how_risk", lang, horizon=words.horizon(data, lang)), *words.question(data, lang)]),
            words.word("how_reason", lang),
            words.word("how_order", lang),
            words.word("to_fill", lang),
        ]
        for number, text in enumerate(explained, start=row + 1):
            sheet.set_row(number, _row_height(text, _README_WIDTH))
            sheet.write_string(number, 0, text, formats["prose"])
        row += len(explained) + 3
