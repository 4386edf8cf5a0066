"""A ridge logistic regression whose coefficients may be held to one sign.

Newton steps on the coefficients that are free, with a projected line search (Bertsekas 1982, "Projected Newton
methods for optimization problems with simple constraints"). The problem is convex and small (hundreds of columns), so
it is solved to machine precision: weighting a row by two and writing it twice give the same model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.special import expit

Array = NDArray[np.float64]

_MOST_STEPS = 100
_SHORTEST_STEP = 2.0**-30
_ARMIJO = 1e-4


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
    start: RidgeFit | None = None,
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
    start : RidgeFit, optional
        Where to start from, for instance the solution under a neighbouring penalty.

    Returns
    -------
    RidgeFit
    """
    flip = np.where(signs < 0, -1.0, 1.0)
    bounded = np.append(False, signs != 0)
    design = np.column_stack([np.ones(len(y)), columns * flip])
    ridge = np.append(0.0, penalty)
    if start is None:
        share = float(np.clip(np.average(y, weights=weight), 1e-6, 1 - 1e-6))
        beta = np.zeros(design.shape[1])
        beta[0] = np.log(share / (1.0 - share))
    else:
        beta = np.append(start.intercept, start.coefficients * flip)

    value = _objective(design, y, weight, ridge, beta)
    for _ in range(_MOST_STEPS):
        chance = expit(design @ beta)
        gradient = design.T @ (weight * (chance - y)) + ridge * beta
        held = bounded & (beta <= 0.0) & (gradient > 0.0)
        free = np.flatnonzero(~held)
        part = design if free.size == design.shape[1] else design[:, free]
        curvature = (part * (weight * chance * (1.0 - chance))[:, None]).T @ part
        curvature[np.diag_indices_from(curvature)] += ridge[free] + 1e-12
        step = np.zeros_like(beta)
        step[free] = -linalg.solve(curvature, gradient[free], assume_a="pos")
        decrement = -float(gradient @ step)
        if decrement <= 1e-13 * (1.0 + abs(value)):
            beta = np.where(bounded, np.maximum(beta + step, 0.0), beta + step)
            break
        length = 1.0
        while length > _SHORTEST_STEP:
            trial = beta + length * step
            trial = np.where(bounded, np.maximum(trial, 0.0), trial)
            trial_value = _objective(design, y, weight, ridge, trial)
            if trial_value <= value - _ARMIJO * float(gradient @ (beta - trial)):
                break
            length *= 0.5
        else:
            break
        beta, value = trial, trial_value
    return RidgeFit(float(beta[0]), beta[1:] * flip)


def _objective(design: Array, y: Array, weight: Array, ridge: Array, beta: Array) -> float:
    margin = design @ beta
    return float(weight @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * ridge @ (beta * beta))
