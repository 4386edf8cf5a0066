"""Since when a registry's tables were kept, as known at a day: before that, no row is not an amount of 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

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
    begins = {}
    for name in registry.tables:
        rows: Any = registry.table(name)
        own = schema.table(name).own_date
        known = rows.filter(rows.known_on < before, ~rows.withdrawn)
        strays = int(_STRAYS * known.count().to_pyarrow().as_py())
        first = known.order_by(own).limit(1, offset=strays)[own].to_pyarrow().to_pylist()
        if first and first[0] is not None:
            begins[name] = first[0]
    return begins


def reaches(node: plan.Household, *, as_of: date, begins: Mapping[str, date]) -> bool:
    """Tell whether the tables that ``node`` reads were kept over all of its windows at ``as_of``."""
    for part in plan.reductions(node):
        if part.window is not None and part.window.start is not None:
            first = begins.get(part.table)
            if first is None or first > add_months(as_of, part.window.start):
                return False
    return True
