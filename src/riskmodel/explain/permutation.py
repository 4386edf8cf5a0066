"""Contributions by permutation: what the model says as a row's values take the place of others', one feature at a time.

It asks the model and nothing else, so it serves as a check of what trees tell of themselves. Features enter in a random
order and in its reverse (antithetic, as in Mitchell et al., "Sampling Permutations for Shapley Value Estimation", JMLR
23, 2022); what each adds, averaged over the orders and over the background, is its contribution. They add up exactly;
of functions without interactions of three features or more they are exact too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def permutation_contributions(
    margin: Callable[[Array], Array], X: Array, background: Array, *, rng: np.random.Generator, pairs: int = 1
) -> Array:
    """Return contributions against a background, of shape (rows, features).

    Parameters
    ----------
    margin : callable
        Gives the margins of rows.
    X, background : array of shape (rows, features), (others, features)
    pairs : int
        Orders, each taken forwards and backwards.

    Examples
    --------
    >>> found = permutation_contributions(
    ...     lambda rows: rows[:, 0] * rows[:, 1], np.array([[2.0, 3.0]]), np.array([[0.0, 1.0]]),
    ...     rng=np.random.default_rng(0))
    >>> found.tolist()
    [[4.0, 2.0]]
    """
    features = X.shape[1]
    out = np.zeros(X.shape)
    for row, values in enumerate(X):
        for _ in range(pairs):
            order = rng.permutation(features)
            for one in (order, order[::-1]):
                # Step k has the row's values in the first k features of the order.
                entered = np.argsort(one)[None, :] < np.arange(features + 1)[:, None]
                mixed = np.where(entered[:, None, :], values, background)
                means = margin(mixed.reshape(-1, features)).reshape(features + 1, len(background)).mean(axis=1)
                out[row, one] += np.diff(means)
    return out / (2 * pairs)
