"""Each trigger at its boundary, by its line in the domain's facts: the last household that it names, the first not."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from scored import ROOT

from riskmodel import load_catalogue
from riskmodel.policy import default_policy
from riskmodel.watchlist.triggers import named_among, triggers_in_force

ON = date(2024, 6, 1)
CATALOGUE = load_catalogue(ROOT / "features")
# Of a household with no trouble at all.
CALM = {
    "medical_oop_12m": 0.0,
    "months_since_illness": float("nan"),
    "members_major_illness": 0.0,
    "education_spending_12m": 0.0,
    "months_since_disaster": float("nan"),
    "months_since_accident": float("nan"),
    "line_gap_12m": 0.3,
    "guarantees_unmet": 0.0,
    "months_since_job_loss": float("nan"),
    "months_since_enterprise_failure": float("nan"),
}


def named(kind: str = "ordinary", **features: float) -> set[str]:
    """The triggers that name a household of Fengcheng with these features."""
    told = (
        CALM | features | {"household_type": kind, "county_code": "360981", "township_code": "t", "village_code": "v"}
    )
    frame = pd.DataFrame([told], index=["H1"])
    rules = triggers_in_force(default_policy(), county="360981", on=ON)
    specs = {name: CATALOGUE.feature(name) for name in CALM}
    return {one.trigger for one in named_among(frame, rules, specs=specs)}


def test_a_calm_household_is_named_by_none() -> None:
    assert named() == named("lifted") == set()


@pytest.mark.parametrize(
    ("kind", "feature", "named_from", "not_named", "trigger"),
    [
        ("lifted", "medical_oop_12m", 5_000, 4_999.99, "medical_lifted"),
        ("unlifted", "medical_oop_12m", 5_000, 4_999.99, "medical_lifted"),
        ("ordinary", "medical_oop_12m", 20_000, 19_999.99, "medical_ordinary"),
        ("ordinary", "education_spending_12m", 10_000.01, 10_000, "schooling"),
        ("ordinary", "months_since_disaster", 0, 1, "disaster"),
        ("ordinary", "months_since_accident", 0, 1, "accident"),
        ("lifted", "line_gap_12m", -0.001, 0.0, "below_line"),
        ("ordinary", "guarantees_unmet", 1, 0, "guarantee_unmet"),
        ("ordinary", "months_since_job_loss", 0, 1, "job_loss"),
        ("ordinary", "months_since_enterprise_failure", 0, 1, "enterprise_failure"),
    ],
)
def test_a_trigger_names_from_its_threshold_on(
    kind: str, feature: str, named_from: float, not_named: float, trigger: str
) -> None:
    assert named(kind, **{feature: named_from}) == {trigger}
    assert named(kind, **{feature: not_named}) == set()


def test_a_new_major_illness_is_both_new_and_major() -> None:
    assert named(months_since_illness=0, members_major_illness=1) == {"major_illness"}
    assert named(months_since_illness=1, members_major_illness=1) == set()
    assert named(months_since_illness=0, members_major_illness=0) == set()


def test_sudden_blows_take_the_emergency_track_and_others_do_not() -> None:
    rules = triggers_in_force(default_policy(), county="360981", on=ON)
    assert {name for name, (rule, _) in rules.items() if rule.track == "emergency"} == {"disaster", "accident"}


def test_before_the_record_begins_nothing_is_in_force() -> None:
    assert triggers_in_force(default_policy(), county="360981", on=date(2020, 12, 31)) == {}
