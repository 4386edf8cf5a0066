"""Risks follow the newest dates' level, and nobody's place in the order changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.evaluation.calibrating import calibrate_over_time
from riskmodel.model import RiskClassifier
from riskmodel.model.calibration import (
    adjusted,
    followed,
    isotonic_calibration,
    levelled,
    no_calibration,
    sigmoid_calibration,
)
from riskmodel.training.experiment import Calibration


def _rows(seed, *, n=2000, shift=0.0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2.0, 1.0, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-margin - shift))).astype(float)
    return margin, y


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999),
    n=st.integers(40, 800),
    shift=st.floats(-2, 2),
    way=st.sampled_from([sigmoid_calibration, isotonic_calibration, None]),
    then=st.sampled_from([adjusted, levelled]),
)
def test_an_adjusted_map_keeps_the_order_and_adds_up_to_the_cases(seed, n, shift, way, then):
    margin, y = _rows(seed, n=n, shift=shift)
    y[:2] = 0, 1
    present = no_calibration() if way is None else way(margin, y[::-1], weight=np.ones(n))
    after = then(present, margin, y, weight=np.ones(n))
    grid = np.linspace(margin.min() - 2, margin.max() + 2, 300)
    assert (np.diff(after.log_odds(grid)) > 0).all()
    assert after.risk(margin).sum() == pytest.approx(y.sum(), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999))
def test_adjusting_twice_is_adjusting_once(seed):
    margin, y = _rows(seed, shift=0.8)
    once = adjusted(no_calibration(), margin, y, weight=np.ones(y.size))
    twice = adjusted(once, margin, y, weight=np.ones(y.size))
    assert np.abs(twice.log_odds(margin) - once.log_odds(margin)).max() < 0.05


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), n=st.integers(40, 800), shift=st.floats(-2, 2))
def test_a_map_that_follows_keeps_the_order_and_lies_between_the_present_and_the_adjusted_one(seed, n, shift):
    margin, y = _rows(seed, n=n, shift=shift)
    y[:2] = 0, 1
    present = isotonic_calibration(margin, y[::-1], weight=np.ones(n))
    there = followed(present, margin, y, weight=np.ones(n))
    grid = np.linspace(margin.min() - 2, margin.max() + 2, 300)
    ends = np.stack([present.log_odds(grid), adjusted(present, margin, y, weight=np.ones(n)).log_odds(grid)])
    assert (np.diff(there.log_odds(grid)) > 0).all()
    assert (there.log_odds(grid) >= ends.min(axis=0) - 1e-9).all()
    assert (there.log_odds(grid) <= ends.max(axis=0) + 1e-9).all()


def test_chance_moves_a_right_map_less_than_adjusting_does_and_mostly_not_at_all():
    moved, whole = [], []
    for seed in range(60):
        margin, y = _rows(seed, n=600)
        for way, out in ((followed, moved), (adjusted, whole)):
            out.append(np.abs(way(no_calibration(), margin, y, weight=np.ones(600)).log_odds(margin) - margin).mean())
    assert np.mean(moved) < 0.5 * np.mean(whole)
    assert np.mean(np.array(moved) == 0) > 0.4


def test_a_break_is_followed_nearly_all_the_way():
    margin, y = _rows(1, n=3000, shift=0.8)
    after = followed(no_calibration(), margin, y, weight=np.ones(3000))
    assert after.risk(margin).sum() == pytest.approx(y.sum(), rel=0.03)


def test_a_few_dozen_rows_hardly_turn_the_slope():
    margin = np.linspace(-3, 1, 30)
    y = (margin > 0).astype(float)
    assert adjusted(no_calibration(), margin, y, weight=np.ones(30)).slope_above < 2.5


def _fitted(seed, *, newest_shift):
    """Six dates of 600 households each; at the two newest the outcome is commoner by ``newest_shift`` log-odds."""
    rng = np.random.default_rng(seed)
    as_of = np.repeat(np.arange("2020-01", "2020-07", dtype="datetime64[M]").astype("datetime64[D]"), 600)
    X = rng.normal(size=(as_of.size, 2))
    log_odds = X[:, 0] - 2.0 + newest_shift * (as_of >= np.datetime64("2020-05-01"))
    y = (rng.random(as_of.size) < 1 / (1 + np.exp(-log_odds))).astype(int)
    groups = np.tile(np.arange(600) // 20, 6)
    model = RiskClassifier(folds=3, rounds=20, random_state=0).fit(X, y, groups=groups)
    return model, X, y, as_of


def test_the_newest_dates_set_the_level_where_the_base_rate_has_moved():
    model, X, y, as_of = _fitted(1, newest_shift=1.2)
    now = as_of >= np.datetime64("2020-05-01")
    by_folds = model.predict_proba(X[now])[:, 1].mean()
    order = np.argsort(model.decision_function(X))
    calibrate_over_time(model, y, as_of=as_of, how=Calibration(window="newest", dates=2))
    by_newest = model.predict_proba(X[now])[:, 1].mean()
    share = y[now].mean()
    assert abs(by_newest - share) < 0.25 * abs(by_folds - share)
    assert (np.argsort(model.decision_function(X)) == order).all()


@pytest.mark.parametrize(
    ("how", "dated"),
    [(Calibration(window="folds"), True), (Calibration(window="newest"), False), (Calibration(method="none"), True)],
)
def test_the_map_by_folds_stays_where_it_is_asked_for_or_there_are_no_dates(how, dated):
    model, _, y, as_of = _fitted(2, newest_shift=1.0)
    before = model.calibrator_
    assert calibrate_over_time(model, y, as_of=as_of if dated else None, how=how).calibrator_ is before


def test_an_estimator_that_is_told_not_to_calibrate_is_not_calibrated_by_dates_either():
    model, _, y, as_of = _fitted(2, newest_shift=1.0)
    model.set_params(calibration="none").calibrator_ = no_calibration()
    after = calibrate_over_time(model, y, as_of=as_of, how=Calibration())
    assert after.calibrator_.method == "none"


def test_too_few_cases_at_the_newest_dates_leave_the_map_as_it_is():
    model, _, y, as_of = _fitted(3, newest_shift=0.0)
    before = model.calibrator_
    few = np.where(as_of == as_of.max(), 0, y)
    assert calibrate_over_time(model, few, as_of=as_of, how=Calibration(dates=1)).calibrator_ is before
