"""Risks mean what they say, and calibration never changes an order."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.model.calibration import Calibrator, isotonic_calibration, no_calibration, sigmoid_calibration


def _overconfident(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.5, 1.0, size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-truth))).astype(float)
    return 2.5 * truth + 1.0, truth, y


def test_sigmoid_undoes_a_margin_that_is_too_bold():
    margin, truth, y = _overconfident(5000, 0)
    calibrator = sigmoid_calibration(margin, y, weight=np.ones(5000))
    assert np.abs(calibrator.log_odds(margin) - truth).mean() < 0.15


def test_isotonic_undoes_a_margin_that_bends():
    rng = np.random.default_rng(1)
    margin = rng.normal(size=40_000)
    truth = np.where(margin > 0, 2 * margin, 0.2 * margin) - 1.5
    y = (rng.random(40_000) < 1 / (1 + np.exp(-truth))).astype(float)
    bent = isotonic_calibration(margin, y, weight=np.ones(40_000))
    straight = sigmoid_calibration(margin, y, weight=np.ones(40_000))
    chance = 1 / (1 + np.exp(-truth))
    assert np.abs(bent.risk(margin) - chance).mean() < 0.5 * np.abs(straight.risk(margin) - chance).mean()


def test_equal_margins_have_the_share_of_their_rows_in_whatever_order_these_come():
    rng = np.random.default_rng(0)
    margin = np.repeat([-2.0, 0.0], [3000, 2000])
    y = np.concatenate([rng.random(3000) < 0.1, rng.random(2000) < 0.4]).astype(float)
    for order in (np.arange(5000), np.lexsort((y, margin)), np.lexsort((-y, margin))):
        told = isotonic_calibration(margin[order], y[order], weight=np.ones(5000)).risk(np.array([-2.0, 0.0]))
        assert told == pytest.approx([y[:3000].mean(), y[3000:].mean()], abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999), n=st.integers(5, 400), way=st.sampled_from([sigmoid_calibration, isotonic_calibration])
)
def test_neither_an_order_changes_nor_a_tie_is_made(seed, n, way):
    margin, _, y = _overconfident(n, seed)
    calibrator = way(margin, y, weight=np.ones(n))
    grid = np.linspace(margin.min() - 3, margin.max() + 3, 500)
    assert (np.diff(calibrator.log_odds(grid)) > 0).all()


def test_outcomes_against_the_margin_do_not_turn_it_round():
    margin = np.linspace(-2, 2, 100)
    calibrator = sigmoid_calibration(margin, (margin < 0).astype(float), weight=np.ones(100))
    assert (np.diff(calibrator.log_odds(margin)) > 0).all()


def test_a_dozen_rows_barely_move_a_risk():
    margin = np.linspace(-1, 1, 12)
    calibrator = sigmoid_calibration(margin, (margin > 0).astype(float), weight=np.ones(12))
    assert calibrator.slope_above < 10


@pytest.mark.parametrize("way", [sigmoid_calibration, isotonic_calibration])
def test_the_written_map_is_the_map(way):
    margin, _, y = _overconfident(500, 3)
    calibrator = way(margin, y, weight=np.ones(500))
    back = Calibrator.from_dict(json.loads(json.dumps(calibrator.to_dict())))
    assert (back.risk(margin) == calibrator.risk(margin)).all()


def test_no_calibration_leaves_log_odds_as_they_are():
    margin = np.array([-700.0, -1.3, 0.0, 2.0])
    np.testing.assert_array_equal(no_calibration().log_odds(margin), margin)


def test_a_constant_margin_is_left_alone():
    assert sigmoid_calibration(np.zeros(10), np.arange(10) % 2.0, weight=np.ones(10)).method == "none"
