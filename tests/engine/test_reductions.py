"""Each reduction on a history of a few rows that can be worked out by hand."""

from __future__ import annotations

import math
import statistics
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from riskmodel.features import (
    Catalogue,
    History,
    Number,
    age,
    build_features,
    col,
    feature,
    if_else,
    larger,
    months_since,
    ordinal,
    smaller,
)
from riskmodel.registry import Registry, write_registry

AS_OF = date(2024, 3, 1)
EVENTS = [
    # happened_on, known_on, kind, loss
    ("E1", date(2023, 2, 28), date(2023, 3, 5), "illness", 100.0),
    ("E2", date(2023, 3, 1), date(2023, 3, 5), "illness", 200.0),
    ("E3", date(2023, 12, 15), date(2024, 1, 5), "disaster", 300.1),
    ("E4", date(2024, 2, 29), date(2024, 2, 29), "illness", 400.2),
    ("E5", date(2024, 2, 20), date(2024, 3, 1), "illness", 9000.0),
]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    out = tmp_path_factory.mktemp("reductions") / "registry"
    n = len(EVENTS)
    ids = ["H1", "H2"]
    tables: dict[str, Any] = {
        "household": {
            "household_id": ids,
            "county_code": ["369901"] * 2,
            "township_code": ["369901001"] * 2,
            "village_code": ["369901001001"] * 2,
            "registered_on": [date(2015, 1, 1)] * 2,
            "household_type": ["lifted", "ordinary"],
            "housing_grade": ["C", None],
            "known_on": [date(2015, 1, 2)] * 2,
        },
        "member": {
            "household_id": ["H1", "H1", "H2"],
            "member_id": ["M1", "M2", "M1"],
            "birth_date": [date(1984, 3, 1), date(1984, 3, 2), date(2008, 2, 29)],
            "education": ["senior", "primary", None],
            "left_on": [None, date(2024, 3, 1), None],
            "known_on": [date(2015, 1, 2)] * 3,
        },
        "event": {
            "household_id": ["H1"] * n,
            "record_id": [e[0] for e in EVENTS],
            "happened_on": [e[1] for e in EVENTS],
            "known_on": [e[2] for e in EVENTS],
            "kind": [e[3] for e in EVENTS],
            "loss": [e[4] for e in EVENTS],
        },
        "job": {
            "household_id": ["H1", "H1"],
            "record_id": ["J1", "J2"],
            "member_id": ["M1", "M1"],
            "kind": ["migrant", "local"],
            "started_on": [date(2022, 1, 1), date(2024, 2, 1)],
            "ended_on": [date(2023, 3, 11), None],
            "known_on": [date(2023, 4, 1), date(2024, 2, 2)],
        },
    }
    write_registry({name: pa.table(columns) for name, columns in tables.items()}, out)
    return Registry.open(out)


def value(registry: Registry, number: Any, household: str = "H1") -> float:
    @feature(zh="试", en="trial", unit="count")
    def trial(h: History) -> Number:
        return number(h)

    table = build_features(registry, as_of=AS_OF, catalogue=Catalogue.of([trial]))
    assert isinstance(table, pd.DataFrame)
    return float(table.set_index("household_id").loc[household, "trial"])


