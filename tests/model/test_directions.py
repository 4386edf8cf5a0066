"""The directions of a fitted model, swept over the rows of a simulated county."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel import Registry, RiskClassifier, build_training_set, load_catalogue
from riskmodel.model import directions_held
from riskmodel.model.directions import summary_of
from riskmodel.model.linear import Curve
from riskmodel.simulation import simulate_registry


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> tuple[RiskClassifier, pd.DataFrame]:
    folder: Path = tmp_path_factory.mktemp("county") / "registry"
    simulate_registry(folder, households=500, years=4, seed=3, until=date(2025, 1, 1))
    rows = build_training_set(
        Registry.open(folder), as_of=[date(2023, 6, 1)], outcome="need", cohort="not_listed"
    ).known()
    catalogue: dict[str, int] = {name: spec.monotone for name, spec in load_catalogue().features.items()}
    model = RiskClassifier(monotone=catalogue, linear_weight=0.5, bags=2, rounds=80)
    return model.fit(rows.X, rows.y.astype(int), groups=rows.groups["village"]), rows.X


def test_every_direction_of_the_catalogue_holds_on_real_rows(county: tuple[RiskClassifier, pd.DataFrame]) -> None:
    model, X = county
    swept = directions_held(model, X)
    assert list(swept) == [name for name, sign in zip(X.columns, model.monotone_, strict=True) if sign]
    assert len(swept) > 30
    assert [name for name, found in swept.items() if not found.holds] == []
    # It says something: many of them do move the risk.
    assert sum(found.largest_step > 0 for found in swept.values()) > 10
    assert summary_of(swept)["hold"] == summary_of(swept)["swept"] == len(swept)


def test_risks_follow_margins(county: tuple[RiskClassifier, pd.DataFrame]) -> None:
    """The slow way, for one feature: every row, its own values, the risk itself."""
    model, X = county
    name = "net_income_pc_12m"
    values = np.sort(X[name].dropna().unique())[::20]
    for _, row in X.head(20).iterrows():
        asked = pd.DataFrame([row] * values.size).assign(**{name: values})
        assert (np.diff(model.predict_proba(asked)[:, 1]) <= 1e-12).all()


def test_a_direction_that_does_not_hold_is_told(county: tuple[RiskClassifier, pd.DataFrame]) -> None:
    model, X = county
    j = list(X.columns).index("net_income_pc_12m")
    curves, whole = list(model.linear_.curves), model.linear_
    curves[j] = Curve(np.array([0.0, 1e5]), np.array([0.0, 50.0]), 0.0)
    try:
        model.linear_ = replace(whole, curves=tuple(curves))
        swept = directions_held(model, X, rows=20)
    finally:
        model.linear_ = whole
    assert [name for name, found in swept.items() if not found.holds] == ["net_income_pc_12m"]
    assert summary_of(swept)["against"].keys() == {"net_income_pc_12m"}


def test_nothing_bound_gives_nothing_to_sweep() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    model = RiskClassifier().fit(X, (X[:, 0] > 0).astype(int))
    assert directions_held(model, X) == {}
