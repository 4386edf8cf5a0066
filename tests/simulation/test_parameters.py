"""Every figure says its unit, its source and how certain it is."""

from __future__ import annotations

import pytest

from riskmodel.errors import CallError
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
    parameters = load_parameters()
    with pytest.raises(CallError, match='Did you mean "health"'):
        parameters["helth"]
    with pytest.raises(CallError, match='Did you mean "first_bill"'):
        parameters["health"]["first_bil"]


def test_shares_by_month_add_up_to_a_year():
    parameters = load_parameters()
    assert sum(parameters["income"]["harvest_share"]) == pytest.approx(1.0)
    assert sum(parameters["income"]["crop_cost_season"]) == pytest.approx(1.0)
    assert sum(parameters["shocks"]["disaster_season"]) == pytest.approx(1.0)
    assert sum(parameters["geography"]["lifted_year"]) == pytest.approx(1.0)
