"""In a notebook: shap's plots draw the catalogue's words, and importance adds within groups."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
import shap

from riskmodel import RiskClassifier, load_catalogue
from riskmodel.errors import CallError
from riskmodel.explain import explain, importance, use_cjk_font
from riskmodel.explain.explanation import CJK_FONTS

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
NAMES = ["net_income_pc_12m", "line_gap_12m", "members_disabled", "medical_oop_12m", "housing_dangerous"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    income = np.exp(rng.normal(9, 0.6, size=400))
    frame = pd.DataFrame(
        {
            "household_id": [f"H{i}" for i in range(400)],
            "net_income_pc_12m": income,
            "line_gap_12m": income / 9000 - 1,
            "members_disabled": rng.poisson(0.2, 400),
            "medical_oop_12m": np.where(rng.random(400) < 0.1, np.nan, np.exp(rng.normal(7, 1, 400))),
            "housing_dangerous": rng.random(400) < 0.1,
        }
    )
    return frame.astype({name: float for name in NAMES})


@pytest.fixture(scope="module")
def model(rows: pd.DataFrame) -> RiskClassifier:
    y = (rows["line_gap_12m"] + np.random.default_rng(1).normal(0, 0.4, 400) < 0).astype(int)
    return RiskClassifier(rounds=10, bags=1, folds=2, linear_weight=0.5).fit(rows[NAMES], y)


@pytest.mark.parametrize(("lang", "name", "shown"), [("zh", "住房为C级或D级", "否"), ("en", "disabled members", "no")])
def test_names_and_values_are_the_catalogues_in_either_language(model, rows, lang, name, shown):
    found = explain(model, rows.head(20), catalogue=CATALOGUE, lang=lang)
    assert name in found.feature_names
    assert shown in found.display_data
    assert np.array_equal(found.data, rows[NAMES].head(20).to_numpy(), equal_nan=True)
    margin = model.decision_function(rows[NAMES].head(20))
    assert found.values.sum(axis=1) + found.base_values == pytest.approx(margin, abs=1e-5)
    assert found.base_values == pytest.approx(model.base_value_)


def test_against_a_background_the_base_value_is_its_mean_margin(model, rows):
    poor = rows[rows["line_gap_12m"] < 0]
    found = explain(model, rows.head(5), background=poor)
    assert list(found.feature_names) == NAMES
    assert found.base_values == pytest.approx(model.decision_function(poor[NAMES]).mean())
    assert found.values.sum(axis=1) + found.base_values == pytest.approx(
        model.decision_function(rows[NAMES].head(5)), abs=1e-5
    )


@pytest.mark.parametrize("plot", ["waterfall", "bar", "beeswarm"])
def test_shaps_plots_draw_it(model, rows, plot):
    found = explain(model, rows.head(30), catalogue=CATALOGUE, lang="en")
    getattr(shap.plots, plot)(found[0] if plot == "waterfall" else found, show=False)
    labels = " ".join(label.get_text() for axes in plt.gcf().axes for label in axes.get_yticklabels())
    plt.close("all")
    assert "net income per person, last 12 months" in labels.replace("\n", " ")


def test_importance_adds_within_a_group_before_it_takes_the_size(model, rows):
    contributions = model.contributions(rows[NAMES])
    one = importance(model, rows, catalogue=CATALOGUE)
    assert one.loc["members_disabled", "mean_abs"] == pytest.approx(np.abs(contributions[:, 2]).mean())
    ideas = importance(model, rows, catalogue=CATALOGUE, by="idea")
    assert ideas.loc["net_income", "mean_abs"] == pytest.approx(np.abs(contributions[:, :2].sum(axis=1)).mean())
    types = importance(model, rows, catalogue=CATALOGUE, by="risk_type", lang="zh")
    assert types.loc["disability", "words"] == "因残"
    assert importance(model, rows, catalogue=CATALOGUE, by="theme").index[0] == "Income"
    assert ideas["mean_abs"].is_monotonic_decreasing


def test_what_cannot_be_is_refused(model, rows):
    with pytest.raises(CallError, match='lang is "zh", but a classifier knows no words'):
        explain(model, rows, lang="zh")
    with pytest.raises(CallError, match='no column "line_gap_12m"'):
        explain(model, rows.drop(columns="line_gap_12m"))
    with pytest.raises(CallError, match=r'by is "themes".* Did you mean "theme"'):
        importance(model, rows, catalogue=CATALOGUE, by="themes")  # type: ignore[arg-type]


def test_a_chinese_font_is_found_or_its_lack_is_said(monkeypatch):
    from matplotlib import font_manager

    class Face:
        name = CJK_FONTS[2]

    with mpl.rc_context():
        monkeypatch.setattr(font_manager.fontManager, "ttflist", [Face()])
        assert use_cjk_font() == CJK_FONTS[2]
        assert mpl.rcParams["font.sans-serif"][0] == CJK_FONTS[2]
        monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
        monkeypatch.setattr(font_manager, "findSystemFonts", list)
        with pytest.raises(CallError, match="no font with Chinese characters"):
            use_cjk_font()
