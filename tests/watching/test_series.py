"""A month held against its own past."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.watching.series import change, of_counts

SEASON = np.array([0.0, 3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0])


def series(months: int, *, growth: float = 0.0, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """A seasonal series that grows and wavers."""
    steps = np.arange(months)
    return SEASON[steps % 12] + growth * steps + noise * np.random.default_rng(seed).normal(size=months)


def test_season_and_growth_are_no_change():
    found = change(series(48, growth=0.05), floor=0.01)
    assert found.lag == 12
    assert found.deviation == pytest.approx(0.0, abs=1e-9)


def test_a_step_is_measured_in_usual_sizes():
    values = series(48, noise=0.1, seed=3)
    values[-1] += 3.0
    found = change(values, floor=0.01)
    assert found.deviation == pytest.approx(3.0, abs=0.5)
    assert found.beyond(1.0)
    assert not found.beyond(5.0)
    assert not change(series(48, noise=0.1, seed=3), floor=0.01).beyond(0.1)


def test_a_short_past_is_compared_with_the_month_before():
    found = change(np.append(np.linspace(1.0, 1.1, 10), 4.0), floor=0.01)
    assert found.lag == 1
    assert found.beyond(1.0)
    assert change(np.array([1.0, 1.0, 1.0, 4.0]), floor=0.01) is None


def test_a_season_that_is_unsteady_itself_is_given_more_room():
    values = series(49)
    steady = change(np.append(values[:-1], values[-1] - 2), floor=0.01)
    # The same month differed as much a year before.
    values[-13] += 2
    unsteady = change(np.append(values[:-1], values[-1] - 2), floor=0.01)
    assert abs(unsteady.size) < abs(steady.size) / 10


def test_counts_are_not_told_rarer_than_chance_makes_them():
    counts = np.full(40, 25.0)
    counts[-1] = 12
    values, noise = of_counts(counts, least=20)
    assert not change(values, noise=noise, floor=0.01).beyond(0.5)
    counts[-1] = 0
    values, noise = of_counts(counts, least=20)
    assert change(values, noise=noise, floor=0.01).beyond(0.5)


def test_months_too_thin_say_nothing():
    counts = np.tile([400.0, 3.0], 20)
    values, noise = of_counts(counts, least=20)
    assert change(values, noise=noise, floor=0.01) is None


@given(st.lists(st.floats(-5, 5), min_size=30, max_size=60), st.floats(-3, 3), st.floats(0.01, 1))
def test_a_level_added_to_everything_changes_nothing(values, level, floor):
    plain, lifted = change(np.array(values), floor=floor), change(np.array(values) + level, floor=floor)
    assert lifted.deviation == pytest.approx(plain.deviation, abs=1e-9)
    assert lifted.spread == pytest.approx(plain.spread, abs=1e-9)


@pytest.mark.parametrize(("months", "most"), [(49, 0.02), (25, 0.04), (20, 0.08)])
def test_noise_comes_as_far_more_often_than_said_the_shorter_the_past(months, most):
    """A robust spread of few changes is uncertain: what is said to be one in a hundred is up to six."""
    rng = np.random.default_rng(5)
    alarms = sum(change(rng.normal(size=months), floor=0.01).beyond(0.0, rare=0.01) for _ in range(4000)) / 4000
    assert 0.005 < alarms < most


def test_a_feed_that_stopped_months_ago_is_told_still_though_the_past_is_short():
    for dead in (1, 2, 4):
        values, noise = of_counts(np.array([100.0] * 12 + [0.0] * dead), least=20)
        found = change(values, noise=noise, floor=0.1)
        assert found is not None, dead
        assert found.lag == 1
        assert found.beyond(2.0), dead
