"""A ridge logistic regression whose coefficients may be held to one sign.

Newton steps on the coefficients that are free, with a projected line search (Bertsekas 1982, "Projected Newton
methods for optimization problems with simple constraints"). The problem is convex and small (hundreds of columns), so
it is solved to machine precision: weighting a row by two and writing it twice give the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.special import expit

Array = NDArray[np.float64]

_MOST_STEPS = 100
_SHORTEST_STEP = 2.0**-30
_STALE = 0.25


@dataclass(frozen=True)
class RidgeFit:
    """The solution: ``margin = intercept + columns @ coefficients``.

    Attributes
    ----------
    intercept : float
    coefficients : ndarray of shape (n_columns,)
    """

    intercept: float
    coefficients: Array

    def margin(self, columns: Array) -> Array:
        """Log-odds of each row of ``columns``."""
        return self.intercept + columns @ self.coefficients


def log_loss_of_margins(y: Array, margin: Array, weight: Array) -> float:
    """Weighted mean of minus the log-likelihood of 0/1 outcomes under log-odds ``margin``."""
    return float(np.average(np.logaddexp(0.0, margin) - y * margin, weights=weight))


def fit_ridge(
    columns: Array,
    y: Array,
    *,
    weight: Array,
    penalty: Array,
    signs: NDArray[np.int_],
) -> RidgeFit:
    """Minimise the weighted negative log-likelihood plus ``sum(penalty * coefficient**2) / 2``.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        No missing values; best roughly standardised, since one penalty then means the same for each column.
    y : ndarray of shape (n_rows,)
        0 or 1.
    weight : ndarray of shape (n_rows,)
        How many rows each row stands for.
    penalty : ndarray of shape (n_columns,)
        Strictly positive. The intercept is not penalised.
    signs : ndarray of shape (n_columns,)
        +1: the coefficient is at least 0; -1: at most 0; 0: free.

    Returns
    -------
    RidgeFit
    """
    return fit_ridge_path(columns, y, weight=weight, penalties=[penalty], signs=signs, tolerance=1e-13)[0]


def fit_ridge_path(
    columns: Array,
    y: Array,
    *,
    weight: Array,
    penalties: Sequence[Array],
    signs: NDArray[np.int_],
    tolerance: float = 1e-8,
) -> list[RidgeFit]:
    """`fit_ridge` under several penalties, each started from the one before: give the strongest first.

    The matrix of second derivatives costs far more than a step does. It is kept from step to step and from penalty
    to penalty, and worked out again only when steps no longer shrink fast.

    Parameters
    ----------
    penalties : sequence of ndarray of shape (n_columns,)
    tolerance : float
        Stop when the next step would better the objective by less than this share of it.

    Returns
    -------
    list of RidgeFit
        One a penalty.
    """
    flip = np.where(signs < 0, -1.0, 1.0)
    bounded = np.append(False, signs != 0)
    design = np.column_stack([np.ones(len(y)), columns * flip])
    share = float(np.clip(np.average(y, weights=weight), 1e-6, 1 - 1e-6))
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(share / (1.0 - share))
    curvature = _curvature(design, weight, expit(design @ beta))
    fits = []
    for penalty in penalties:
        ridge = np.append(0.0, penalty)
        beta, curvature = _minimise(
            design, y, weight=weight, ridge=ridge, bounded=bounded, beta=beta, curvature=curvature, tolerance=tolerance
        )
        fits.append(RidgeFit(float(beta[0]), beta[1:] * flip))
    return fits


def _minimise(
    design: Array,
    y: Array,
    *,
    weight: Array,
    ridge: Array,
    bounded: NDArray[np.bool_],
    beta: Array,
    curvature: Array,
    tolerance: float,
) -> tuple[Array, Array]:
    """Newton steps with a curvature that is renewed when it has grown stale; the coefficients and that curvature."""
    margin = design @ beta
    value = _objective(margin, y, weight, ridge, beta)
    before = np.inf
    for _ in range(_MOST_STEPS):
        chance = expit(margin)
        gradient = design.T @ (weight * (chance - y)) + ridge * beta
        free = np.flatnonzero(~(bounded & (beta <= 0.0) & (gradient > 0.0)))
        step = _newton_step(curvature, ridge, gradient, free)
        decrement = -float(gradient @ step)
        if decrement > _STALE * before:
            curvature = _curvature(design, weight, chance)
            step = _newton_step(curvature, ridge, gradient, free)
            decrement = -float(gradient @ step)
        before = decrement
        found = _search(design, y, weight=weight, ridge=ridge, bounded=bounded, beta=beta, step=step, value=value)
        if found is None:
            break
        beta, margin, value = found
        if decrement <= tolerance * (1.0 + abs(value)):
            break
    return beta, curvature


def _search(
    design: Array,
    y: Array,
    *,
    weight: Array,
    ridge: Array,
    bounded: NDArray[np.bool_],
    beta: Array,
    step: Array,
    value: float,
) -> tuple[Array, Array, float] | None:
    """The first of the halved, projected steps that does not raise the objective; None when none does."""
    length = 1.0
    while length > _SHORTEST_STEP:
        trial = beta + length * step
        trial = np.where(bounded, np.maximum(trial, 0.0), trial)
        margin = design @ trial
        trial_value = _objective(margin, y, weight, ridge, trial)
        if trial_value <= value + 1e-15 * abs(value):
            return trial, margin, trial_value
        length *= 0.5
    return None


def _newton_step(curvature: Array, ridge: Array, gradient: Array, free: NDArray[np.int_]) -> Array:
    part = curvature[np.ix_(free, free)]
    part[np.diag_indices_from(part)] += ridge[free] + 1e-12
    step = np.zeros_like(gradient)
    step[free] = -linalg.solve(part, gradient[free], assume_a="pos")
    return step


def _curvature(design: Array, weight: Array, chance: Array) -> Array:
    root = design * np.sqrt(weight * chance * (1.0 - chance))[:, None]
    return np.asarray(root.T @ root)


def _objective(margin: Array, y: Array, weight: Array, ridge: Array, beta: Array) -> float:
    return float(weight @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * ridge @ (beta * beta))
