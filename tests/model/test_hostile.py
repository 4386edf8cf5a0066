"""Rows as they come: empty, constant, doubled, absurd, lopsided. A model or a clear word, never nonsense."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskmodel.model import RiskClassifier


def _rows(n: int = 200, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["income", "members", "illness"])
    y = (rng.random(n) < 1 / (1 + np.exp(1.0 + X["income"].to_numpy()))).astype(int)
    return X, y


def _risk(X: pd.DataFrame, y: np.ndarray, **fit: np.ndarray) -> np.ndarray:
    model = RiskClassifier(bags=1, rounds=30, folds=3).fit(X, y, **fit)
    risk = model.predict_proba(X)[:, 1]
    assert np.isfinite(risk).all()
    np.testing.assert_allclose(
        model.contributions(X).sum(axis=1) + model.base_value_, model.decision_function(X), atol=1e-8
    )
    return risk


def test_columns_that_say_nothing_change_no_order() -> None:
    X, y = _rows()
    more = X.assign(constant=7.0, empty=np.nan, never=0.0)
    model = RiskClassifier(bags=1, rounds=30, folds=3).fit(more, y)
    assert (model.contributions(more)[:, 3:] == 0).all()


def test_a_column_of_missing_values_in_some_folds_only() -> None:
    X, y = _rows()
    X["seldom"] = np.nan
    X.loc[[3, 50], "seldom"] = [1.0, 2.0]
    _risk(X, y)


def test_all_columns_missing_gives_everyone_the_share() -> None:
    X, y = _rows()
    risk = _risk(X * np.nan, y)
    assert np.ptp(risk) < 1e-12
    assert abs(risk[0] - y.mean()) < 0.01


def test_one_group_only_leaves_nobody_out_and_draws_straight_lines() -> None:
    X, y = _rows()
    model = RiskClassifier().fit(X, y, groups=np.zeros(len(y)))
    assert model.rounds_ == 0
    assert np.isnan(model.out_of_fold_margin_).all()
    assert np.corrcoef(model.decision_function(X), X["income"])[0, 1] < -0.9


def test_one_positive_gives_small_risks() -> None:
    X, _ = _rows()
    y = np.zeros(len(X), dtype=int)
    y[17] = 1
    risk = _risk(X, y)
    assert abs(risk.mean() - 1 / len(y)) < 0.005
    assert risk.max() < 0.2


def test_positives_in_two_groups_only() -> None:
    X, y = _rows()
    y[:] = 0
    y[:12] = 1
    _risk(X, y, groups=np.r_[np.zeros(6), np.ones(6), np.arange(2, len(y) - 10)])


def test_all_weight_on_one_class_is_refused_and_names_it() -> None:
    X, y = _rows()
    with pytest.raises(ValueError, match="only one class: 0"):
        RiskClassifier().fit(X, y, sample_weight=(y == 0).astype(float))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        RiskClassifier().fit(X, y, sample_weight=np.zeros(len(y)))


def test_a_column_twice_has_the_influence_of_one() -> None:
    X, y = _rows(600)
    once = _risk(X, y)
    twice = _risk(X.assign(again=X["income"]), y)
    assert np.corrcoef(once, twice)[0, 1] > 0.98


@pytest.mark.parametrize("factor", [1e12, 1e-12, 1e150])
def test_the_unit_of_a_feature_does_not_matter(factor: float) -> None:
    X, y = _rows(300)
    plain = _risk(X, y)
    scaled = _risk(X.assign(income=X["income"] * factor), y)
    assert np.corrcoef(plain, scaled)[0, 1] > 0.98


def test_an_absurd_value_stays_within_what_training_saw() -> None:
    X, y = _rows(300)
    model = RiskClassifier(bags=1, rounds=30, folds=3).fit(X, y)
    lowest = X.assign(income=X["income"].min())
    np.testing.assert_allclose(
        model.decision_function(lowest.assign(income=-1e300)), model.decision_function(lowest), atol=1e-9
    )


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_only_the_ratio_of_weights_counts(factor: float) -> None:
    X, y = _rows(300)
    weight = np.where(X["members"] > 0, 2.0, 1.0)
    np.testing.assert_allclose(_risk(X, y, sample_weight=weight * factor), _risk(X, y, sample_weight=weight), rtol=1e-6)


@pytest.mark.parametrize("rows", [1_500, 24_000])
def test_the_mean_risk_is_the_mean_outcome_under_weights(rows: int) -> None:
    """Rare outcomes that were drawn more often and weigh less: risks are the population's, not the sample's."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(rows, 4))
    y = (rng.random(rows) < 1 / (1 + np.exp(1.2 - X[:, 0] + 0.5 * X[:, 1]))).astype(int)
    weight = np.where(y == 1, 0.2, 1.0)
    model = RiskClassifier(bags=1).fit(X, y, sample_weight=weight)
    share = np.average(y, weights=weight)
    assert share < 0.5 * y.mean()
    out = ~np.isnan(model.out_of_fold_margin_)
    left_out = model.calibrator_.risk(model.out_of_fold_margin_[out])
    np.testing.assert_allclose(
        np.average(left_out, weights=weight[out]), np.average(y[out], weights=weight[out]), rtol=0.02
    )
    risk = model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(np.average(risk, weights=weight), share, rtol=0.05)
    for part in np.array_split(np.argsort(risk), 4):
        found = np.average(y[part], weights=weight[part])
        assert abs(np.average(risk[part], weights=weight[part]) - found) < 0.03
