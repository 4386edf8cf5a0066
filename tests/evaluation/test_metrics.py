"""Measures equal scikit-learn's where it has them, and a count over all orders of the ties where it has not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from riskmodel.evaluation.metrics import Scored, calibration_bins, measures, pool, reliability, sums

rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=4, max_size=60).filter(
    lambda pairs: len({outcome for outcome, _ in pairs}) == 2
)


def scored(pairs, *, probability=True) -> Scored:
    y = np.array([outcome for outcome, _ in pairs], dtype=float)
    p = np.array([score for _, score in pairs], dtype=float) / 6
    return Scored(outcome=y, score=p, probability=p if probability else None)


def one(added) -> dict[str, float]:
    return {name: float(value[0]) for name, value in measures(added).items()}


@given(rows)
def test_auc_average_precision_and_brier_are_scikit_learns(pairs):
    given_ = scored(pairs)
    found = one(sums(given_, capacities=[0.1]))
    assert found["auc"] == pytest.approx(roc_auc_score(given_.outcome, given_.score))
    assert found["average_precision"] == pytest.approx(average_precision_score(given_.outcome, given_.score))
    assert found["brier"] == pytest.approx(brier_score_loss(given_.outcome, given_.probability))


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=3, max_size=6).filter(
        lambda pairs: any(outcome for outcome, _ in pairs)
    ),
    st.sampled_from([0.2, 0.34, 0.5, 0.8]),
)
def test_recall_at_a_capacity_is_the_mean_over_all_orders_of_the_ties(pairs, share):
    visits = max(1, int(np.floor(share * len(pairs) + 0.5)))
    caught = [
        sum(outcome for outcome, _ in order[:visits])
        for order in itertools.permutations(pairs)
        if all(a[1] >= b[1] for a, b in itertools.pairwise(order))
    ]
    label = f"{share * 100:g}pct"
    found = one(sums(scored(pairs), capacities=[share]))
    positives = sum(outcome for outcome, _ in pairs)
    assert found[f"recall_at_{label}"] == pytest.approx(np.mean(caught) / positives)
    assert found[f"precision_at_{label}"] == pytest.approx(np.mean(caught) / visits)


def test_a_rule_at_its_own_length_catches_exactly_what_it_flags():
    flags = np.array([1, 0, 1, 0, 1, 0, 0, 0, 0, 0], dtype=bool)
    y = np.array([1, 1, 0, 0, 1, 0, 0, 0, 1, 0], dtype=float)
    found = one(sums(Scored(outcome=y, score=flags.astype(float)), capacities=[0.1], rule=flags))
    assert found["recall_at_rule"] == pytest.approx(2 / 4)
    assert found["precision_at_rule"] == pytest.approx(2 / 3)
    assert found["recall_at_10pct"] == pytest.approx(2 / 3 / 4)  # one visit among three tied
    assert "brier" not in found
    assert "calibration_error" not in found


@given(rows, st.integers(0, 99))
def test_weights_are_rows_written_several_times(pairs, seed):
    weights = np.random.default_rng(seed).integers(0, 4, len(pairs))
    given_ = scored(pairs)
    again = scored([pair for pair, count in zip(pairs, weights, strict=True) for _ in range(count)] or pairs)
    if weights.sum() == 0 or again.outcome.min() == again.outcome.max():
        return
    weighted = one(sums(given_, capacities=[0.1, 0.5], weights=weights[None, :]))
    written = one(sums(again, capacities=[0.1, 0.5]))
    for name in ("auc", "average_precision", "brier", "recall_at_10pct", "precision_at_50pct"):
        assert weighted[name] == pytest.approx(written[name]), name


def test_missing_values_ranked_last_stay_a_tie():
    y = np.array([1.0, 0.0, 1.0, 0.0])
    found = one(sums(Scored(outcome=y, score=np.array([2.0, 1.0, -np.inf, -np.inf])), capacities=[0.25]))
    assert found["auc"] == pytest.approx((1 + 1 + 0 + 0.5) / 4)


def test_pooling_never_compares_households_of_two_origins():
    y, s = np.array([1.0, 0.0, 0.0]), np.array([3.0, 2.0, 1.0])
    early, late = Scored(outcome=y, score=s), Scored(outcome=y, score=s - 100)
    assert one(pool([sums(early, capacities=[0.3]), sums(late, capacities=[0.3])]))["auc"] == 1.0


def test_calibration_error_of_what_is_right_on_average_and_of_what_is_not():
    rng = np.random.default_rng(0)
    p = rng.random(40_000)
    y = (rng.random(40_000) < p).astype(float)
    right = one(sums(Scored(outcome=y, score=p, probability=p), capacities=[0.1]))
    wrong = one(sums(Scored(outcome=y, score=p, probability=p / 2), capacities=[0.1]))
    assert right["calibration_error"] < 0.01
    assert wrong["calibration_error"] == pytest.approx(0.25, abs=0.01)
    assert right["brier_skill"] > wrong["brier_skill"]
    assert sum(b["rows"] for b in reliability(Scored(outcome=y, score=p, probability=p))) == 40_000


def test_equal_probabilities_share_a_bin():
    p = np.r_[np.full(50, 0.2), np.linspace(0.3, 0.9, 50)]
    assert len(set(calibration_bins(p)[:50])) == 1


def test_one_class_leaves_the_measures_undefined_rather_than_wrong():
    found = one(sums(Scored(outcome=np.zeros(5), score=np.arange(5.0)), capacities=[0.2]))
    assert np.isnan(found["auc"])
    assert np.isnan(found["recall_at_20pct"])
