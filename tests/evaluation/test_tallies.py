"""What a list holds of each group: ties in expectation, draws as if the drawn rows stood there, groups that add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.bootstrap import ClusterDraws
from riskmodel.evaluation.metrics import Scored, measures, sums
from riskmodel.evaluation.tallies import on_own_lists, on_the_list, pooled, tally


def by_hand(score, share, weights):
    """Visit the highest score first; whole groups of ties share what is left."""
    total = weights.sum()
    left = max(1.0, np.floor(share * total + 0.5)) if total else 0.0
    held = np.zeros(len(score))
    for value in sorted(set(score), reverse=True):
        tied = score == value
        size = weights[tied].sum()
        held[tied] = min(1.0, left / size) if size else 0.0
        left = max(0.0, left - size)
    return np.where(weights > 0, held, 0.0)


ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=160)


@given(ROWS, st.floats(0.001, 0.999))
@settings(max_examples=150, deadline=None)
def test_a_list_is_filled_from_the_top_and_ties_share_what_is_left(rows, share):
    score = np.array([float(s) for s, _ in rows])
    weights = np.array([[float(w) for _, w in rows]])
    held = on_the_list(score, share=share, weights=weights)[0]
    assert held * weights[0] == pytest.approx(by_hand(score, share, weights[0]) * weights[0])


def test_a_long_list_far_below_the_top_is_found():
    rng = np.random.default_rng(0)
    score = rng.random(5000)
    # All weight lies on the lowest scores, so the first look at the top sees nobody.
    weights = np.vstack([score < 0.1, np.ones(5000)]).astype(float)
    held = on_the_list(score, share=0.02, weights=weights)
    for row in range(2):
        assert (held[row] * weights[row]).sum() == pytest.approx(round(0.02 * weights[row].sum()))


def test_places_of_their_own_are_filled_apart():
    score = np.array([9.0, 8.0, 7.0, 1.0, 0.5, 0.1])
    places = np.array([0, 0, 0, 1, 1, 1])
    held = on_own_lists(score, share=0.34, weights=np.ones((1, 6)), places=places)[0]
    assert held.tolist() == [1, 0, 0, 1, 0, 0]
    assert on_the_list(score, share=0.34, weights=np.ones((1, 6)))[0].tolist() == [1, 1, 0, 0, 0, 0]


@pytest.fixture
def predictions():
    rng = np.random.default_rng(3)
    n = 900
    risk = np.round(rng.beta(1, 9, n), 2)
    return Predictions(
        rows=np.arange(n),
        stratum=np.repeat([0, 1, 2], n // 3),
        fold=np.zeros(n, dtype=int),
        outcome=(rng.random(n) < risk).astype(float),
        scores={"model": risk},
        origins=[None, None, None],
        trained_on=[(1, 1)] * 3,
    )


def test_the_whole_county_is_what_the_tables_say(predictions):
    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 30, len(predictions.rows))
    boot = ClusterDraws.of(30, draws=40, seed=1)
    risk = predictions.scores["model"]

    def listing(rows, weights):
        return on_the_list(risk[rows], share=0.05, weights=weights)

    everyone = np.ones((len(risk), 1), dtype=bool)
    found = tally(predictions, everyone, listing=listing, boot=boot, clusters=clusters)
    for stratum, part in enumerate(found):
        rows = predictions.stratum == stratum
        scored = Scored(outcome=predictions.outcome[rows], score=risk[rows], probability=risk[rows])
        weights = np.concatenate(list(boot.weights(clusters[rows])))
        table = measures(sums(scored, capacities=[0.05], weights=weights))
        drawn = part.drawn
        assert (drawn.caught / drawn.positives)[:, 0] == pytest.approx(table["recall_at_5pct"])
        assert (drawn.caught / drawn.listed)[:, 0] == pytest.approx(table["precision_at_5pct"])


def test_a_group_and_everyone_else_make_up_all(predictions):
    rng = np.random.default_rng(5)
    n = len(predictions.rows)
    clusters, inside = rng.integers(0, 20, n), rng.random(n) < 0.3
    risk = predictions.scores["model"]
    found = pooled(
        tally(
            predictions,
            np.column_stack([inside, ~inside, np.ones(n, dtype=bool)]),
            listing=lambda rows, weights: on_the_list(risk[rows], share=0.1, weights=weights),
            boot=ClusterDraws.of(20, draws=30, seed=2),
            clusters=clusters,
        )
    )
    others = found.group(2) - found.group(0)
    assert others.drawn.caught == pytest.approx(found.group(1).drawn.caught)
    assert found.total_of([0, 1]).once.listed == pytest.approx(found.group(2).once.listed)
    less = found.group(0).less(others, "recall", level=0.9)
    assert less.value == pytest.approx(
        found.group(0).of("recall", level=0.9).value - others.of("recall", level=0.9).value
    )
    assert less.low < less.value < less.high
