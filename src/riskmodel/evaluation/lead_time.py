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
    n_flagged, n_missed : int
        How many of them.
    already_flagged, already_missed : int
        How many more had shown it at as_of already, which no list can foresee.
    by_month : list of (int, int)
        For each month of the horizon, how many the outcome showed in on the list and not on it.
    """

    capacity: float
    flagged: tuple[float, float, float] | None
    missed: tuple[float, float, float] | None
    n_flagged: int
    n_missed: int
    already_flagged: int
    already_missed: int
    by_month: list[tuple[int, int]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))


def lead_time(asked: Asked) -> LeadTime | None:
    """Measure the lead at the main capacity; None for an outcome without a date, or with too few positives."""
    shown = asked.beside.shown
    if shown is None:
        return None
    true = (asked.predictions.outcome == 1) & ~np.isnan(shown)
    if true.sum() < asked.smallest.positives:
        return None
    listed = asked.listed() > 0.5
    later = true & (shown > 0)
    months = range(1, int(shown[true].max()) + 1)
    return LeadTime(
        capacity=asked.main,
        flagged=_quartiles(shown[later & listed], asked.smallest.positives),
        missed=_quartiles(shown[later & ~listed], asked.smallest.positives),
        n_flagged=int((later & listed).sum()),
        n_missed=int((later & ~listed).sum()),
        already_flagged=int((true & listed & (shown == 0)).sum()),
        already_missed=int((true & ~listed & (shown == 0)).sum()),
        by_month=[
            (int((true & listed & (shown == m)).sum()), int((true & ~listed & (shown == m)).sum())) for m in months
        ],
    )


def _quartiles(months: np.ndarray, least: int) -> tuple[float, float, float] | None:
    if len(months) < least:
        return None
    low, middle, high = np.percentile(months, [25, 50, 75])
    return float(low), float(middle), float(high)
