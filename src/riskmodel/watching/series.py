"""How far the last month of a series lies from what its own past lets expect.

No figure is held against a customary bound. What a month changed since the same month a year ago (or, where the past is
too short, since the month before) is held against what earlier months changed by the same measure. Their median is
what is expected; their spread says how much is usual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

YEAR = 12
# Changes over a year are taken where at least so many earlier ones are known; else changes over a month.
LEAST_CHANGES = 6
# By Student's t. The spread of few months is itself uncertain, so that noise alone comes as far more often than this
# says: once in 20,000 with three years of changes, once in 1,000 with one. A finding has to be material besides.
RARE = 1e-5
_MAD = 1.4826

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A month beside what its past lets expect.

    Attributes
    ----------
    now, expected : float
        On the series' own scale (a logarithm, a share, log-odds).
    spread : float
        The usual size of a deviation: robust standard deviation of earlier changes, not below what chance alone makes.
    months : int
        How many earlier changes it rests on.
    lag : int
        Over how many months changes are taken: 12, or 1 where the past is short.
    """

    now: float
    expected: float
    spread: float
    months: int
    lag: int

    @property
    def deviation(self) -> float:
        """By how much the month lies above what is expected."""
        return self.now - self.expected

    @property
    def size(self) -> float:
        """The deviation in usual sizes, with its sign."""
        return self.deviation / self.spread

    @property
    def chance(self) -> float:
        """How often so large a deviation comes by chance, by Student's t over the earlier changes.

        As if the spread were a standard deviation: of a robust one it is said too rare, see :data:`RARE`.
        """
        from scipy.stats import t

        return float(2 * t.sf(abs(self.size), max(self.months - 1, 1)))

    def beyond(self, least: float, *, rare: float = RARE) -> bool:
        """Whether it is both material (at least ``least`` on the series' scale) and rarer than ``rare``."""
        return abs(self.deviation) >= least and self.chance < rare

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "deviation": self.deviation, "size": self.size}


def change(values: Array, *, noise: Array | None = None, floor: float) -> Change | None:
    """Return the last of ``values`` beside what the earlier ones let expect; None where the past is too short.

    Parameters
    ----------
    values : float array of shape (months,)
        Oldest first, a month apart; NaN where a month says too little.
    noise : float array of shape (months,), optional
        The standard error of each value, where its counts give one: a deviation is never held to be rarer than this
        lets it be.
    floor : float
        The least spread, on the series' scale: what nobody would call a change.

    Examples
    --------
    >>> season = np.tile([1.0, 5.0, 2.0, 4.0], 9)
    >>> steady = change(season, floor=0.01)
    >>> steady.lag, steady.deviation, steady.beyond(0.5)
    (12, 0.0, False)
    >>> fallen = np.append(season[:-1], 1.0)
    >>> change(fallen, floor=0.01).deviation
    -3.0
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known) or not math.isfinite(values[-1]):
        return None
    lag = YEAR if len(values) - known[0] > YEAR + LEAST_CHANGES else 1
    guide = _guide(known, len(values), lag)
    if guide is None:
        return None
    changes = values[lag:] - values[:-lag]
    earlier = changes[:-1][np.isfinite(changes[:-1])]
    if len(earlier) < LEAST_CHANGES:
        return None
    usual = float(np.median(earlier))
    spread = _MAD * float(np.median(np.abs(earlier - usual)))
    # The same season may be the unsteady one: what its own years changed counts by itself.
    same = changes[:-1][::-1][YEAR - 1 :: YEAR]
    same = same[np.isfinite(same)]
    own = float(np.abs(same - usual).max()) / 2 if len(same) else 0.0
    by_chance = 0.0 if noise is None else float(np.hypot(noise[-1], noise[guide]))
    return Change(
        now=float(values[-1]),
        expected=float(values[guide] + usual),
        spread=max(spread, own, by_chance, floor),
        months=len(earlier),
        lag=lag,
    )


def _guide(known: NDArray[np.int64], months: int, lag: int) -> int | None:
    """Return the month that the last one is held against: the one ``lag`` before it.

    A month before, where that is the guide and says too little, it is the last that said something: what stopped two
    months ago has stopped still.
    """
    if lag == YEAR:
        return months - 1 - lag if months - 1 - lag in known else None
    earlier = known[known < months - 1]
    return int(earlier[-1]) if len(earlier) else None


def of_counts(counts: Array, *, least: float) -> tuple[Array, Array]:
    """Return logarithms of counts and their standard errors; NaN in months so thin that they say nothing.

    The last month counts however few it has: none where many are expected is what is looked for.

    Parameters
    ----------
    least : float
        A month of fewer is thin, unless it is the last.

    >>> values, noise = of_counts(np.array([100.0, 3.0, 0.0]), least=20)
    >>> values.round(2).tolist(), noise.round(2).tolist()
    ([4.61, nan, -0.69], [0.1, nan, 0.1])
    """
    thin = counts < least
    thin[-1] = False
    values = np.where(thin, np.nan, np.log(np.maximum(counts, 0.5)))
    noise = np.where(thin, np.nan, 1 / np.sqrt(np.maximum(counts, 1)))
    # What is expected has the noise, not the nothing that came instead.
    filled = noise[:-1][np.isfinite(noise[:-1])]
    if len(filled) and counts[-1] < least:
        noise[-1] = float(np.median(filled))
    return values, noise
