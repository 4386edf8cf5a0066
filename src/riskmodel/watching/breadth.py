"""Whether amounts moved everywhere in the county or in a few places: a price moves everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from riskmodel.registry import schema
from riskmodel.watching.findings import Finding
from riskmodel.watching.learnt import kind_columns, size_column
from riskmodel.watching.series import YEAR

if TYPE_CHECKING:
    from riskmodel.registry import Registry

# A township of fewer rows in either month says nothing.
LEAST_ROWS = 10
EVERYWHERE, _HALF = 0.6, 0.5


def told_where(registry: Registry, finding: Finding, ends: Sequence[date]) -> Finding:
    """Return a price shock with how many townships it is seen in; one of a few places is no price.

    The last month of ``ends`` is held against the same month a year before, township by township.
    """
    if finding.kind != "price_shock" or len(ends) <= YEAR + 1:
        return finding
    moved = _by_township(registry, finding.feed, ends)
    if not moved:
        return finding
    # At least half as far as the county, and the same way.
    county = math.log(finding.figures["ratio"])
    alike = sum(step / county >= _HALF for step in moved)
    figures = {**finding.figures, "townships": len(moved), "townships_moved": alike}
    kind = finding.kind if alike >= EVERYWHERE * len(moved) else "amounts_moved"
    return replace(finding, kind=kind, figures=figures)


def _by_township(registry: Registry, feed: Sequence[str], ends: Sequence[date]) -> list[float]:
    table = schema.table(feed[0])
    rows: Any = registry.table(table.name)
    size = size_column(table)
    assert size is not None
    rows = rows.filter(rows[size] > 0)
    for column, code in zip(kind_columns(table), feed[1:], strict=False):
        rows = rows.filter(rows[column] == code)
    now = (rows.known_on >= ends[-2]) & (rows.known_on < ends[-1])
    then = (rows.known_on >= ends[-2 - YEAR]) & (rows.known_on < ends[-1 - YEAR])
    households: Any = registry.table("household")
    lives = households.filter(households.known_on < ends[-1]).group_by("household_id")
    places = lives.aggregate(township=households.township_code.argmax(households.known_on))
    chosen = rows.filter(now | then).mutate(_now=now, _log=rows[size].cast("float64").ln())
    joined = chosen.join(places, "household_id")
    found = joined.group_by("township").aggregate(
        now=joined["_log"].mean(where=joined["_now"]),
        then=joined["_log"].mean(where=~joined["_now"]),
        rows=joined["_now"].sum(),
        before=(~joined["_now"]).sum(),
    )
    return [
        row["now"] - row["then"]
        for row in found.to_pyarrow().to_pylist()
        if min(row["rows"], row["before"]) >= LEAST_ROWS
    ]
