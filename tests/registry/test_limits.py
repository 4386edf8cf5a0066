"""Amounts in another unit are set aside by figures of the policy record, which a county lays its own over."""

from __future__ import annotations

import pyarrow as pa
import pytest

from riskmodel.registry import validate_tables
from riskmodel.registry.limits import region_of

OWN = """
- {name: cropland_mu_most, region: "360981", valid_from: 2020-01-01, value: 5000, unit: mu/household,
   source: a county of large farms, certainty: S}
"""


def broken(rows: dict[str, list[dict]], name: str, **changed: object) -> dict[str, int]:
    lines = {**rows, name: [{**rows[name][0], **changed}, *rows[name][1:]]}
    return validate_tables({other: pa.Table.from_pylist(given) for other, given in lines.items()})[1].by_rule()


@pytest.mark.parametrize(
    ("name", "changed", "rule"),
    [
        ("household", {"cropland_mu": 2334.5}, "household.cropland_mu.too_large"),
        ("income", {"amount": 1_200_000.0}, "income.amount.wage_too_large"),
        ("income", {"amount": 0.35}, "income.amount.wage_too_small"),
        ("spending", {"amount": 2_000_001.0}, "spending.amount.too_large"),
    ],
)
def test_an_amount_in_another_unit_is_set_aside(rows, name, changed, rule):
    assert broken(rows, name, **changed)[rule] == 1


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("household", {"cropland_mu": 1000.0}),
        ("household", {"cropland_mu": None}),
        ("income", {"amount": 1_000_000.0}),
        ("income", {"amount": 0.0}),
        ("income", {"amount": 1.0}),
        ("income", {"amount": 0.35, "source": "property"}),
        ("income", {"amount": 1_200_000.0, "source": "operating"}),
        ("spending", {"amount": 2_000_000.0}),
    ],
)
def test_an_amount_that_can_be_stays(rows, name, changed):
    assert broken(rows, name, **changed) == {}


def test_a_county_lays_its_own_limit_over(rows, tmp_path, monkeypatch):
    (tmp_path / "riskmodel.toml").write_text("schema_version = 1\n")
    (tmp_path / "policy.yaml").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    assert broken(rows, "household", cropland_mu=2334.5) == {}
    # Another county's figure is none of this one's.
    rows["household"] = [{**line, "county_code": "360982"} for line in rows["household"]]
    assert "household.cropland_mu.too_large" in broken(rows, "household", cropland_mu=2334.5)


def test_rows_of_several_counties_take_the_country_s_limits():
    assert region_of(pa.array(["360981", None, "360981"])) == "360981"
    assert region_of(pa.array(["360981", "360982"])) == ""
    assert region_of(pa.array([], pa.string())) == ""


def test_the_message_says_which_unit_it_looks_like(rows):
    rows["income"][0]["amount"] = 0.35
    lines = validate_tables({n: pa.Table.from_pylist(given) for n, given in rows.items()})[1].describe(limit=1)
    assert "amount is 0.35, less than 1 yuan of wages in a month: in ten thousands of yuan?" in lines[0]
