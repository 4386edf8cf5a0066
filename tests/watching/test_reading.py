"""Which features read which feed."""

from __future__ import annotations

import pytest
from watched import ROOT

from riskmodel import load_catalogue
from riskmodel.watching.reading import reads

CATALOGUE = load_catalogue(ROOT / "features")


@pytest.mark.parametrize(
    ("feature", "feed", "expected"),
    [
        ("wage_income_pc_12m", ("income", "wage", "local_wage"), True),
        ("wage_income_pc_12m", ("income", "transfer"), False),
        ("net_income_pc_12m", ("income", "transfer", "pension"), True),
        ("medical_oop_12m", ("spending", "medical_oop"), True),
        ("medical_oop_12m", ("spending", "education"), False),
        ("disaster_events_12m", ("event", "illness"), False),
        ("disaster_events_12m", ("event",), True),
        ("members", ("income",), False),
        ("members", (), False),
    ],
)
def test_a_feature_reads_the_feeds_that_its_conditions_let_through(feature, feed, expected):
    assert reads(CATALOGUE.feature(feature).node, feed) is expected
