"""Every figure says its unit, its source and how certain it is."""

from __future__ import annotations

import pytest

from riskmodel.errors import CallError
from riskmodel.simulation import parameters
from riskmodel.simulation.parameters import CERTAINTIES, load_parameters


def test_every_figure_has_a_unit_a_source_and_a_certainty():
    for section in load_parameters().sections.values():
        for name, parameter in section.parameters.items():
            assert parameter.unit, name
            assert parameter.source, name
            assert parameter.certainty in CERTAINTIES, name


def test_a_figure_without_a_source_is_marked_as_assumed():
    for section in load_parameters().sections.values():
        for name, parameter in section.parameters.items():
            if parameter.source.startswith("assumed"):
                assert parameter.certainty == "S", name


def test_a_wrong_name_gets_the_nearest_one():
    figures = load_parameters()
    with pytest.raises(CallError, match='Did you mean "health"'):
        figures["helth"]
    with pytest.raises(CallError, match='Did you mean "first_bill"'):
        figures["health"]["first_bil"]


def test_shares_by_month_add_up_to_a_year():
    figures = load_parameters()
    assert sum(figures["income"]["harvest_share"]) == pytest.approx(1.0)
    assert sum(figures["income"]["crop_cost_season"]) == pytest.approx(1.0)
    assert sum(figures["shocks"]["disaster_season"]) == pytest.approx(1.0)
    assert sum(figures["geography"]["lifted_year"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1.2, "share of persons", r"health.onset is 1.2 \(share of persons\); expected 0 to 1"),
        ([0.2, -0.1], "share by month", "is -0.1"),
        ({"young": {"from": 3, "chance": -2}}, "a year per person", "is -2 .*expected a number of 0 or more"),
        (float("nan"), "yuan", "is nan"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(value, unit, said):
    with pytest.raises(CallError, match=said):
        parameters._check("health.onset", parameters.Parameter(value=value, unit=unit, source="assumed", certainty="S"))


def test_logarithms_and_scores_may_be_below_0():
    for unit in ("log", "cuts of a normal score"):
        parameters._check("x", parameters.Parameter(value=[-3.0, 2.0], unit=unit, source="assumed", certainty="S"))
