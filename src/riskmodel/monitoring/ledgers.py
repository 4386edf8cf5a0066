"""Since when a registry's tables were kept, as known at a day: before that, no row is not an amount of 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months
from riskmodel.registry import schema

if TYPE_CHECKING:
    from riskmodel.registry import Registry


# Of a thousand rows so many may be strays, older than the keeping of the table.
_STRAYS = 0.001


def begins_known(registry: Registry, *, before: date) -> dict[str, date]:
    """Return since when each table was kept, by what was known before a day; tables without such rows are left out.

    The earliest thousandth of the rows does not count: one mistyped year would have a table begin decades too soon.
    """
    return begins_known_at(registry, [before])[before]


def begins_known_at(registry: Registry, days: Sequence[date]) -> dict[date, dict[str, date]]:
    """Return, for each of some days, what :func:`begins_known` does: every table is read once for all of them."""
    begins: dict[date, dict[str, date]] = {day: {} for day in days}
    for name in registry.tables:
        rows: Any = registry.table(name)
        own = schema.table(name).own_date
        known = {f"before_{number}": (rows.known_on < day) & ~rows.withdrawn for number, day in enumerate(days)}
        counts = rows.group_by(own).aggregate(**{column: rows.count(where=which) for column, which in known.items()})
        found = counts.order_by(own).to_pyarrow()
        for day, column in zip(days, known, strict=True):
            upto = np.cumsum(found[column].to_numpy())
            if len(upto) and upto[-1]:
                first = found[own][int(np.searchsorted(upto, int(_STRAYS * upto[-1]), side="right"))].as_py()
                if first is not None:
                    begins[day][name] = first
    return begins


def reaches(node: plan.Household, *, as_of: date, begins: Mapping[str, date]) -> bool:
    """Tell whether the tables that ``node`` reads were kept over all of its windows at ``as_of``."""
    for part in plan.reductions(node):
        if part.window is not None and part.window.start is not None:
            first = begins.get(part.table)
            if first is None or first > add_months(as_of, part.window.start):
                return False
    return True
