"""The list as a workbook: an overview, a sheet a township with columns for the visit, and a sheet that explains it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from riskmodel.drawing import text_width
from riskmodel.registry.codes import CODE_BOOK, Lang
from riskmodel.report import words
from riskmodel.report.data import Flag, ReportData, Township, expected_cases
from riskmodel.report.vocabulary import word

# The hidden sheet by which verdicts find back: which run, and which household stands in which row.
KEY_SHEET = "_run"
_EARLIEST = date(2015, 1, 1)
_EARLIEST_TIME = datetime(2015, 1, 1, tzinfo=UTC)
_A3 = 8
_LINE = 13.5
_README_WIDTH = 96
_LONGEST_NAME = 31
_DEEP, _SOFT, _TO_FILL = "#1F4E63", "#E8EEF1", "#FDF6E3"
# What XML cannot hold; shown as the sign for something that cannot be shown.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True)
class _Column:
    """A column: its heading, width in characters, format, and what stands in it (None: left for the visit)."""

    heading: str
    width: float
    kind: str
    value: Callable[[Flag], Any] | None


def write_workbook(data: ReportData, path: Path, *, lang: Lang) -> None:
    """Write the list in one language.

    Text is written as text, never as a formula, a link or a number, so neither an id with leading zeros nor a note
    that starts with ``=`` changes its meaning; a character that a workbook cannot hold is written as ``\ufffd``. Rows
    go to the disk as they come: memory does not grow with them.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        # A workbook that said when it was made would have other bytes every time.
        book.set_properties({"title": word("title", lang), "created": _EARLIEST_TIME})
        formats = _formats(book)
        towns = [township for township in data.townships if township.flags]
        names = sheet_names(
            [township.code or word("no_township", lang) for township in towns],
            taken=[word("overview", lang), word("readme", lang), KEY_SHEET],
        )
        _overview_sheet(book, data, towns, names, lang=lang, formats=formats)
        for township, name in zip(towns, names, strict=True):
            _list_sheet(book.add_worksheet(name), township.flags, lang=lang, formats=formats)
        _readme_sheet(book, data, lang=lang, formats=formats)
        _key_sheet(book, data, towns, names)


def sheet_names(codes: Sequence[str], *, taken: Sequence[str] = ()) -> list[str]:
    """Return a name for each code that Excel takes as a sheet's: short, plain, and none twice whatever the capitals.

    >>> sheet_names(["360981100", "a/b", "A:b", "'x'", "t" * 40])
    ['360981100', 'a_b', 'A_b~2', '_x_', 'ttttttttttttttttttttttttttttttt']
    """
    used = {name.casefold() for name in taken}
    names = []
    for code in codes:
        plain = re.sub(r"[\[\]:*?/\\'\t\n\r]", "_", _shown(code))[:_LONGEST_NAME] or "_"
        name, number = plain, 2
        while name.casefold() in used or name.casefold() == "history":
            end = f"~{number}"
            name, number = plain[: _LONGEST_NAME - len(end)] + end, number + 1
        used.add(name.casefold())
        names.append(name)
    return names


def _columns(lang: Lang) -> list[_Column]:
    def heading(key: str) -> str:
        return word(key, lang)

    joiner = "、" if lang == "zh" else ", "
    return [
        _Column(heading("rank"), 7, "count", lambda flag: flag.rank),
        _Column(heading("household"), 16, "text", lambda flag: flag.household_id),
        _Column(heading("township"), 13, "text", lambda flag: flag.township),
        _Column(heading("village"), 15, "text", lambda flag: flag.village),
        _Column(heading("risk"), 9, "percent", lambda flag: flag.risk),
        _Column(heading("flagged_by"), 12, "wrap", lambda flag: words.source(flag, lang)),
        _Column(heading("category"), 15, "wrap", lambda flag: words.category(flag, lang)),
        _Column(
            heading("risk_types"),
            22,
            "wrap",
            lambda flag: joiner.join(name for _, name in words.risk_types(flag, lang)),
        ),
        _Column(heading("reasons_heading"), 72, "wrap", lambda flag: _numbered(flag, lang)),
        _Column(heading("measures_heading"), 22, "wrap", lambda flag: joiner.join(words.measures(flag, lang))),
        _Column(heading("verdict"), 14, "fill", None),
        _Column(heading("visit_date"), 13, "fill_date", None),
        _Column(heading("visitor"), 12, "fill", None),
        _Column(heading("note"), 30, "fill", None),
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
        "plain": book.add_format({}),
        "prose": book.add_format({"text_wrap": True, "valign": "top"}),
    }


