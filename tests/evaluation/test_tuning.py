"""Searching for settings: within the rows given, later dates and other groups left out, the same on every run."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from riskmodel.engine.calendar import add_months
from riskmodel.evaluation.tuning import BY_GROUP, BY_NOTHING, BY_TIME, Search, drawn_rows, inner_splits, search
from riskmodel.training.baselines import Tuning
from riskmodel.training.splits import Horizon

DATES = [add_months(date(2018, 1, 1), 6 * step) for step in range(6)]
HOW = Search(budget=Tuning(trials=4), horizon=Horizon(months=12, lag_days=30), gap_months=12, seed=3)


@pytest.fixture(scope="module")
def past():
    rng = np.random.default_rng(0)
    n = 900
    X = rng.normal(size=(n, 4))
    y = (X[:, 0] + rng.normal(size=n) > 1).astype(float)
    return X, y, rng.integers(0, 30, n), np.array([DATES[i] for i in rng.integers(0, 6, n)], dtype=object)


def test_inner_rows_teach_only_when_their_outcome_was_known_and_other_groups_are_tried(past):
    _, y, groups, as_of = past
    splits, inner = inner_splits(y, groups=groups, as_of=as_of, how=HOW)
    assert inner == BY_TIME
    assert len(splits) == 6
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        (tried,) = set(as_of[test])
        assert max(HOW.horizon.known_on(day) for day in as_of[train]) <= tried


def test_dates_too_close_leave_groups_alone_and_one_group_leaves_nothing(past):
    _, y, groups, _ = past
    same = np.array([DATES[0]] * len(y), dtype=object)
    assert inner_splits(y, groups=groups, as_of=same, how=HOW)[1] == BY_GROUP
    assert inner_splits(y, groups=np.zeros(len(y), dtype=int), as_of=same, how=HOW) == ([], BY_NOTHING)


def test_rows_that_bear_no_search_keep_the_settings_given_beforehand(past):
    X, y, _, as_of = past
    found = search(X, y, groups=np.zeros(len(y), dtype=int), as_of=as_of, monotone=np.zeros(4, dtype=int), how=HOW)
    assert (found.trials, found.inner, found.settings["num_leaves"]) == (0, BY_NOTHING, 7)
    assert found.to_dict()["loss"] is None


def test_the_same_rows_seed_and_trials_find_the_same(past):
    X, y, groups, as_of = past
    how = {"groups": groups, "as_of": as_of, "monotone": np.array([1, 0, 0, 0]), "how": HOW}
    first, second = search(X, y, **how), search(X, y, **how)
    assert first == second
    assert first.trials + first.pruned == 4
    assert first.stopped_by == "trials"


def test_minutes_cut_a_search_short_and_it_says_so(past):
    X, y, groups, as_of = past
    short = Search(budget=Tuning(trials=500, minutes=1e-6), horizon=HOW.horizon, gap_months=12, seed=3)
    found = search(X, y, groups=groups, as_of=as_of, monotone=np.zeros(4, dtype=int), how=short)
    assert found.stopped_by == "minutes"
    assert 1 <= found.trials + found.pruned < 500


def test_of_many_rows_whole_groups_are_drawn_and_of_few_all(past):
    _, _, groups, _ = past
    assert drawn_rows(groups, most=len(groups), seed=3).tolist() == list(range(len(groups)))
    drawn = drawn_rows(groups, most=300, seed=3)
    assert 0 < len(drawn) <= 300
    assert set(groups[drawn]) & set(np.delete(groups, drawn)) == set()
    assert len(set(groups[drawn_rows(groups, most=1, seed=3)])) == 2
