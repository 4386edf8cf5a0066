"""What the registry learnt month by month, feed by feed: how many rows, how late, of what size.

A feed is a table, or the rows of one table that share its kind: an income's source and item, an event's kind, a check's
item. A department sends one or several of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.registry import schema
from riskmodel.watching.months import number_of_month

if TYPE_CHECKING:
    from riskmodel.registry import Registry

Feed = tuple[str, ...]

_KINDS = ("source", "kind", "item", "category")
_ENDS = ("ended_on", "eliminated_on")
_SIZES = ("amount", "loss", "value", "points")
LEAST_SHOWN = 5
# The own date of these is no day on which something was to be sent.
_NO_LATENESS = ("household", "member")


@dataclass(frozen=True)
class Learnt:
    """One feed's months, oldest first.

    Attributes
    ----------
    feed : tuple of str
        The table, and the codes of its kind: ``("income", "transfer", "dibao")``.
    rows : float array of shape (months,)
    late : float array of shape (months,)
        Median days from what a row tells (its own date, or the end that it brings) to the day it was known; NaN where
        none came.
    amount : float array of shape (months,)
        Mean logarithm of the amounts above 0; NaN where none came. (A median jumps where amounts come in lumps: one
        pension in the household, or two.)
    error : float array of shape (months,)
        Its standard error.
    """

    feed: Feed
    rows: NDArray[np.float64]
    late: NDArray[np.float64]
    amount: NDArray[np.float64]
    error: NDArray[np.float64]

    @property
    def table(self) -> str:
        """The table that the feed fills."""
        return self.feed[0]


def kind_columns(table: schema.Table) -> list[str]:
    """Return the columns that tell a table's feeds apart.

    >>> kind_columns(schema.table("income")), kind_columns(schema.table("member"))
    (['source', 'item'], [])
    """
    own = {column.name for column in table.own_columns}
    return [name for name in _KINDS if name in own]


def size_column(table: schema.Table) -> str | None:
    """Return the column that holds a row's amount, or None.

    >>> size_column(schema.table("event")), size_column(schema.table("job"))
    ('loss', None)
    """
    own = {column.name for column in table.own_columns}
    return next((name for name in _SIZES if name in own), None)


def learnt_by_month(registry: Registry, ends: Sequence[date]) -> list[Learnt]:
    """Return every feed's months by what was known before the last of ``ends``.

    A feed of fewer than five rows in all is left out: its word may be anything that somebody typed, a name too.

    Parameters
    ----------
    ends : sequence of date
        A month apart, oldest first; month i is the rows that became known in ``[ends[i], ends[i + 1])``.
    """
    found = []
    for name in registry.tables:
        table = schema.table(name)
        months = _months(registry, table, ends)
        found += [_learnt((name, *codes), part, len(ends) - 1) for codes, part in sorted(months.items())]
    return [feed for feed in found if feed.rows.sum() >= LEAST_SHOWN]


def _months(registry: Registry, table: schema.Table, ends: Sequence[date]) -> Mapping[Feed, list[dict[str, Any]]]:
    import ibis

    rows: Any = registry.table(table.name)
    kinds, size = kind_columns(table), size_column(table)
    own, columns = rows[table.own_date], {column.name for column in table.columns}
    rows = rows.filter(rows.known_on >= ends[0], rows.known_on < ends[-1], own < ends[-1])
    told = ibis.greatest(own, *(ibis.coalesce(rows[name], own) for name in _ENDS if name in columns))
    rows = rows.mutate(_month=number_of_month(rows.known_on, ends), _late=rows.known_on.delta(told, unit="day"))
    nothing = ibis.null("float64")
    amount = rows[size].cast("float64") if size is not None else nothing
    # The logarithm of what is not above 0 is asked for nowhere: an engine may work out both branches.
    logs = ibis.ifelse(amount > 0, amount, nothing).ln() if size is not None else None
    grouped = rows.group_by(["_month", *kinds]).aggregate(
        rows=rows.count(),
        late=rows["_late"].median() if table.name not in _NO_LATENESS else nothing,
        amount=nothing if logs is None else logs.mean(),
        error=nothing if logs is None else logs.std(how="sample") / logs.count().cast("float64").sqrt(),
    )
    by_feed: dict[Feed, list[dict[str, Any]]] = {}
    for row in grouped.to_pyarrow().to_pylist():
        by_feed.setdefault(tuple(str(row[kind] or "") for kind in kinds), []).append(row)
    return by_feed


def _learnt(feed: Feed, months: Sequence[Mapping[str, Any]], number: int) -> Learnt:
    parts = {name: np.full(number, np.nan) for name in ("late", "amount", "error")}
    rows = np.zeros(number)
    for month in months:
        place = int(month["_month"])
        rows[place] = month["rows"]
        for name, values in parts.items():
            values[place] = np.nan if month[name] is None else month[name]
    return Learnt(feed, rows, **parts)


def shown_lateness(feed: Learnt) -> list[float]:
    """Return the days month by month; of so few rows that they would speak of single households, nothing."""
    return [
        float(days) if rows >= LEAST_SHOWN else float("nan") for days, rows in zip(feed.late, feed.rows, strict=True)
    ]


def together(parts: Sequence[Learnt], feed: Feed) -> Learnt:
    """Return several feeds as one; of lateness and amounts, which do not add up, nothing is said."""
    rows = np.sum([part.rows for part in parts], axis=0)
    nothing = np.full(len(rows), np.nan)
    return Learnt(feed, rows, nothing, nothing, nothing)
