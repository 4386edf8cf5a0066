"""How alike the households that had a measure and those compared with are, before matching and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.assistance.matched import Matches

# Beyond a tenth of a standard deviation they differ (Stuart 2010; Austin, Statistics in Medicine 28, 2009).
UNLIKE = 0.1


@dataclass(frozen=True, kw_only=True)
class Balance:
    """One feature among those who had the measure and among those compared with.

    Attributes
    ----------
    name, zh, en, unit : str
    with_measure, compared : float
        Means after matching.
    before, after : float
        The standardised mean difference before and after matching: the difference of the means over the standard
        deviation that the two groups have before matching (root of the mean variance). NaN where nothing varies.
    """

    name: str
    zh: str
    en: str
    unit: str
    with_measure: float
    compared: float
    before: float
    after: float

    @property
    def unlike(self) -> bool:
        """Whether the matched still differ by more than :data:`UNLIKE`."""
        return abs(self.after) > UNLIKE

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, None for an undefined number."""
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in asdict(self).items()}


def balance(
    rows: pd.DataFrame, matches: Matches, *, features: Sequence[tuple[str, str, str, str]]
) -> tuple[Balance, ...]:
    """Return the balance of ``features``, each a column of ``rows`` with its Chinese and English words and its unit.

    Households whose value is missing are left out of that feature's means.
    """
    treated = rows.treated.to_numpy(dtype=bool)
    chosen = np.bincount(matches.treated, minlength=len(rows)).astype(float)
    found = []
    for name, zh, en, unit in features:
        values = rows[name].to_numpy(dtype=float)
        known = ~np.isnan(values)
        ones, others = values[treated & known], values[~treated & known]
        spread = np.sqrt((_variance(ones) + _variance(others)) / 2)
        mine, theirs = _mean(values, chosen), _mean(values, matches.weights)
        found.append(
            Balance(
                name=name,
                zh=zh,
                en=en,
                unit=unit,
                with_measure=mine,
                compared=theirs,
                before=_over(_mean(ones) - _mean(others), spread),
                after=_over(mine - theirs, spread),
            )
        )
    return tuple(found)


def _mean(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    weights = np.ones(len(values)) if weights is None else weights
    known = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else np.nan


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else np.nan


def _over(difference: float, spread: float) -> float:
    return difference / spread if spread > 0 else np.nan
