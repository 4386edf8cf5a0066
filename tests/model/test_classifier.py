"""What a data scientist relies on: sums that add up, directions that hold, the same bytes again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from riskmodel.errors import CallError
from riskmodel.model import RiskClassifier

NAMES = ["income", "illness", "members", "cropland"]


def _households(n: int, seed: int, *, missing: float = 0.05) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, len(NAMES)))
    X[:, 1] = rng.poisson(0.5, size=n)
    X[:, 3] = np.exp(X[:, 3])
    log_odds = -1.5 - X[:, 0] + 0.7 * X[:, 1] + 0.8 * (X[:, 2] > 0.5) * (X[:, 0] < 0)
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    X[rng.random(X.shape) < missing] = np.nan
    return pd.DataFrame(X, columns=NAMES), y


@pytest.fixture(scope="module")
def fitted() -> tuple[RiskClassifier, pd.DataFrame, np.ndarray]:
    X, y = _households(600, 1)
    return RiskClassifier(monotone={"income": -1, "illness": 1}, linear_weight=0.4).fit(X, y), X, y


def test_base_value_and_contributions_add_up_to_the_margin(fitted):
    model, X, _ = fitted
    margin = model.decision_function(X)
    assert np.ptp(margin) > 1
    np.testing.assert_allclose(model.contributions(X).sum(axis=1) + model.base_value_, margin, atol=1e-9)


def test_contributions_are_the_curves_plus_lightgbms_own(fitted):
    model, X, _ = fitted
    trees = model.booster_.predict(X.to_numpy(), pred_contrib=True)[:, :-1]
    assert np.abs(trees).max() > 0
    np.testing.assert_allclose(model.contributions(X) - trees, model.linear_.terms(X.to_numpy()), atol=1e-12)


def test_each_curve_has_mean_zero_over_the_training_rows(fitted):
    model, X, _ = fitted
    np.testing.assert_allclose(model.linear_.terms(X.to_numpy()).mean(axis=0), 0.0, atol=1e-9)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(fitted):
    model, X, y = fitted
    again = clone(model).fit(X, y)
    assert again.booster_text_ == model.booster_text_
    assert again.linear_.to_dict() == model.linear_.to_dict()
    assert clone(model).set_params(random_state=7).fit(X, y).booster_text_ != model.booster_text_


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(80, 500), noise=st.floats(0, 1))
def test_raising_a_bound_feature_never_moves_the_risk_the_wrong_way(seed, n, noise):
    X, y = _households(n, seed)
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(n) < noise, rng.integers(0, 2, n), y)
    y[:2] = [0, 1]
    model = RiskClassifier(monotone={"income": -1, "illness": 1}, rounds=40, folds=2, linear_weight=0.5).fit(X, y)
    grid = np.concatenate([[-1e9], np.linspace(-4, 6, 60), [1e9]])
    for row in range(5):
        for name, direction in (("income", -1), ("illness", 1)):
            raised = pd.DataFrame(np.repeat(X.iloc[[row]].to_numpy(), grid.size, axis=0), columns=NAMES)
            raised[name] = grid
            assert (np.diff(model.decision_function(raised)) * direction >= -1e-12).all()
            assert (np.diff(model.predict_proba(raised)[:, 1]) * direction >= -1e-12).all()


def test_a_free_feature_may_go_either_way():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 1))
    y = (np.abs(X[:, 0]) > 1).astype(int)
    low, middle, high = RiskClassifier().fit(X, y).predict_proba([[-2.0], [0.0], [2.0]])[:, 1]
    assert low > middle < high


def test_unknown_name_in_monotone_gets_the_nearest():
    X, y = _households(100, 0)
    with pytest.raises(CallError, match=r'"incme".*Did you mean "income"'):
        RiskClassifier(monotone={"incme": -1}).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"monotone": [1, 0]}, "2 directions, X has 4 columns"),
        ({"monotone": {"income": 2}}, "expected -1, 0 or 1"),
        ({"calibration": "sigmoidal"}, 'Did you mean "sigmoid"'),
        ({"linear_weight": 1.5}, "from 0 to 1"),
        ({"linear_penalty": 0.0}, "above 0"),
        ({"folds": 1}, "2 or more"),
    ],
)
def test_a_parameter_that_cannot_be_is_named(parameters, words):
    X, y = _households(100, 0)
    with pytest.raises(CallError, match=words):
        RiskClassifier(**parameters).fit(X, y)


def test_one_class_only_names_the_class():
    X, _ = _households(50, 0)
    with pytest.raises(ValueError, match="only one class: 0"):
        RiskClassifier().fit(X, np.zeros(50, dtype=int))


def test_three_classes_are_refused_in_scikit_learns_words():
    X, _ = _households(60, 0)
    with pytest.raises(ValueError, match=r"Only binary classification is supported.*multiclass"):
        RiskClassifier().fit(X, np.arange(60) % 3)


def test_infinite_values_are_refused():
    X, y = _households(60, 0)
    X.iloc[3, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        RiskClassifier().fit(X, y)


@pytest.mark.parametrize("n", [10, 59, 61])
@pytest.mark.parametrize("positives", [1, 3])
def test_a_handful_of_rows_still_gives_risks(n, positives):
    X, _ = _households(n, 3)
    X["empty"] = np.nan
    X["constant"] = 4.0
    y = np.zeros(n, dtype=int)
    y[:positives] = 1
    model = RiskClassifier().fit(X, y)
    risk = model.predict_proba(X)[:, 1]
    assert np.isfinite(risk).all()
    assert abs(risk.mean() - positives / n) < 0.1
    np.testing.assert_array_equal(model.contributions(X)[:, -2:], 0.0)


def test_a_feature_never_missing_in_training_may_be_missing_when_scoring():
    X, y = _households(300, 4, missing=0.0)
    model = RiskClassifier().fit(X, y)
    X.loc[0, "income"] = np.nan
    assert np.isfinite(model.predict_proba(X.head(1))).all()
    assert model.linear_.terms(X.head(1).to_numpy())[0, 0] == 0.0


def test_whole_numbers_as_weights_count_rows_again():
    X, y = _households(40, 5)
    weight = np.arange(40) % 3
    weighted = RiskClassifier().fit(X, y, sample_weight=weight)
    repeated = RiskClassifier().fit(X.loc[X.index.repeat(weight)], y.repeat(weight))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


def test_weights_matter_where_rows_are_many():
    X, y = _households(500, 6)
    heavy = RiskClassifier().fit(X, y, sample_weight=np.where(y == 1, 5.0, 1.0)).predict_proba(X)[:, 1]
    assert heavy.mean() > 1.5 * y.mean()


def test_rows_of_one_group_are_left_out_together():
    X, y = _households(300, 7)
    X2, y2 = pd.concat([X, X], ignore_index=True), np.concatenate([y, y])
    groups = np.tile(np.arange(300), 2)
    apart = RiskClassifier(rounds=200, linear_weight=0.0, num_leaves=15).fit(X2, y2)
    together = RiskClassifier(rounds=200, linear_weight=0.0, num_leaves=15).fit(X2, y2, groups=groups)
    # A twin in the training rows gives a left-out row away; groups keep the twins apart from it.
    assert log_loss(y2, _chance(apart.out_of_fold_margin_)) < log_loss(y2, _chance(together.out_of_fold_margin_))


def _chance(margin: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margin))


def test_works_where_scikit_learn_estimators_do():
    X, y = _households(300, 8)
    groups = np.arange(300) // 2
    piped = make_pipeline(StandardScaler(), RiskClassifier(folds=2, rounds=30))
    risk = cross_val_predict(piped, X, y, groups=groups, cv=GroupKFold(3), method="predict_proba")[:, 1]
    assert np.corrcoef(risk, y)[0, 1] > 0.2
    routed = cross_val_predict(RiskClassifier(folds=2, rounds=20), X, y, cv=3, params={"groups": groups})
    assert set(routed) <= {0, 1}
    search = GridSearchCV(RiskClassifier(folds=2, rounds=20), {"linear_weight": [0.0, 1.0]}, cv=2).fit(X, y)
    assert search.best_params_["linear_weight"] in (0.0, 1.0)


def test_text_classes_come_back():
    X, y = _households(200, 9)
    words = np.where(y == 1, "poor", "not")
    model = RiskClassifier(rounds=20, folds=2).fit(X, words)
    assert list(model.classes_) == ["not", "poor"]
    assert set(model.predict(X)) <= {"not", "poor"}


def test_defaults_do_not_lose_to_logistic_regression_on_small_linear_data():
    """Where logistic regression is the truth itself, the loss over it stays within one standard error."""
    differences = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(4600, 12))
        log_odds = -2.2 + X[:, :5] @ np.array([0.8, -0.6, 0.5, -0.4, 0.3])
        y = (rng.random(4600) < 1 / (1 + np.exp(-log_odds))).astype(int)
        train, test = slice(0, 600), slice(600, None)
        ours = RiskClassifier().fit(X[train], y[train]).predict_proba(X[test])[:, 1]
        plain = LogisticRegression().fit(X[train], y[train]).predict_proba(X[test])[:, 1]
        differences.append(log_loss(y[test], ours) - log_loss(y[test], plain))
    standard_error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    assert np.mean(differences) <= standard_error


def test_defaults_beat_logistic_regression_where_truth_bends():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 6))
    log_odds = -2.0 + 1.5 * np.abs(X[:, 0]) - 1.2 * (X[:, 1] > 0) * (X[:, 2] > 0)
    y = (rng.random(6000) < 1 / (1 + np.exp(-log_odds))).astype(int)
    ours = RiskClassifier().fit(X[:1500], y[:1500]).predict_proba(X[1500:])[:, 1]
    plain = LogisticRegression().fit(X[:1500], y[:1500]).predict_proba(X[1500:])[:, 1]
    assert log_loss(y[1500:], ours) < log_loss(y[1500:], plain) - 0.03
