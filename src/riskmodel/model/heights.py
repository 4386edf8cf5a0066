"""The heights of many curves at many rows, compiled. Importing this module imports Numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskmodel.engine.fused.compiled import compiled

Array = NDArray[np.float64]

# Rows at a time: what is held of them stays in the processor's cache.
_TILE = 64


@compiled
def heights_at(X: Array, starts: NDArray[np.int64], knots: Array, heights: Array, missing: Array, out: Array) -> None:
    """Write into ``out`` what :func:`numpy.interp` gives for each column, to the last bit; ``missing`` for NaN.

    Parameters
    ----------
    X, out : (rows, curves)
    starts : (curves + 1,)
        Where in ``knots`` and ``heights`` each curve begins; one without knots is 0.
    missing : (curves,)
    """
    for row in range(X.shape[0]):
        for curve in range(X.shape[1]):
            value = X[row, curve]
            low, past = starts[curve], starts[curve + 1]
            if np.isnan(value):
                out[row, curve] = missing[curve]
            elif low == past:
                out[row, curve] = 0.0
            elif value <= knots[low]:
                out[row, curve] = heights[low]
            elif value >= knots[past - 1]:
                out[row, curve] = heights[past - 1]
            else:
                # The last knot that is not above the value.
                high = past - 1
                while high - low > 1:
                    middle = (low + high) // 2
                    if knots[middle] <= value:
                        low = middle
                    else:
                        high = middle
                slope = (heights[low + 1] - heights[low]) / (knots[low + 1] - knots[low])
                out[row, curve] = slope * (value - knots[low]) + heights[low]


@compiled
def add_heights(
    columns: Array,
    starts: NDArray[np.int64],
    knots: Array,
    heights: Array,
    slopes: Array,
    missing: Array,
    out: Array,
) -> None:
    """Add to ``out`` the heights of all curves, curve after curve, each as :func:`heights_at` gives it.

    Parameters
    ----------
    columns : (curves, rows)
    starts : (curves + 1,)
    slopes : (knots,)
        From each knot to the next; 0 from the last of a curve.
    missing : (curves,)
    out : (rows,)
    """
    place = np.empty(_TILE, np.int64)
    for start in range(0, columns.shape[1], _TILE):
        many = min(_TILE, columns.shape[1] - start)
        for curve in range(columns.shape[0]):
            values = columns[curve, start : start + many]
            low, past = starts[curve], starts[curve + 1]
            if low == past:
                for row in range(many):
                    if np.isnan(values[row]):
                        out[start + row] += missing[curve]
                continue
            # Knots are few: counting those that a value has passed branches nowhere.
            place[:many] = low
            for knot in range(low + 1, past):
                for row in range(many):
                    place[row] += values[row] >= knots[knot]
            first, last = knots[low], knots[past - 1]
            for row in range(many):
                value = values[row]
                at = place[row]
                inside = min(value, last)
                height = heights[low] if value <= first else slopes[at] * (inside - knots[at]) + heights[at]
                out[start + row] += missing[curve] if np.isnan(value) else height
