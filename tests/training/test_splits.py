"""Folds: who is asked has taught nothing, at any date, under any group."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.errors import DataError
from riskmodel.training.splits import Horizon, Origin, assign_folds, grouped_folds, origin, rolling_folds

DATES = [date(2018, 1, 1), date(2018, 7, 1), date(2019, 1, 1), date(2020, 1, 1), date(2021, 1, 1)]
HORIZON = Horizon(months=12, lag_days=60)

panels = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from(DATES), st.integers(0, 6)), min_size=20, max_size=80, unique=True
)


def frame_of(panel) -> tuple[pd.DataFrame, pd.Series]:
    """Households that may move between villages from one date to the next."""
    frame = pd.DataFrame(panel, columns=["household_id", "as_of", "village"])
    return frame[["household_id", "as_of"]], "v" + frame["village"].astype(str)


@given(panel=panels, folds=st.integers(2, 3), seed=st.integers(0, 5))
def test_no_household_no_group_and_no_unknown_outcome_teaches(panel, folds, seed):
    frame, groups = frame_of(panel)
    if groups.nunique() < folds:
        return
    tested = [origin(day, DATES, horizon=HORIZON, gap_months=12) for day in DATES[2:]]
    tested = [one for one in tested if one.training]
    laid = rolling_folds(frame, origins=tested, groups=groups, folds=folds, seed=seed, what="village")
    for fold in laid:
        train, test = frame.iloc[fold.train], frame.iloc[fold.test]
        assert set(test["as_of"]) == {fold.origin}
        assert all(HORIZON.known_on(day) <= fold.origin for day in train["as_of"])
        assert not set(train["household_id"]) & set(test["household_id"])
        assert not set(groups.iloc[fold.train]) & set(groups.iloc[fold.test])
    for one in tested:
        asked = np.concatenate([f.test for f in laid if f.origin == one.as_of] or [np.array([], dtype=int)])
        assert sorted(asked) == list(np.flatnonzero(frame["as_of"] == one.as_of))


@given(panel=panels, seed=st.integers(0, 5))
def test_cross_validation_asks_everyone_once_and_keeps_households_whole(panel, seed):
    frame, groups = frame_of(panel)
    if groups.nunique() < 2:
        return
    laid = grouped_folds(frame, groups=groups, folds=2, seed=seed, what="village")
    assert sorted(np.concatenate([fold.test for fold in laid])) == list(range(len(frame)))
    for fold in laid:
        assert not set(frame["household_id"].iloc[fold.train]) & set(frame["household_id"].iloc[fold.test])


def test_folds_have_about_as_many_rows_each():
    groups = pd.Series(np.repeat([f"v{i}" for i in range(12)], np.arange(1, 13)))
    sizes = np.bincount(assign_folds(groups, folds=3, seed=0, what="village"))
    assert sizes.max() - sizes.min() <= 2


def test_the_seed_decides_between_equal_divisions():
    groups = pd.Series(np.repeat([f"v{i}" for i in range(12)], 5))
    first, again, other = (assign_folds(groups, folds=3, seed=s, what="village") for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_fewer_groups_than_folds_is_refused():
    with pytest.raises(DataError, match="asks for 5 folds by village, but the rows hold only 2"):
        assign_folds(pd.Series(["a", "b", "a"]), folds=5, seed=0, what="village")


def test_a_training_date_whose_outcome_arrives_late_is_left_out():
    late = origin(date(2020, 1, 1), [date(2018, 10, 1), date(2018, 12, 1)], horizon=HORIZON, gap_months=12)
    assert late == Origin(as_of=date(2020, 1, 1), training=(date(2018, 10, 1),), horizon=HORIZON)
