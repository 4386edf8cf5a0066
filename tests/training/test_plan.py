"""Dates: what may teach at an origin, and what is refused because nobody could have known it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.training.experiment import Experiment
from riskmodel.training.plan import check_names, plan_dates

CUT = date(2025, 1, 1)


def experiment(training, **validation) -> Experiment:
    validation = {"origins": {"newest": 3, "every_months": 6}} | validation
    return Experiment(name="county", training={"as_of": training}, validation=validation)


def plan(asked, *, horizon=12, lag=60, cut=CUT):
    return plan_dates(asked, horizon_months=horizon, lag_days=lag, cut_on=cut)


days = st.dates(date(2012, 1, 1), date(2024, 12, 31))


def in_order(least: int, most: int) -> st.SearchStrategy[list[date]]:
    return st.lists(days, min_size=least, max_size=most, unique=True).map(sorted)


@given(
    every=st.integers(1, 9),
    newest=st.integers(1, 6),
    apart=st.integers(1, 12),
    horizon=st.integers(1, 24),
    extra=st.integers(0, 7),
    lag=st.integers(0, 200),
    cut=days,
)
def test_a_counted_training_date_was_known_at_its_origin(every, newest, apart, horizon, extra, lag, cut):
    asked = experiment(
        {"every_months": every, "newest": newest},
        origins={"newest": 3, "every_months": apart},
        gap_months=horizon + extra,
    )
    found = plan(asked, horizon=horizon, lag=lag, cut=cut)
    assert len(found.origins) == 3
    for origin in found.origins:
        assert len(origin.training) == newest
        assert add_months(origin.as_of, horizon) + timedelta(days=lag) <= cut
        for day in origin.training:
            assert add_months(day, horizon) + timedelta(days=lag) <= origin.as_of
            assert day <= add_months(origin.as_of, -(horizon + extra))


@given(teach=in_order(1, 12), test=in_order(3, 5))
def test_a_listed_training_date_was_known_at_its_origin_or_the_plan_is_refused(teach, test):
    asked = experiment(teach, origins=test)
    try:
        found = plan(asked, cut=date(2027, 1, 1))
    except DataError as error:
        assert "nothing can teach the model tested at" in str(error)
        first = min(test)
        assert not any(add_months(d, 12) + timedelta(days=60) <= first and d <= add_months(first, -12) for d in teach)
        return
    for origin in found.origins:
        expected = {d for d in teach if add_months(d, 12) + timedelta(days=60) <= origin.as_of}
        assert set(origin.training) == {d for d in expected if d <= add_months(origin.as_of, -12)}


def test_the_newest_origin_is_the_newest_that_is_known_at_the_cut():
    found = plan(experiment({"every_months": 3, "newest": 2}))
    assert [o.as_of for o in found.origins] == [date(2022, 11, 1), date(2023, 5, 1), date(2023, 11, 1)]
    assert found.origins[-1].training == (date(2022, 6, 1), date(2022, 9, 1))


def test_a_growing_window_begins_where_it_is_told():
    found = plan(experiment({"every_months": 12, "from": "2018-01-01"}))
    assert found.origins[0].training == (date(2018, 1, 1), date(2019, 1, 1), date(2020, 1, 1), date(2021, 1, 1))
    assert found.training[-1] == date(2023, 11, 1)


def test_a_gap_shorter_than_the_horizon_is_refused_in_these_words():
    with pytest.raises(CallError) as raised:
        plan(experiment({"every_months": 6, "newest": 2}, gap_months=6))
    assert str(raised.value) == (
        "experiment.yaml: validation.gap_months is 6, shorter than the outcome's horizon of 12 months:\n"
        "rows used to train would know outcomes of rows used to test. Use 12 or more."
    )


def test_an_origin_that_is_not_mature_says_when_it_will_be():
    asked = experiment({"every_months": 6, "from": "2018-01-01"}, origins=["2022-01-01", "2023-01-01", "2024-06-01"])
    with pytest.raises(DataError) as raised:
        plan(asked)
    assert "validation.origins holds 2024-06-01, whose outcome is known on 2025-07-31 only" in str(raised.value)
    assert "The newest date that can be used is 2023-11-01." in str(raised.value)


def test_an_origin_that_nothing_can_teach_says_what_it_needs():
    asked = experiment(["2021-06-01"], origins=["2022-01-01", "2023-01-01", "2023-06-01"])
    with pytest.raises(DataError, match="must lie on or before 2020-11-01"):
        plan(asked)


def test_cross_validation_takes_every_date():
    found = plan(experiment(["2019-01-01", "2021-01-01"], mode="cross_validation", origins=None))
    assert found.origins == ()
    assert found.training == (date(2019, 1, 1), date(2021, 1, 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcome": "neeed"}, 'outcome names "neeed", which is not an outcome of the catalogue. Did you mean "need"?'),
        ({"cohort": "not_lsted"}, 'Did you mean "not_listed"?'),
        ({"cohort": {"name": "not_listed", "without": ["not on the lst"]}}, 'Did you mean "not on the list"?'),
        ({"features": {"only": ["visited"]}}, "not a feature of the catalogue. It is an exposure, known only after"),
        ({"features": {"only": ["line_gap"]}}, 'features.only names "line_gap"'),
        ({"features": {"without": ["members", "line_gap_12m"]}}, "leaves no feature at all"),
        ({"baselines": {"rule": {"feature": "line_gap_12", "below": 0}}}, 'Did you mean "line_gap_12m"?'),
        ({"intervals": {"by": "feature:membrs"}}, 'Did you mean "members"?'),
    ],
)
def test_a_name_that_the_catalogue_lacks(change, said):
    asked = Experiment.model_validate(
        {
            "name": "county",
            "training": {"as_of": ["2020-01-01"]},
            "validation": {"mode": "cross_validation"},
        }
        | change
    )
    cohorts = {"not_listed": ["present", "not on the list"]}
    with pytest.raises(CallError) as raised:
        check_names(
            asked, features=["members", "line_gap_12m"], outcomes=["need"], cohorts=cohorts, exposures=["visited"]
        )
    assert said in str(raised.value)
