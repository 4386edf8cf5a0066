"""Reasons: the features that contributed most to one household's score, with its own values.

The reasons shown are the largest contributions by absolute value, whether they raise the score or lower it:
a visitor who sees only what raises it would meet a household described by half of what the model knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import CallError
from riskmodel.explain.words import reason_sentence

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec

TOP = 5


@dataclass(frozen=True)
class Reason:
    """One reason of one household.

    Attributes
    ----------
    feature : str
    risk_type : str or None
        The risk type the catalogue points to.
    value : float or None
        The household's own value in the feature's unit; None when missing.
    contribution : float
        What the feature contributed to the margin (log-odds); positive raises the score.
    zh, en : str
        The sentences.
    """

    feature: str
    risk_type: str | None
    value: float | None
    contribution: float
    zh: str
    en: str


@dataclass(frozen=True)
class Explained:
    """What is told about one household: its reasons, and the sum of all contributions beyond them."""

    reasons: tuple[Reason, ...]
    other_contributions: float


def largest(contributions: NDArray[np.float64], *, top: int = TOP) -> NDArray[np.intp]:
    """Return, row by row, the positions of the ``top`` largest contributions by absolute value, largest first.

    Equal ones keep the order of the features.

    >>> largest(np.array([[0.1, -0.9, 0.0, 0.5]]), top=2).tolist()
    [[1, 3]]
    """
    return np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :top]


def explain_rows(
    values: NDArray[np.float64],
    contributions: NDArray[np.float64],
    *,
    specs: Sequence[FeatureSpec],
    top: int = TOP,
) -> list[Explained]:
    """Return the reasons of each row.

    Parameters
    ----------
    values, contributions : array of shape (rows, features)
        The features' values (NaN = missing) and what each contributed to the margin.
    specs : sequence of FeatureSpec
        The catalogue's entries in the order of the columns.
    top : int
        How many reasons at most; a contribution of exactly zero is never a reason.
    """
    if not values.shape == contributions.shape == (len(values), len(specs)):
        raise CallError(
            f"values {values.shape}, contributions {contributions.shape} and {len(specs)} features "
            "must describe the same columns"
        )
    chosen = largest(contributions, top=top)
    rows = []
    for row, positions in enumerate(chosen):
        kept = [position for position in positions if contributions[row, position] != 0.0]
        reasons = tuple(_reason(specs[p], float(values[row, p]), float(contributions[row, p])) for p in kept)
        beyond = np.delete(contributions[row], kept)
        rows.append(Explained(reasons=reasons, other_contributions=float(beyond.sum())))
    return rows


def _reason(spec: FeatureSpec, value: float, contribution: float) -> Reason:
    return Reason(
        feature=spec.name,
        risk_type=spec.risk_type or None,
        value=None if np.isnan(value) else value,
        contribution=contribution,
        zh=reason_sentence(words=spec.zh, unit=spec.unit, value=value, contribution=contribution, lang="zh"),
        en=reason_sentence(words=spec.en, unit=spec.unit, value=value, contribution=contribution, lang="en"),
    )
