"""Feeds that stopped, fell, rose or came late, and amounts that changed their scale or their level."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from riskmodel.watching.findings import Finding
from riskmodel.watching.learnt import Feed, Learnt, together
from riskmodel.watching.series import Change, change, of_counts

# A month of fewer rows says nothing of how many come, or of what size they are.
LEAST_ROWS, LEAST_AMOUNTS = 20, 30
# What is material: a feed of which two in five rows are gone; a tenth left is as good as none.
FALLEN, RISEN, STOPPED = math.log(0.6), math.log(2.5), math.log(0.1)
LEAST_DAYS = 10.0
# Amounts: fifty times is no price; a fifth off is one.
ANOTHER_UNIT, PRICE, LEVEL = math.log(50.0), math.log(1.2), math.log(1.3)
_FLOORS = {"rows": 0.1, "late": 2.0, "amount": 0.02}
# Where so many of the rows of all feeds above one are gone, it is the one above that stopped.
_NEARLY_ALL = 0.8
EARNED, COSTS = ("wage", "operating", "property"), ("operating_cost",)
UNITS = {2: ("fen", "分"), 3: ("thousand yuan", "千元"), 4: ("ten thousand yuan", "万元")}


def feed_findings(feeds: Sequence[Learnt]) -> list[Finding]:
    """Return what the last month of each feed shows, a feed that stopped named at the highest level that stopped."""
    found = []
    for part in feeds:
        found += [*_late(part), *_amounts(part)]
    return [*_volumes(feeds), *found]


def rows_change(feed: Learnt) -> Change | None:
    """Return how the rows of the last month lie to what is expected, as a logarithm."""
    values, noise = of_counts(feed.rows, least=LEAST_ROWS)
    return change(values, noise=noise, floor=_FLOORS["rows"])


def amount_change(feed: Learnt) -> Change | None:
    """Return how the mean logarithm of the last month's amounts lies to what is expected."""
    enough = feed.rows >= LEAST_AMOUNTS
    return change(np.where(enough, feed.amount, np.nan), noise=feed.error, floor=_FLOORS["amount"])


def _volumes(feeds: Sequence[Learnt]) -> list[Finding]:
    changes = {feed.feed: rows_change(feed) for feed in feeds}
    fallen = {feed: found for feed, found in changes.items() if found is not None and _has_fallen(found)}
    named = [_volume(feed, fallen, changes, feeds) for feed in _highest(fallen, changes)]
    risen = [
        Finding(kind="feed_risen", feed=feed, needs_person=False, size=found.size, figures=_counts(found))
        for feed, found in changes.items()
        if found is not None and found.beyond(RISEN) and found.deviation > 0
    ]
    return named + risen


def _has_fallen(found: Change) -> bool:
    return found.deviation <= FALLEN and found.beyond(-FALLEN)


def _highest(fallen: dict[Feed, Change], changes: dict[Feed, Change | None]) -> list[Feed]:
    """Return the feeds to name: one level up wherever nearly all that was expected there is gone."""
    named: list[Feed] = []
    for feed in fallen:
        for level in range(1, len(feed) + 1):
            above = feed[:level]
            inside = {other: found for other, found in changes.items() if other[:level] == above and found is not None}
            expected = sum(math.exp(found.expected) for found in inside.values())
            gone = sum(math.exp(inside[other].expected) for other in inside if other in fallen)
            if gone >= _NEARLY_ALL * expected:
                if above not in named:
                    named.append(above)
                break
    return named


def _volume(
    feed: Feed, fallen: dict[Feed, Change], changes: dict[Feed, Change | None], feeds: Sequence[Learnt]
) -> Finding:
    inside = [part for part in feeds if part.feed[: len(feed)] == feed]
    parts = [part.feed for part in inside if part.feed in fallen]
    found = changes.get(feed) or rows_change(together(inside, feed)) or fallen[parts[0]]
    now = sum(part.rows[-1] for part in inside)
    expected = sum(math.exp(fallen[part].expected) for part in parts)
    stopped = math.log(max(now, 0.5) / expected) <= STOPPED
    return Finding(
        kind="feed_stopped" if stopped else "feed_fallen",
        feed=feed,
        size=math.log(max(now, 0.5) / expected) / found.spread,
        figures={
            "rows": int(now),
            "expected": round(expected),
            "months": max(fallen[part].months for part in parts),
            "feeds": ["/".join(part) for part in parts],
        },
    )


def _counts(found: Change) -> dict[str, float]:
    return {
        "rows": round(math.exp(found.now)),
        "expected": round(math.exp(found.expected)),
        "months": found.months,
        "usual": math.exp(found.spread),
    }


def _late(feed: Learnt) -> list[Finding]:
    found = change(np.where(feed.rows >= LEAST_ROWS, feed.late, np.nan), floor=_FLOORS["late"])
    if found is None or found.deviation < LEAST_DAYS or not found.beyond(LEAST_DAYS):
        return []
    figures = {"days": found.now, "expected": found.expected, "rows": int(feed.rows[-1]), "months": found.months}
    return [Finding(kind="feed_late", feed=feed.feed, size=found.size, figures=figures)]


def _amounts(feed: Learnt) -> list[Finding]:
    found = amount_change(feed)
    if found is None:
        return []
    figures = {
        "ratio": math.exp(found.deviation),
        "now": math.exp(found.now),
        "expected": math.exp(found.expected),
        "usual": math.exp(found.spread),
        "rows": int(feed.rows[-1]),
        "months": found.months,
    }
    if found.beyond(ANOTHER_UNIT):
        power = min(UNITS, key=lambda exponent: abs(abs(found.deviation) / math.log(10) - exponent))
        figures["power"] = math.copysign(power, found.deviation)
        return [Finding(kind="unit_swapped", feed=feed.feed, size=found.size, figures=figures)]
    source = feed.feed[1] if feed.table == "income" else ""
    down = found.deviation < 0
    if (source in EARNED and down) or (source in COSTS and not down):
        kind, least = "price_shock", PRICE
    elif source == "transfer":
        kind, least = "rate_changed", PRICE
    else:
        kind, least = "amounts_moved", LEVEL
    if not found.beyond(least):
        return []
    # A loss, a bill, a wage that rose: for the record. What falls in somebody's income needs somebody.
    needs = kind == "price_shock" or (kind == "rate_changed" and down)
    return [Finding(kind=kind, feed=feed.feed, needs_person=needs, size=found.size, figures=figures)]
