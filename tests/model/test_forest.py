"""The faster way through the trees gives LightGBM's own sums to the last bit, or leaves them to LightGBM."""

from __future__ import annotations

import re

import lightgbm as lgb
import numpy as np
import pytest

from riskmodel.model import RiskClassifier
from riskmodel.model.forest import read_forest
from riskmodel.model.trees import Trees, trees_of

ZERO = float(np.float32(1e-35))


def grown(rng: np.random.Generator, **parameters: object) -> tuple[lgb.Booster, np.ndarray]:
    """A booster and the rows that it has seen, with missing values in half of the columns."""
    X = rng.normal(size=(3_000, 8))
    X[:, :2] = np.round(X[:, :2])
    X[rng.random(X.shape) < np.array([0, 0.2] * 4)] = np.nan
    y = rng.random(len(X)) < 1 / (1 + np.exp(np.nan_to_num(X[:, 0] * X[:, 2]) + np.isnan(X[:, 1])))
    X *= rng.choice([1e-3, 1.0, 1e6], size=8)
    given = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 31, **parameters}
    return lgb.train(given, lgb.Dataset(X, y.astype(float)), 20), X


def hostile(rng: np.random.Generator, booster: lgb.Booster, columns: int) -> np.ndarray:
    """Rows of thresholds, what is a hair beside them, what LightGBM reads as zero, huge values, missing everywhere."""
    seen: list[list[float]] = [[] for _ in range(columns)]
    for tree in trees_of(booster.model_to_string()):
        for feature, threshold in zip(tree["split_feature"].split(), tree["threshold"].split(), strict=True):
            seen[int(feature)].append(float(threshold))
    rows = np.empty((5_000, columns))
    for column, thresholds in enumerate(seen):
        at = np.array([value for value in [*thresholds, 0.0] if np.isfinite(value)])
        beside = [np.nextafter(at, np.inf), np.nextafter(at, -np.inf), at, at + rng.normal(size=len(at))]
        few = [0.0, -0.0, ZERO, -ZERO, 1e-35, -1e-35, 5e-36, -5e-36, 1e300, -1e300, 1.7e308, np.nan]
        rows[:, column] = rng.choice(np.concatenate([*beside, few]), len(rows))
    return rows


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("leaves", [2, 31, 64])
def test_sums_are_lightgbms_own_to_the_last_bit(seed, leaves):
    rng = np.random.default_rng(seed)
    booster, X = grown(rng, num_leaves=leaves, min_data_in_leaf=5)
    rows = np.concatenate([X, hostile(rng, booster, X.shape[1])])
    forest = read_forest(booster, booster.model_to_string(), np.ascontiguousarray(X.T))
    assert np.array_equal(forest.margin(np.ascontiguousarray(rows.T)), booster.predict(rows, raw_score=True))


def test_a_threshold_within_what_is_read_as_zero_sends_all_of_it_one_way():
    booster, X = grown(np.random.default_rng(0))
    for place in ("0", "-0", "5e-36", "-5e-36", repr(ZERO), repr(-ZERO)):
        text = booster.model_to_string()
        old = trees_of(text)[0]["threshold"]
        text = text.replace(old, " ".join([place] * len(old.split())), 1)
        # LightGBM would trust the sizes that the text had before.
        text = re.sub(r"(?m)^tree_sizes=.*\n", "", text)
        moved = lgb.Booster(model_str=text)
        rows = hostile(np.random.default_rng(1), moved, X.shape[1])
        forest = read_forest(moved, text, np.ascontiguousarray(X.T))
        assert np.array_equal(forest.margin(np.ascontiguousarray(rows.T)), moved.predict(rows, raw_score=True))


@pytest.mark.parametrize(
    "parameters",
    [{"num_leaves": 80, "min_data_in_leaf": 5}, {"zero_as_missing": True}, {"linear_tree": True}],
    ids=["more leaves than bits", "zero is missing", "lines in leaves"],
)
def test_other_trees_are_left_to_lightgbm(parameters):
    booster, X = grown(np.random.default_rng(0), **parameters)
    columns = np.ascontiguousarray(X.T)
    assert read_forest(booster, booster.model_to_string(), columns) is None
    trees = Trees(booster, booster.model_to_string())
    assert np.array_equal(trees.margin(columns, n_jobs=1), booster.predict(X, raw_score=True))


def test_categories_are_left_to_lightgbm():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, (3_000, 2)).astype(float)
    data = lgb.Dataset(X, (X[:, 0] == 3).astype(float), categorical_feature=[0])
    booster = lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 3)
    assert read_forest(booster, booster.model_to_string(), np.ascontiguousarray(X.T)) is None


def test_sums_that_differ_are_left_to_lightgbm_and_told(caplog):
    booster, X = grown(np.random.default_rng(0))
    other, _ = grown(np.random.default_rng(1))
    columns = np.ascontiguousarray(X.T)
    assert read_forest(booster, other.model_to_string(), columns) is None
    assert "LightGBM alone" in caplog.text


def test_a_classifier_gives_few_and_many_rows_the_same_margins():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4_000, 5))
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0]) + rng.normal(size=len(X)) > 1).astype(int)
    model = RiskClassifier(rounds=20, bags=2).fit(X, y)
    few = np.concatenate([model.decision_function(X[start : start + 100]) for start in range(0, len(X), 100)])
    assert model._trees._forest is None
    assert np.array_equal(model.decision_function(X), few)
    assert model._trees._forest is not None
    assert np.array_equal(model.decision_function(X[:100]), few[:100])


def test_no_trees_add_nothing():
    booster, X = grown(np.random.default_rng(0))
    head, _, rest = booster.model_to_string(num_iteration=1).partition("Tree=0")
    text = re.sub(r"(?m)^tree_sizes=.*\n", "tree_sizes=\n", head) + rest[rest.index("end of trees") :]
    empty = lgb.Booster(model_str=text)
    assert empty.num_trees() == 0
    forest = read_forest(empty, text, np.ascontiguousarray(X.T))
    assert np.array_equal(forest.margin(np.ascontiguousarray(X.T)), np.zeros(len(X)))
