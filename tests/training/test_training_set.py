"""A training set: who is in it, what came of them, what was done meanwhile, and how all of that is counted."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.features import Catalogue, build_labels, load_catalogue
from riskmodel.policy import Entry, default_policy
from riskmodel.registry import Registry
from riskmodel.testing import evaluate, history
from riskmodel.training import TrainingSet, build_training_set, flow_markdown, outcome_histogram, outcome_rates

FEATURES = Path(__file__).parents[2] / "features"
AS_OF, LATER, TOO_LATE = date(2022, 1, 1), date(2022, 7, 1), date(2024, 1, 1)
LISTED = {"category": "marginal"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(FEATURES).only(["members", "line_gap_12m"])


def wages(household: str, amount: float) -> list[dict[str, Any]]:
    months = [date(year, month, 1) for year in (2021, 2022, 2023) for month in range(1, 13)]
    return [{"household_id": household, "month": m, "source": "wage", "amount": amount} for m in months]


def registry() -> Registry:
    """Six households of one member: steady, poor, listed, lately eliminated, long eliminated, and one that dies out."""
    incomes = {"steady": 900, "poor": 100, "listed": 900, "lately": 900, "long_ago": 900, "gone": 900}
    spells = [("listed", date(2021, 6, 1), None), ("lately", date(2021, 2, 1), date(2021, 9, 1))]
    spells += [("long_ago", date(2020, 2, 1), date(2021, 3, 1)), ("steady", date(2022, 3, 1), None)]
    members = [{"household_id": name, "member_id": "m", "birth_date": date(1970, 1, 1)} for name in incomes]
    left = {"household_id": "gone", "member_id": "m", "birth_date": date(1970, 1, 1), "left_on": date(2022, 5, 1)}
    return history(
        income=[row for name, amount in incomes.items() for row in wages(name, amount)],
        member=[*members, left | {"known_on": date(2022, 5, 9)}],
        listing=[
            # A spell that is closed is the same row, corrected when its end is known.
            {"household_id": name, "identified_on": begun, "eliminated_on": end, **LISTED, "known_on": end or begun}
            for name, begun, end in spells
        ],
        measure=[
            {"household_id": "steady", "kind": "jobs", "started_on": date(2022, 4, 1), "amount": 500.0},
            {"household_id": "steady", "kind": "jobs", "started_on": date(2021, 4, 1), "amount": 70.0},
        ],
        visit=[{"household_id": "poor", "visited_on": date(2022, 12, 31), "source": "model"}],
        guarantee=[{"household_id": "steady", "checked_on": date(2021, 1, 1), "item": "water", "met": True}],
        spending=[{"household_id": "steady", "spent_on": date(2021, 1, 1), "kind": "housing", "amount": 1.0}],
    )


def built(catalogue: Catalogue, **given: Any) -> TrainingSet:
    given = {"as_of": AS_OF, "policy": default_policy(), **given}
    return build_training_set(registry(), catalogue=catalogue, **given)


def members(rows: TrainingSet) -> list[str]:
    return sorted(rows.frame["household_id"])


def test_each_rule_leaves_out_whom_it_names_and_can_be_switched_off(catalogue: Catalogue) -> None:
    rows = built(catalogue, cohort="at_risk")
    assert members(rows) == ["gone", "long_ago", "steady"]
    assert rows.flow.drop(columns="as_of").iloc[0].to_dict() == {
        "seen": 6,
        "present": 6,
        "not on the list": 5,
        "washout after elimination": 4,
        "not already below the line": 3,
        "not yet known": 0,
        "gone before the horizon's end": 1,
        "cannot be told": 0,
        "outcome known": 2,
        "outcome true": 0,
    }
    switched = {
        "not on the list": "listed",
        "washout after elimination": "lately",
        "not already below the line": "poor",
    }
    for rule, household in switched.items():
        more = built(catalogue, cohort="at_risk", without_rules=[rule])
        assert members(more) == sorted([*members(rows), household])
        assert more.record["cohort_rules_switched_off"] == [rule]
        assert rule not in more.record["cohort_rules"] and rule not in more.flow


def test_the_washout_is_a_figure_of_the_policy_record(catalogue: Catalogue) -> None:
    years = {"unit": "month", "source": "a county's own", "certainty": "S", "region": "36", "valid_from": "2020-01-01"}
    longer = default_policy().extended((Entry.model_validate({"name": "washout_months", "value": 11, **years}),))
    assert "long_ago" not in members(built(catalogue, cohort="at_risk", policy=longer))


def test_an_unknown_rule_gets_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(CallError, match=r'"at_risk" has no rule "on the list".*Did you mean "not on the list"'):
        built(catalogue, cohort="at_risk", without_rules=["on the list"])
    twice = catalogue.cohort("at_risk").without("present").without("not on the list")
    assert twice.switched_off == ("present", "not on the list")
    assert twice.en.endswith("(without the rule: present) (without the rule: not on the list)")


def test_of_who_is_gone_only_what_came_true_is_known(catalogue: Catalogue) -> None:
    labels = build_labels(registry(), as_of=AS_OF, outcome="admitted", catalogue=catalogue)
    outcome = labels.set_index("household_id")["outcome"]
    assert pd.isna(outcome["gone"]) and not outcome["poor"] and outcome["steady"]
    gone = {"birth_date": date(1970, 1, 1), "left_on": date(2022, 9, 1)}
    spell = LISTED | {"identified_on": date(2022, 3, 1)}
    listed_first = history(member=[gone], listing=[spell], income=wages("H1", 900))
    assert evaluate(catalogue.outcome("admitted"), listed_first, AS_OF) is True
    assert evaluate(catalogue.outcome("admitted"), listed_first, date(2022, 4, 1)) is None


def test_an_outcome_that_is_not_known_yet_is_counted_and_nothing_is_said_of_its_exposure(catalogue: Catalogue) -> None:
    rows = built(catalogue, as_of=[AS_OF, TOO_LATE])
    late = (rows.frame["as_of"] == TOO_LATE).to_numpy()
    assert rows.y[late].isna().all() and rows.exposure[late].isna().all().all()
    steps = rows.flow.set_index("as_of")
    assert steps.loc[TOO_LATE, "not yet known"] == late.sum() > 0
    ends = ["not yet known", "gone before the horizon's end", "cannot be told", "outcome known"]
    assert (steps[ends].sum(axis=1) == steps["not on the list"]).all()


def test_exposure_is_what_was_done_within_the_horizon_and_stands_apart_from_the_features(catalogue: Catalogue) -> None:
    rows = built(catalogue)
    done = rows.exposure.set_index(rows.frame["household_id"])
    assert done.loc["steady"].to_dict() == {
        "measures_received": 1,
        "measure_amount_received": 500,
        "listed": 1,
        "visited": 0,
    }
    assert done.loc["poor", "visited"] == 1
    assert done.loc["gone"].sum() == 0
    assert list(rows.X) == ["members", "line_gap_12m"]


def test_an_exposure_whose_table_is_absent_is_missing_and_named(catalogue: Catalogue) -> None:
    told = history(
        income=wages("H1", 900), guarantee=[{"checked_on": AS_OF, "item": "water", "met": True}], spending=[]
    )
    rows = build_training_set(told, as_of=AS_OF, outcome="need", cohort="at_risk", catalogue=catalogue)
    assert rows.exposure.isna().all().all()
    assert set(rows.record["exposures_without_table"]) == set(catalogue.exposures)
    assert rows.record["cohort_rules_without_table"] == ["not on the list", "washout after elimination"]
    assert len(rows) == 1


def test_a_household_seen_at_more_dates_may_count_no_more(catalogue: Catalogue) -> None:
    each = built(catalogue, as_of=[AS_OF, LATER, TOO_LATE])
    assert set(each.weights) == {1.0}
    shared = built(catalogue, as_of=[AS_OF, LATER, TOO_LATE], weighting="households")
    assert shared.weights.groupby(shared.frame["household_id"]).sum().round(12).eq(1).all()
    known = shared.known()
    assert len(known) < len(shared) and known.y.notna().all()
    assert known.weights.groupby(known.frame["household_id"]).sum().round(12).eq(1).all()
    with pytest.raises(CallError, match='Did you mean "households"'):
        built(catalogue, weighting="household")


def test_groups_align_with_the_rows(catalogue: Catalogue) -> None:
    rows = built(catalogue, as_of=[AS_OF, LATER])
    assert list(rows.groups) == ["village", "township", "household"]
    assert rows.groups["household"].tolist() == rows.frame["household_id"].tolist()


def test_it_comes_back_from_a_folder_as_it_went(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = built(catalogue, as_of=[AS_OF, TOO_LATE], cohort="at_risk", weighting="households")
    rows.to_parquet(tmp_path / "set")
    again = TrainingSet.read(tmp_path / "set")
    for part in ("frame", "X", "exposure", "flow"):
        pd.testing.assert_frame_equal(getattr(again, part), getattr(rows, part))
    pd.testing.assert_series_equal(again.y, rows.y)
    pd.testing.assert_series_equal(again.weights, rows.weights)
    assert again.record == rows.record
    assert again.catalogue.hash == rows.record["catalogue_hash"]
    rows.to_parquet(tmp_path / "set")
    assert {path.name for path in tmp_path.iterdir()} == {"set"}


def test_without_exposures_it_comes_back_with_every_row(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = built(dataclasses.replace(catalogue, exposures={}))
    rows.to_parquet(tmp_path / "set")
    again = TrainingSet.read(tmp_path / "set")
    assert len(again.exposure) == len(rows) > 0
    pd.testing.assert_frame_equal(again.exposure, rows.exposure)


def test_a_folder_that_is_not_whole_is_refused_by_name(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = built(catalogue)
    with pytest.raises(DataError, match="no training set here"):
        TrainingSet.read(tmp_path)
    rows.to_parquet(tmp_path / "set")
    file = tmp_path / "set" / "features.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(DataError, match=r"features\.parquet: not the bytes"):
        TrainingSet.read(tmp_path / "set")
    file.unlink()
    with pytest.raises(DataError, match=r"features\.parquet is missing"):
        TrainingSet.read(tmp_path / "set")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    with pytest.raises(DataError, match="is not a training set"):
        rows.to_parquet(tmp_path / "other")


def test_the_flow_table_says_whom_each_rule_left_out(catalogue: Catalogue) -> None:
    drawn = flow_markdown(built(catalogue, as_of=[AS_OF, LATER], cohort="at_risk").flow).splitlines()
    assert drawn[0] == "| households | 2022-01-01 | 2022-07-01 | all dates |"
    assert drawn[4].startswith("| not on the list | 5 (−1) |")
    assert drawn[-1].startswith("| outcome true | 0 |")


def test_rates_over_a_feature_count_every_known_row_once(catalogue: Catalogue) -> None:
    rows = built(catalogue, as_of=[AS_OF, LATER], outcome="admitted", cohort="not_listed")
    rates = outcome_rates(rows, "line_gap_12m")
    known = rows.known()
    assert rates["rows"].sum() == len(known) and rates["outcomes"].sum() == known.y.sum()
    assert (rates["rate_low"] <= rates["rate"]).all() and (rates["rate"] <= rates["rate_high"]).all()
    first = rates.iloc[0]
    mine = known.X["line_gap_12m"] == first["low"]
    assert first["rows"] == mine.sum() and first["outcomes"] == known.y[mine].sum()
    with pytest.raises(CallError, match='Did you mean "line_gap_12m"'):
        outcome_rates(rows, "line_gap_12")


def test_a_histogram_needs_matplotlib_and_says_so(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = built(catalogue)
    assert len(outcome_histogram(rows, "members").axes) == 2
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(CallError, match=r'pip install "\.\[notebooks\]"'):
        outcome_histogram(rows, "members")


def test_before_the_income_begins_an_outcome_is_missing_and_not_true():
    kept = history(
        income=[{"month": date(2021, month, 1), "source": "wage", "amount": 900} for month in range(1, 13)]
        + [{"month": date(2022, 3, 1), "source": "wage", "amount": 1}],
        spending=[],
        guarantee=[],
        listing=[],
        points=[{"awarded_on": date(2023, 12, 1), "points": 1}],
    )
    days = [date(2019, 6, 1), date(2020, 12, 31), date(2021, 1, 1), date(2022, 1, 1)]
    labels = build_labels(kept, as_of=days, outcome="need")["outcome"]
    assert labels.tolist() == [pd.NA, pd.NA, False, True]
    rows = build_training_set(kept, as_of=days, outcome="need")
    assert rows.y.isna().tolist() == [True, True, False, False]
    assert rows.flow["cannot be told"].tolist() == [1, 1, 0, 0]
