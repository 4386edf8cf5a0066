"""Permutation adds up exactly, is exact where no three features work together, and equals brute force there."""

from __future__ import annotations

import numpy as np
import pytest
from brute_force import brute_force
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.explain.permutation import permutation_contributions


@given(seed=st.integers(0, 10_000), rows=st.integers(1, 4), features=st.integers(1, 5), others=st.integers(1, 6))
def test_it_adds_up_and_of_pairs_it_is_the_shapley_value(seed, rows, features, others):
    rng = np.random.default_rng(seed)
    X, background = rng.normal(size=(rows, features)), rng.normal(size=(others, features))
    linear, together = rng.normal(size=features), rng.normal(size=(features, features))

    def margin(values: np.ndarray) -> np.ndarray:
        return values @ linear + np.einsum("ij,jk,ik->i", values, together, values)

    found = permutation_contributions(margin, X, background, rng=rng)
    assert found.sum(axis=1) == pytest.approx(margin(X) - margin(background).mean(), abs=1e-9)
    for row in range(rows):

        def worth(known: frozenset[int], row: int = row) -> float:
            mixed = background.copy()
            mixed[:, list(known)] = X[row, list(known)]
            return float(margin(mixed).mean())

        assert found[row] == pytest.approx(brute_force(worth, features), abs=1e-9)


def test_what_the_model_does_not_use_gets_nothing():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 4))
    found = permutation_contributions(lambda rows: np.exp(rows[:, 2]) * rows[:, 0] ** 2, X, X[:3], rng=rng, pairs=3)
    assert np.array_equal(found[:, [1, 3]], np.zeros((5, 2)))
