"""The additive part of the margin: one bounded, piecewise linear curve a feature, and a height where it is missing.

A curve is flat outside its outermost knots, so that one absurd value cannot carry a household to the top of a list.
It is all plain numbers: a curve's knots, its heights, its height when missing. Its contribution to a margin is read
off exactly, and a feature bound to rise or fall has heights that never go the other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.model.ridge import RidgeFit, fit_ridge, fit_ridge_path

Array = NDArray[np.float64]

_CLIP = 0.01


@dataclass(frozen=True)
class Curve:
    """What one feature adds to the margin.

    Attributes
    ----------
    knots : ndarray of shape (n_knots,)
        Values of the feature, increasing. Empty when the feature has fewer than two values.
    heights : ndarray of shape (n_knots,)
        Log-odds added at each knot; straight between knots, flat beyond the first and the last.
    missing : float
        Log-odds added when the feature is missing.
    """

    knots: Array
    heights: Array
    missing: float


@dataclass(frozen=True)
class LinearPart:
    """Intercept and one curve a feature; over the training rows each curve has mean 0.

    Attributes
    ----------
    intercept : float
        The mean margin over the training rows.
    curves : tuple of Curve
        In the order of the features.
    """

    intercept: float
    curves: tuple[Curve, ...]

    def terms(self, X: Array) -> Array:
        """Log-odds that each feature adds: shape (n_rows, n_features)."""
        from riskmodel.model.heights import heights_at

        out = np.empty(X.shape, dtype=np.float64)
        heights_at(np.ascontiguousarray(X, dtype=np.float64), *self._side_by_side, out)
        return out

    def margin(self, X: Array) -> Array:
        """Log-odds of each row; columns that lie one after the other in memory (order "F") are not copied."""
        from riskmodel.model.heights import add_heights

        starts, knots, heights, missing = self._side_by_side
        out = np.zeros(len(X))
        columns = np.ascontiguousarray(X.T, dtype=np.float64)
        add_heights(columns, starts, knots, heights, self._slopes, missing, out)
        return self.intercept + out

    @cached_property
    def _side_by_side(self) -> tuple[NDArray[np.int64], Array, Array, Array]:
        """Where each curve begins among the knots and heights of all of them, these, and the heights of missing."""
        ends = np.cumsum([0, *(curve.knots.size for curve in self.curves)])
        knots, heights = (
            np.concatenate([np.empty(0), *(getattr(curve, name) for curve in self.curves)])
            for name in ("knots", "heights")
        )
        return ends, knots, heights, np.array([curve.missing for curve in self.curves], dtype=np.float64)

    @cached_property
    def _slopes(self) -> Array:
        """From each knot to the next, 0 from the last of a curve."""
        with np.errstate(over="ignore"):
            return np.concatenate(
                [
                    np.empty(0),
                    *(np.append(np.diff(c.heights) / np.diff(c.knots), 0.0)[: c.knots.size] for c in self.curves),
                ]
            )

    def scaled(self, factor: float) -> LinearPart:
        """The same part with every log-odds multiplied by ``factor``."""
        curves = tuple(Curve(c.knots, c.heights * factor, c.missing * factor) for c in self.curves)
        return LinearPart(self.intercept * factor, curves)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON; floats survive the round trip exactly."""
        return {
            "intercept": self.intercept,
            "curves": [
                {"knots": c.knots.tolist(), "heights": c.heights.tolist(), "missing": c.missing} for c in self.curves
            ],
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> LinearPart:
        """The inverse of `to_dict`."""
        curves = tuple(
            Curve(
                np.asarray(c["knots"], dtype=np.float64),
                np.asarray(c["heights"], dtype=np.float64),
                float(c["missing"]),
            )
            for c in given["curves"]
        )
        return cls(float(given["intercept"]), curves)


@dataclass(frozen=True)
class Basis:
    """The columns that a ridge regression sees, each a piecewise linear function of one feature.

    Attributes
    ----------
    knots : tuple of ndarray
        One array a feature.
    shapes : tuple of ndarray
        One array of shape (n_knots, n_columns of the feature): the height of each column at each knot. A column has
        weighted mean 0 and standard deviation 1 over the rows where the feature is known.
    missing_scale : ndarray of shape (n_features, 2)
        Weighted share missing, and the standard deviation of "is missing" (0 when it has no column).
    owner : ndarray of shape (n_columns,)
        The feature that each column belongs to.
    signs : ndarray of shape (n_columns,)
        What the ridge regression holds each coefficient to.
    bend : ndarray of shape (n_columns,)
        Whether a column bends, the others being straight lines or "is missing".
    """

    knots: tuple[Array, ...]
    shapes: tuple[Array, ...]
    missing_scale: Array
    owner: NDArray[np.int_]
    signs: NDArray[np.int_]
    bend: NDArray[np.bool_]

    def columns(self, X: Array) -> Array:
        """The regression's columns for ``X``: shape (n_rows, n_columns)."""
        out = np.empty((len(X), len(self.owner)), order="F")
        at = 0
        for j, (knots, shape) in enumerate(zip(self.knots, self.shapes, strict=True)):
            values = X[:, j]
            gone = np.isnan(values)
            for c in range(shape.shape[1]):
                out[:, at] = np.where(gone, 0.0, np.interp(values, knots, shape[:, c]))
                at += 1
            share, spread = self.missing_scale[j]
            if spread > 0:
                out[:, at] = (gone - share) / spread
                at += 1
        return out

    def part(self, fit: RidgeFit) -> LinearPart:
        """The fitted coefficients as curves, centred on the training rows."""
        curves = []
        intercept = fit.intercept
        at = 0
        for knots, shape, (share, spread) in zip(self.knots, self.shapes, self.missing_scale, strict=True):
            width = shape.shape[1]
            heights = shape @ fit.coefficients[at : at + width]
            at += width
            missing = 0.0
            if spread > 0:
                slope = fit.coefficients[at] / spread
                heights = heights - slope * share
                missing = float(slope * (1.0 - share))
                at += 1
            curves.append(Curve(knots, heights, missing))
        return LinearPart(intercept, tuple(curves))


def make_basis(X: Array, *, weight: Array, monotone: NDArray[np.int_], bends: int = 0) -> Basis:
    """Choose knots and columns from the training rows.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        NaN where missing.
    weight : ndarray of shape (n_rows,)
    monotone : ndarray of shape (n_features,)
        +1, -1 or 0: how the margin may move when the feature grows.
    bends : int
        Interior knots a feature; 0 gives straight lines.

    Returns
    -------
    Basis
    """
    knots_of, shapes_of, scales = [], [], []
    owner: list[int] = []
    signs: list[int] = []
    bend: list[bool] = []
    total = weight.sum()
    for j in range(X.shape[1]):
        values = X[:, j]
        known = ~np.isnan(values) & (weight > 0)
        knots, shape = _shape_of(values[known], weight[known], bends=bends)
        knots_of.append(knots)
        shapes_of.append(shape)
        owner += [j] * shape.shape[1]
        signs += [int(monotone[j])] * shape.shape[1]
        bend += [False, *[True] * (shape.shape[1] - 1)][: shape.shape[1]]
        share = float(weight[~known].sum() / total)
        spread = float(np.sqrt(share * (1.0 - share)))
        scales.append((share, spread))
        if spread > 0:
            owner.append(j)
            signs.append(0)
            bend.append(False)
    return Basis(
        tuple(knots_of),
        tuple(shapes_of),
        np.asarray(scales, dtype=np.float64).reshape(-1, 2),
        np.asarray(owner, dtype=np.int_),
        np.asarray(signs, dtype=np.int_),
        np.asarray(bend, dtype=np.bool_),
    )


def _shape_of(values: Array, weight: Array, *, bends: int) -> tuple[Array, Array]:
    if not values.size or values.min() == values.max():
        return np.empty(0), np.empty((0, 0))
    low, high = weighted_quantiles(values, weight, np.array([_CLIP, 1.0 - _CLIP]))
    if low == high:
        low, high = values.min(), values.max()
    inner = weighted_quantiles(values, weight, np.arange(1, bends + 1) / (bends + 1))
    knots = round_knots(np.concatenate([[low], inner[(inner > low) & (inner < high)], [high]]))
    shapes = [knots]
    if knots.size > 2:
        shapes += [np.clip(knots, left, right) for left, right in pairwise(knots)]
    columns = []
    for shape in shapes:
        at_rows = np.interp(values, knots, shape)
        mean = np.average(at_rows, weights=weight)
        spread = np.sqrt(np.average((at_rows - mean) ** 2, weights=weight))
        columns.append((shape - mean) / spread if spread > 0 else np.zeros_like(shape))
    return knots, np.column_stack(columns)


def round_knots(knots: Array) -> Array:
    """Knots to a hundredth of their range or finer, each once: no knot of a model is to be a household's own value.

    Parameters
    ----------
    knots : ndarray of shape (n_knots,)
        Increasing, the first below the last.

    Examples
    --------
    >>> round_knots(np.array([1203.37, 5871.02, 30119.5])).tolist()
    [1200.0, 5900.0, 30100.0]
    >>> round_knots(np.array([0.0, 1.0])).tolist()
    [0.0, 1.0]
    """
    decimals = 2 - int(np.floor(np.log10(knots[-1] - knots[0])))
    return np.unique([round(float(knot), decimals) for knot in knots])


def weighted_quantiles(values: Array, weight: Array, levels: Array) -> Array:
    """Quantiles at ``levels``, each an observed value: the first whose cumulative weight reaches the level.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.ones(3), np.array([0.5]))
    array([2.])
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    reached /= reached[-1]
    at = np.searchsorted(reached, np.asarray(levels) - 1e-12)
    return values[order][np.minimum(at, len(values) - 1)]


@dataclass(frozen=True)
class Strength:
    """How hard the ridge regression is penalised.

    Attributes
    ----------
    penalty : float
        Of a straight line (1 / C of scikit-learn), per unit of total weight.
    stiffness : float
        How many times harder a bend is penalised than a straight line.
    """

    penalty: float
    stiffness: float = 1.0


def fit_linear(basis: Basis, columns: Array, y: Array, *, weight: Array, strength: Strength) -> RidgeFit:
    """Fit the ridge regression over ``basis`` with one ``strength``."""
    penalty = _penalty(basis, strength, weight)
    return fit_ridge(columns, y, weight=weight, penalty=penalty, signs=basis.signs)


def fit_linear_path(
    basis: Basis, columns: Array, y: Array, *, weight: Array, strengths: Sequence[Strength]
) -> list[RidgeFit]:
    """`fit_linear` under several strengths, strongest first, to the precision that a choice between them needs."""
    given = [_penalty(basis, strength, weight) for strength in strengths]
    return fit_ridge_path(columns, y, weight=weight, penalties=given, signs=basis.signs)


def _penalty(basis: Basis, strength: Strength, weight: Array) -> Array:
    return strength.penalty * weight.sum() * np.where(basis.bend, strength.stiffness, 1.0)