def _overview_sheet(
    book: Any,
    data: ReportData,
    towns: Sequence[Township],
    names: Sequence[str],
    *,
    lang: Lang,
    formats: dict[str, Any],
) -> None:
    sheet = book.add_worksheet(word("overview", lang))
    record = data.record
    signed = f"{record['model']['name']} {word('version', lang, n=record['model']['version'])}"
    _text(sheet, 0, 0, word("title", lang), formats["title"])
    _text(sheet, 1, 0, f"{word('as_of', lang)} {data.as_of} · {word('model', lang)} {signed}", formats["plain"])
    sheet.fit_to_pages(1, 0)
    headings = [word(key, lang) for key in ("township", "sheet_heading", "scored", "flagged", "expected")]
    for position, heading in enumerate(headings):
        sheet.set_column(position, position, 18)
        _text(sheet, 3, position, heading, formats["heading"])
    for row, (township, name) in enumerate(zip(towns, names, strict=True), start=4):
        _text(sheet, row, 0, township.code, formats["text"])
        _text(sheet, row, 1, name, formats["text"])
        sheet.write_number(row, 2, township.scored, formats["count"])
        sheet.write_number(row, 3, len(township.flags), formats["count"])
        sheet.write_number(row, 4, round(expected_cases(township.flags), 1), formats["count"])
    if not towns:
        _text(sheet, 4, 0, word("nobody", lang), formats["plain"])


def _list_sheet(sheet: Any, flags: Sequence[Flag], *, lang: Lang, formats: dict[str, Any]) -> None:
    columns = _columns(lang)
    last = max(len(flags), 1)
    for position, column in enumerate(columns):
        sheet.set_column(position, position, column.width)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.freeze_panes(1, 2)
    sheet.set_row(0, 32)
    for position, column in enumerate(columns):
        _text(sheet, 0, position, column.heading, formats["heading"])
    for row, flag in enumerate(flags, start=1):
        values = [None if column.value is None else column.value(flag) for column in columns]
        wrapped = [
            _row_height(str(value), column.width)
            for value, column in zip(values, columns, strict=True)
            if column.kind == "wrap"
        ]
        sheet.set_row(row, max(wrapped))
        for position, (column, value) in enumerate(zip(columns, values, strict=True)):
            _write(sheet, row, position, column, value, formats)
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


def _write(sheet: Any, row: int, position: int, column: _Column, value: Any, formats: dict[str, Any]) -> None:
    shown = formats[column.kind]
    if column.value is None:
        sheet.write_blank(row, position, None, shown)
    elif column.kind in ("count", "percent"):
        sheet.write_number(row, position, value, shown)
    else:
        _text(sheet, row, position, value, shown)


def _text(sheet: Any, row: int, position: int, value: str, shown: Any) -> None:
    sheet.write_string(row, position, _shown(value), shown)


def _shown(value: str) -> str:
    return _UNSHOWABLE.sub("\ufffd", value)


def _validate(sheet: Any, columns: list[_Column], last: int, lang: Lang) -> None:
    verdict, visited = (
        next(p for p, column in enumerate(columns) if column.heading == word(key, lang))
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
            "error_title": word("verdict", lang),
            "error_message": word("pick", lang),
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
            "error_title": word("visit_date", lang),
            "error_message": word("date_wanted", lang),
        },
    )


def _readme_sheet(book: Any, data: ReportData, *, lang: Lang, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(word("readme", lang))
    sheet.set_column(0, 0, _README_WIDTH)
    sheet.hide_gridlines(2)
    sheet.fit_to_pages(1, 0)
    record = data.record
    signed = f"{record['model']['name']} {word('version', lang, n=record['model']['version'])}"
    told = [
        f"{word('as_of', lang)} {data.as_of} · {word('model', lang)} {signed}",
        f"{word('households_scored', lang)} {data.counts['present']:,} · "
        f"{word('flagged', lang)} {data.counts['flagged']:,}",
        word("clue", lang),
    ]
    explained = [
        " ".join([word("how_risk", lang, horizon=words.horizon(data, lang)), *words.question(data, lang)]),
        word("how_reason", lang),
        word("how_order", lang),
        word("to_fill", lang),
    ]
    lines = [
        (word("title", lang), "title"),
        *((text, "prose") for text in told),
        (word("how_to_read", lang), "subtitle"),
        *((text, "prose") for text in explained),
    ]
    for row, (text, kind) in enumerate(lines):
        if kind == "prose":
            sheet.set_row(row, _row_height(text, _README_WIDTH))
        _text(sheet, row, 0, text, formats[kind])


def _key_sheet(book: Any, data: ReportData, towns: Sequence[Township], names: Sequence[str]) -> None:
    """Write, hidden, which run the list is of and which household stands in which row of which sheet."""
    sheet = book.add_worksheet(KEY_SHEET)
    sheet.very_hidden()
    record = data.record
    run = [
        ("as_of", data.as_of.isoformat()),
        ("model", f"{record['model']['name']}@{record['model']['version']}"),
        ("flags_sha256", record["files"]["flags.parquet"]["sha256"]),
    ]
    for row, (name, value) in enumerate(run):
        _text(sheet, row, 0, name, None)
        _text(sheet, row, 1, value, None)
    row = len(run) + 1
    for township, name in zip(towns, names, strict=True):
        for at, flag in enumerate(township.flags, start=2):
            _text(sheet, row, 0, name, None)
            sheet.write_number(row, 1, at)
            _text(sheet, row, 2, flag.household_id, None)
            row += 1
