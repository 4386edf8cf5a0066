"""Who is flagged: the queue in an order that nobody can dispute, the capacity kept, the list left alone."""

from __future__ import annotations

import hashlib
from datetime import date

from choices import AS_OF, chosen, where
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.choosing import UNITS

# Each example is a query put together and run.
FEW = settings(max_examples=25, deadline=None)
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


def queue_by_hand(households, as_of=AS_OF):
    waiting = [n for n, h in enumerate(households) if not h["on_list"] and (h["cohort"] or h["rule"])]

    def key(number):
        household = households[number]
        tie = hashlib.sha256(f"{as_of.isoformat()}|H{number}".encode()).digest()
        return -household["risk"], -household["margin"], tie

    return sorted(waiting, key=key)


def flags_by_hand(queue, households, capacity, rule_capacity):
    of_model = [number for number in queue if households[number]["cohort"]]
    by_model = set(of_model[: capacity.households(len(of_model))])
    alone = [number for number in queue if households[number]["rule"] and number not in by_model]
    kept = alone if rule_capacity is None else alone[: rule_capacity.households(len(queue))]
    by_rule = {number for number in by_model if households[number]["rule"]} | set(kept)
    return by_model, by_rule, set(alone) - set(kept)


@FEW
@given(HOUSEHOLDS, CAPACITIES, st.one_of(st.none(), CAPACITIES))
def test_the_choice_equals_one_made_by_hand(households, capacity, rule_capacity):
    choice = chosen(households, capacity=capacity, rule_capacity=rule_capacity)
    queue = queue_by_hand(households)
    assert choice["rank"] == [queue.index(number) + 1 if number in queue else None for number in range(len(households))]
    by_model, by_rule, left_out = flags_by_hand(queue, households, capacity, rule_capacity)
    assert where(choice["by_model"]) == by_model
    assert where(choice["by_rule"]) == by_rule
    assert where(choice["left_out"]) == left_out
    flagged = [number for number in queue if number in by_model | by_rule]
    assert choice["number"] == [
        flagged.index(number) + 1 if number in flagged else None for number in range(len(households))
    ]


@FEW
@given(HOUSEHOLDS, CAPACITIES, st.sampled_from(["county", "township", "village"]), st.data())
def test_each_unit_has_a_queue_of_its_own(households, capacity, per, data):
    places = st.sampled_from(["1", "2", None])
    households = [
        {**one, "county": data.draw(places), "township": data.draw(places), "village": data.draw(places)}
        for one in households
    ]
    choice = chosen(households, capacity=capacity, rule_capacity=capacity, per=per)
    unit = [tuple(one[name] for name in ("county", "township", "village")[: UNITS.index(per)]) for one in households]
    queue = queue_by_hand(households)
    for place in set(unit):
        here = {number for number, its in enumerate(unit) if its == place}
        alone = flags_by_hand([number for number in queue if number in here], households, capacity, capacity)
        for name, expected in zip(("by_model", "by_rule", "left_out"), alone, strict=True):
            assert where(choice[name]) & here == expected
    assert choice["rank"] == [queue.index(number) + 1 if number in queue else None for number in range(len(households))]


@FEW
@given(HOUSEHOLDS, st.sampled_from([0.0, 0.2, 0.7, 0.8]))
def test_a_threshold_takes_everyone_whose_risk_reaches_it(households, threshold):
    choice = chosen(households, threshold=threshold)
    assert choice["by_model"] == [h["cohort"] and not h["on_list"] and h["risk"] >= threshold for h in households]


@FEW
@given(HOUSEHOLDS, CAPACITIES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(households, capacity, random):
    order = list(range(len(households)))
    random.shuffle(order)
    straight = chosen(households, capacity=capacity)
    shuffled = chosen([households[n] for n in order], capacity=capacity, ids=[f"H{n}" for n in order])
    for name, values in straight.items():
        assert shuffled[name] == [values[n] for n in order]


@FEW
@given(HOUSEHOLDS, CAPACITIES)
def test_who_is_on_the_list_is_never_flagged(households, capacity):
    choice = chosen(households, capacity=capacity)
    for number, household in enumerate(households):
        if household["on_list"]:
            assert not choice["by_model"][number]
            assert not choice["by_rule"][number]
            assert choice["rank"][number] is None


def test_equal_households_take_turns_over_the_months():
    alike = [{"risk": 0.2, "margin": -1.0, "on_list": False, "rule": False, "cohort": True}] * 40
    first = {
        chosen(alike, capacity=Capacity("count", 1), as_of=date(2025, month, 1))["rank"].index(1)
        for month in range(1, 13)
    }
    assert len(first) > 6
