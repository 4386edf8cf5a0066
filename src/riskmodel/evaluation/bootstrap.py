"""Intervals by drawing whole groups again: households of a village share its weather, its roads and its cadre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Weights are worked out in slices of so many numbers, so that a million rows do not fill the memory.
_NUMBERS_AT_ONCE = 8_000_000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and its interval.

    Attributes
    ----------
    value : float
        On the rows themselves.
    low, high : float
        Percentile interval over the draws, see :func:`widened`; NaN where the measure is undefined.
    standard_error : float
        Standard deviation over the draws; NaN likewise.
    """

    value: float
    low: float
    high: float
    standard_error: float = np.nan

    def to_dict(self) -> dict[str, float | None]:
        """Return the numbers, None for an undefined one."""
        return {k: None if not np.isfinite(v) else float(v) for k, v in vars(self).items()}

    def without_interval(self) -> Estimate:
        """Return the value alone."""
        return Estimate(value=self.value, low=np.nan, high=np.nan)


@dataclass(frozen=True)
class ClusterDraws:
    """Draws of whole groups with replacement, the same for every scorer, so that differences are paired.

    Attributes
    ----------
    counts : ndarray, shape (draws, groups)
        How often each group was drawn.
    """

    counts: np.ndarray

    @classmethod
    def of(cls, groups: int, *, draws: int, seed: int) -> ClusterDraws:
        """Draw ``groups`` groups out of ``groups``, ``draws`` times."""
        rng = np.random.default_rng(seed)
        counts = np.empty((draws, groups), dtype=np.int32)
        for row in range(draws):
            counts[row] = np.bincount(rng.integers(0, groups, groups), minlength=groups)
        return cls(counts)

    def weights(self, codes: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the weights of the rows whose groups are ``codes``, in slices of draws."""
        step = max(1, _NUMBERS_AT_ONCE // max(1, len(codes)))
        for start in range(0, len(self.counts), step):
            yield self.counts[start : start + step][:, codes].astype(float)


def estimate(value: float, drawn: np.ndarray, *, level: float) -> Estimate:
    """Return the percentile interval and standard error of ``drawn`` beside ``value``; undefined draws are left out."""
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(drawn) < 2:
        return Estimate(value=value, low=np.nan, high=np.nan)
    tail = (1 - level) / 2 * 100
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Estimate(value=float(value), low=float(low), high=float(high), standard_error=float(drawn.std(ddof=1)))


def widened(level: float, *, groups: int) -> float:
    """Return the level that percentiles are taken at, so that they cover as often as ``level`` says.

    Draws of n groups vary by (n − 1) / n of what groups vary, and their ends stand where a normal distribution has
    them; with few groups both are too narrow. This is the expanded percentile interval of Hesterberg, "What Teachers
    Should Know About the Bootstrap", The American Statistician 69 (2015), section 5.3: the ends of Student's t.
    ``docs/intervals.md`` shows what it mends.

    Examples
    --------
    >>> [round(widened(0.9, groups=n), 3) for n in (5, 25, 100, 1000)]
    [0.983, 0.919, 0.905, 0.9]
    """
    from scipy.stats import norm, t

    if groups < 2:
        return 1.0
    end = t.ppf((1 + level) / 2, groups - 1) * np.sqrt(groups / (groups - 1))
    return float(2 * norm.cdf(end) - 1)
