from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.registry.importing.dates import DateRule, read_date

DAY, MONTH = DateRule(), DateRule(to_month=True)
FIFTH_OF_JUNE = dt.date(2023, 6, 5)
days = st.dates(min_value=dt.date(1930, 1, 1), max_value=dt.date(2100, 12, 31))


@pytest.mark.parametrize(
    "cell",
    [
        "2023-06-05", "2023-6-5", "2023/6/5", "2023/06/05", "2023.6.5", "2023年6月5日", "2023年06月05日", "20230605",
        20230605, 20230605.0, 45082, 45082.0, 45082.75, "45082", "2023-06-05 00:00:00", "2023-06-05T08:30:00Z",
        "２０２３－０６－０５", " 2023-06-05 ", FIFTH_OF_JUNE, dt.datetime(2023, 6, 5, 9, 30, tzinfo=dt.UTC),
    ],
)  # fmt: skip
def test_every_way_to_write_a_day(cell: object) -> None:
    assert read_date(cell, DAY) == FIFTH_OF_JUNE
    assert read_date(cell, MONTH) == dt.date(2023, 6, 1)


@pytest.mark.parametrize(
    "cell", ["2023-06", "202306", 202306, 202306.0, "2023/6", "2023年6月", "2023.06", "2023年6月份"]
)
def test_a_month_is_its_first_day_and_a_day_of_it_must_be_stated(cell: object) -> None:
    assert read_date(cell, MONTH) == dt.date(2023, 6, 1)
    assert read_date(cell, DateRule(day="last")) == dt.date(2023, 6, 30)
    assert read_date(cell, DateRule(day=15)) == dt.date(2023, 6, 15)
    with pytest.raises(ValueError, match="state day"):
        read_date(cell, DAY)


@pytest.mark.parametrize("cell", ["2023", 2023, 2023.0, "2023年"])
def test_a_year_alone_needs_a_stated_month(cell: object) -> None:
    assert read_date(cell, DateRule(month=12, day="last")) == dt.date(2023, 12, 31)
    assert read_date(cell, DateRule(month=2, day=31)) == dt.date(2023, 2, 28)
    with pytest.raises(ValueError, match="state month"):
        read_date(cell, DAY)


@pytest.mark.parametrize(
    "cell",
    ["2023-02-30", "2023-13-01", "20231301", "202313", "5/6/2023", "06-05-23", "去年", "2023.1", 2023.1, "0", "-1"],
)
def test_what_is_no_day_or_could_be_two_is_refused(cell: object) -> None:
    for rule in (DAY, MONTH):
        with pytest.raises(ValueError, match="date"):
            read_date(cell, rule)


def test_a_named_format_reads_what_would_be_doubtful_and_nothing_else() -> None:
    assert read_date("05/06/2023", DateRule(formats=("%d/%m/%Y",))) == FIFTH_OF_JUNE
    assert read_date("June 5, 2023", DateRule(formats=("%d/%m/%Y", "%B %d, %Y"))) == FIFTH_OF_JUNE
    with pytest.raises(ValueError, match=r"written as %d/%m/%Y"):
        read_date("2023-06-05", DateRule(formats=("%d/%m/%Y",)))


def test_excel_counts_a_day_that_never_was() -> None:
    rule = DateRule(formats=("excel",))
    assert read_date(1, rule) == dt.date(1900, 1, 1)
    assert read_date(59, rule) == dt.date(1900, 2, 28)
    assert read_date(61, rule) == dt.date(1900, 3, 1)
    with pytest.raises(ValueError, match="calendar"):
        read_date(60, rule)


@given(day=days)
def test_every_form_of_a_day_gives_the_day(day: dt.date) -> None:
    serial = (day - dt.date(1899, 12, 30)).days
    for cell in (
        f"{day:%Y%m%d}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        float(serial),
    ):
        assert read_date(cell, DAY) == day
