"""Reading a workbook that came back from the visits: which run it is of, and each row that somebody filled in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from riskmodel.errors import DataError, did_you_mean
from riskmodel.registry.codes import CODE_BOOK
from riskmodel.report.vocabulary import WORDS
from riskmodel.report.workbook import KEY_SHEET

_COLUMNS = ("household", "verdict", "visit_date", "note")


@dataclass(frozen=True)
class FilledRow:
    """One row that was filled in, or what is wrong with it.

    Attributes
    ----------
    sheet, row : str, int
        Where it stands, as the workbook shows it.
    verdict : str
        A code of ``visit_verdict``; empty where ``wrong`` says why.
    wrong : str
        Why it cannot be taken; empty where it can.
    """

    sheet: str
    row: int
    household_id: str
    verdict: str = ""
    visited_on: date | None = None
    note: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class ReturnedWorkbook:
    """What a workbook holds.

    Attributes
    ----------
    flags_sha256 : str
        The flags it was made of.
    rows : tuple of FilledRow
        In the order of the sheets; rows that nobody filled in are left out.
    untouched : int
        Rows that nobody filled in.
    """

    flags_sha256: str
    as_of: date
    model: str
    rows: tuple[FilledRow, ...]
    untouched: int


def read_workbook(path: Path) -> ReturnedWorkbook:
    """Read a list that was filled in during the visits. Rows may have been sorted; sheets and ids must be as made.

    Raises
    ------
    DataError
        The file is no workbook, or not one that ``riskmodel report`` made, or a sheet or column of it is gone.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError) as error:
        raise DataError(f"{path}: cannot be read as a workbook ({error}).") from error
    if KEY_SHEET not in book.sheet_names:
        raise DataError(
            f'{path}: no list of `riskmodel report`: its hidden sheet "{KEY_SHEET}" is not there. Fill in the workbook '
            "itself, not a copy of its cells."
        )
    told, keys = _key(book.get_sheet_by_name(KEY_SHEET).to_python(), path)
    rows: list[FilledRow] = []
    untouched = 0
    for sheet, households in keys.items():
        if sheet not in book.sheet_names:
            raise DataError(f'{path}: the sheet "{sheet}" is not there; the list was made with it.')
        found, left = _sheet_rows(sheet, book.get_sheet_by_name(sheet).to_python(), set(households.values()), path)
        rows += found
        untouched += left
    return ReturnedWorkbook(
        told["flags_sha256"], date.fromisoformat(told["as_of"]), told["model"], tuple(rows), untouched
    )


def _key(cells: Sequence[Sequence[Any]], path: Path) -> tuple[dict[str, str], dict[str, dict[int, str]]]:
    told = {str(row[0]): str(row[1]) for row in cells[:3]}
    keys: dict[str, dict[int, str]] = {}
    try:
        date.fromisoformat(told["as_of"])
        missing = [name for name in ("flags_sha256", "model") if not told[name]]
        for row in cells[4:]:
            keys.setdefault(str(row[0]), {})[int(row[1])] = str(row[2])
    except (KeyError, ValueError, IndexError) as error:
        raise DataError(f'{path}: the hidden sheet "{KEY_SHEET}" was changed: make the list anew.') from error
    if missing:
        raise DataError(f'{path}: the hidden sheet "{KEY_SHEET}" has no {missing[0]}: make the list anew.')
    return told, keys


def _sheet_rows(
    sheet: str, cells: Sequence[Sequence[Any]], households: set[str], path: Path
) -> tuple[list[FilledRow], int]:
    if not cells:
        raise DataError(f'{path}: the sheet "{sheet}" is empty; the list was made with households in it.')
    at = _positions(sheet, cells[0], path)
    shown = Counter(str(row[at["household"]]).strip() for row in cells[1:])
    filled, left = [], 0
    for number, row in enumerate(cells[1:], start=2):
        cell = {name: row[position] if position < len(row) else "" for name, position in at.items()}
        household = str(cell["household"]).strip()
        if not any(_text(cell[name]) for name in _COLUMNS[1:]):
            left += bool(household)
            continue
        filled.append(_filled(sheet, number, household, cell, households, shown))
    return filled, left


def _positions(sheet: str, headings: Sequence[Any], path: Path) -> dict[str, int]:
    found = {}
    for name in _COLUMNS:
        wanted = {words for words in WORDS[name]}
        places = [position for position, heading in enumerate(headings) if str(heading).strip() in wanted]
        if len(places) != 1:
            raise DataError(
                f'{path}: the sheet "{sheet}" has {"no" if not places else "more than one"} column '
                f'"{" / ".join(WORDS[name])}" in its first row.'
            )
        found[name] = places[0]
    return found


def _filled(
    sheet: str, number: int, household: str, cell: Mapping[str, Any], households: set[str], shown: Counter[str]
) -> FilledRow:
    def wrong(why: str) -> FilledRow:
        return FilledRow(sheet, number, household, note=_text(cell["note"]), wrong=why)

    if household not in households:
        return wrong(f'the household is "{household}", which is not of this sheet as it was made: its id was changed')
    if shown[household] > 1:
        return wrong(f"household {household} stands in {shown[household]} rows of this sheet")
    verdict = _text(cell["verdict"])
    if not verdict:
        return wrong("no verdict, though the row is filled in")
    code = _verdicts().get(verdict)
    if code is None:
        return wrong(f'the verdict is "{verdict}".{did_you_mean(verdict, _verdicts())}')
    visited_on = _day(cell["visit_date"])
    if visited_on is None:
        return wrong(
            f'the day of the visit is "{_text(cell["visit_date"])}"; expected a date such as 2025-01-17'
            if _text(cell["visit_date"])
            else "no day of the visit"
        )
    return FilledRow(sheet, number, household, code, visited_on, _text(cell["note"]))


def _verdicts() -> dict[str, str]:
    return {words: code.code for code in CODE_BOOK["visit_verdict"] for words in (code.zh, code.en, code.code)}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_text(value).replace("/", "-"))
    except ValueError:
        return None
