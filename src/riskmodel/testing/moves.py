"""What a check found: which feature moved, of which household, from what to what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("household_id", "as_of")
_PRESENT = "(present)"
_SHOWN = 10


@dataclass(frozen=True)
class Move:
    """A value that was moved by something that may not move it.

    Attributes
    ----------
    feature : str
        ``(present)`` where the household itself came or went.
    before, after : float or None
        The value with the registry as it is, and with the registry meddled with; None where it is missing.
    by : str
        What was done to the registry.
    """

    feature: str
    household_id: str
    as_of: date
    before: float | None
    after: float | None
    by: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.feature} of {self.household_id} at {self.as_of}: {self.before} became {self.after} by {self.by}"


@dataclass(frozen=True)
class Report:
    """The result of one check.

    Attributes
    ----------
    check : str
        What nothing may depend on.
    features, households : int
        How many were watched.
    meddlings : tuple of (str, int)
        What was done to the registry, and to or with how many rows.
    moves : tuple of Move
        What moved: empty where all is well.
    """

    check: str
    as_of: date
    features: int
    households: int
    meddlings: tuple[tuple[str, int], ...]
    moves: tuple[Move, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing moved."""
        return not self.moves

    @property
    def moved(self) -> tuple[str, ...]:
        """The features that moved, each once."""
        return tuple(dict.fromkeys(move.feature for move in self.moves))

    def require(self) -> None:
        """Raise ``AssertionError`` with the report where something moved; for use in a test."""
        if self.moves:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        """Name each feature that moved, how often, and one household to look at."""
        many = f"{self.features} feature{'s' if self.features != 1 else ''} of {self.households} households"
        place = f"{self.check}, {many} at {self.as_of}"
        if self.passed:
            done = "; ".join(f"{what} ({rows:,})" for what, rows in self.meddlings)
            return f"{place}: nothing moved by {done}."
        lines = []
        for feature in self.moved[:_SHOWN]:
            mine = [move for move in self.moves if move.feature == feature]
            lines.append(f"- {mine[0]}" + (f" ({len(mine) - 1} more like it)" if len(mine) > 1 else ""))
        more = len(self.moved) - _SHOWN
        return "\n".join([f"{place}: {len(self.moved)} moved:", *lines, *([f"… and {more} more"] if more > 0 else [])])


def moves_between(before: pd.DataFrame, after: pd.DataFrame, *, by: str) -> list[Move]:
    """Compare two matrices of ``household_id``, ``as_of`` and features bit for bit; NaN equals NaN."""
    first, second = before.set_index(list(KEYS)), after.set_index(list(KEYS))
    found = [
        Move(_PRESENT, str(household), day, float(key in first.index), float(key in second.index), by)
        for key in first.index.symmetric_difference(second.index)
        for household, day in [key]
    ]
    both = first.index.intersection(second.index)
    a, b = first.loc[both], second.loc[both, first.columns]
    # != alone would take -0.0 for 0.0, and NaN for different from itself.
    values, others = a.to_numpy(dtype="float64"), b.to_numpy(dtype="float64")
    differ = (values.view("int64") != others.view("int64")) & ~(np.isnan(values) & np.isnan(others))
    for row, column in zip(*differ.nonzero(), strict=True):
        household, day = both[row]
        pair = _plain(values[row, column]), _plain(others[row, column])
        found.append(Move(str(first.columns[column]), str(household), day, *pair, by))
    return found


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
