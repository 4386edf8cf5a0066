"""What a user of the simulated county may rely on: the same bytes, a valid registry, believable shares."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError
from riskmodel.registry.schema import TABLES
from riskmodel.simulation import simulate, simulate_registry
from riskmodel.simulation.geography import COUNTY_CODE

SMALL = {"households": 150, "years": 2, "until": date(2025, 1, 1)}


def digest(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        simulate_registry(tmp_path / name, seed=5, **SMALL)
    assert digest(tmp_path / "first") == digest(tmp_path / "second")


def test_another_seed_gives_another_county(tmp_path):
    simulate_registry(tmp_path / "five", seed=5, **SMALL)
    simulate_registry(tmp_path / "six", seed=6, **SMALL)
    five, six = digest(tmp_path / "five"), digest(tmp_path / "six")
    assert all(five[name] != six[name] for name in five if name.endswith(".parquet"))


@pytest.mark.parametrize(("households", "years"), [(1, 1), (3, 1), (40, 2)])
def test_very_small_counties_work(tmp_path, households, years):
    simulate_registry(tmp_path / "tiny", households=households, years=years, seed=0, until=date(2024, 1, 1))
    homes = pq.read_table(tmp_path / "tiny" / "household.parquet")
    assert len(set(homes["household_id"].to_pylist())) == households


def test_a_cut_inside_a_month_is_kept(tmp_path):
    cut = date(2024, 5, 17)
    simulate_registry(tmp_path / "cut", households=200, years=1, seed=3, until=cut)
    for file in (tmp_path / "cut").glob("*.parquet"):
        known = pq.read_table(file, columns=["known_on"])["known_on"].to_pylist()
        assert not known or max(known) < cut, file.name


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"households": 0}, "--households is 0"),
        ({"years": 0}, "--years is 0"),
        ({"seed": -1}, "--seed is -1"),
        ({"years": 30}, "Use 10 at most"),
    ],
)
def test_a_wrong_call_is_refused(wrong, named):
    call = {"seed": 1, **SMALL, **wrong}
    with pytest.raises(CallError, match=named):
        simulate(**call)


def test_every_table_is_there(county):
    assert set(county.frames) == set(TABLES)
    assert all(len(county[name]) for name in TABLES)


def test_all_places_lie_in_the_county_that_does_not_exist(county):
    homes = county["household"]
    assert set(homes.county_code) == {COUNTY_CODE}
    assert homes.township_code.str.fullmatch(COUNTY_CODE + r"\d{3}").all()
    assert homes.village_code.str.fullmatch(COUNTY_CODE + r"\d{6}").all()
    assert (homes.village_code.str[:9] == homes.township_code).all()
    assert county["household"].household_id.str.fullmatch(r"H\d{7}").all()


def test_households_are_of_the_three_types_in_believable_shares(county):
    kinds = county.standing("household").household_type.value_counts(normalize=True)
    assert 0.10 < kinds["lifted"] < 0.25
    assert kinds["ordinary"] > 0.7
    sizes = county.standing("household").groupby("village_code").size()
    assert sizes.between(40, 130).all()


def yearly_net_per_head(county, year: int) -> pd.Series:
    income = county.standing("income")
    income = income[income.month.dt.year == year]
    sign = income.source.map({"operating_cost": -1.0, "claims": 0.0}).fillna(1.0)
    net = (income.amount * sign).groupby(income.household_id).sum()
    members = county.standing("member")
    end = pd.Timestamp(year, 12, 31)
    present = members[(members.birth_date <= end) & ~(members.left_on <= end)]
    size = present.groupby("household_id").size()
    return (net.reindex(size.index).fillna(0) / size).rename("net")


def test_income_lies_near_the_province_s_and_grows(county):
    by_year = {year: yearly_net_per_head(county, year) for year in (2022, 2023, 2024)}
    assert 18_000 < by_year[2024].mean() < 28_000
    assert 1.02 < by_year[2024].mean() / by_year[2022].mean() < 1.30
    kinds = county.standing("household").set_index("household_id").household_type
    lifted = by_year[2024][kinds.reindex(by_year[2024].index) == "lifted"]
    assert 12_000 < lifted.mean() < by_year[2024].mean() * 0.9


def test_a_household_s_income_lasts_but_not_wholly(county):
    before, after = yearly_net_per_head(county, 2023), yearly_net_per_head(county, 2024)
    both = pd.concat([before, after], axis=1).dropna()
    assert 0.5 < both.rank().corr().iloc[0, 1] < 0.95


def test_need_is_rare_but_not_absent(county):
    net = yearly_net_per_head(county, 2024)
    spending = county.standing("spending")
    bills = spending[(spending.kind == "medical_oop") & (spending.spent_on.dt.year == 2024)]
    income = county.standing("income")
    claims = income[(income.source == "claims") & (income.month.dt.year == 2024)]
    end = pd.Timestamp(2024, 12, 31)
    members = county.standing("member")
    size = members[(members.birth_date <= end) & ~(members.left_on <= end)].groupby("household_id").size()
    extra = claims.groupby("household_id").amount.sum().sub(bills.groupby("household_id").amount.sum(), fill_value=0)
    adjusted = net + (extra.reindex(net.index).fillna(0) / size)
    checks = county.standing("guarantee")
    unmet = checks[(checks.checked_on.dt.year == 2024) & ~checks.met.astype(bool)].household_id.unique()
    need = (adjusted < 8500) | adjusted.index.isin(unmet)
    assert 0.03 < need.mean() < 0.14


def test_few_households_enter_the_list_each_year(county):
    entries = county.standing("listing")
    yearly = entries.groupby(entries.identified_on.dt.year).size().reindex([2022, 2023, 2024, 2025], fill_value=0)
    assert (yearly / 1200).between(0.001, 0.03).all()


def test_nobody_leaves_the_list_within_half_a_year(county):
    left = county["listing"].dropna(subset=["eliminated_on"])
    assert len(left) > 5
    assert ((left.eliminated_on - left.identified_on).dt.days >= 183).all()
    assert left.eliminated_on.dt.month.isin([11, 12]).mean() > 0.5
