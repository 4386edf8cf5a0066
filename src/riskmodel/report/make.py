"""Making a report: every page and the workbook into one folder that appears whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from riskmodel.errors import CallError
from riskmodel.files import write_aside
from riskmodel.progress import track
from riskmodel.registry.codes import Lang
from riskmodel.report.data import read_report_data
from riskmodel.report.pages import LANGUAGES, Pages
from riskmodel.report.workbook import write_workbook

INDEX = "index.html"
WORKBOOK = "list.xlsx"


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
        ``folder`` is not a folder, or ``out`` holds something that is not a report.
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
    return Made(out / INDEX, out / WORKBOOK, len(data.flags), len(data.townships))


def _check_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir() or (any(out.iterdir()) and not ((out / INDEX).is_file() and (out / WORKBOOK).is_file())):
        raise CallError(f"{out}: exists and is not a report; name a new folder with --out.")
