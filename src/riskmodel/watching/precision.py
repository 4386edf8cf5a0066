"""How many of the flagged will be in need: estimated now, and found for months whose outcome has become known.

The estimate is the mean risk of who is flagged, set right by what became of earlier lists. Its interval holds three
doubts: chance among so few households (villages share their weather, so more than coin tosses make), how far the
model's risks are off (estimated from the earlier lists, little of it where there are few), and what one year differs
from another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from riskmodel.engine.calendar import add_months
from riskmodel.evaluation.bootstrap import ClusterDraws, Estimate, estimate, widened
from riskmodel.features.builder import known_when
from riskmodel.watching.findings import Finding
from riskmodel.watching.lists import Drawn

if TYPE_CHECKING:
    from riskmodel.features.prediction import OutcomeSpec
    from riskmodel.model import Bundle

LEVEL = 0.90
EVERY_MONTHS, MOST_MONTHS = 3, 12
# On the log-odds scale: how far the risks of a model's own list are off before anything is known of it, and what a year
# differs from another. On ten simulated counties (benchmarks/monitor.py, seeds 21 to 30, apart from those it reports)
# lists were off by 0.17 in all, chance taken out; a county that exists is given more room.
PRIOR, YEAR = 0.2, 0.15
# Villages share what strikes them: chance among the flagged is so many times that of coin tosses, at least.
_DESIGN = 1.3
_DRAWS, _SEED = 4000, 20
# Risks are untrue where they are off by half, and by more than all doubts together make.
UNTRUE, SURE = math.log(1.5), 3.0
_SMALL = 1e-6

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """By how much the log-odds of the flagged are off: an estimate and its doubt."""

    mean: float
    error: float
    months: int


@dataclass(frozen=True, kw_only=True)
class Matured:
    """A list whose outcome is known.

    Attributes
    ----------
    taught : bool
        Whether the model learned from that month or a later one: what it says of it flatters.
    expected, found, known : float, int, int
        Sum of the risks, cases, and households whose outcome is known.
    realised : Estimate
        Share found, its interval by drawing villages again.
    estimated : Estimate
        What would have been estimated on that day, by what was known then.
    shift, error : float
        By how much the log-odds were off, and the standard error of it.
    """

    as_of: date
    taught: bool
    known: int
    found: int
    expected: float
    realised: Estimate
    estimated: Estimate
    shift: float
    error: float

    @property
    def covered(self) -> bool:
        """Whether what was found lies in the interval of what was estimated."""
        return self.estimated.low <= self.realised.value <= self.estimated.high

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "as_of": str(self.as_of),
            "taught": self.taught,
            "known": self.known,
            "found": self.found,
            "expected": self.expected,
            "realised": self.realised.to_dict(),
            "estimated": self.estimated.to_dict(),
            "covered": self.covered,
        }


def matured_dates(day: date, outcome: OutcomeSpec, *, first: date) -> list[date]:
    """Return the dates a quarter apart whose outcome is known by ``day``, none before ``first``, oldest first."""
    newest = add_months(day, -outcome.horizon_months)
    back = 0
    while known_when(add_months(newest, -back), outcome.horizon_months, outcome.lag_days) > day:
        back += 1
    dates = [add_months(newest, -back - EVERY_MONTHS * step) for step in range(MOST_MONTHS)]
    return sorted(one for one in dates if one >= first)


def newest_taught(bundle: Bundle) -> date | None:
    """Return the newest date that taught the model or its map; None where its manifest does not say."""
    told = bundle.manifest
    days = [*told.get("as_of", ()), *told.get("recalibration", {}).get("as_of", ())]
    return max((date.fromisoformat(day) for day in days), default=None)


def mature(
    drawn: Drawn, outcome: NDArray[Any], *, taught: bool, earlier: Sequence[Matured], outcome_spec: OutcomeSpec
) -> Matured | None:
    """Hold a list against what became of it; None where nothing is known of any of it.

    Parameters
    ----------
    outcome : float array
        Of the flagged households: 1, 0, or NaN where it is not known.
    earlier : sequence of Matured
        Lists of before; those whose outcome was known on the day of this one set its estimate right.
    """
    known = ~np.isnan(outcome)
    if not known.any():
        return None
    risk, y = np.clip(drawn.risk[known], _SMALL, 1 - _SMALL), outcome[known]
    villages = drawn.rows["village_code"].to_numpy()[drawn.flagged][known].astype(str)
    codes = np.unique(villages, return_inverse=True)[1]
    shift, error = _off(risk, y)
    before = [
        one
        for one in earlier
        if known_when(one.as_of, outcome_spec.horizon_months, outcome_spec.lag_days) <= drawn.as_of
    ]
    return Matured(
        as_of=drawn.as_of,
        taught=taught,
        known=int(known.sum()),
        found=int(y.sum()),
        expected=float(risk.sum()),
        realised=_realised(y, codes),
        estimated=estimated(risk, pooled(before)),
        shift=shift,
        error=error,
    )


def _off(risk: Array, y: Array) -> tuple[float, float]:
    """Return the shift of the log-odds under which as many cases are expected as were found, and its error.

    Half a case is added on either side, so that a list without a case has a shift too.
    """
    found = (y.sum() + 0.5) / (len(y) + 1) * len(y)
    odds = logit(risk)
    low, high = -12.0, 12.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(odds + middle).sum() < found else (low, middle)
    shifted = expit(odds + low)
    information = float((shifted * (1 - shifted)).sum())
    return low, math.sqrt(_DESIGN / max(information, 0.25))


def pooled(months: Sequence[Matured]) -> Shift:
    """Return by how much the next list's log-odds are off, by the months that taught the model nothing.

    Lists of a year share households and weather: together they count as one look at that year, not as several.
    """
    fair = [month for month in months if not month.taught]
    if not fair:
        return Shift(mean=0.0, error=math.hypot(PRIOR, YEAR), months=0)
    span = (max(m.as_of for m in fair) - min(m.as_of for m in fair)) / timedelta(days=365.25)
    years = 1.0 + span
    weights = np.array([1 / month.error**2 for month in fair])
    mean = float((weights * [month.shift for month in fair]).sum() / weights.sum())
    # As many independent looks as years are spanned, each with the error of one list.
    variance = (float(np.mean([month.error**2 for month in fair])) + YEAR**2) / years
    share = PRIOR**2 / (PRIOR**2 + variance)
    return Shift(mean=share * mean, error=math.sqrt(share * variance + YEAR**2), months=len(fair))


def estimated(risk: Array, shift: Shift, *, level: float = LEVEL) -> Estimate:
    """Return the share of cases to be expected among households with these risks, with an interval for what is found.

    Examples
    --------
    >>> few = estimated(np.full(20, 0.3), Shift(mean=0.0, error=0.3, months=0))
    >>> many = estimated(np.full(2000, 0.3), Shift(mean=0.0, error=0.3, months=0))
    >>> few.high - few.low > many.high - many.low
    True
    """
    odds = logit(np.clip(risk, _SMALL, 1 - _SMALL))
    rng = np.random.default_rng(_SEED)
    shifts = shift.mean + shift.error * rng.standard_normal(_DRAWS)
    # The mean over households is smooth in the shift: worked out on a grid.
    grid = np.linspace(shifts.min(), shifts.max(), 200)
    means = np.array([expit(odds + one).mean() for one in grid])
    spreads = np.array([_DESIGN * float((p := expit(odds + one)) @ (1 - p)) for one in grid])
    mean = np.interp(shifts, grid, means)
    noise = np.sqrt(np.interp(shifts, grid, spreads)) / len(odds)
    drawn = np.clip(mean + noise * rng.standard_normal(_DRAWS), 0.0, 1.0)
    return estimate(float(expit(odds + shift.mean).mean()), drawn, level=level)


def _realised(y: Array, codes: NDArray[np.int64]) -> Estimate:
    groups = int(codes.max()) + 1
    boot = ClusterDraws.of(groups, draws=1000, seed=_SEED)
    cases, sizes = np.bincount(codes, weights=y, minlength=groups), np.bincount(codes, minlength=groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (boot.counts @ cases) / (boot.counts @ sizes)
    return estimate(float(y.mean()), drawn, level=widened(LEVEL, groups=groups))


def untrue(months: Sequence[Matured]) -> list[Finding]:
    """Return a finding where the lists of the months that taught nothing came true far more or less often than said."""
    fair = [month for month in months if not month.taught]
    if not fair:
        return []
    weights = np.array([1 / month.error**2 for month in fair])
    mean = float((weights * [month.shift for month in fair]).sum() / weights.sum())
    error = math.hypot(min(month.error for month in fair), YEAR)
    if abs(mean) < UNTRUE or abs(mean) < SURE * error:
        return []
    figures = {
        "expected": sum(month.expected for month in fair),
        "found": sum(month.found for month in fair),
        "first": str(fair[0].as_of),
        "last": str(fair[-1].as_of),
        "months": len(fair),
    }
    return [Finding(kind="risks_untrue", size=mean / error, figures=figures)]
