"""A household's own value as a reader expects it: the unit's words, no false decimals, nothing recorded said so."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel import load_catalogue
from riskmodel.explain import format_value, unit_word
from riskmodel.explain.units import trimmed


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (7230.4, "yuan/person", "7,230元/人", "7,230 yuan/person"),
        (-1250.0, "yuan", "-1,250元", "-1,250 yuan"),
        (0.254, "share", "25.4%", "25.4%"),
        (-0.18, "share", "-18%", "-18%"),
        (1.0, "yes_no", "是", "yes"),
        (0.0, "yes_no", "否", "no"),
        (1.0, "person", "1人", "1 person"),
        (3.0, "person", "3人", "3 persons"),
        (0.0, "month", "0个月", "0 months"),
        (2.0, "count", "2次", "2"),
        (2.5, "mu/person", "2.5亩/人", "2.5 mu/person"),
        (0.333, "ratio", "0.33", "0.33"),
        (53.0, "age", "53岁", "53 years"),
        (5000.0, "usd", "5,000美元", "5,000 US$"),
        (3.0, "grade", "3", "3"),
        (7.0, "jin", "7 jin", "7 jin"),
    ],
)
def test_a_value_is_written_with_its_unit(value, unit, zh, en):
    assert format_value(value, unit, "zh") == zh
    assert format_value(value, unit, "en") == en


@pytest.mark.parametrize("missing", [None, math.nan])
def test_what_is_missing_is_never_a_number(missing):
    for unit in ("yuan/person", "yes_no", "share", "count"):
        assert format_value(missing, unit, "zh") == "无记录"
        assert format_value(missing, unit, "en") == "no record"


def test_every_unit_of_the_catalogue_has_words_of_its_language():
    for unit in {spec.unit for spec in load_catalogue().features.values()}:
        assert not re.search(r"[A-Za-z]", unit_word(unit, "zh")), unit
        assert unit_word(unit, "en").isascii(), unit


@given(st.floats(-1e9, 1e9), st.integers(0, 3))
def test_a_number_reads_back_within_its_last_decimal(value, decimals):
    text = trimmed(value, decimals)
    assert abs(float(text.replace(",", "")) - value) <= 0.5 * 10**-decimals + 1e-6
    assert text != "-0"
    assert not ("." in text and text.endswith("0"))