CASES: list[tuple[str, Any, float]] = [
    ("the window begins on its first day", lambda h: h.event.last(months=12).count(), 3),
    ("skip moves the window back", lambda h: h.event.last(months=12, skip=12).sum("loss"), 100.0),
    ("what became known on as_of is not known", lambda h: h.event.max("loss"), 400.2),
    ("sum is exact", lambda h: h.event.sum("loss"), 1000.3),
    ("mean", lambda h: h.event.where(kind="illness").mean("loss"), 700.2 / 3),
    ("min", lambda h: h.event.min("loss"), 100.0),
    ("std", lambda h: h.event.std("loss"), statistics.stdev([100, 200, 300.1, 400.2])),
    ("std of one row is missing", lambda h: h.event.where(kind="disaster").std("loss"), math.nan),
    ("exists", lambda h: h.event.where(kind="accident").exists(), 0),
    ("latest", lambda h: h.event.latest("loss"), 400.2),
    ("months since, the day not yet reached", lambda h: h.event.where(kind="disaster").months_since(), 2),
    ("months since nothing is missing", lambda h: h.event.where(kind="death").months_since(), math.nan),
    ("distinct", lambda h: h.event.distinct("kind"), 2),
    ("list of values", lambda h: h.event.where(kind=["disaster", "accident"]).count(), 1),
    ("conditions join", lambda h: h.event.where(col("loss") > 150, kind="illness").count(), 2),
    ("or, not", lambda h: h.event.where((col("loss") < 150) | ~(col("loss") < 400)).count(), 2),
    ("months_since of a row", lambda h: h.event.where(months_since("happened_on") >= 12).count(), 2),
    ("days inside the window", lambda h: h.job.last(months=12).days(), 10 + 29),
    ("in force", lambda h: h.job.in_force().count(), 1),
    ("ended", lambda h: h.job.ended().count(), 1),
    ("ended on the window's first day", lambda h: h.job.ended(months=24).count(), 1),
    ("ended before the window", lambda h: h.job.ended(months=11).count(), 0),
    ("ended on as_of has not ended yet", lambda h: h.member.ended(end_column="left_on").count(), 0),
    ("ended a day before", lambda h: h.member.ended(end_column="birth_date", months=481).count(), 2),
    ("ended in [as_of - n, as_of)", lambda h: h.member.ended(end_column="birth_date", months=480).count(), 2),
    ("not a day more", lambda h: h.member.ended(end_column="birth_date", months=479).count(), 0),
    ("left on as_of is still present", lambda h: h.members.count(), 2),
    ("a birthday on as_of counts", lambda h: h.members.max(age()), 40),
    ("the day before it does not", lambda h: h.members.min(age()), 39),
    ("ordinal", lambda h: h.members.max(ordinal("education")), 3),
    ("latest of a condition", lambda h: h.household.latest(col("housing_grade").isin("C", "D")), 1),
    ("division by nothing is missing", lambda h: h.event.count() / h.event.where(kind="death").count(), math.nan),
    ("arithmetic", lambda h: (1 - h.event.count() * 2) / 7, -1),
    ("minus, absolute", lambda h: abs(-h.event.count()), 4),
    ("if_else", lambda h: if_else(h.event.count() > 3, 10, 20), 10),
    ("if_else on the unknown", lambda h: if_else(h.event.where(kind="death").max("loss") > 3, 10, 20), math.nan),
    ("or_else", lambda h: h.event.where(kind="death").max("loss").or_else(5), 5),
    ("smaller", lambda h: smaller(h.event.count(), 2), 2),
    ("larger", lambda h: larger(h.event.count(), 2), 4),
    ("smaller of something missing", lambda h: smaller(h.event.where(kind="death").max("loss"), 2), math.nan),
    ("log1p", lambda h: (h.event.count() - 4).log1p(), 0),
    ("log1p at minus one", lambda h: (h.event.count() - 5).log1p(), math.nan),
    ("sqrt", lambda h: (h.event.count() + 5).sqrt(), 3),
    ("sqrt below 0 is missing", lambda h: (h.event.count() - 5).sqrt(), math.nan),
    ("is_missing", lambda h: h.event.where(kind="death").max("loss").is_missing(), 1),
    ("truth as a number", lambda h: (h.event.count() > 1) + (h.event.count() > 9), 1),
    ("the line of the county", lambda h: h.line(), 8500),
    ("the line of a year ago", lambda h: h.line(months_ago=12), 7570),
    ("an absent table is missing", lambda h: h.income.sum("amount"), math.nan),
]


@pytest.mark.parametrize(("what", "number", "expected"), CASES, ids=[case[0] for case in CASES])
def test_reduction(registry: Registry, what: str, number: Any, expected: float) -> None:
    assert value(registry, number) == pytest.approx(expected, nan_ok=True, abs=1e-9), what


def test_no_rows_give_zero_counts_and_missing_extremes(registry: Registry) -> None:
    assert value(registry, lambda h: h.event.sum("loss"), "H2") == 0
    assert value(registry, lambda h: h.event.count(), "H2") == 0
    assert math.isnan(value(registry, lambda h: h.event.max("loss"), "H2"))
    assert math.isnan(value(registry, lambda h: h.household.latest(ordinal("housing_grade")), "H2"))


def test_a_leap_day_birthday_falls_on_the_first_of_march(registry: Registry) -> None:
    assert value(registry, lambda h: h.members.max(age()), "H2") == 16


def test_plans_of_the_same_meaning_are_worked_out_once() -> None:
    from riskmodel.engine.plan import reductions

    h = History()
    same = h.income.where(source="wage").last(months=12).sum("amount") / h.members.count()
    other = h.income.where(source="wage").last(months=12).sum("amount") + h.members.count()
    assert reductions(same.node) == reductions(other.node)


def test_dates_and_folders(tmp_path: Path) -> None:
    from riskmodel.engine.calendar import add_months

    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 1, 1), -13) == date(2022, 12, 1)
