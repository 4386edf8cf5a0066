"""Whom the model may flag: those like the ones it learned from; the others by rule alone."""

from __future__ import annotations

from pathlib import Path

import choices
import numpy as np
import pytest
from choices import where

from riskmodel.errors import CallError
from riskmodel.features import History, Number, feature, load_catalogue
from riskmodel.features.catalogue import Catalogue
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.cohort import cohort_outputs, digest, trained_cohort
from riskmodel.monitoring.matching import check_same_features
from riskmodel.testing import history

RISK = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])


def chosen(*, in_cohort: list[int], named: tuple[int, ...] = (), on_list: tuple[int, ...] = (), visits: int):
    households = [
        {"risk": risk, "margin": risk, "on_list": n in on_list, "rule": n in named, "cohort": n in in_cohort}
        for n, risk in enumerate(RISK)
    ]
    return choices.chosen(households, capacity=Capacity("count", visits))


def test_the_places_go_to_the_cohort():
    choice = chosen(in_cohort=[2, 3, 5], visits=2)
    assert where(choice["by_model"]) == {2, 3}
    assert choice["rank"] == [None, None, 1, 2, None, 3]


def test_a_rule_flags_outside_the_cohort_and_takes_no_place():
    choice = chosen(in_cohort=[2, 3, 5], named=(0, 3), visits=2)
    assert where(choice["by_model"]) == {2, 3}
    assert where(choice["by_rule"]) == {0, 3}
    assert choice["rank"] == [1, None, 2, 3, None, 4]


def test_who_is_on_the_list_is_not_flagged_though_in_the_cohort():
    choice = chosen(in_cohort=[2, 3, 5], on_list=(2,), visits=1)
    assert where(choice["by_model"]) == {3}
    assert choice["rank"][2] is None


def test_nobody_in_the_cohort_leaves_nobody_flagged():
    choice = chosen(in_cohort=[], visits=2)
    assert not where(choice["by_model"])
    assert where(choice["rank"]) == set()


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
