"""Making a report: every page and the workbooks into one folder that appears whole."""

from __future__ import annotations

import errno
import json
import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from riskmodel.errors import CallError, DataError
from riskmodel.files import sha256_of, write_aside
from riskmodel.parallel import cores
from riskmodel.progress import track
from riskmodel.registry.codes import Lang
from riskmodel.report.data import Flag, ReportData, read_report_data
from riskmodel.report.histories import History
from riskmodel.report.pages import CARD, LANGUAGES, Pages, suffix
from riskmodel.report.since import read_since
from riskmodel.report.workbook import write_workbook

INDEX = "index.html"
_MADE = "made.json"
# Sheets rendered at a time by one process, and from how many on processes are worth their start.
_AT_A_TIME = 250
_FEW = 500


@dataclass(frozen=True)
class Made:
    """What a report consists of: where it starts, the workbook, how many sheets and townships."""

    index: Path
    workbook: Path
    households: int
    townships: int


def make_report(
    folder: Path, out: Path, *, lang: Lang = "zh", previous: Path | None = None, workers: int | None = None
) -> Made:
    """Make the report of a finished scoring run.

    Parameters
    ----------
    folder : Path
        What ``riskmodel score`` left; nothing else is read, but for ``previous``.
    out : Path
        The report's folder. One that an earlier report left is replaced as a whole.
    lang : {"zh", "en"}
        The language of ``index.html`` and ``list.xlsx``; the other language's lie beside them.
    previous : Path, optional
        The folder of an earlier run, to say what changed since.
    workers : int, optional
        Processes that render sheets; by default as many as there are cores. The bytes do not depend on it.

    Raises
    ------
    CallError
        ``folder`` is not a folder, ``out`` holds something that is not a report, or a report whose workbook somebody
        has written into; ``previous`` is not an earlier run.
    DataError
        A file of a run is missing, truncated or changed, or the disk is full: an earlier report then still stands.
    """
    if not folder.is_dir():
        raise CallError(f"{folder}: no such folder; expected what `riskmodel score --out DIR` left.")
    check_replaceable(out)
    data = read_report_data(folder)
    since = None if previous is None else read_since(previous, folder, as_of=data.as_of)
    card = folder / "model" / CARD
    try:
        with write_aside(out) as aside:
            for below in ("households", "townships"):
                (aside / below).mkdir(parents=True)
            if card.is_file():
                shutil.copyfile(card, aside / CARD)
            for language in LANGUAGES:
                pages = Pages(data, lang=language, main=lang, since=since, card=card.is_file())
                for path, text in pages.overviews():
                    (aside / path).write_text(text, encoding="utf-8")
                write_workbook(data, aside / f"list{suffix(language, lang)}.xlsx", lang=language)
            _write_sheets(data, aside, main=lang, workers=workers or cores())
            digests = {path.name: sha256_of(path) for path in sorted(aside.glob("list*.xlsx"))}
            (aside / _MADE).write_text(json.dumps(digests) + "\n", encoding="utf-8")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DataError(f"{out}: the disk is full, so no report was written. Make room, and run it again.") from error
    return Made(out / INDEX, out / "list.xlsx", len(data.flags), len(data.townships))


def _write_sheets(data: ReportData, place: Path, *, main: Lang, workers: int) -> None:
    """Write every household's sheet in both languages, many by several processes."""
    parts = list(_parts(data))
    if len(data.flags) < _FEW or workers == 1:
        _begin(data.light(), place, main)
        for part in track(parts, label="sheets"):
            _write_part(part)
        return
    # Started afresh, not forked: other threads may hold locks that a fork would copy.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(data.light(), place, main)) as pool:
        try:
            waiting = [pool.submit(_write_part, part) for part in parts]
            for done in track(as_completed(waiting), label="sheets", total=len(waiting)):
                done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_Part = list[tuple[Flag, History | None]]


def _parts(data: ReportData) -> Iterator[_Part]:
    for start in range(0, len(data.flags), _AT_A_TIME):
        yield [(flag, data.histories.get(flag.household_id)) for flag in data.flags[start : start + _AT_A_TIME]]


_RENDERERS: list[Pages] = []
_PLACE: list[Path] = []


def _begin(data: ReportData, place: Path, main: Lang) -> None:
    """Keep what all sheets of a process share."""
    _RENDERERS[:] = [Pages(data, lang=language, main=main) for language in LANGUAGES]
    _PLACE[:] = [place]


def _write_part(part: _Part) -> None:
    [place] = _PLACE
    for flag, history in part:
        for pages in _RENDERERS:
            (place / pages.sheet_path(flag)).write_text(pages.household(flag, history), encoding="utf-8")


def check_replaceable(out: Path) -> None:
    """Refuse a folder that a report may not take the place of.

    Raises
    ------
    CallError
        It holds something that is not a report, or a report whose workbook somebody has written into.
    """
    if not out.exists():
        return
    made = out / _MADE
    if not out.is_dir() or (any(out.iterdir()) and not ((out / INDEX).is_file() and made.is_file())):
        raise CallError(f"{out}: exists and is not a report; name a new folder with --out.")
    for name, digest in json.loads(made.read_bytes()).items() if made.is_file() else ():
        workbook = out / name
        if workbook.is_file() and sha256_of(workbook) != digest:
            raise CallError(
                f"{workbook}: was changed after it was made and may hold what visits found; a new report would take "
                "its place. Move it elsewhere, or name a new folder with --out."
            )
