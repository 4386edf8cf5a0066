"""Several boosters in one LightGBM text: the average, exactly, with contributions of its own."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import shap

from riskmodel.model.trees import load_booster, merge_texts, safe_names


@pytest.fixture(scope="module")
def boosters() -> tuple[list[lgb.Booster], np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0] * X[:, 1]) > 0).astype(int)
    given = {"objective": "binary", "verbose": -1, "num_threads": 1, "feature_fraction": 0.5, "num_leaves": 7}
    return [lgb.train({**given, "seed": seed}, lgb.Dataset(X, y), 5 + seed) for seed in range(3)], X


def test_the_merged_text_is_the_average(boosters):
    each, X = boosters
    merged = load_booster(merge_texts([b.model_to_string() for b in each], factor=1 / 3))
    assert merged.num_trees() == sum(b.num_trees() for b in each)
    mean = np.mean([b.predict(X, raw_score=True) for b in each], axis=0)
    np.testing.assert_allclose(merged.predict(X, raw_score=True), mean, atol=1e-12)


def test_its_contributions_are_the_average_and_add_up(boosters):
    each, X = boosters
    merged = load_booster(merge_texts([b.model_to_string() for b in each], factor=1 / 3))
    values = merged.predict(X, pred_contrib=True)
    mean = np.mean([b.predict(X, pred_contrib=True) for b in each], axis=0)
    np.testing.assert_allclose(values, mean, atol=1e-12)
    np.testing.assert_allclose(values.sum(axis=1), merged.predict(X, raw_score=True), atol=1e-12)


def test_shap_reads_the_merged_text_too(boosters):
    each, X = boosters
    merged = load_booster(merge_texts([b.model_to_string() for b in each], factor=0.2))
    values = shap.TreeExplainer(merged).shap_values(X[:20])
    np.testing.assert_allclose(values, merged.predict(X[:20], pred_contrib=True)[:, :-1], atol=1e-6)


def test_the_text_tells_no_least_or_largest_value_of_a_household(boosters):
    each, X = boosters
    assert f"{X[~np.isnan(X)].max():.5f}"[:6] in each[0].model_to_string()
    merged = load_booster(merge_texts([b.model_to_string() for b in each], factor=1 / 3))
    assert "feature_infos=none none none none\n" in merged.model_to_string()
    assert len(merged.dump_model()["tree_info"]) == merged.num_trees()


def test_a_factor_of_nought_adds_nothing(boosters):
    each, X = boosters
    silent = load_booster(merge_texts([each[0].model_to_string()], factor=0.0))
    assert (silent.predict(X, raw_score=True) == 0).all()
    assert (silent.predict(X, pred_contrib=True) == 0).all()


def test_a_loaded_text_is_written_back_as_it_predicts(boosters):
    each, X = boosters
    merged = load_booster(merge_texts([b.model_to_string() for b in each], factor=1 / 3))
    again = load_booster(merged.model_to_string())
    assert (again.predict(X, raw_score=True) == merged.predict(X, raw_score=True)).all()


@pytest.mark.parametrize(
    ("names", "safe"),
    [
        (["人均收入", "a b"], ["人均收入", "a_b"]),
        (["a b", "a_b"], ["f0", "f1"]),
        (['x"y', "z{}"], ["x_y", "z__"]),
    ],
)
def test_names_that_lightgbm_cannot_write_are_made_safe(names, safe):
    assert safe_names(names) == safe
