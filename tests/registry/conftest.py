"""A small registry in which every row of every table is sound and nothing is doubtful."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from riskmodel.registry.schema import TABLES

_LATER = date(2023, 7, 1)


def _rows() -> dict[str, list[dict]]:
    h1, h2 = {"household_id": "H1", "known_on": _LATER}, {"household_id": "H2", "known_on": _LATER}
    place = {"county_code": "360981", "township_code": "360981101", "village_code": "360981101201"}
    home = {**place, "registered_on": date(2020, 1, 2), "cropland_mu": 3.5, "forest_mu": 0.0, "road_distance_km": 1.2}
    grown = {"education": "junior", "chronic_illness": False, "major_illness": False, "disabled": False}
    return {
        "household": [
            {**h1, **home, "household_type": "lifted", "lifted_year": 2018, "housing_grade": "B", "safe_water": True},
            {**h2, **home, "household_type": "ordinary", "relocation_site": False, "housing_grade": "A"},
        ],
        "member": [
            {**h1, **grown, "member_id": "M1", "sex": "male", "birth_date": date(1980, 3, 4), "relation": "head",
             "labour_skill": "skilled", "medical_insured": True},
            {**h1, **grown, "member_id": "M2", "sex": "female", "birth_date": date(1982, 3, 4), "relation": "spouse",
             "labour_skill": "weak", "disabled": True, "disability_grade": 2, "major_illness": True},
            {**h2, **grown, "member_id": "M1", "sex": "female", "birth_date": date(1970, 1, 1), "relation": "head",
             "labour_skill": "ordinary", "left_on": None},
        ],
        "income": [
            {**h1, "month": date(2023, 5, 1), "source": "wage", "item": "post", "amount": 800.0},
            {**h1, "month": date(2023, 6, 1), "source": "wage", "item": "post", "amount": 800.0},
            {**h2, "month": date(2023, 6, 1), "source": "transfer", "item": "pension", "amount": 150.0},
        ],
        "spending": [
            {**h1, "record_id": "S1", "spent_on": date(2023, 5, 9), "kind": "medical_oop", "amount": 1200.0},
            {**h2, "record_id": "S2", "spent_on": date(2023, 5, 9), "kind": "education", "amount": 300.0},
        ],
        "event": [
            {**h1, "record_id": "E1", "happened_on": date(2023, 5, 8), "kind": "illness", "subtype": "stroke",
             "loss": 0.0},
            {**h2, "record_id": "E2", "happened_on": date(2023, 6, 8), "kind": "disaster", "loss": 500.0},
        ],
        "job": [
            {**h1, "record_id": "J1", "member_id": "M1", "started_on": date(2022, 2, 1), "ended_on": date(2023, 1, 1),
             "place": "outside", "kind": "migrant"},
            {**h2, "record_id": "J2", "member_id": "M1", "started_on": date(2023, 2, 1), "place": "village",
             "kind": "local"},
        ],
        "measure": [
            {**h1, "record_id": "A1", "kind": "health", "started_on": date(2023, 6, 1), "amount": 600.0},
            {**h2, "record_id": "A2", "kind": "jobs", "started_on": date(2022, 6, 1), "ended_on": date(2023, 6, 1)},
        ],
        "guarantee": [
            {**h1, "checked_on": date(2023, 6, 2), "item": "medical", "met": True},
            {**h2, "checked_on": date(2023, 6, 2), "item": "water", "met": False},
        ],
        "listing": [
            {**h1, "identified_on": date(2022, 6, 3), "category": "unstable_lifted",
             "risk_types": ["illness", "disability"], "eliminated_on": date(2023, 6, 3),
             "elimination_mode": "assisted"},
            {**h2, "identified_on": date(2023, 6, 3), "category": "marginal", "risk_types": ["other"]},
        ],
        "visit": [
            {**h1, "record_id": "V1", "visited_on": date(2023, 6, 4), "source": "model", "verdict": "at_risk",
             "note": "ill"},
            {**h2, "record_id": "V2", "visited_on": date(2023, 6, 4), "source": "cadre_patrol"},
        ],
        "points": [
            {**h1, "record_id": "P1", "awarded_on": date(2023, 6, 5), "item": "tidy yard", "points": 5.0},
            {**h2, "record_id": "P2", "awarded_on": date(2023, 6, 5), "points": -2.0},
        ],
        "observation": [
            {**h1, "observed_on": date(2023, 6, 6), "item": "food_score", "value": 41.0},
            {**h2, "observed_on": date(2023, 6, 6), "item": "food_score", "value": 28.5},
        ],
    }  # fmt: skip


@pytest.fixture
def rows() -> dict[str, list[dict]]:
    """Rows of all twelve tables, to change at will; each has all of its table's own columns."""
    return {
        name: [{**{column.name: None for column in TABLES[name].own_columns}, **line} for line in lines]
        for name, lines in _rows().items()
    }


@pytest.fixture
def sound() -> dict[str, pa.Table]:
    """The same as typed tables."""
    return {
        name: pa.Table.from_pylist(rows, schema=pa.schema([f.with_nullable(True) for f in TABLES[name].arrow_schema]))
        for name, rows in _rows().items()
    }
