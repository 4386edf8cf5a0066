"""Who is left out when: folds that never part a group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, StratifiedKFold, StratifiedShuffleSplit

Split = tuple[NDArray[np.int_], NDArray[np.int_]]


def grouped_folds(y: NDArray[np.float64], groups: NDArray[np.int_] | None, *, folds: int, seed: int) -> list[Split]:
    """Split rows into folds, each outcome spread over them, each group (a household, a village) whole in one.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        0 or 1.
    groups : ndarray of shape (n_rows,) or None
        Codes of the groups; None takes each row for itself.
    folds : int
        How many are wanted. Fewer come back when the rarer outcome has fewer rows (or groups).
    seed : int

    Returns
    -------
    list of (train, test)
        Row numbers. Empty when the rows cannot make two folds that both hold both outcomes.
    """
    most = min(folds, *_units_by_outcome(y, groups))
    if most < 2:
        return []
    if groups is None:
        splits = list(StratifiedKFold(most, shuffle=True, random_state=seed).split(y[:, None], y))
    else:
        splits = list(StratifiedGroupKFold(most, shuffle=True, random_state=seed).split(y[:, None], y, groups))
    return [split for split in splits if _usable(split, y)]


def single_holdout(y: NDArray[np.float64], groups: NDArray[np.int_] | None, *, share: float, seed: int) -> list[Split]:
    """One split that leaves ``share`` of the rows (or of the groups) out: enough where rows are many."""
    if min(_units_by_outcome(y, groups)) < 2:
        return []
    if groups is None:
        splits = StratifiedShuffleSplit(1, test_size=share, random_state=seed).split(y[:, None], y)
    else:
        splits = GroupShuffleSplit(1, test_size=share, random_state=seed).split(y[:, None], y, groups)
    return [split for split in splits if _usable(split, y)]


def _usable(split: Split, y: NDArray[np.float64]) -> bool:
    train, test = split
    return bool(test.size and 0 < y[train].sum() < train.size)


def _units_by_outcome(y: NDArray[np.float64], groups: NDArray[np.int_] | None) -> tuple[int, int]:
    if groups is None:
        return int((y == 0).sum()), int((y == 1).sum())
    return len(np.unique(groups[y == 0])), len(np.unique(groups[y == 1]))
