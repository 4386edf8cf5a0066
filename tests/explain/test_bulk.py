"""Contributions in bulk are LightGBM's own and the curves' exact ones; when they are not, the run says so."""

from __future__ import annotations

import math

import lightgbm
import numpy as np
import pandas as pd
import pytest
import shap
from brute_force import brute_force
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.explain import Contributions, against_background, bulk
from riskmodel.model import RiskClassifier

FEATURES = 6


def matrix(rows: int, *, seed: int, missing: float = 0.15) -> pd.DataFrame:
    """Amounts, counts and yes or no, many equal, some missing; the first column never."""
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [
            rng.normal(size=rows),
            np.round(np.exp(rng.normal(size=rows)) * 1000, 2),
            rng.poisson(1.0, size=rows),
            rng.integers(0, 2, size=rows),
            np.round(rng.normal(size=rows), 1),
            rng.normal(size=rows) * 1e9,
        ]
    )
    values[:, 1:][rng.random((rows, FEATURES - 1)) < missing] = np.nan
    return pd.DataFrame(values, columns=[f"feature {i}" for i in range(FEATURES)])


def fitted(*, seed: int = 0, rows: int = 900, **settings_: object) -> RiskClassifier:
    X = matrix(rows, seed=seed)
    rng = np.random.default_rng(seed + 1)
    score = X["feature 0"] - 0.8 * X["feature 2"].fillna(2) + (X["feature 4"].fillna(0) > 0) * X["feature 3"].fillna(1)
    y = (score + rng.normal(size=rows) > 0.4).astype(int)
    options = {"rounds": 40, "bags": 2, "folds": 2, "linear_weight": 0.4, "num_leaves": 12} | settings_
    return RiskClassifier(**options).fit(X, y)


@pytest.fixture(scope="module")
def classifier() -> RiskClassifier:
    return fitted()


def thresholds(classifier: RiskClassifier) -> np.ndarray:
    table = classifier.booster_.trees_to_dataframe()
    return table["threshold"].dropna().to_numpy(dtype=np.float64)


def awkward_rows(classifier: RiskClassifier, rows: int) -> pd.DataFrame:
    """Rows with values on the trees' thresholds, a hair beside them, far beyond, and missing where none ever was."""
    X = matrix(rows, seed=99)
    rng = np.random.default_rng(5)
    cuts = thresholds(classifier)
    for column in X:
        on = rng.random(rows) < 0.3
        beside = rng.choice([0.0, 1e-9, -1e-9], size=rows)
        X.loc[on, column] = rng.choice(cuts, size=rows)[on] * (1 + beside[on])
    X.loc[::11, "feature 0"] = np.nan
    X.loc[::13, "feature 1"] = 1e30
    X.loc[::17, "feature 5"] = -1e30
    X.loc[0] = np.nan
    return X


def test_ten_thousand_rows_equal_lightgbms_own_and_add_up(classifier):
    X = awkward_rows(classifier, 10_000)
    work = Contributions(classifier, rows=len(X))
    found = work(X)
    booster = lightgbm.Booster(model_str=classifier.booster_text_)
    own = booster.predict(X.to_numpy(), pred_contrib=True)[:, :-1] + classifier.linear_.terms(X.to_numpy())
    assert (work.by, work.why, work.rows_checked) == ("woodelf", None, 200)
    assert np.abs(found - own).max() <= 1e-5
    assert np.abs(found.sum(axis=1) + classifier.base_value_ - classifier.decision_function(X)).max() <= 1e-5
    assert work.against_lightgbm <= 1e-5


def test_rows_explained_in_slices_are_explained_alike(classifier, monkeypatch):
    X = awkward_rows(classifier, 3_000)
    whole = Contributions(classifier, rows=len(X))(X)
    monkeypatch.setattr(bulk, "SLICE", 700)
    assert np.abs(whole - Contributions(classifier, rows=len(X))(X)).max() <= 1e-6


def test_few_rows_are_left_to_lightgbm(classifier):
    X = matrix(50, seed=3)
    work = Contributions(classifier, rows=len(X))
    assert np.array_equal(work(X), classifier.contributions(X))
    assert work.by == "lightgbm"
    assert work.why == "50 rows are fewer than the 2000 from which woodelf is faster"


