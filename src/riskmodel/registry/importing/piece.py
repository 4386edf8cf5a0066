"""One sheet or file that was read: the columns that the mapping asks for, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.errors import CallError, did_you_mean
from riskmodel.registry.importing.mapping import Melt, Source
from riskmodel.registry.importing.text import canonical, header

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Wanted:
    """What the blocks of a mapping read from one source.

    Attributes
    ----------
    headings : tuple of str
        Outside headings named outright.
    melts : tuple of Melt
        Choices of many columns, by pattern or by exclusion.
    """

    headings: tuple[str, ...]
    melts: tuple[Melt, ...]


@dataclass(frozen=True)
class Piece:
    """The part of one sheet or file that the mapping reads.

    Attributes
    ----------
    source : str
        The source's name in the mapping.
    file : str
        The file's name within SOURCE.
    sheet : str or None
        The sheet of a workbook.
    frame : pandas.DataFrame
        Cells, missing where empty; indexed by row number as a person sees it in the workbook.
    named : dict
        Heading in compared form -> column of ``frame``.
    blank : int
        Rows without a single wanted cell, left out of ``frame``.
    broken : tuple of (int, str)
        Rows that cannot be told apart into columns, and why.
    encoding : str or None
        Of a text file.
    labels : dict
        Stata's variable labels of the columns read.
    """

    source: str
    file: str
    sheet: str | None
    frame: pd.DataFrame
    named: dict[str, str]
    blank: int = 0
    broken: tuple[tuple[int, str], ...] = ()
    encoding: str | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The file and sheet, as a message names them."""
        return f"{self.file}, sheet {self.sheet}" if self.sheet is not None else self.file

    @property
    def rows_read(self) -> int:
        """All rows below the heading."""
        return len(self.frame) + self.blank + len(self.broken)

    def column(self, heading: str) -> str:
        """Return the name in ``frame`` of the column that the mapping calls ``heading``."""
        return self.named[header(heading)]

    def melted(self, melt: Melt, *, reserved: Sequence[str]) -> list[str]:
        """Return the columns of ``frame`` that ``melt`` picks, except those under ``reserved`` headings."""
        if melt.columns:
            return [self.column(name) for name in melt.columns]
        kept = {self.column(name) for name in reserved}
        return [name for name in self.frame.columns if name not in kept and picks(melt)(name)]


def picks(melt: Melt) -> Callable[[str], bool]:
    """Return whether ``melt`` picks a heading, by its pattern or by exclusion."""
    if melt.pattern is not None:
        pattern = re.compile(melt.pattern)
        return lambda name: pattern.search(name) is not None
    excepted = {header(name) for name in melt.all_but}
    return lambda name: header(name) not in excepted


def choose(
    headings: Sequence[object], wanted: Wanted, *, place: str, labels: Sequence[str] = ()
) -> tuple[list[int], list[str], dict[str, str]]:
    """Find the wanted columns among ``headings``.

    Parameters
    ----------
    headings : sequence
        The cells of the heading row.
    labels : sequence of str
        Stata's variable labels: a column may be named by its label too.

    Returns
    -------
    positions : list of int
        Of the wanted columns, from 0.
    names : list of str
        Their headings.
    named : dict
        Heading (or label) in compared form -> heading.

    Raises
    ------
    CallError
        A wanted heading is not there, or stands twice.
    """
    texts = [canonical(cell) or "" for cell in headings]
    where: dict[str, list[int]] = {}
    for words in (texts, labels):
        known = set(where)
        for position, word in enumerate(words):
            if header(word) and header(word) not in known:
                where.setdefault(header(word), []).append(position)
    chosen: dict[int, None] = {}
    for heading in wanted.headings:
        chosen[_only(heading, where, texts, place)] = None
    for melt in wanted.melts:
        for heading in [*melt.columns, *melt.all_but]:
            position = _only(heading, where, texts, place)
            if heading in melt.columns:
                chosen[position] = None
        if not melt.columns:
            picked = [text for text in texts if text and picks(melt)(text)]
            if not picked:
                raise CallError(f'{place}: no heading fits melt.pattern "{melt.pattern}". Headings: {_some(texts)}.')
            chosen |= {_only(text, where, texts, place): None for text in picked}
    positions = sorted(chosen)
    named = {word: texts[at[0]] for word, at in where.items() if at[0] in chosen and len(at) == 1}
    return positions, [texts[position] for position in positions], named


def _only(heading: str, where: dict[str, list[int]], texts: Sequence[str], place: str) -> int:
    found = where.get(header(heading), [])
    if not found:
        hint = did_you_mean(heading, [text for text in texts if text])
        raise CallError(f'{place}: there is no column "{heading}" in the heading row.{hint}')
    if len(found) > 1:
        letters = " and ".join(column_letters(position) for position in found)
        raise CallError(f'{place}: the heading "{heading}" stands over columns {letters}: rename one of them.')
    return found[0]


def column_letters(position: int) -> str:
    """Return a column's name in a workbook, from its position counted from 0.

    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def tidy(frame: pd.DataFrame, source: Source, named: dict[str, str]) -> tuple[pd.DataFrame, int]:
    """Make empty cells missing, leave out blank rows, fill merged cells down; return the rest and the blank rows."""
    import pandas as pd

    unknown = {(canonical(word) or "") for word in source.missing}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_string_dtype(column.dtype) and column.dtype != object:
            column = column.str.strip()
            frame[name] = column.mask(column.isin({"", *unknown}))
        elif column.dtype == object:
            cells = [_cell(value, unknown) for value in column]
            frame[name] = pd.Series(cells, index=frame.index, dtype=object)
        elif unknown:
            frame[name] = column.mask(column.map(canonical, na_action="ignore").isin(unknown))
    blank = np.asarray(frame.isna().all(axis=1)) if len(frame.columns) else np.zeros(len(frame), dtype=bool)
    frame = frame[~blank]
    for heading in source.fill_down:
        name = named[header(heading)]
        frame = frame.assign(**{name: frame[name].ffill()})
    return frame, int(blank.sum())


def _cell(value: object, unknown: set[str]) -> object:
    text = canonical(value)
    return None if text is None or text in unknown else value


def _some(texts: Sequence[str]) -> str:
    given = [text for text in texts if text]
    return ", ".join(given[:20]) + (", …" if len(given) > 20 else "")
