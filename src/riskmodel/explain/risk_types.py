"""Risk types of a household: the contributions of each official risk type, added up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST = 5
THRESHOLD = 0.05


def risk_types(
    contributions: NDArray[np.float64],
    types: Sequence[str | None],
    *,
    threshold: float = THRESHOLD,
    most: int = MOST,
) -> list[list[str]]:
    """Return, row by row, the risk types that raise the score, the strongest first.

    All contributions of a type are added, those that lower the score too: a type counts when its sum is above
    ``threshold`` (in log-odds; 0.05 moves the odds by about five per cent, less is noise). At most ``most`` are
    named, as many as the national form has room for.

    Parameters
    ----------
    contributions : array of shape (rows, features)
    types : sequence of str or None
        The catalogue's risk type of each column; a feature without one points nowhere.

    >>> risk_types(np.array([[0.4, -0.1, 0.2, 0.01]]), ["illness", "illness", "schooling", "water"])
    [['illness', 'schooling']]
    """
    names = list(dict.fromkeys(name for name in types if name))
    if not names:
        return [[] for _ in range(len(contributions))]
    belongs = np.array([[name == kind for name in names] for kind in types], dtype=np.float64)
    sums = contributions @ belongs
    order = np.argsort(-sums, axis=1, kind="stable")[:, :most]
    return [
        [names[position] for position in positions if sums[row, position] > threshold]
        for row, positions in enumerate(order)
    ]
