"""Since when a registry's tables were kept, as known at a day: before that, no row is not an amount of 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months, day_number
from riskmodel.registry import schema

if TYPE_CHECKING:
    from riskmodel.registry import Registry


# Of a thousand rows so many may be strays, older than the keeping of the table.
_STRAYS = 0.001
# Row groups of a table that are looked at.
GROUPS = 64
# Days that are told apart; what lies before or after counts as the first or last of them.
_FIRST, _DAYS = day_number(date(1800, 1, 1)), 365 * 500


def begins_known(registry: Registry, *, before: date) -> dict[str, date]:
    """Return since when each table was kept, by what was known before a day; tables without such rows are left out.

    The earliest thousandth of the rows does not count: one mistyped year would have a table begin decades too soon.
    """
    return begins_known_at(registry, [before])[before]


def begins_known_at(registry: Registry, days: Sequence[date]) -> dict[date, dict[str, date]]:
    """Return, for each of some days, what :func:`begins_known` does: every table is read once for all of them.

    Of a file that this package wrote, at most :data:`GROUPS` row groups are read, spread over all households: since
    when a table was kept is the same for everyone.
    """
    begins: dict[date, dict[str, date]] = {day: {} for day in days}
    for name in registry.tables:
        for day, first in _begins(registry, name, days).items():
            begins[day][name] = first
    return begins


def _begins(registry: Registry, name: str, days: Sequence[date]) -> dict[date, date]:
    file = registry.sorted_file(name)
    own = schema.table(name).own_date
    counts = (
        _counted(registry.table(name), own, days)
        if file is None
        else _counted_in(file.paths[0], file.metadata[0], own, days)
    )
    found = {}
    for day, (dates, many) in zip(days, counts, strict=True):
        upto = np.cumsum(many)
        if len(upto) and upto[-1]:
            found[day] = dates[int(np.searchsorted(upto, int(_STRAYS * upto[-1]), side="right"))]
    return found


def _counted(rows: Any, own: str, days: Sequence[date]) -> list[tuple[Sequence[date], np.ndarray]]:
    """Return, for each day, the dates of a table's rows, in order, and how many rows that were known have each."""
    rows = rows.filter(rows[own].notnull(), ~rows.withdrawn)
    known = {f"before_{number}": rows.count(where=rows.known_on < day) for number, day in enumerate(days)}
    counts = rows.group_by(own).aggregate(**known).order_by(own).to_pyarrow()
    return [(counts[own].to_pylist(), counts[column].to_numpy()) for column in known]


def _counted_in(path: Path, facts: Any, own: str, days: Sequence[date]) -> list[tuple[Sequence[date], np.ndarray]]:
    """Return what :func:`_counted` does of some of a file's row groups."""
    found = [np.zeros(_DAYS, np.int64) for _ in days]
    with pq.ParquetFile(path, metadata=facts, pre_buffer=False) as file:
        many = file.metadata.num_row_groups
        for group in range(0, many, -(-many // GROUPS) or 1):
            rows = file.read_row_group(group, columns=[own, "known_on", "withdrawn"], use_threads=False)
            stands = pc.invert(pc.coalesce(rows["withdrawn"], pa.scalar(False)))
            rows = rows.filter(pc.and_(rows[own].is_valid(), stands))
            dated, known = (rows[name].cast(pa.int32()).to_numpy() for name in (own, "known_on"))
            for counter, day in zip(found, days, strict=True):
                mine = dated[known < day_number(day)]
                np.add(counter, np.bincount(np.clip(mine - _FIRST, 0, _DAYS - 1), minlength=_DAYS), out=counter)
    there = [np.flatnonzero(counter) for counter in found]
    return [
        ((places + _FIRST).astype("datetime64[D]").tolist(), counter[places])
        for counter, places in zip(found, there, strict=True)
    ]


def reaches(node: plan.Household, *, as_of: date, begins: Mapping[str, date]) -> bool:
    """Tell whether the tables that ``node`` reads were kept over all of its windows at ``as_of``."""
    for part in plan.reductions(node):
        if part.window is not None and part.window.start is not None:
            first = begins.get(part.table)
            if first is None or first > add_months(as_of, part.window.start):
                return False
    return True
