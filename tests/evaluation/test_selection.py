"""Choosing over time: a rule sees only what was known, and its regret is what hindsight would have had more."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.evaluation.selection import (
    RANDOM,
    RULES,
    Choice,
    best_at_the_last,
    best_on_average,
    choose_over_time,
    known_by,
    most_often_near_the_best,
    steadiest,
)
from riskmodel.training.splits import Horizon, Origin

YEAR = Horizon(months=12, lag_days=30)


def at(*days: date) -> list[Origin]:
    return [Origin(as_of=day, training=(), horizon=YEAR) for day in days]


def test_only_origins_whose_outcome_was_known_may_be_chosen_by():
    origins = at(date(2020, 1, 1), date(2021, 1, 1), date(2021, 1, 31), date(2022, 6, 1))
    assert known_by(origins) == [[], [], [0], [0, 1, 2]]


def test_origins_half_a_year_apart_leave_nothing_to_choose_by():
    known = known_by(at(date(2022, 1, 1), date(2022, 7, 1), date(2023, 1, 1)))
    made = choose_over_time({"model": [0.1] * 3, "rule": [0.2] * 3}, known=known, origins=["a", "b", "c"])
    assert all(chosen == [] for chosen in made.values())


def test_each_rule_takes_what_it_says():
    past = {"swings": [0.9, 0.2, 0.95], "steady": [0.6, 0.6, 0.6], "near": [0.89, 0.59, 0.7]}
    assert best_at_the_last(past) == "swings"
    assert best_on_average(past) == "near"
    assert steadiest(past) == "steady"
    assert most_often_near_the_best(past, near=0.02) == "near"


def test_a_tie_goes_to_the_first_of_the_table():
    assert best_at_the_last({"model": [0.5], "rule": [0.5]}) == "model"


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=5),
)
def test_regret_is_never_below_zero_and_the_random_choice_is_the_mean(rows):
    values = {f"s{i}": row for i, row in enumerate(rows)}
    made = choose_over_time(values, known=[[], [0], [0, 1], [0, 1, 2]], origins=list("abcd"))
    table = np.array(rows)
    assert set(made) == {*RULES, RANDOM}
    for chosen in made.values():
        assert [one.origin for one in chosen] == ["b", "c", "d"]
        assert all(one.regret >= 0 for one in chosen)
    expected = table.max(axis=0) - table.mean(axis=0)
    assert [one.regret for one in made[RANDOM]] == pytest.approx(list(expected[1:]))


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=2, max_size=4), st.floats(0, 1))
def test_what_happens_later_changes_no_earlier_choice(rows, later):
    values = {f"s{i}": row for i, row in enumerate(rows)}
    other = {name: [*row[:-1], later] for name, row in values.items()}
    how = {"known": [[], [0], [0, 1]], "origins": ["a", "b", "c"]}
    first, second = choose_over_time(values, **how), choose_over_time(other, **how)
    for rule in RULES:
        assert [one.scorer for one in first[rule]] == [one.scorer for one in second[rule]]
        assert first[rule][0] == second[rule][0]


def test_a_scorer_that_cannot_be_measured_is_never_taken():
    made = choose_over_time({"model": [0.4, 0.4], "odd": [float("nan"), 0.9]}, known=[[], [0]], origins=["a", "b"])
    assert {one.scorer for chosen in made.values() for one in chosen} == {"model", RANDOM}
    assert Choice(choices=1, by_measure={"auc": made}).mean_regret("auc", "steadiest") == 0
