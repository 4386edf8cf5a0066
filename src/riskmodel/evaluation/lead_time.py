"""Lead time: how long before the need showed were the households flagged that it came to?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.evaluation.asked import Asked


@dataclass(frozen=True, kw_only=True)
class LeadTime:
    """Months from as_of to when the outcome first showed, over all origins.

    Attributes
    ----------
    flagged, missed : tuple of (quartile, median, quartile), or None
        Of those on the list at the main capacity that it came to, and of those not on it; where it showed later than
        at as_of. None where too few.
    n_flagged, n_missed : int or None
        How many of them.
    already_flagged, already_missed : int or None
        How many more had shown it at as_of already, which no list can foresee. None, with the number above, where
        either is too few to say.
    by_month : list of (int, int, int, int)
        First month, last month, how many the outcome showed in on the list and not on it; month 0 is as_of. Months
        with too few of either are put together with the next; empty where all months are too few.
    """

    capacity: float
    flagged: tuple[float, float, float] | None
    missed: tuple[float, float, float] | None
    n_flagged: int | None
    n_missed: int | None
    already_flagged: int | None
    already_missed: int | None
    by_month: list[tuple[int, int, int, int]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))


def lead_time(asked: Asked) -> LeadTime | None:
    """Measure the lead at the main capacity; None for an outcome without a date, or with too few positives."""
    shown = asked.beside.shown
    if shown is None:
        return None
    true = (asked.predictions.outcome == 1) & ~np.isnan(shown)
    least = asked.smallest.positives
    if true.sum() < least:
        return None
    listed = asked.listed() > 0.5
    later = true & (shown > 0)
    n_flagged, already_flagged = _said(shown[true & listed], least)
    n_missed, already_missed = _said(shown[true & ~listed], least)
    return LeadTime(
        capacity=asked.main,
        flagged=_quartiles(shown[later & listed], least),
        missed=_quartiles(shown[later & ~listed], least),
        n_flagged=n_flagged,
        n_missed=n_missed,
        already_flagged=already_flagged,
        already_missed=already_missed,
        by_month=_merged(shown[true & listed], shown[true & ~listed], least),
    )


def _said(months: np.ndarray, least: int) -> tuple[int | None, int | None]:
    """Return how many showed later than at as_of, and how many by then: both or, as their sum is known, neither."""
    later, already = int((months > 0).sum()), int((months == 0).sum())
    return (None, None) if 0 < later < least or 0 < already < least else (later, already)


def _merged(on: np.ndarray, off: np.ndarray, least: int) -> list[tuple[int, int, int, int]]:
    """Count months together until each count is large enough; what is left at the end goes to the last."""
    everyone = np.concatenate([on, off])
    first, last = 0 if (everyone == 0).any() else 1, int(everyone.max())
    found: list[tuple[int, int, int, int]] = []
    start, here, there = first, 0, 0
    for month in range(first, last + 1):
        here, there = here + int((on == month).sum()), there + int((off == month).sum())
        if min(here, there) >= least:
            found.append((start, month, here, there))
            start, here, there = month + 1, 0, 0
    if found and start <= last:
        begin, _, on_list, off_list = found.pop()
        found.append((begin, last, on_list + here, off_list + there))
    return found


def _quartiles(months: np.ndarray, least: int) -> tuple[float, float, float] | None:
    if len(months) < least:
        return None
    low, middle, high = np.percentile(months, [25, 50, 75])
    return float(low), float(middle), float(high)
