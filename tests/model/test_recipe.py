"""How much model rows can bear, and what is done with very many of them."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.model import RiskClassifier
from riskmodel.model.blend import choose_share, effective_rows
from riskmodel.model.recipe import make_recipe


def recipe(rows: int, positives: int, weight: np.ndarray | None = None, bags: int | None = None):
    y = np.zeros(rows)
    y[:positives] = 1
    return make_recipe(
        y,
        weight=np.ones(rows) if weight is None else weight,
        n_features=30,
        monotone=np.zeros(30, dtype=int),
        folds=5,
        bags=bags,
        seed=0,
        n_jobs=1,
        given={},
    )


def test_fewer_rows_more_bags() -> None:
    assert [recipe(rows, rows // 5).bags for rows in (500, 2_500, 5_000, 30_000)] == [8, 8, 4, 1]


def test_fewer_positives_smaller_trees() -> None:
    assert recipe(3_000, 100).parameters["num_leaves"] < recipe(3_000, 900).parameters["num_leaves"]


def test_weights_on_a_few_rows_make_it_a_matter_of_few_rows() -> None:
    weight = np.full(2_000, 1e-6)
    weight[:50] = 1.0
    assert not recipe(2_000, 400).tiny
    assert recipe(2_000, 400, weight).tiny


def test_very_many_rows_leave_out_a_twentieth_and_are_boosted_once() -> None:
    assert (recipe(15_000, 900).left_out, recipe(50_000, 900).left_out) == (None, 0.2)
    assert recipe(50_000, 900).refit
    assert not recipe(1_000_000, 900).refit
    # Bags that were asked for are boosted.
    assert recipe(1_000_000, 900, bags=3).refit
    assert recipe(1_000_000, 900).left_out == 0.05


def test_equal_weights_count_every_row_and_one_heavy_row_counts_once() -> None:
    assert effective_rows(np.full(10, 3.0)) == pytest.approx(10)
    assert effective_rows(np.array([1.0, 1e-9, 1e-9])) == pytest.approx(1, abs=1e-6)


def test_the_share_stays_near_one_half_until_rows_say_otherwise() -> None:
    rng = np.random.default_rng(0)
    truth, noise = rng.normal(size=20_000), rng.normal(size=20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-truth))).astype(float)

    def share(rows: int) -> float:
        some = slice(rows)
        curves, trees = truth[some], truth[some] + 0.2 * noise[some]
        return choose_share(y[some], weight=np.ones(rows), curves=curves, trees=trees, prior=0.3)

    assert 0.3 <= share(40) <= 0.7
    assert share(20_000) > 0.8
    assert choose_share(y[:40], weight=np.ones(40), curves=truth[:40], trees=noise[:40], prior=1e-6) == 0.5


@pytest.mark.parametrize("grouped", [False, True])
def test_trees_kept_from_one_leaving_out(monkeypatch: pytest.MonkeyPatch, grouped: bool) -> None:
    """What a million rows do, with a few thousand: the rows left out were never taught, and sums stay exact."""
    monkeypatch.setattr("riskmodel.model.recipe.MANY_ROWS", 3_000)
    monkeypatch.setattr("riskmodel.model.recipe.VERY_MANY_ROWS", 3_500)
    rng = np.random.default_rng(2)
    X = rng.normal(size=(4_000, 5))
    X[rng.random(X.shape) < 0.05] = np.nan
    y = (rng.random(4_000) < 1 / (1 + np.exp(1.5 - np.nan_to_num(X[:, 0]) ** 2))).astype(int)
    groups = np.arange(4_000) // 8 if grouped else None
    model = RiskClassifier(learning_rate=0.2).fit(X, y, groups=groups)
    out = ~np.isnan(model.out_of_fold_margin_)
    assert 700 <= out.sum() <= 900
    if groups is not None:
        assert not set(groups[out]) & set(groups[~out])
    # The margins of the rows left out are those of the final model as far as they are of its trees.
    trees = model.booster_.predict(X, raw_score=True)
    rest = model.out_of_fold_margin_[out] - trees[out]
    assert np.corrcoef(rest, model.linear_.margin(X)[out])[0, 1] > 0.999
    assert model.rounds_ == model.booster_.num_trees()
    margin = model.contributions(X).sum(axis=1) + model.base_value_
    np.testing.assert_allclose(margin, model.decision_function(X), atol=1e-9)
    again = RiskClassifier(learning_rate=0.2).fit(X, y, groups=groups)
    assert again.booster_text_ == model.booster_text_
