"""The solver against scikit-learn's, and the signs it is held to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from riskmodel.model.ridge import fit_ridge, fit_ridge_path


def _rows(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 5))
    y = (rng.random(200) < 1 / (1 + np.exp(-X @ [1, -1, 0.5, 0, 0]))).astype(float)
    return X, y, rng.uniform(0.1, 3, size=200)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_free_coefficients_equal_scikit_learns(penalty):
    X, y, weight = _rows(0)
    plain = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=10_000).fit(X, y, sample_weight=weight)
    ours = fit_ridge(X, y, weight=weight, penalty=np.full(5, penalty), signs=np.zeros(5, dtype=int))
    np.testing.assert_allclose(ours.coefficients, plain.coef_[0], atol=1e-5)
    assert ours.intercept == pytest.approx(plain.intercept_[0], abs=1e-5)


def test_bound_coefficients_equal_a_general_solvers():
    X, y, weight = _rows(1)
    signs = np.array([-1, -1, 1, 1, 0])
    ours = fit_ridge(X, y, weight=weight, penalty=np.ones(5), signs=signs)

    def objective(beta):
        margin = beta[0] + X @ beta[1:]
        return weight @ (np.logaddexp(0, margin) - y * margin) + 0.5 * beta[1:] @ beta[1:]

    bounds = [(None, None), (None, 0), (None, 0), (0, None), (0, None), (None, None)]
    slow = minimize(objective, np.zeros(6), bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    assert ours.coefficients[0] == 0.0  # the data want it above 0
    np.testing.assert_allclose(np.append(ours.intercept, ours.coefficients), slow.x, atol=1e-4)


def test_a_path_ends_where_a_single_fit_does():
    X, y, weight = _rows(2)
    signs = np.array([1, -1, 0, 0, 1])
    path = fit_ridge_path(X, y, weight=weight, penalties=[np.full(5, p) for p in (100.0, 10.0, 1.0)], signs=signs)
    alone = fit_ridge(X, y, weight=weight, penalty=np.ones(5), signs=signs)
    np.testing.assert_allclose(path[-1].margin(X), alone.margin(X), atol=1e-3)


def test_perfectly_separated_rows_stay_finite():
    X = np.linspace(-1, 1, 20)[:, None]
    fit = fit_ridge(X, (X[:, 0] > 0).astype(float), weight=np.ones(20), penalty=np.array([1e-3]), signs=np.array([0]))
    assert np.isfinite(fit.coefficients).all()
    assert fit.coefficients[0] > 5
