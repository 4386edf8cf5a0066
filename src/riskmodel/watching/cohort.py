"""Who is there: households present, by township and by type, and how many are new or gone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.watching.findings import Finding
from riskmodel.watching.learnt import LEAST_SHOWN
from riskmodel.watching.rows import Rows
from riskmodel.watching.series import YEAR, Change, change, of_counts

# Households do not come and go by the twentieth in a month; of a township or a type, by a tenth.
COUNTY, PART = math.log(1.05), math.log(1.1)
LEAST = 100
_FLOOR = 0.003


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Who is present at a date.

    Attributes
    ----------
    households, new, gone : int
        Present; of them not present a month before; present then and not now.
    townships, types : dict
        How many of each now, a month and a year ago; None where fewer than five.
    """

    households: int
    new: int
    gone: int
    townships: Mapping[str, Mapping[str, float | None]]
    types: Mapping[str, Mapping[str, float | None]]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {name: value for name, value in vars(self).items() if name != "findings"}


def cohort_of(rows: Rows, months: Sequence[date], types: Mapping[str, NDArray[np.float64]]) -> Cohort:
    """Hold who is present now against the months before.

    Parameters
    ----------
    types : mapping of str to array
        How many households of each type at each of the months.
    """
    totals = np.array([sum(rows.present[day].values()) for day in months], dtype=np.float64)
    names = sorted({name for day in months for name in rows.present[day]})
    townships = {name: np.array([rows.present[day][name] for day in months], dtype=np.float64) for name in names}
    found = [finding for finding in [_finding(("household",), "", totals, COUNTY)] if finding is not None]
    for column, parts in (("township_code", townships), ("household_type", types)):
        for name, counts in parts.items():
            one = _finding(("household",), f"{column}={name}", counts, PART)
            found += [one] if one is not None else []
    now, before = months[-1], months[-2]
    stayed = rows.stayed[now]
    return Cohort(
        households=int(totals[-1]),
        new=sum(rows.present[now].values()) - stayed,
        gone=sum(rows.present[before].values()) - stayed,
        townships={name: _told(counts) for name, counts in townships.items()},
        types={name: _told(counts) for name, counts in types.items()},
        findings=tuple(found),
    )


def _by_month(counts: NDArray[np.float64]) -> Change | None:
    """Return how the last step compares with the steps of a year: households stay, so the month before is the guide."""
    return change(of_counts(counts, least=LEAST)[0][-YEAR - 1 :], floor=_FLOOR)


def _told(counts: NDArray[np.float64]) -> dict[str, float | None]:
    """Return counts now, a month and a year ago; none of fewer than five households."""
    places = {"now": -1, "month_ago": -2, "year_ago": -1 - YEAR if len(counts) > YEAR else 0}
    return {when: int(counts[at]) if counts[at] >= LEAST_SHOWN else None for when, at in places.items()}


def _finding(feed: tuple[str, ...], part: str, counts: NDArray[np.float64], least: float) -> Finding | None:
    found = _by_month(counts)
    if found is None or not found.beyond(least):
        return None
    figures = {
        "part": part,
        "now": int(counts[-1]),
        "expected": round(math.exp(found.expected)),
        "months": found.months,
    }
    return Finding(kind="cohort_changed", feed=feed, size=found.size, figures=figures)
