"""Whom the model may flag: those like the ones it learned from; the others by rule alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from riskmodel.errors import CallError
from riskmodel.features import History, Number, feature, load_catalogue
from riskmodel.features.catalogue import Catalogue
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.choosing import Choice, choose
from riskmodel.monitoring.cohort import cohort_outputs, digest, trained_cohort
from riskmodel.monitoring.matching import check_same_features
from riskmodel.testing import history

RISK = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])


def chosen(*, in_cohort: list[int], named: tuple[int, ...] = (), on_list: tuple[int, ...] = (), visits: int) -> Choice:
    everyone = np.arange(len(RISK))
    return choose(
        household_id=[f"H{number}" for number in everyone],
        as_of=date(2020, 1, 1),
        risk=RISK,
        margin=RISK,
        on_list=np.isin(everyone, on_list),
        named_by_rule=np.isin(everyone, named),
        in_cohort=np.isin(everyone, in_cohort),
        capacity=Capacity("count", visits),
    )


def test_the_places_go_to_the_cohort():
    choice = chosen(in_cohort=[2, 3, 5], visits=2)
    assert np.flatnonzero(choice.by_model).tolist() == [2, 3]
    assert choice.rank.tolist() == [0, 0, 1, 2, 0, 3]
    assert (choice.eligible, choice.model_places) == (3, 2)


def test_a_rule_flags_outside_the_cohort_and_takes_no_place():
    choice = chosen(in_cohort=[2, 3, 5], named=(0, 3), visits=2)
    assert np.flatnonzero(choice.by_model).tolist() == [2, 3]
    assert np.flatnonzero(choice.by_rule).tolist() == [0, 3]
    assert choice.rank.tolist() == [1, 0, 2, 3, 0, 4]


def test_who_is_on_the_list_is_not_flagged_though_in_the_cohort():
    choice = chosen(in_cohort=[2, 3, 5], on_list=(2,), visits=1)
    assert np.flatnonzero(choice.by_model).tolist() == [3]
    assert choice.rank[2] == 0


def test_nobody_in_the_cohort_leaves_nobody_flagged():
    choice = chosen(in_cohort=[], visits=2)
    assert not choice.by_model.any()
    assert (choice.eligible, choice.model_places) == (0, 0)


def test_rules_switched_off_when_the_model_learned_are_switched_off_here():
    registry = history(listing=[])
    catalogue = load_catalogue(Path(__file__).parents[2] / "features")
    told = {"cohort": "not_listed", "cohort_without": ["not on the list"]}
    whole = cohort_outputs(registry, catalogue.cohort("not_listed"))
    less = cohort_outputs(registry, trained_cohort(told, catalogue, model="need"))
    assert (len(whole), len(less)) == (2, 1)
    assert digest(whole) != digest(less)


def test_a_wholly_other_catalogue_is_said_once():
    def named(name: str) -> Catalogue:
        @feature(name=name, unit="count", zh="事件数", en="events")
        def counted(h: History) -> Number:
            return h.event.count()

        return Catalogue.of([counted])

    trained = list(named("of_a_survey").features.values())
    with pytest.raises(CallError, match=r"none of its 1 features \(of_a_survey, …\).*--catalogue"):
        check_same_features(trained, named("of_a_county"), model="m, version 1,")
