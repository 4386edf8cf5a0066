"""A history written by hand: what may be left out, and what a feature says of it."""

from __future__ import annotations

from datetime import date

import pytest

from riskmodel.errors import CallError
from riskmodel.features import History, Number, feature, lineage, sql
from riskmodel.testing import evaluate, history

AS_OF = date(2024, 5, 1)


@feature(months=(3, 12), unit="yuan/person", zh="近{months}个月人均工资", en="wages a person, last {months} months")
def wages_pc(h: History, months: int) -> Number:
    return h.income.where(source="wage").last(months=months).sum("amount") / h.members.count()


@feature(unit="month", zh="距最近一次患病的月数", en="months since the last illness")
def since_illness(h: History) -> Number:
    return h.event.where(kind="illness").months_since()


def wage(month: date, amount: float, **more: object) -> dict[str, object]:
    return {"month": month, "source": "wage", "amount": amount, **more}


def test_a_correction_counts_from_the_day_it_is_known() -> None:
    month = date(2024, 4, 1)
    told = history(income=[wage(month, 900), wage(month, 600, known_on=date(2024, 5, 10))])
    assert evaluate(wages_pc, told, AS_OF, months=3) == 900
    assert evaluate(wages_pc, told, date(2024, 5, 11), months=3) == 600


def test_a_window_that_was_not_declared_can_be_tried() -> None:
    told = history(income=[wage(date(2024, 4, 1), 900), wage(date(2024, 3, 1), 50)])
    assert evaluate(wages_pc, told, AS_OF, months=1) == 900
    assert evaluate(wages_pc, told, AS_OF) == {"wages_pc_3m": 950, "wages_pc_12m": 950}


def test_several_households_are_told_apart_and_missing_is_none() -> None:
    told = history(
        event=[
            {"happened_on": date(2024, 1, 9), "kind": "illness"},
            {"household_id": "H2", "happened_on": date(2024, 1, 9), "kind": "disaster"},
        ]
    )
    assert evaluate(since_illness, told, AS_OF) == {"H1": 3, "H2": None}


def test_members_are_those_given() -> None:
    members = [{"member_id": name, "birth_date": date(1990, 1, 1)} for name in "abc"]
    assert evaluate(wages_pc, history(member=members, income=[wage(date(2024, 4, 1), 900)]), AS_OF, months=3) == 300


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"incme": []}, 'no table "incme". Did you mean "income"'),
        ({"income": [{"month": AS_OF, "sorce": "wage"}]}, 'no column "sorce". Did you mean "source"'),
        ({"income": [{"source": "wage", "amount": 1}]}, "income, row 1: month is None; expected the row's own date"),
        ({"income": [wage(AS_OF, 1), {"month": AS_OF, "amount": 1}]}, "income, row 2: source is missing"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(tables: dict, said: str) -> None:
    with pytest.raises(CallError, match=said):
        history(**tables)


def test_one_feature_takes_no_parameters() -> None:
    with pytest.raises(CallError, match="takes no parameters"):
        evaluate(wages_pc.specs[0], history(), AS_OF, months=3)


def test_lineage_names_tables_columns_and_windows() -> None:
    rows = lineage(wages_pc.specs[0], since_illness)
    assert rows[["feature", "table", "columns", "reduction", "window"]].to_numpy().tolist() == [
        ["wages_pc_3m", "income", "month, source, amount", "sum", "from 3 months before as_of to as_of"],
        ["wages_pc_3m", "member", "birth_date, left_on", "count", "all before as_of"],
        ["since_illness", "event", "happened_on, kind", "months_since", "all before as_of"],
    ]
    assert set(rows["known"]) == {"before as_of"}


def test_the_sql_shown_is_what_runs() -> None:
    told = history(income=[wage(date(2024, 4, 1), 900)])
    text = sql(wages_pc, registry=told, as_of=AS_OF)
    assert "known_on" in text and "wages_pc_12m" in text
    assert "memtable" not in text and sql(wages_pc, registry=told, as_of=AS_OF) == text
