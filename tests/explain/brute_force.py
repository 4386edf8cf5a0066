"""Shapley values by their definition, over all subsets: slow, and with nothing of the product in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np


def brute_force(worth: Callable[[frozenset[int]], float], features: int) -> np.ndarray:
    """Shapley values by their definition: a feature's mean addition over all orders, by subsets."""
    values = np.zeros(features)
    for feature in range(features):
        others = [f for f in range(features) if f != feature]
        for size in range(features):
            weight = math.factorial(size) * math.factorial(features - size - 1) / math.factorial(features)
            for subset in itertools.combinations(others, size):
                values[feature] += weight * (worth(frozenset({*subset, feature})) - worth(frozenset(subset)))
    return values
