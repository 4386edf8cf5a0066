"""Intervals cover the truth of a known process about as often as they say; docs/intervals.md keeps the whole study."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from riskmodel.evaluation.bootstrap import ClusterDraws, estimate, widened


@pytest.fixture(scope="module")
def coverage():
    """``benchmarks/interval_coverage.py``."""
    place = Path(__file__).parents[2] / "benchmarks" / "interval_coverage.py"
    spec = importlib.util.spec_from_file_location("benchmarks_coverage", place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_few_replications_cover_about_as_often_as_they_say(coverage):
    process = coverage.Process()
    known = coverage.truth(process, villages=1500)
    found = coverage.study(process, villages=40, replications=30, draws=80, level=0.9, seed=3, known=known)
    # Of 30 intervals that cover nine times in ten, fewer than 22 cover once in five hundred.
    for measure in ("recall_at_5pct", "auc", "observed / expected", "recall_at_5pct of a group of 30 %"):
        assert found[measure]["covers"] >= 22 / 30, measure
        assert found[measure]["mean"] == pytest.approx(known[measure], rel=0.15)


@pytest.mark.long
def test_nominal_90_percent_intervals_of_recall_cover_85_to_95_percent_of_the_time(coverage):
    process = coverage.Process()
    known = coverage.truth(process)
    for villages in (50, 100):
        found = coverage.study(process, villages=villages, replications=200, draws=500, level=0.9, seed=20, known=known)
        assert 0.85 <= found["recall_at_5pct"]["covers"] <= 0.95


def test_with_a_handful_of_groups_widened_percentiles_cover_and_plain_ones_do_not():
    rng = np.random.default_rng(6)
    groups, level, repeats = 6, 0.9, 400
    codes = np.arange(groups)
    covered = {"plain": 0, "widened": 0}
    for repeat in range(repeats):
        values = rng.normal(0, 1, groups)
        weights = np.concatenate(list(ClusterDraws.of(groups, draws=300, seed=repeat).weights(codes)))
        drawn = weights @ values / weights.sum(axis=1)
        for kind, taken in (("plain", level), ("widened", widened(level, groups=groups))):
            found = estimate(values.mean(), drawn, level=taken)
            covered[kind] += found.low <= 0 <= found.high
    assert covered["plain"] / repeats < 0.85
    assert 0.86 <= covered["widened"] / repeats <= 0.95
