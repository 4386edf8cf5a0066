"""The median of each village, compiled. Importing this module imports Numba."""

from __future__ import annotations

import numpy as np

from riskmodel.engine.fused.compiled import compiled


@compiled
def medians(values: np.ndarray, order: np.ndarray, starts: np.ndarray, least: int, out: np.ndarray) -> None:
    """Write into ``out`` the median of each group; NaN where fewer than ``least`` of it have a value.

    Parameters
    ----------
    values : (rows,)
        NaN where missing.
    order : (rows,)
        The rows, group by group.
    starts : (groups + 1,)
        Where in ``order`` each group begins.
    out : (groups,)
    """
    most = 0
    for group in range(len(out)):
        most = max(most, starts[group + 1] - starts[group])
    there = np.empty(most)
    for group in range(len(out)):
        many = 0
        for place in range(starts[group], starts[group + 1]):
            value = values[order[place]]
            if not np.isnan(value):
                there[many] = value
                many += 1
        out[group] = np.nan
        if many >= max(least, 1):
            out[group] = np.median(there[:many])
