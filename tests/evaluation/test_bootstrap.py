"""Intervals: the same seed gives the same, and they cover as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.evaluation.bootstrap import ClusterDraws, estimate


def test_the_same_seed_draws_the_same():
    first, again, other = (ClusterDraws.of(9, draws=30, seed=s).counts for s in (4, 4, 5))
    assert (first == again).all()
    assert (first != other).any()
    assert (first.sum(axis=1) == 9).all()


def test_rows_of_a_group_are_drawn_together():
    draws = ClusterDraws.of(3, draws=10, seed=0)
    weights = np.concatenate(list(draws.weights(np.array([0, 0, 2, 1, 2]))))
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 4]).all()
    assert weights.shape == (10, 5)


def test_slices_of_draws_make_up_all_of_them(monkeypatch):
    draws = ClusterDraws.of(4, draws=11, seed=0)
    codes = np.arange(4)
    whole = np.concatenate(list(draws.weights(codes)))
    monkeypatch.setattr("riskmodel.evaluation.bootstrap._NUMBERS_AT_ONCE", 12)
    parts = list(draws.weights(codes))
    assert len(parts) == 4
    assert (np.concatenate(parts) == whole).all()


def test_an_interval_covers_a_mean_of_clustered_values_as_often_as_it_says():
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(40), 10)
    covered = 0
    for repeat in range(200):
        values = rng.normal(0, 1, 40)[codes] + rng.normal(0, 0.5, 400)
        weights = np.concatenate(list(ClusterDraws.of(40, draws=200, seed=repeat).weights(codes)))
        found = estimate(values.mean(), weights @ values / weights.sum(axis=1), level=0.9)
        covered += found.low <= 0 <= found.high
    assert 0.84 <= covered / 200 <= 0.95


def test_undefined_draws_are_left_out_and_an_undefined_value_has_no_interval():
    found = estimate(0.5, np.array([np.nan, 0.4, 0.6]), level=0.95)
    assert (found.low, found.high) == (pytest.approx(0.405), pytest.approx(0.595))
    assert found.standard_error == pytest.approx(np.std([0.4, 0.6], ddof=1))
    assert estimate(float("nan"), np.array([0.1, 0.2]), level=0.95).to_dict() == {
        "value": None,
        "low": None,
        "high": None,
        "standard_error": None,
    }
