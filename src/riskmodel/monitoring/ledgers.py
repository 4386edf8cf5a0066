"""Since when a registry's ledgers are kept: before that, no amount is not an amount of 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months
from riskmodel.registry import schema

if TYPE_CHECKING:
    from riskmodel.registry import Registry


def ledger_begins(registry: Registry) -> dict[str, date]:
    """Return the first own date of each table that is a ledger, for those that hold rows."""
    begins = {}
    for name in registry.tables:
        described = schema.table(name)
        if described.ledger:
            first = registry.table(name)[described.own_date].min().to_pyarrow().as_py()
            if first is not None:
                begins[name] = first
    return begins


def reaches(node: plan.Household, *, as_of: date, begins: Mapping[str, date]) -> bool:
    """Tell whether the ledgers that ``node`` reads were kept over all of its windows at ``as_of``."""
    for part in plan.reductions(node):
        if schema.table(part.table).ledger and part.window is not None and part.window.start is not None:
            first = begins.get(part.table)
            if first is None or first > add_months(as_of, part.window.start):
                return False
    return True
