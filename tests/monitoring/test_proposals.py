"""What a flag proposes: a category and measures, drawn from what is recorded; people decide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.monitoring.categories import propose_categories
from riskmodel.monitoring.measures import DEVELOPING, MOST, propose_measures
from riskmodel.registry.codes import codes

RISK_TYPES = st.lists(st.sampled_from(sorted(codes("risk_type"))), unique=True, max_size=5)


def household(**changes: float) -> pd.DataFrame:
    """One well-off household: 12,000 yuan a head, 50 % above the line of 8,000, nothing happened."""
    calm = {
        "net_income_pc_12m": 12_000.0,
        "line_gap_12m": 0.5,
        "members": 4.0,
        "medical_oop_12m": 0.0,
        "months_since_illness": np.nan,
        "disaster_events_12m": 0.0,
    }
    return pd.DataFrame([{**calm, **changes}])


@pytest.mark.parametrize(
    ("changes", "kind", "category"),
    [
        ({}, "lifted", "unstable_lifted"),
        ({}, "unlifted", "unstable_lifted"),
        ({}, "ordinary", "marginal"),
        ({}, None, None),
        ({}, np.nan, None),
        ({"months_since_illness": 3}, "ordinary", "sudden_hardship"),
        ({"months_since_illness": 12}, "ordinary", "marginal"),
        ({"disaster_events_12m": 1}, "lifted", "sudden_hardship"),
        # 16,000 of a household of four are 4,000 a head: exactly the line is left, a yuan more is below it.
        ({"medical_oop_12m": 16_000}, "lifted", "unstable_lifted"),
        ({"medical_oop_12m": 16_004}, "lifted", "sudden_hardship"),
        ({"line_gap_12m": -0.1, "disaster_events_12m": 1}, "lifted", "unstable_lifted"),
        ({"line_gap_12m": np.nan, "disaster_events_12m": 1}, "ordinary", "marginal"),
        ({"disaster_events_12m": 1}, None, None),
    ],
)
def test_the_category_follows_income_events_and_type(changes, kind, category):
    assert propose_categories(household(**changes), pd.Series([kind], dtype=object)) == [category]


def test_a_catalogue_that_lacks_a_feature_leaves_its_part_out():
    without = household(disaster_events_12m=1, months_since_illness=1).drop(columns=["months_since_illness"])
    assert propose_categories(without, pd.Series(["ordinary"])) == ["sudden_hardship"]
    without = without.drop(columns=["disaster_events_12m", "medical_oop_12m"])
    assert propose_categories(without, pd.Series(["ordinary"])) == ["marginal"]
    assert propose_categories(without.drop(columns=["line_gap_12m"]), pd.Series(["ordinary"])) == [None]


@given(RISK_TYPES, st.one_of(st.none(), st.just(float("nan")), st.integers(0, 5).map(float)))
def test_measures_are_of_the_code_book_each_once_and_fit_who_can_work(types, able):
    measures = propose_measures(types, members_able=able)
    assert set(measures) <= set(codes("measure_kind"))
    assert len(measures) == len(set(measures)) <= MOST
    if able == 0:
        assert not set(measures) & set(DEVELOPING)
        assert "protection" in measures
    if able is not None and able > 0:
        assert set(measures) & set(DEVELOPING)
    # The national form asks for a matching measure against these four.
    matching = {"illness": "health", "disability": "protection", "housing": "housing", "water": "water"}
    for kind, measure in matching.items():
        assert kind not in types or measure in measures


def test_the_strongest_type_speaks_first():
    assert propose_measures(["water", "illness"], members_able=None)[:2] == ["water", "health"]
    assert propose_measures(["other", "illness"], members_able=None)[0] == "health"
