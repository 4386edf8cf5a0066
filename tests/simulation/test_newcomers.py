"""Who is born or marries in belongs to somebody of the house, and the future decides it, not the first day."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def people(county) -> pd.DataFrame:
    """Everybody as first known."""
    rows = county["member"].sort_values("known_on")
    return rows.groupby(["household_id", "member_id"], as_index=False).first()


@pytest.fixture(scope="module")
def born(county, people) -> pd.DataFrame:
    return people[people.birth_date >= county["income"].month.min()]


def test_children_have_a_mother_in_the_house(people, born):
    women = people[(people.sex == "female") & people.relation.isin(["spouse", "daughter_in_law"])]
    pairs = born.merge(women, on="household_id", suffixes=("", "_mother"))
    age = (pairs.birth_date - pairs.birth_date_mother).dt.days / 365.25
    with_mother = set(pairs.member_id[(age > 19.9) & (age < 39.1)])
    assert len(born) > 40
    assert set(born.member_id) == with_mother


def test_no_child_comes_within_a_year_of_another_of_the_house(born):
    between = born.sort_values("birth_date").groupby("household_id").birth_date.diff().dropna()
    assert len(between) > 3
    assert (between > pd.Timedelta(days=365)).all()


def test_brides_come_where_a_son_of_their_age_lives(county, people):
    start = county["income"].month.min()
    brides = people[(people.relation == "daughter_in_law") & (people.known_on >= start)]
    sons = county["member"][county["member"].relation == "son"].drop_duplicates(["household_id", "member_id"])
    pairs = brides.merge(sons, on="household_id", suffixes=("", "_son"))
    younger = (pairs.birth_date - pairs.birth_date_son).dt.days
    assert len(brides) > 10
    assert set(brides.member_id) == set(pairs.member_id[younger.between(0, 3 * 366)])
    age = (brides.known_on - brides.birth_date).dt.days / 365.25
    assert age.between(18.9, 35).all()


def test_nobody_takes_another_s_number(county):
    births = county["member"].groupby(["household_id", "member_id"]).birth_date.nunique()
    assert (births == 1).all()
