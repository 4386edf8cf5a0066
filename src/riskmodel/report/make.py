"""Making a report: every page and the workbook into one folder that appears whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from riskmodel.errors import CallError
from riskmodel.files import sha256_of, write_aside
from riskmodel.progress import track
from riskmodel.registry.codes import Lang
from riskmodel.report.data import read_report_data
from riskmodel.report.pages import LANGUAGES, Pages
from riskmodel.report.workbook import write_workbook

INDEX = "index.html"
WORKBOOK = "list.xlsx"
_MADE = "made.json"


@dataclass(frozen=True)
class Made:
    """What a report consists of: where it starts, the workbook, how many sheets and townships."""

    index: Path
    workbook: Path
    households: int
    townships: int


def make_report(folder: Path, out: Path, *, lang: Lang = "zh") -> Made:
    """Make the report of a finished scoring run.

    Parameters
    ----------
    folder : Path
        What ``riskmodel score`` left; nothing else is read.
    out : Path
        The report's folder. One that an earlier report left is replaced as a whole.
    lang : {"zh", "en"}
        The language of ``index.html``; the other language's pages lie beside it.

    Raises
    ------
    CallError
        ``folder`` is not a folder, ``out`` holds something that is not a report, or a report whose workbook somebody
        has written into.
    DataError
        A file of the run is missing, truncated or changed.
    """
    if not folder.is_dir():
        raise CallError(f"{folder}: no such folder; expected what `riskmodel score --out DIR` left.")
    _check_replaceable(out)
    data = read_report_data(folder)
    renderers = [Pages(data, lang=language, main=lang) for language in LANGUAGES]
    pages = len(LANGUAGES) * (1 + len(data.townships) + len(data.flags))
    with write_aside(out) as aside:
        for below in ("households", "townships"):
            (aside / below).mkdir(parents=True)
        for path, text in track((page for pages in renderers for page in pages.all()), label="pages", total=pages):
            (aside / path).write_text(text, encoding="utf-8")
        write_workbook(data, aside / WORKBOOK, main=lang)
        (aside / _MADE).write_text(json.dumps({WORKBOOK: sha256_of(aside / WORKBOOK)}) + "\n", encoding="utf-8")
    return Made(out / INDEX, out / WORKBOOK, len(data.flags), len(data.townships))


def _check_replaceable(out: Path) -> None:
    if not out.exists():
        return
    made, workbook = out / _MADE, out / WORKBOOK
    if not out.is_dir() or (any(out.iterdir()) and not ((out / INDEX).is_file() and made.is_file())):
        raise CallError(f"{out}: exists and is not a report; name a new folder with --out.")
    if workbook.is_file() and json.loads(made.read_bytes())[WORKBOOK] != sha256_of(workbook):
        raise CallError(
            f"{workbook}: was changed after it was made and may hold what visits found; a new report would take its "
            "place. Move it elsewhere, or name a new folder with --out."
        )
