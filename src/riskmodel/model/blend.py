"""How much each part of the margin counts, and what the sum is worth as a probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskmodel.model.calibration import Calibrator, isotonic_calibration, no_calibration, sigmoid_calibration

Array = NDArray[np.float64]

_SHARES = np.linspace(0.0, 1.0, 21)
_ENOUGH_FOR_ISOTONIC = 1000


def choose_share(y: Array, *, weight: Array, curves: Array, trees: Array, prior: float) -> float:
    """The curves' share of the margin: the likeliest by rows left out, drawn towards one half.

    With a few thousand rows the log-loss of left-out rows is nearly flat in the share, so that its lowest point is
    mostly chance. The share is believed beforehand to lie around one half with a standard deviation of ``prior``;
    what many rows say clearly outweighs that.

    Parameters
    ----------
    y, weight : ndarray of shape (n_rows,)
        0 or 1, and how many rows each stands for.
    curves, trees : ndarray of shape (n_rows,)
        The margins of either part by models that had not seen the row.
    prior : float
        Standard deviation; 0.05 hardly lets go of one half, 1 lets rows decide alone.

    Returns
    -------
    float
        From 0 to 1, in steps of 0.05.
    """
    rows = effective_rows(weight)
    total = weight.sum()
    cost = []
    for share in _SHARES:
        margin = share * curves + (1.0 - share) * trees
        loss = float(weight @ (np.logaddexp(0.0, margin) - y * margin)) / total
        cost.append(rows * loss + (share - 0.5) ** 2 / (2.0 * prior**2))
    return float(_SHARES[int(np.argmin(cost))])


def effective_rows(weight: Array) -> float:
    """How many rows of equal weight would say as much (Kish 1965): their number when weights are equal."""
    squares = float(weight @ weight)
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def calibrate(method: str, margin: Array, y: Array, weight: Array) -> Calibrator:
    """The map from margins of rows left out to risks; "auto" is isotonic where the rarer outcome has many rows."""
    if method == "none":
        return no_calibration()
    rarer = min(effective_rows(weight[y == 1]), effective_rows(weight[y == 0]))
    if method == "isotonic" or (method == "auto" and rarer >= _ENOUGH_FOR_ISOTONIC):
        return isotonic_calibration(margin, y, weight=weight)
    return sigmoid_calibration(margin, y, weight=weight)
