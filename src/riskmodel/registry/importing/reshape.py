"""Turn wide rows into long ones, and leave out the rows that a block does not ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.registry.importing.columns import Fault
from riskmodel.registry.importing.mapping import Block, Condition
from riskmodel.registry.importing.piece import Piece
from riskmodel.registry.importing.text import canonical, header
from riskmodel.registry.importing.values import read_number

if TYPE_CHECKING:
    import pandas as pd

# What melting makes cannot clash with a heading: no heading holds a space in compared form.
_MADE = "made "


@dataclass(frozen=True)
class Grid:
    """Cells as a block sees them: one row for each registry row that may come of it.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by position.
    rows : numpy.ndarray of int64
        The row in the file that each came from.
    named : dict
        Heading in compared form -> column of ``frame``.
    melted_from : pandas.Series or None
        The outside column that each row's value came from.
    seen : int
        Rows (cells, where melted) looked at, blank and broken ones included.
    blank : int
        Of these, left out because nothing stands there.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    named: Mapping[str, str]
    melted_from: pd.Series | None
    seen: int
    blank: int

    def cells(self, heading: str) -> pd.Series:
        """Return the cells under ``heading``."""
        return self.frame[self.named[header(heading)]]

    def keep(self, mask: np.ndarray) -> Grid:
        """Return the rows of ``mask`` only."""
        melted = None if self.melted_from is None else self.melted_from[mask].reset_index(drop=True)
        frame = self.frame[mask].reset_index(drop=True)
        return Grid(frame, self.rows[mask], self.named, melted, self.seen, self.blank)


def lay_out(block: Block, piece: Piece) -> Grid:
    """Return the cells of ``piece`` as ``block`` sees them, melted where it says so."""
    if block.melt is None:
        rows = np.asarray(piece.frame.index, dtype=np.int64)
        return Grid(piece.frame.reset_index(drop=True), rows, piece.named, None, len(rows) + piece.blank, piece.blank)
    return _melt(block, piece)


def outside_headings(block: Block) -> list[str]:
    """Return the outside headings that ``block`` reads outright (not those that it melts)."""
    made = {header(name) for name in block.melt.made} if block.melt else set()
    read = [name for spec in block.columns.values() for name in spec.outside]
    read += [*block.where]
    if block.known_on is not None and block.known_on.column is not None:
        read.append(block.known_on.column)
    return [name for name in dict.fromkeys(read) if header(name) not in made]


def _melt(block: Block, piece: Piece) -> Grid:
    import pandas as pd

    melt = block.melt
    assert melt is not None
    reserved = outside_headings(block)
    columns = piece.melted(melt, reserved=reserved)
    kept = piece.frame[list(dict.fromkeys(piece.column(name) for name in reserved))]
    rows = np.asarray(piece.frame.index, dtype=np.int64)
    pattern = re.compile(melt.pattern) if melt.pattern else None
    given = {piece.column(name): meant for name, meant in melt.columns.items()}
    parts: list[pd.DataFrame] = []
    numbers: list[np.ndarray] = []
    for column in columns:
        full = piece.frame[column].notna().to_numpy()
        part = kept[full].copy()
        match = pattern.search(column) if pattern else None
        groups = match.groupdict() if match else {}
        part[_MADE + header(melt.names_to)] = canonical(given.get(column, column))
        for name, text in groups.items():
            part[_MADE + header(name)] = text
        part[_MADE + header(melt.values_to)] = piece.frame[column][full]
        part[_MADE] = column
        parts.append(part)
        numbers.append(rows[full])
    seen = (len(rows) + piece.blank) * len(columns)
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    named = dict(piece.named) | {header(name): _MADE + header(name) for name in melt.made}
    taken = np.concatenate(numbers) if numbers else np.empty(0, dtype=np.int64)
    melted_from = frame.pop(_MADE) if parts else None
    return Grid(frame, taken, named, melted_from, seen, seen - len(frame))


def satisfies(cells: pd.Series, condition: Condition) -> tuple[np.ndarray, tuple[Fault, ...]]:
    """Return which cells satisfy ``condition``, and those that cannot be compared with its numbers."""
    import pandas as pd

    codes, uniques = pd.factorize(cells)
    compares = any(
        limit is not None for limit in (condition.at_least, condition.above, condition.at_most, condition.below)
    )
    verdicts: list[bool] = []
    faults: list[Fault] = []
    for number, cell in enumerate(uniques):
        try:
            verdicts.append(_satisfied(cell, condition))
        except ValueError as error:
            verdicts.append(True)
            faults.append(Fault(np.flatnonzero(codes == number), cell, str(error)))
    # An empty cell is nothing in particular: it satisfies "not" and "present: false", no comparison.
    nothing = condition.is_ is None and not compares and condition.present is not True
    return np.array([*verdicts, nothing], dtype=bool)[codes], tuple(faults)


def _satisfied(cell: object, condition: Condition) -> bool:
    word = (canonical(cell) or "").casefold()
    if condition.present is False:
        return False
    if condition.is_ is not None and word not in {wish.casefold() for wish in condition.is_}:
        return False
    if condition.is_not is not None and word in {wish.casefold() for wish in condition.is_not}:
        return False
    limits = (condition.at_least, condition.above, condition.at_most, condition.below)
    if all(limit is None for limit in limits):
        return True
    number = read_number(cell)
    return (
        (condition.at_least is None or number >= condition.at_least)
        and (condition.above is None or number > condition.above)
        and (condition.at_most is None or number <= condition.at_most)
        and (condition.below is None or number < condition.below)
    )
