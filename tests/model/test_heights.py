"""What is compiled reads curves off as NumPy does, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.model.linear import Curve, LinearPart


def some_curves(rng: np.random.Generator, many: int) -> tuple[Curve, ...]:
    curves = []
    for _ in range(many):
        knots = np.unique(rng.normal(scale=rng.choice([1e-3, 1.0, 1e6]), size=rng.integers(0, 9)))
        curves.append(Curve(knots, rng.normal(size=knots.size), float(rng.normal())))
    return tuple(curves)


def by_numpy(curve: Curve, values: np.ndarray) -> np.ndarray:
    heights = np.interp(values, curve.knots, curve.heights) if curve.knots.size else np.zeros(len(values))
    return np.where(np.isnan(values), curve.missing, heights)


@pytest.mark.parametrize("seed", range(20))
def test_terms_are_what_numpy_interpolates(seed):
    rng = np.random.default_rng(seed)
    curves = some_curves(rng, 12)
    X = rng.normal(scale=rng.choice([1e-3, 1.0, 1e6], size=12), size=(3_000, 12))
    for j, curve in enumerate(curves):
        at = [*curve.knots, *np.nextafter(curve.knots, np.inf), *np.nextafter(curve.knots, -np.inf)]
        X[: len(at), j] = at
    X[rng.random(X.shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0])
    part = LinearPart(0.25, curves)
    expected = np.column_stack([by_numpy(curve, X[:, j]) for j, curve in enumerate(curves)])
    assert np.array_equal(part.terms(X), expected)
    assert np.array_equal(part.terms(np.asfortranarray(X)), expected)
    # Added feature after feature.
    assert np.array_equal(part.margin(X), 0.25 + np.cumsum(expected, axis=1)[:, -1])
    assert np.array_equal(part.margin(np.asfortranarray(X)), part.margin(X))


def test_of_nobody_there_are_no_margins():
    part = LinearPart(0.25, some_curves(np.random.default_rng(1), 3))
    assert part.margin(np.empty((0, 3))).shape == (0,)


def test_knots_so_near_that_the_slope_overflows_give_the_first_height():
    part = LinearPart(0.0, (Curve(np.array([0.0, 5e-324, 1.0]), np.array([0.5, 1.0, 2.0]), 0.0),))
    X = np.array([[-1.0], [0.0], [5e-324], [1.0]])
    assert np.array_equal(part.margin(X), part.terms(X)[:, 0])
