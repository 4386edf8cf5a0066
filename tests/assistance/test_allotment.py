"""Who gets which place: never beyond a quota, and worth as much as trying every way finds."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from riskmodel.assistance.allotment import Allotment

KINDS = ("loan", "post", "tools")
worths = st.dictionaries(
    st.integers(1, 7).map(lambda number: f"H{number}"),
    st.dictionaries(st.sampled_from(KINDS), st.integers(1, 12), max_size=3),
    max_size=7,
)
quotas = st.fixed_dictionaries({kind: st.integers(0, 3) for kind in KINDS})


def total(worth: dict, given: dict) -> int:
    return sum(worth[household][kind] for household, kind in given.items())


@given(worth=worths, quotas=quotas)
def test_it_is_worth_what_another_solver_finds(worth, quotas) -> None:
    got = Allotment(worth, quotas).given()
    for kind, quota in quotas.items():
        assert sum(has == kind for has in got.values()) <= quota
    slots = [kind for kind, quota in quotas.items() for _ in range(quota)]
    gain = np.array([[its.get(kind, 0) for kind in slots] for its in worth.values()]).reshape(len(worth), len(slots))
    rows, columns = linear_sum_assignment(gain, maximize=True)
    assert total(worth, got) == gain[rows, columns].sum()


@given(worth=worths.filter(lambda found: len(found) <= 4), quotas=quotas)
def test_it_is_worth_what_trying_every_way_finds(worth, quotas) -> None:
    best = 0
    for way in itertools.product(*([None, *its] for its in worth.values())):
        given_ = {household: kind for household, kind in zip(worth, way, strict=True) if kind is not None}
        if all(sum(has == kind for has in given_.values()) <= quota for kind, quota in quotas.items()):
            best = max(best, total(worth, given_))
    assert total(worth, Allotment(worth, quotas).given()) == best


def test_a_place_that_would_cost_another_more_than_it_adds_is_not_given() -> None:
    worth = {"H1": {"loan": 10, "post": 1}, "H2": {"loan": 2}}
    assert Allotment(worth, {"loan": 1, "post": 1}).given() == {"H1": "loan"}


def test_numbers_that_no_float_holds_apart_are_told_apart() -> None:
    large = 2**80
    worth = {"H1": {"post": large}, "H2": {"post": large + 1}}
    assert Allotment(worth, {"post": 1}).given() == {"H2": "post"}
