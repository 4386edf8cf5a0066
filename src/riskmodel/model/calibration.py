"""From margins to risks: a map fitted on margins that no row helped to make of itself.

Both maps work on log-odds and rise strictly, so calibration never changes an order and never makes a tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from riskmodel.model.ridge import fit_ridge, log_loss_of_margins

Array = NDArray[np.float64]
Method = Literal["sigmoid", "isotonic", "none"]

# A slope of 1 and an intercept of 0 are believed as if a few rows had said so: a dozen rows cannot overturn them.
_PRIOR_ROWS = 5.0
_SLOPE_ROWS = 50.0
_LEAST_SLOPE = 0.05
_ROWS_A_BLOCK = 50.0


@dataclass(frozen=True)
class Calibrator:
    """A strictly rising, piecewise linear map of log-odds, continued beyond its outermost knots.

    Attributes
    ----------
    method : {"sigmoid", "isotonic", "none"}
    knots, heights : ndarray of shape (n_knots,)
        Margins and the calibrated log-odds there.
    slope_below, slope_above : float
        Slopes outside the knots.
    """

    method: Method
    knots: Array
    heights: Array
    slope_below: float
    slope_above: float

    def log_odds(self, margin: Array) -> Array:
        """Calibrated log-odds of each margin."""
        inside = np.interp(margin, self.knots, self.heights)
        below = np.minimum(margin - self.knots[0], 0.0) * self.slope_below
        above = np.maximum(margin - self.knots[-1], 0.0) * self.slope_above
        return inside + below + above

    def risk(self, margin: Array) -> Array:
        """Calibrated probability of each margin."""
        return expit(self.log_odds(margin))

    def then(self, *, slope: float, shift: float) -> Calibrator:
        """The map followed by a straight line: log-odds = slope * (log-odds of this map) + shift, slope above 0."""
        return Calibrator(
            "sigmoid" if self.method == "none" else self.method,
            self.knots,
            slope * self.heights + shift,
            slope * self.slope_below,
            slope * self.slope_above,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {
            "method": self.method,
            "knots": self.knots.tolist(),
            "heights": self.heights.tolist(),
            "slope_below": self.slope_below,
            "slope_above": self.slope_above,
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Calibrator:
        """The inverse of `to_dict`."""
        return cls(
            given["method"],
            np.asarray(given["knots"], dtype=np.float64),
            np.asarray(given["heights"], dtype=np.float64),
            float(given["slope_below"]),
            float(given["slope_above"]),
        )


def no_calibration() -> Calibrator:
    """The map that leaves log-odds as they are."""
    return Calibrator("none", np.zeros(1), np.zeros(1), 1.0, 1.0)


def sigmoid_calibration(margin: Array, y: Array, *, weight: Array) -> Calibrator:
    """Platt's map: calibrated log-odds = slope * margin + intercept, the slope above 0.

    Parameters
    ----------
    margin : ndarray of shape (n_rows,)
        Margins made by models that had not seen the row.
    y, weight : ndarray of shape (n_rows,)
        0 or 1, and how many rows each stands for.

    Returns
    -------
    Calibrator
    """
    centre = float(np.average(margin, weights=weight))
    spread = float(np.sqrt(np.average((margin - centre) ** 2, weights=weight)))
    if spread < 1e-9:
        return no_calibration()
    slope, shift = _slope_and_shift(margin - centre, y, weight, spread)
    return Calibrator("sigmoid", np.array([centre]), np.array([shift]), slope, slope)


def isotonic_calibration(margin: Array, y: Array, *, weight: Array) -> Calibrator:
    """Pool adjacent violators, then straight lines in log-odds between the blocks' centres.

    Every block but the last holds 50 rows or more, equal margins lie in one block, and each is counted with one more
    row that has the mean outcome, so that no log-odds is infinite and the mean risk stays the mean outcome; beyond the
    outermost centres the sigmoid's slope goes on.

    Parameters
    ----------
    margin, y, weight : ndarray of shape (n_rows,)
        As for `sigmoid_calibration`.

    Returns
    -------
    Calibrator
    """
    straight = sigmoid_calibration(margin, y, weight=weight)
    if straight.method == "none":
        return straight
    order = np.argsort(margin, kind="stable")
    blocks: list[list[float]] = []  # weight, weighted outcome, weighted margin
    before = np.nan
    for m, outcome, w in zip(margin[order], y[order], weight[order], strict=True):
        if not blocks or (blocks[-1][0] >= _ROWS_A_BLOCK and m != before):
            blocks.append([0.0, 0.0, 0.0])
        before, last = m, blocks[-1]
        last[0] += w
        last[1] += w * outcome
        last[2] += w * m
    pooled: list[list[float]] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and pooled[-2][1] * pooled[-1][0] >= pooled[-1][1] * pooled[-2][0]:
            above = pooled.pop()
            pooled[-1] = [a + b for a, b in zip(pooled[-1], above, strict=True)]
    table = np.array(pooled)
    knots = table[:, 2] / table[:, 0]
    mean = (table[:, 1].sum() + 0.5) / (table[:, 0].sum() + 1.0)
    heights = np.log((table[:, 1] + mean) / (table[:, 0] - table[:, 1] + 1.0 - mean))
    # One more row in each can undo the order of two blocks; a least slope restores it, strictly.
    heights = np.maximum.accumulate(heights - _LEAST_SLOPE * knots) + _LEAST_SLOPE * knots
    return Calibrator("isotonic", knots, heights, straight.slope_below, straight.slope_above)


def adjusted(present: Calibrator, margin: Array, y: Array, *, weight: Array) -> Calibrator:
    """Correct a map's level and slope by later rows, so that the risks of these rows add up to the cases among them.

    The form of the present map stays, and so does its slope as far as a few dozen rows can say otherwise: two numbers
    are learned, not a curve.

    Parameters
    ----------
    present : Calibrator
        The map in use.
    margin, y, weight : ndarray of shape (n_rows,)
        As for `sigmoid_calibration`; both outcomes must occur.

    Returns
    -------
    Calibrator
    """
    present = levelled(present, margin, y, weight=weight)
    told = present.log_odds(margin)
    centre = float(np.average(told, weights=weight))
    spread = float(np.sqrt(np.average((told - centre) ** 2, weights=weight)))
    if spread < 1e-9:
        return present
    slope, _ = _slope_and_shift(told - centre, y, weight, spread, prior_rows=_SLOPE_ROWS, level=centre)
    return levelled(present.then(slope=slope, shift=0.0), margin, y, weight=weight)


def followed(present: Calibrator, margin: Array, y: Array, *, weight: Array) -> Calibrator:
    """Move a map towards the level and slope of newer rows, as far as they say more than chance would have them say.

    Two numbers learned from chance alone gain a likelihood ratio (twice the gain in log-likelihood) of about 2: the
    share of the way that is gone is 1 - 2 / ratio, none at all below (a garrote, Breiman 1995, Technometrics 37:373).

    Parameters
    ----------
    present, margin, y, weight
        As for `adjusted`.

    Returns
    -------
    Calibrator
    """
    new = adjusted(present, margin, y, weight=weight)
    losses = [log_loss_of_margins(y, each.log_odds(margin), weight) for each in (present, new)]
    ratio = 2.0 * float(weight.sum()) * (losses[0] - losses[1])
    share = 1.0 - 2.0 / ratio if ratio > 2.0 else 0.0
    return Calibrator(
        new.method,
        present.knots,
        (1.0 - share) * present.heights + share * new.heights,
        (1.0 - share) * present.slope_below + share * new.slope_below,
        (1.0 - share) * present.slope_above + share * new.slope_above,
    )


def levelled(present: Calibrator, margin: Array, y: Array, *, weight: Array) -> Calibrator:
    """Move a map up or down until the risks of these rows add up to the cases among them.

    Parameters
    ----------
    present, margin, y, weight
        As for `adjusted`.
    """
    told, cases = present.log_odds(margin), float(weight @ y)
    if not 0 < cases < weight.sum():
        raise ValueError("a map cannot be levelled by rows of one outcome")
    furthest = float(np.abs(told).max()) + 50.0
    shift = brentq(lambda by: float(weight @ expit(told + by)) - cases, -furthest, furthest, xtol=1e-13)
    return present.then(slope=1.0, shift=float(shift))


def _slope_and_shift(
    centred: Array,
    y: Array,
    weight: Array,
    spread: float,
    *,
    prior_rows: float = _PRIOR_ROWS,
    level: float | None = None,
) -> tuple[float, float]:
    """Fit log-odds = shift + slope * centred, the slope drawn towards 1 and never below a small positive one.

    ``level`` is where the centre is believed to lie; the log-odds of all cases when None.
    """
    if level is None:
        level = float(np.log((weight @ y + 0.5) / (weight @ (1.0 - y) + 0.5)))
    # Half of the prior's rows sit on each side of the centre and fall as a slope of 1 would have them fall.
    chance = expit(np.array([-spread, spread]) + level)
    prior_x = np.array([-spread, spread, -spread, spread])
    prior_y = np.array([1.0, 1.0, 0.0, 0.0])
    prior_w = np.concatenate([chance, 1.0 - chance]) * prior_rows / 2.0
    x = np.concatenate([centred, prior_x])[:, None]
    fit = fit_ridge(
        x,
        np.concatenate([y, prior_y]),
        weight=np.concatenate([weight, prior_w]),
        penalty=np.array([1e-9]),
        signs=np.array([1]),
    )
    return max(float(fit.coefficients[0]), _LEAST_SLOPE), fit.intercept
