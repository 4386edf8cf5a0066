"""Rolling origins and household hold-outs: which rows may teach, and which rows are asked.

Accuracy is measured forward in time, on households that were not trained on. At a test origin T a row may teach
only when its outcome was known at T: ``as_of + horizon + reporting lag <= T``. The households asked at T teach
nothing, at any date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from riskmodel.engine.calendar import add_months
from riskmodel.errors import DataError
from riskmodel.features.builder import known_when


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """How far an outcome looks, and how long its last rows take to reach the registry.

    Attributes
    ----------
    months : int
        The outcome looks at ``[as_of, as_of + months)``.
    lag_days : int
        Days after its end until it counts as known.
    """

    months: int
    lag_days: int

    def known_on(self, as_of: date) -> date:
        """Return the first day on which the outcome of ``as_of`` is known.

        >>> Horizon(months=12, lag_days=60).known_on(date(2022, 1, 1))
        datetime.date(2023, 3, 2)
        """
        return known_when(as_of, self.months, self.lag_days)

    def newest_known(self, day: date) -> date:
        """Return the newest first of a month whose outcome is known on ``day``.

        >>> Horizon(months=12, lag_days=60).newest_known(date(2023, 3, 2))
        datetime.date(2022, 1, 1)
        """
        candidate = add_months(day.replace(day=1), 1 - self.months)
        while self.known_on(candidate) > day:
            candidate = add_months(candidate, -1)
        return candidate


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One test date and the dates whose outcomes were known at it.

    Attributes
    ----------
    as_of : date
        The test origin T: its households are scored with what was known before it.
    training : tuple of date
        The as-of dates that may teach the model tested at T, oldest first.
    horizon : Horizon
        The outcome's.
    """

    as_of: date
    training: tuple[date, ...]
    horizon: Horizon


def origin(
    as_of: date, candidates: Sequence[date], *, horizon: Horizon, gap_months: int, newest: int | None = None
) -> Origin:
    """Pick the training dates of a test origin.

    Parameters
    ----------
    as_of : date
        The test origin T.
    candidates : sequence of date
        Dates at which training rows can be drawn.
    gap_months : int
        Months left free before T, at least the horizon.
    newest : int, optional
        Keep only so many of the newest dates (a window that rolls); without it the window grows.
    """
    latest = add_months(as_of, -gap_months)
    usable = sorted({day for day in candidates if day <= latest and horizon.known_on(day) <= as_of})
    return Origin(as_of=as_of, training=tuple(usable[-newest:] if newest else usable), horizon=horizon)


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Positions of the rows that teach and of the rows that are asked.

    Attributes
    ----------
    origin : date or None
        The test origin; None in plain cross-validation.
    number : int
        Which part of the groups is asked, from 0.
    train, test : ndarray of int
        Row positions in the training set.
    """

    origin: date | None
    number: int
    train: np.ndarray
    test: np.ndarray


def assign_folds(groups: pd.Series, *, folds: int, seed: int, what: str) -> np.ndarray:
    """Give every group to one fold, so that folds have about as many rows each.

    Parameters
    ----------
    groups : Series
        The group of each row (a village, a household, …).
    folds : int
        How many folds.
    seed : int
        Which of the equally good divisions.
    what : str
        What a group is, for the error message.

    Returns
    -------
    ndarray of int
        The fold of each row, 0 to ``folds - 1``.
    """
    codes, names = pd.factorize(groups, sort=True)
    if len(names) < folds:
        raise DataError(
            f"validation.holdout asks for {folds} folds by {what}, but the rows hold only {len(names)} of them. "
            f"Use fewer folds or a finer group."
        )
    rows = np.bincount(codes, minlength=len(names))
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-rows[order], kind="stable")]
    fold_of_group = np.empty(len(names), dtype=np.int64)
    load = np.zeros(folds, dtype=np.int64)
    for group in order:
        lightest = int(np.argmin(load))
        fold_of_group[group] = lightest
        load[lightest] += rows[group]
    return fold_of_group[codes]


def rolling_folds(
    frame: pd.DataFrame, *, origins: Sequence[Origin], groups: pd.Series, folds: int, seed: int, what: str
) -> list[Fold]:
    """Lay out the folds of all test origins.

    Parameters
    ----------
    frame : DataFrame
        ``household_id`` and ``as_of`` (dates) of the rows whose outcome is known, in training-set order.
    origins : sequence of Origin
        Test origins with their training dates.
    groups : Series
        The group of each row; a group is asked as a whole.
    folds : int
        Parts into which the groups are divided, at least 2.

    Returns
    -------
    list of Fold
        Origin by origin. In each, no household and no group asked is among those that teach.
    """
    dates = frame["as_of"].to_numpy()
    part = assign_folds(groups, folds=folds, seed=seed, what=what)
    laid: list[Fold] = []
    for test_origin in origins:
        teaching = np.isin(dates, np.array(test_origin.training, dtype=object))
        asked = dates == test_origin.as_of
        laid.extend(
            Fold(origin=test_origin.as_of, number=number, train=train, test=test)
            for number, train, test in _parts(frame, part, teaching=teaching, asked=asked, folds=folds)
        )
    return laid


def grouped_folds(frame: pd.DataFrame, *, groups: pd.Series, folds: int, seed: int, what: str) -> list[Fold]:
    """Lay out plain cross-validation over all rows, groups kept whole, time disregarded."""
    part = assign_folds(groups, folds=folds, seed=seed, what=what)
    everyone = np.ones(len(frame), dtype=bool)
    return [
        Fold(origin=None, number=number, train=train, test=test)
        for number, train, test in _parts(frame, part, teaching=everyone, asked=everyone, folds=folds)
    ]


def _parts(
    frame: pd.DataFrame, part: np.ndarray, *, teaching: np.ndarray, asked: np.ndarray, folds: int
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    households = frame["household_id"].to_numpy()
    parts = []
    for number in range(folds):
        test = asked & (part == number)
        if not test.any():
            continue
        train = teaching & (part != number)
        # A household that moved between groups could otherwise teach in one and be asked in the other.
        train &= ~pd.Series(households).isin(households[test]).to_numpy()
        parts.append((number, np.flatnonzero(train), np.flatnonzero(test)))
    return parts
