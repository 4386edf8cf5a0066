"""A capacity is read as it was meant, or refused; never read as another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.errors import CallError
from riskmodel.monitoring import Capacity


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("0.05", "share", 0.05),
        (".05", "share", 0.05),
        ("5%", "share", 0.05),
        ("5％", "share", 0.05),
        (" 2.5 % ", "share", 0.025),
        ("100%", "share", 1.0),
        ("1.0", "share", 1.0),
        ("1", "count", 1),
        ("200", "count", 200),
        ("12,000", "count", 12_000),
        (300, "count", 300),
        (0.1, "share", 0.1),
    ],
)
def test_a_share_or_a_number(typed, kind, value):
    assert Capacity.parse(typed) == Capacity(kind, value)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "many",
        "0",
        "0%",
        "0.0",
        "-5",
        "-5%",
        "1.5",
        "101%",
        "nan",
        "inf",
        "1e3",
        "5%%",
        "0,05",
        "1,5",
        "12,00",
        "5 0",
    ],
)
def test_what_is_neither_is_refused_in_words(typed):
    with pytest.raises(CallError) as refused:
        Capacity.parse(typed)
    assert f'capacity is "{typed}"' in str(refused.value)
    assert "0.05 or 5%" in str(refused.value)
    assert refused.value.exit_code == 2


@given(
    st.one_of(
        st.builds(Capacity, st.just("share"), st.floats(1e-9, 1.0)),
        st.builds(Capacity, st.just("count"), st.integers(1, 10**7).map(float)),
    )
)
def test_what_is_written_is_read_back(capacity):
    assert Capacity.parse(str(capacity)) == capacity


@given(st.floats(1e-6, 1.0), st.integers(0, 10**6))
def test_a_share_is_rounded_to_households_and_is_at_least_one(share, eligible):
    visits = Capacity("share", share).households(eligible)
    assert visits <= eligible
    if eligible:
        assert visits >= 1
        assert visits == 1 or abs(visits - share * eligible) <= 0.5 + 1e-6


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_a_number_is_that_number_while_there_are_so_many(count, eligible):
    assert Capacity("count", count).households(eligible) == min(count, eligible)
