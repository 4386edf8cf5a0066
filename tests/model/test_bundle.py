"""A bundle gives the same margins back, bit for bit, and no changed byte gets past it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.errors import CallError, DataError
from riskmodel.model import RiskClassifier, load_bundle, save_bundle
from riskmodel.model.bundle import FILES, MANIFEST, _sealed

FEATURES = [
    {"name": "net_income_pc_12m", "zh": "人均纯收入", "en": "net income per person", "direction": "falls"},
    {"name": "members", "zh": "家庭人口", "en": "members", "direction": None},
    {"name": "line_gap_12m", "zh": "与监测线差距", "en": "gap to the line", "direction": "falls"},
]


@pytest.fixture(scope="module")
def model_and_rows() -> tuple[RiskClassifier, pd.DataFrame]:
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.lognormal(size=(400, 3)), columns=[f["name"] for f in FEATURES])
    X = X.mask(rng.random(X.shape) < 0.1)
    y = rng.random(400) < 1 / (1 + X["net_income_pc_12m"].fillna(1.0))
    return RiskClassifier(monotone={"net_income_pc_12m": -1}, rounds=40).fit(X, y), X


@pytest.fixture
def folder(model_and_rows, tmp_path: Path) -> Path:
    save_bundle(
        model_and_rows[0],
        tmp_path / "need",
        features=FEATURES,
        metrics={"auc": 0.1 + 0.2},
        card="# 模型卡 Model card\n",
        manifest={"training_cut": "2024-01-01", "catalogue_hash": "abc"},
    )
    return tmp_path / "need"


def test_margins_come_back_bit_for_bit(model_and_rows, folder):
    model, X = model_and_rows
    bundle = load_bundle(folder)
    back = bundle.classifier
    assert (back.decision_function(X) == model.decision_function(X)).all()
    assert (back.predict_proba(X) == model.predict_proba(X)).all()
    assert (back.contributions(X) == model.contributions(X)).all()
    assert back.base_value_ == model.base_value_
    assert list(back.predict(X)) == list(model.predict(X))
    assert list(back.feature_names_in_) == list(model.feature_names_in_)
    assert bundle.metrics == {"auc": 0.1 + 0.2}
    assert bundle.features == FEATURES
    assert bundle.card.startswith("# 模型卡")


def test_saving_a_loaded_bundle_gives_the_same_files(folder, tmp_path):
    bundle = load_bundle(folder)
    save_bundle(
        bundle.classifier,
        tmp_path / "again",
        features=bundle.features,
        metrics=bundle.metrics,
        card=bundle.card,
        manifest={"training_cut": "2024-01-01", "catalogue_hash": "abc"},
    )
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_the_manifest_says_what_made_it(folder):
    manifest = load_bundle(folder).manifest
    assert set(manifest["versions"]) == {"python", "riskmodel", "lightgbm", "scikit-learn", "numpy"}
    assert manifest["seed"] == 0
    assert manifest["training_cut"] == "2024-01-01"
    assert set(manifest["files"]) == set(FILES)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from([*FILES, MANIFEST]), where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_is_refused_by_the_name_of_its_file(model_and_rows, tmp_path_factory, name, where, flip):
    folder = tmp_path_factory.mktemp("changed") / "need"
    save_bundle(model_and_rows[0], folder, features=FEATURES, metrics={"n": 1}, card="card", manifest={})
    raw = bytearray((folder / name).read_bytes())
    raw[int(where * len(raw))] ^= flip
    (folder / name).write_bytes(raw)
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        load_bundle(folder)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_is_refused_by_name(folder, name):
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing"):
        load_bundle(folder)


def test_a_file_too_many_is_refused_by_name(folder):
    (folder / "model.pkl").write_bytes(b"x")
    with pytest.raises(DataError, match=r"model\.pkl does not belong"):
        load_bundle(folder)


def test_a_truncated_file_is_refused(folder):
    raw = (folder / "booster.txt").read_bytes()
    (folder / "booster.txt").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match=r"booster\.txt was changed"):
        load_bundle(folder)


def test_a_newer_bundle_is_refused_with_both_versions(folder):
    body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    body.pop("seal")
    (folder / MANIFEST).write_text(_sealed({**body, "bundle": 99}), encoding="utf-8")
    with pytest.raises(DataError, match=r"version 99, this riskmodel reads up to 1"):
        load_bundle(folder)


def test_a_manifest_that_names_a_file_elsewhere_is_refused(folder):
    body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    body.pop("seal")
    body["files"].pop("linear.json")
    (folder / MANIFEST).write_text(_sealed(body), encoding="utf-8")
    with pytest.raises(DataError, match=r"linear\.json"):
        load_bundle(folder)


def test_no_folder_is_a_wrong_call(tmp_path):
    with pytest.raises(CallError, match="no such model folder"):
        load_bundle(tmp_path / "nothing")


def test_columns_are_taken_by_name_in_any_order(model_and_rows, folder):
    model, X = model_and_rows
    bundle = load_bundle(folder)
    shuffled = X[X.columns[::-1]].assign(extra=1.0)
    assert (bundle.classifier.decision_function(bundle.pick(shuffled)) == model.decision_function(X)).all()


def test_missing_columns_are_all_named(model_and_rows, folder):
    X = model_and_rows[1].drop(columns=["members", "line_gap_12m"]).assign(membres=1.0)
    with pytest.raises(DataError, match=r'2 columns.*"members", "line_gap_12m".*Did you mean "membres"'):
        load_bundle(folder).pick(X)


def test_features_must_be_the_classifiers_columns(model_and_rows, tmp_path):
    with pytest.raises(CallError, match=r'features\[0\] is "members"'):
        save_bundle(
            model_and_rows[0],
            tmp_path / "b",
            features=[FEATURES[i] for i in (1, 0, 2)],
            metrics={},
            card="",
            manifest={},
        )
    assert not (tmp_path / "b").exists()


def test_names_kept_for_the_bundle_are_refused(model_and_rows, tmp_path):
    with pytest.raises(CallError, match='"files"'):
        save_bundle(model_and_rows[0], tmp_path / "b", features=FEATURES, metrics={}, card="", manifest={"files": {}})


def test_what_json_cannot_hold_leaves_nothing_behind(model_and_rows, tmp_path):
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        save_bundle(model_and_rows[0], tmp_path / "b", features=FEATURES, metrics={"x": object()}, card="", manifest={})
    assert list(tmp_path.iterdir()) == []
