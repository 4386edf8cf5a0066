"""Fit the curves of the margin, under the strength that rows left out choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskmodel.model.folds import Split
from riskmodel.model.linear import LinearPart, Strength, fit_linear, fit_linear_path, make_basis
from riskmodel.model.ridge import log_loss_of_margins

Array = NDArray[np.float64]

# A regression has several columns a feature: those of all rows left out at once would take more memory than the rows.
_ROWS_A_BLOCK = 5_000


@dataclass(frozen=True)
class Chosen:
    """The curves that rows left out like best.

    Attributes
    ----------
    bends : int
    strength : Strength
    margin : ndarray of shape (n_rows,)
        Left-out margins; NaN where a row was never left out.
    parts : tuple of LinearPart
        The curves fitted on the rows that taught, one a split.
    """

    bends: int
    strength: Strength
    margin: Array
    parts: tuple[LinearPart, ...]


def fit_curves(
    X: Array, y: Array, *, weight: Array, monotone: NDArray[np.int_], bends: int, strength: Strength
) -> LinearPart:
    """Fit curves of ``bends`` interior knots."""
    basis = make_basis(X, weight=weight, monotone=monotone, bends=bends)
    return basis.part(fit_linear(basis, basis.columns(X), y, weight=weight, strength=strength))


def choose_curves(
    X: Array,
    y: Array,
    *,
    weight: Array,
    monotone: NDArray[np.int_],
    tried: Sequence[tuple[int, Sequence[Strength]]],
    splits: list[Split],
) -> Chosen:
    """The bends and strength whose left-out log-loss is least.

    Parameters
    ----------
    tried : sequence of (bends, strengths)
        Interior knots, 0 for straight lines, and what each is tried with, strongest first.
    splits : list of (train, test)
    """
    out = {(bends, strength): np.full(len(y), np.nan) for bends, strengths in tried for strength in strengths}
    parts: dict[tuple[int, Strength], list[LinearPart]] = {key: [] for key in out}
    for train, test in splits:
        inside = X[train]
        blocks = np.array_split(test, -(-test.size // _ROWS_A_BLOCK))
        for bends, strengths in tried:
            basis = make_basis(inside, weight=weight[train], monotone=monotone, bends=bends)
            fits = fit_linear_path(basis, basis.columns(inside), y[train], weight=weight[train], strengths=strengths)
            for strength, fit in zip(strengths, fits, strict=True):
                parts[bends, strength].append(basis.part(fit))
            for block in blocks:
                columns = basis.columns(X[block])
                for strength, fit in zip(strengths, fits, strict=True):
                    out[bends, strength][block] = fit.margin(columns)
    losses = {}
    for key, margin in out.items():
        seen = ~np.isnan(margin)
        losses[key] = log_loss_of_margins(y[seen], margin[seen], weight[seen])
    best = min(losses, key=lambda key: losses[key])
    return Chosen(*best, out[best], tuple(parts[best]))
