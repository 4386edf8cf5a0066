"""Reasons speak of the score, with the household's own value, and never of causes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel import load_catalogue
from riskmodel.explain import Fact, format_value, reason_sentence
from riskmodel.explain.words import signed
from riskmodel.registry.codes import CODE_BOOK
from riskmodel.report.doors import door_check

CAUSES = ("because", "due to", "caused by", "owing to", "leads to", "因为", "由于", "导致", "造成", "致使")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("value", [math.nan, 0.0, 1.0, 12_345.678])
def test_no_feature_of_the_catalogue_is_worded_as_a_cause(lang, value):
    for spec in load_catalogue().features.values():
        words = spec.zh if lang == "zh" else spec.en
        for contribution in (0.4, -0.4):
            told = reason_sentence(spec, Fact(value), contribution=contribution, lang=lang)
            assert not any(cause in told.lower() for cause in CAUSES), told
            missing = spec.missing_zh if lang == "zh" else spec.missing
            assert (missing if math.isnan(value) else format_value(value, spec.unit, lang)) in told
            assert words[1:] in told
            assert signed(contribution) in told
            assert ("贡献" if lang == "zh" else "contributed") in told


def test_the_checks_at_the_door_name_no_cause_either():
    for kind in CODE_BOOK["risk_type"]:
        for lang in ("zh", "en"):
            assert not any(cause in door_check(kind.code, lang).lower() for cause in CAUSES)


@pytest.mark.parametrize(
    ("lang", "rises", "falls"), [("zh", "（使评分上升）", "（使评分下降）"), ("en", "(raises it)", "(lowers it)")]
)
def test_the_sentence_says_which_way(lang, rises, falls):
    told = {
        sign: reason_sentence(load_catalogue().features["members"], Fact(4), contribution=sign * 0.2, lang=lang)
        for sign in (1, -1)
    }
    assert rises in told[1]
    assert falls not in told[1]
    assert falls in told[-1]
    assert rises not in told[-1]


@given(st.floats(1e-12, 50), st.sampled_from([1, -1]))
def test_a_contribution_shows_its_sign_and_its_size(size, sign):
    shown = signed(sign * size)
    assert shown[0] == ("+" if sign > 0 else "-")
    assert "e" not in shown
    assert float(shown) == pytest.approx(sign * size, rel=0.06, abs=0.005 if size >= 0.005 else 0)


def test_no_contribution_has_no_sign():
    assert signed(0.0) == signed(-0.0) == "0"