def test_a_model_without_trees():
    alone = fitted(linear_weight=1.0)
    X = matrix(2_500, seed=4)
    work = Contributions(alone, rows=len(X))
    assert np.abs(work(X) - alone.linear_.terms(X.to_numpy())).max() <= 1e-9
    assert work.by == "woodelf"


@pytest.mark.parametrize("fault", ["wrong", "raises", "sums"])
def test_where_woodelf_is_wrong_lightgbm_takes_over_and_it_is_said(classifier, monkeypatch, caplog, fault):
    honest = bulk.trees_shap

    def faulty(trees, values, **given):
        if fault == "raises":
            raise KeyError("a change in a library")
        found = honest(trees, values, **given)
        found[:, 0] += 1e-3
        if fault == "wrong":
            found[:, 1] -= 1e-3
        return found

    monkeypatch.setattr(bulk, "trees_shap", faulty)
    X = matrix(3_000, seed=6)
    work = Contributions(classifier, rows=len(X))
    assert np.array_equal(work(X), classifier.contributions(X))
    said = {
        "wrong": "woodelf's differ from LightGBM's own by 0.001",
        "raises": "woodelf failed: KeyError: 'a change in a library'",
        "sums": "woodelf's add up to the margin but for 0.001",
    }[fault]
    assert work.told()["by"] == "lightgbm"
    assert work.told()["why"] == said
    assert f"contributions are worked out by LightGBM: {said}" in caplog.text


def tree_expectation(node: dict, row: np.ndarray, known: frozenset[int]) -> float:
    """What a tree gives on average when only some features are known: by cover wherever one is not."""
    if "leaf_value" in node:
        return node["leaf_value"]
    feature, left, right = node["split_feature"], node["left_child"], node["right_child"]
    if feature in known:
        value = row[feature]
        if math.isnan(value) and node["missing_type"] == "None":
            value = 0.0
        goes_left = node["default_left"] if math.isnan(value) else value <= node["threshold"]
        return tree_expectation(left if goes_left else right, row, known)

    def cover(child: dict) -> float:
        return child.get("leaf_count", child.get("internal_count"))

    shares = cover(left), cover(right)
    return (shares[0] * tree_expectation(left, row, known) + shares[1] * tree_expectation(right, row, known)) / sum(
        shares
    )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), leaves=st.integers(2, 8), place=st.integers(0, 199))
def test_they_are_shapley_values_by_their_definition(seed, leaves, place):
    classifier = fitted(seed=seed % 7, rows=300, rounds=4, bags=1, num_leaves=leaves, min_data_in_leaf=10)
    X = matrix(200, seed=seed)
    row = X.to_numpy()[place]
    trees = [tree["tree_structure"] for tree in classifier.booster_.dump_model()["tree_info"]]
    expected = brute_force(lambda known: sum(tree_expectation(tree, row, known) for tree in trees), FEATURES)
    expected += classifier.linear_.terms(row[None, :])[0]
    read = bulk.read_trees(classifier)
    ours = classifier.linear_.terms(X.to_numpy()) + bulk.trees_shap(read, X.to_numpy())
    assert ours[place] == pytest.approx(expected, abs=1e-6)
    assert classifier.contributions(X.iloc[[place]])[0] == pytest.approx(expected, abs=1e-6)


def test_against_a_background_they_are_shaps_interventional_values_and_add_up(classifier):
    X, background = matrix(300, seed=8), matrix(40, seed=9)
    found, base = against_background(classifier, X, background)
    assert base == pytest.approx(classifier.decision_function(background).mean(), abs=1e-12)
    assert np.abs(found.sum(axis=1) + base - classifier.decision_function(X)).max() <= 1e-5
    lines = classifier.linear_
    tree = shap.TreeExplainer(
        classifier.booster_, data=background.to_numpy(), feature_perturbation="interventional", model_output="raw"
    )
    theirs = tree.shap_values(X.to_numpy(), check_additivity=False)
    curves = lines.terms(X.to_numpy()) - lines.terms(background.to_numpy()).mean(axis=0)
    assert np.abs(found - curves - theirs).max() <= 1e-5
