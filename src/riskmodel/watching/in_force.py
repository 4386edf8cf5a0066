"""Measures in force, month by month as then known: support that was withdrawn, and the income that went with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.engine.calendar import add_months
from riskmodel.watching.findings import Finding
from riskmodel.watching.series import Change, change, of_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.registry import Registry

LEAST = 20
# Of a kind in force, two in five gone beyond what the season takes.
WITHDRAWN = math.log(0.6)
_FLOOR = 0.1
# An income is the measure's where so many of those who had it had the measure.
_HOLDERS = 0.8
_BEFORE = 6


def in_force_by_month(registry: Registry, days: Sequence[date]) -> dict[str, NDArray[np.float64]]:
    """Return how many measures of each kind were in force at each date, as was known then."""
    if "measure" not in registry.tables:
        return {}
    import ibis

    rows: Any = registry.table("measure")
    counts = {
        f"n{number}": (
            (rows.known_on < day)
            & (rows.known_until.isnull() | (rows.known_until >= day))
            & ~rows.withdrawn
            & (rows.started_on < day)
            & (rows.ended_on.isnull() | (rows.ended_on >= day))
        ).sum()
        for number, day in enumerate(days)
    }
    found = rows.filter(rows.known_on < ibis.literal(days[-1])).group_by("kind").aggregate(**counts).to_pyarrow()
    return {
        row["kind"]: np.array([row[name] or 0 for name in counts], dtype=np.float64)
        for row in found.sort_by("kind").to_pylist()
    }


def withdrawals(registry: Registry, days: Sequence[date]) -> list[Finding]:
    """Return one finding that names the kinds of measures that ended beyond what the season takes; none else."""
    gone: dict[str, Change] = {}
    counts = in_force_by_month(registry, days)
    for kind, months in counts.items():
        values, noise = of_counts(months, least=LEAST)
        found = change(values, noise=noise, floor=_FLOOR)
        if found is not None and found.deviation <= WITHDRAWN and found.beyond(-WITHDRAWN):
            gone[kind] = found
    if not gone:
        return []
    largest = max(gone, key=lambda kind: math.exp(gone[kind].expected))
    figures = {
        "kinds": {
            kind: {
                "now": int(counts[kind][-1]),
                "expected": round(math.exp(found.expected)),
                "before": int(counts[kind][-2]),
            }
            for kind, found in gone.items()
        },
        "months": gone[largest].months,
    }
    return [Finding(kind="policy_withdrawn", feed=("measure",), size=gone[largest].size, figures=figures)]


def incomes_of_measures(registry: Registry, kinds: Sequence[str], *, as_of: date) -> set[tuple[str, ...]]:
    """Return the incomes that nearly all who had them in the half year before had together with one of the measures.

    Dibao is paid to who holds the measure, a post's wage to who holds the post: that is read from the rows, not from a
    list.
    """
    if "income" not in registry.tables or not kinds:
        return set()
    start = add_months(as_of, -_BEFORE)
    measures: Any = registry.table("measure")
    held = measures.filter(
        measures.known_on < as_of,
        measures.kind.isin(list(kinds)),
        ~measures.withdrawn,
        measures.started_on < as_of,
        measures.ended_on.isnull() | (measures.ended_on >= start),
    )
    holders = held.select("household_id").distinct().mutate(holds=1)
    income: Any = registry.table("income")
    had = income.filter(income.known_on < as_of, income.month >= start, income.month < as_of, income.amount > 0)
    had = had.select("household_id", "source", "item").distinct()
    both = had.left_join(holders, "household_id")
    shares = both.group_by("source", "item").aggregate(share=both.holds.notnull().mean(), n=both.count())
    return {
        ("income", row["source"], row["item"])
        for row in shares.to_pyarrow().to_pylist()
        if row["n"] >= LEAST and row["share"] >= _HOLDERS
    }
