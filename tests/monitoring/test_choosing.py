"""Who is flagged: the queue in an order that nobody can dispute, the capacity kept, the list left alone."""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.choosing import choose

AS_OF = date(2025, 6, 1)

# Few different risks and margins, so that ties are many.
HOUSEHOLD = st.fixed_dictionaries(
    {
        "risk": st.sampled_from([0.01, 0.2, 0.2, 0.7]),
        "margin": st.sampled_from([-2.0, -1.0]),
        "on_list": st.booleans(),
        "rule": st.booleans(),
        "cohort": st.booleans(),
    }
)
HOUSEHOLDS = st.lists(HOUSEHOLD, min_size=1, max_size=30)
CAPACITIES = st.one_of(
    st.builds(Capacity, st.just("share"), st.floats(0.01, 1)),
    st.builds(Capacity, st.just("count"), st.integers(1, 12).map(float)),
)


def chosen(households, *, capacity, rule_capacity=None, as_of=AS_OF, ids=None):
    def column(name, kind):
        return np.array([household[name] for household in households], dtype=kind)

    return choose(
        household_id=ids or [f"H{number}" for number in range(len(households))],
        as_of=as_of,
        risk=column("risk", float),
        margin=column("margin", float),
        on_list=column("on_list", bool),
        named_by_rule=column("rule", bool),
        in_cohort=column("cohort", bool),
        capacity=capacity,
        rule_capacity=rule_capacity,
    )


def queue_by_hand(households, as_of=AS_OF):
    waiting = [n for n, h in enumerate(households) if not h["on_list"] and (h["cohort"] or h["rule"])]

    def key(number):
        household = households[number]
        tie = hashlib.sha256(f"{as_of.isoformat()}|H{number}".encode()).digest()
        return -household["risk"], -household["margin"], tie

    return sorted(waiting, key=key)


@given(HOUSEHOLDS, CAPACITIES, st.one_of(st.none(), CAPACITIES))
def test_the_choice_equals_one_made_by_hand(households, capacity, rule_capacity):
    choice = chosen(households, capacity=capacity, rule_capacity=rule_capacity)
    queue = queue_by_hand(households)
    assert [int(rank) for rank in choice.rank] == [
        queue.index(number) + 1 if number in queue else 0 for number in range(len(households))
    ]
    of_model = [number for number in queue if households[number]["cohort"]]
    places = capacity.households(len(of_model))
    by_model = set(of_model[:places])
    alone = [number for number in queue if households[number]["rule"] and number not in by_model]
    kept = alone if rule_capacity is None else alone[: rule_capacity.households(len(queue))]
    by_rule = {number for number in by_model if households[number]["rule"]} | set(kept)
    assert set(np.flatnonzero(choice.by_model)) == by_model
    assert set(np.flatnonzero(choice.by_rule)) == by_rule
    assert (choice.eligible, choice.model_places) == (len(queue), places)
    assert choice.rule_left_out == len(alone) - len(kept)


@given(HOUSEHOLDS, CAPACITIES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(households, capacity, random):
    order = list(range(len(households)))
    random.shuffle(order)
    straight = chosen(households, capacity=capacity)
    shuffled = chosen([households[n] for n in order], capacity=capacity, ids=[f"H{n}" for n in order])
    assert shuffled.rank.tolist() == straight.rank[order].tolist()
    assert shuffled.by_model.tolist() == straight.by_model[order].tolist()
    assert shuffled.by_rule.tolist() == straight.by_rule[order].tolist()


@given(HOUSEHOLDS, CAPACITIES)
def test_who_is_on_the_list_is_never_flagged(households, capacity):
    choice = chosen(households, capacity=capacity)
    on_list = np.array([household["on_list"] for household in households])
    assert not (on_list & (choice.by_model | choice.by_rule)).any()
    assert not choice.rank[on_list].any()


def test_equal_households_take_turns_over_the_months():
    alike = [{"risk": 0.2, "margin": -1.0, "on_list": False, "rule": False, "cohort": True}] * 40
    first = {
        int(np.argmin(chosen(alike, capacity=Capacity("count", 1), as_of=date(2025, month, 1)).rank))
        for month in range(1, 13)
    }
    assert len(first) > 6


def test_without_a_cohort_everyone_may_be_flagged():
    choice = choose(
        household_id=["A", "B"],
        as_of=AS_OF,
        risk=np.array([0.1, 0.4]),
        margin=np.array([-2.0, -0.4]),
        on_list=np.zeros(2, dtype=bool),
        named_by_rule=np.zeros(2, dtype=bool),
        capacity=Capacity("count", 5),
    )
    assert choice.rank.tolist() == [2, 1]
    assert choice.by_model.all()


@pytest.mark.parametrize("on_list", [True, False])
def test_a_queue_of_nobody_flags_nobody(on_list):
    nobody = [{"risk": 0.7, "margin": 1.0, "on_list": on_list, "rule": False, "cohort": False}]
    choice = chosen(nobody, capacity=Capacity("share", 1.0))
    assert (choice.eligible, choice.model_places, choice.by_model.any(), choice.by_rule.any()) == (0, 0, False, False)
