"""A household's last three years, for one small picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SOURCES = ("wage", "operating", "property", "transfer")


@dataclass(frozen=True)
class History:
    """Twelve quarters, the oldest first.

    Attributes
    ----------
    quarters : tuple of date
        The first day of each.
    income : float array of shape (quarters, sources)
        Yuan per person by :data:`SOURCES`, operating less its costs; NaN where nothing was kept yet.
    line : float array of shape (quarters,)
        A quarter of the line of a year, yuan per person; NaN where none is known.
    events : tuple of tuple of str
        The kinds recorded in each quarter.
    """

    quarters: tuple[date, ...]
    income: NDArray[np.float64]
    line: NDArray[np.float64]
    events: tuple[tuple[str, ...], ...]


def histories_of(table: pa.Table) -> Mapping[str, History]:
    """Return the histories of ``histories.parquet`` by household."""
    if not table.num_rows:
        return {}
    frame = table.to_pandas(date_as_object=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        members = frame["members"].to_numpy(dtype=np.float64)
        members = np.where(members > 0, members, np.nan)
        amounts = {name: frame[name].to_numpy(dtype=np.float64) for name in (*SOURCES, "operating_cost")}
    amounts["operating"] = amounts["operating"] - amounts["operating_cost"]
    income = np.column_stack([amounts[name] / members for name in SOURCES])
    line = frame["line"].to_numpy(dtype=np.float64) / 4
    ids = frame["household_id"].to_numpy(dtype=object)
    quarters, events = frame["quarter"].tolist(), [tuple(kinds) for kinds in frame["events"]]
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    found = {}
    for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
        rows = slice(int(start), int(end))
        found[ids[start]] = History(tuple(quarters[rows]), income[rows], line[rows], tuple(events[rows]))
    return found
