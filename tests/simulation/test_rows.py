"""The rows of a simulated registry keep the rules that a validator would check."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import pytest

from riskmodel.registry.schema import TABLES

NAMES = list(TABLES)
CUT = pd.Timestamp(2026, 1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_types_are_the_schema_s(county, name):
    stored = pq.read_schema(county.path / f"{name}.parquet")
    for column in TABLES[name].columns:
        if column.name in stored.names:
            assert stored.field(column.name).type == column.arrow_type, column.name


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_in_the_code_book_and_numbers_in_range(county, name):
    frame = county[name]
    for column in TABLES[name].columns:
        values = frame[column.name].dropna()
        if column.required:
            assert frame[column.name].notna().all(), column.name
        if column.low is not None and len(values):
            assert values.min() >= column.low, column.name
            assert values.max() <= column.high, column.name


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_known_before_it_happens_nor_after_the_cut(county, name):
    frame = county[name]
    assert (frame[TABLES[name].own_date] <= frame.known_on).all()
    assert (frame.known_on < CUT).all()
    for other in ("ended_on", "eliminated_on", "left_on"):
        if other in frame:
            told = frame.dropna(subset=[other])
            assert (told[other] <= told.known_on).all(), other


@pytest.mark.parametrize("name", NAMES)
def test_one_row_stands_for_each_key(county, name):
    assert not county.standing(name).duplicated(["household_id", *TABLES[name].key]).any()


def test_a_correction_is_known_strictly_later(county):
    for name in NAMES:
        key = ["household_id", *TABLES[name].key]
        assert not county[name].duplicated([*key, "known_on"]).any(), name


def test_some_rows_come_late_some_are_corrected_some_withdrawn(county):
    income = county["income"]
    lag = (income.known_on - income.month).dt.days
    assert lag.median() < 60
    assert (lag > 90).mean() > 0.005
    key = ["household_id", *TABLES["income"].key]
    corrected = income[income.duplicated(key, keep=False)]
    assert 0.01 < len(corrected) / len(income) < 0.12
    for name in ("income", "spending", "event"):
        assert county[name].withdrawn.fillna(False).any(), name
        taken = county[name][county[name].withdrawn.fillna(False).astype(bool)]
        merged = taken.merge(county[name], on=["household_id", *TABLES[name].key], suffixes=("", "_before"))
        assert (merged.known_on_before < merged.known_on).any(), name


def test_bills_are_known_weeks_after_they_are_paid(county):
    bills = county["spending"]
    lag = (bills.known_on - bills.spent_on).dt.days
    assert 25 < lag.median() < 100


def test_everyone_is_known_before_the_first_month(county):
    first = county["income"].month.min()
    homes = county["household"].groupby("household_id").known_on.min()
    assert (homes < first).all()
    born_before = county["member"][county["member"].birth_date < first - pd.Timedelta(days=400)]
    assert (born_before.groupby("household_id").known_on.min() < first).all()


def test_exactly_one_of_education_and_school_status(county):
    members = county["member"]
    assert (members.education.notna() ^ members.school_status.notna()).all()


def test_one_head_and_at_most_one_spouse_of_the_other_sex(county):
    members = county.standing("member")
    members = members[members.left_on.isna()]
    heads = members[members.relation == "head"].groupby("household_id").size()
    # A succession may not be known yet when the old head's leaving is: that is the registry's lateness.
    assert (heads == 1).mean() > 0.98
    first = county["member"].sort_values("known_on").groupby(["household_id", "member_id"]).head(1)
    first = first[first.known_on < county["income"].month.min()]
    assert (first[first.relation == "head"].groupby("household_id").size() == 1).all()
    spouses = first[first.relation == "spouse"].merge(first[first.relation == "head"], on="household_id")
    assert not spouses.household_id.duplicated().any()
    assert (spouses.sex_x != spouses.sex_y).all()


def test_nobody_works_too_young_or_without_labour(county):
    jobs = county["job"].merge(
        county["member"].drop_duplicates(["household_id", "member_id"])[["household_id", "member_id", "birth_date"]],
        on=["household_id", "member_id"],
        how="left",
    )
    assert jobs.birth_date.notna().all()
    assert ((jobs.started_on - jobs.birth_date).dt.days >= 16 * 365).all()
    ended = jobs.dropna(subset=["ended_on"])
    assert (ended.ended_on >= ended.started_on).all()
    assert len(ended) > 100
    assert county["job"].ended_on.isna().any()


def test_labour_skill_fits_age_and_schooling(county):
    members = county["member"]
    age = (members.known_on - members.birth_date).dt.days / 365.25
    assert (members.labour_skill[members.school_status.notna() | (age < 15)] == "none").all()
    well = (
        ~members.chronic_illness.astype(bool)
        & ~members.major_illness.astype(bool)
        & ~members.disabled.astype(bool)
        & members.school_status.isna()
        & (age > 17)
        & (age < 59)
    )
    assert members.labour_skill[well].isin(["skilled", "ordinary"]).all()


def test_illness_grows_with_age(county):
    members = county.standing("member")
    age = (CUT - members.birth_date).dt.days / 365.25
    ill = members.chronic_illness.astype(bool)
    assert ill[age > 60].mean() > 2 * ill[age.between(20, 45)].mean()


def test_an_open_spell_is_closed_by_a_later_row(county):
    jobs = county["job"]
    closed = jobs[jobs.ended_on.notna()]
    opened = jobs[jobs.ended_on.isna()]
    pairs = closed.merge(opened, on=["household_id", "record_id"], suffixes=("", "_open"))
    assert len(pairs) > 50
    assert (pairs.known_on > pairs.known_on_open).all()
    assert (pairs.started_on == pairs.started_on_open).all()


def test_policy_transfers_and_private_support_have_their_own_names(county):
    items = set(county["income"][county["income"].source == "transfer"].item)
    assert {"pension", "dibao", "farm_subsidy", "family_support"} <= items


def test_wages_dip_at_the_spring_festival_and_crops_come_in_at_harvest(county):
    income = county.standing("income")
    wage = income[income.source == "wage"].groupby(income.month.dt.month).amount.sum()
    assert wage[2] < 0.75 * wage[[4, 5, 6, 9]].mean()
    crops = income[income.item == "crops"].groupby(income.month.dt.month).amount.sum()
    assert crops[[7, 10]].sum() > 0.4 * crops.sum()
