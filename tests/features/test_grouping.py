"""Groups that a model is judged by: as known at as_of, never features; and the month in which a need first shows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from riskmodel.errors import CallError
from riskmodel.features import Catalogue, group, load_catalogue, outcome
from riskmodel.features.builder import evaluate
from riskmodel.registry import Registry
from riskmodel.simulation import simulate_registry
from riskmodel.testing import history

AS_OF = date(2024, 1, 1)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(Path(__file__).parents[2] / "features")


def groups(catalogue: Catalogue, told: Registry, as_of: date = AS_OF) -> dict[str, float]:
    table = evaluate(told, {n: spec.node for n, spec in catalogue.groups.items()}, as_of=as_of).to_pandas()
    return {str(n): float(table[n].astype(float).iloc[0]) for n in catalogue.groups}


def test_groups_are_told_from_what_was_known_at_the_date(catalogue: Catalogue) -> None:
    member = {"relation": "head", "sex": "male", "birth_date": date(1950, 1, 1), "known_on": date(2020, 1, 1)}
    later = {**member, "member_id": "b", "relation": "spouse", "disabled": True, "known_on": date(2024, 6, 1)}
    job = {"started_on": date(2023, 1, 1), "member_id": "a", "kind": "migrant", "place": "outside"}
    told = history(member=[{**member, "member_id": "a"}, later], job=[job])
    found = groups(catalogue, told)
    assert found["ordinary_household"] == 1 and found["lifted_household"] == 0
    assert (found["female_headed"], found["only_elderly"], found["with_migrant"]) == (0, 1, 1)
    assert found["with_disabled"] == 0, "the disabled member was entered after the date"
    assert groups(catalogue, told, date(2024, 7, 1))["with_disabled"] == 1


def test_who_heads_the_household_is_missing_where_nobody_does(catalogue: Catalogue) -> None:
    assert groups(catalogue, history())["female_headed"] == 1
    alone = {"member_id": "a", "relation": "son", "sex": "female", "birth_date": date(1990, 1, 1)}
    assert np.isnan(groups(catalogue, history(member=[{**alone, "known_on": date(2020, 1, 1)}]))["female_headed"])


def test_what_is_not_recorded_is_missing_and_what_is_observed_is_used(catalogue: Catalogue) -> None:
    assert np.isnan(groups(catalogue, history())["ethnic_minority"])
    seen = [{"observed_on": date(2022, 1, 1), "item": "ethnic_minority", "value": 1.0}]
    assert groups(catalogue, history(observation=seen))["ethnic_minority"] == 1


def test_a_group_is_no_feature_and_cannot_look_ahead(catalogue: Catalogue) -> None:
    assert not set(catalogue.groups) & set(catalogue.features)
    with pytest.raises(CallError, match="no feature"):
        catalogue.feature("female_headed")
    with pytest.raises(CallError, match="cannot look ahead"):
        group(zh="将来", en="later")(lambda h: h.next(months=3).event.exists() == 1)
    with pytest.raises(CallError, match="townships are groups by themselves"):

        @group(zh="乡镇", en="township")
        def township(h):
            return h.members.count() > 0


def test_two_groups_of_one_name_are_refused(catalogue: Catalogue) -> None:
    with pytest.raises(CallError, match='two groups are called "female_headed"'):
        catalogue.with_(catalogue.groups["female_headed"])


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    out = tmp_path_factory.mktemp("county") / "registry"
    simulate_registry(out, households=600, years=4, seed=8, until=date(2024, 1, 1))
    return Registry.open(out)


def test_every_need_shows_in_a_month_of_the_horizon(catalogue: Catalogue, county: Registry) -> None:
    for name in ("need", "admitted"):
        spec = catalogue.outcomes[name]
        assert spec.shows is not None
        outputs = {"came": spec.node, "month": spec.shows}
        rows = evaluate(county, outputs, as_of=[date(2021, 7, 1), date(2022, 1, 1)]).to_pandas().astype({"came": float})
        came = rows["came"] == 1
        assert came.any()
        assert rows.loc[came, "month"].between(0, 12).all()
        assert rows.loc[came, "month"].nunique() > 1


def test_without_transfers_nobody_is_better_off(catalogue: Catalogue, county: Registry) -> None:
    both = {n: catalogue.outcomes[n].node for n in ("need", "need_without_transfers")}
    rows = evaluate(county, both, as_of=date(2022, 1, 1)).to_pandas().astype(dict.fromkeys(both, float))
    assert (rows["need_without_transfers"] >= rows["need"]).all()
    assert rows["need_without_transfers"].sum() > rows["need"].sum()


WAGE = {"source": "wage", "item": "wage"}
MET = {"checked_on": date(2022, 5, 10), "item": "water", "met": True}
BILL = {"spent_on": date(2021, 5, 10), "kind": "medical_oop", "amount": 10.0}


def test_the_month_is_that_in_which_the_twelve_before_first_fall_below(catalogue: Catalogue) -> None:
    """Twelve thousand in January 2023, three thousand a month from July 2024 on: poor from February to July 2024."""
    months = [(date(2023, 1, 1), 12000.0), *((date(2024, m, 1), 3000.0) for m in range(9, 13))]
    income = [{**WAGE, "month": m, "amount": a} for m, a in months]
    told = history(income=income, guarantee=[MET], spending=[BILL])
    shows = catalogue.outcomes["need"].shows
    assert shows is not None

    def month(as_of: date) -> float:
        return float(evaluate(told, {"month": shows}, as_of=as_of).to_pandas()["month"].astype(float).iloc[0])

    assert month(date(2024, 1, 1)) == 1
    assert month(date(2023, 11, 1)) == 3
    assert month(date(2024, 3, 1)) == 0


def test_a_failed_check_counts_where_income_never_falls(catalogue: Catalogue) -> None:
    rich = [{**WAGE, "month": date(y, 1, 1), "amount": 90000.0} for y in (2023, 2024)]
    check = {"checked_on": date(2024, 5, 10), "item": "water", "met": False}
    shows = catalogue.outcomes["need"].shows
    assert shows is not None
    told = history(income=rich, guarantee=[MET, check], spending=[BILL])
    table = evaluate(told, {"m": shows}, as_of=AS_OF).to_pandas()
    assert float(table["m"].iloc[0]) == 5


def test_after_is_kept_within_the_horizon() -> None:
    with pytest.raises(CallError, match=r"after\(months=13\) is outside the outcome's horizon of 12 months"):

        @outcome(zh="太远", en="too far")
        def too_far(h):
            return h.after(months=13).income.last(months=12).count() > 0
