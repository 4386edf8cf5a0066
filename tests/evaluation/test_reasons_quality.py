"""How good the reasons are: rates that a reckoning by hand gives too, and drivers read as they were told."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import DataError
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.driven import dates_told, drivers_beside, names_driver
from riskmodel.evaluation.reasons_page import driver_words, reasons_section
from riskmodel.evaluation.reasons_quality import Rate, ReasonsQuality, _overlap, _same_first
from riskmodel.simulation.drivers import MECHANISMS
from riskmodel.simulation.truth import DRIVERS, DRIVERS_SCHEMA

DAY = date(2025, 1, 1)


def write(folder, rows) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 5
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, DRIVERS_SCHEMA, strict=True)], schema=DRIVERS_SCHEMA)
    pq.write_table(table, folder / DRIVERS)


def test_the_driver_is_the_trouble_that_lowers_most_and_more_than_chance_may(tmp_path):
    write(
        tmp_path,
        [
            ("H1", DAY, "illness", 0.30, 0.05),
            ("H1", DAY, "other", 0.20, 0.05),
            ("H2", DAY, "housing", 0.90, 0.60),  # twice its error is more
            ("H2", DAY, "water", 0.06, 0.01),
            ("H3", DAY, "water", 0.04, 0.01),  # too little
        ],
    )
    found = drivers_beside(tmp_path, outcome="need", horizon_months=12)
    assert dict(zip(found["household_id"], found["mechanism"], strict=True)) == {"H1": "illness", "H2": "water"}
    assert dates_told(tmp_path) == {np.datetime64(DAY)}


def test_drivers_of_another_outcome_or_of_no_file_are_none(tmp_path):
    assert drivers_beside(tmp_path, outcome="need", horizon_months=12) is None
    write(tmp_path, [("H1", DAY, "illness", 0.3, 0.05)])
    assert drivers_beside(tmp_path, outcome="admitted", horizon_months=12) is None
    assert drivers_beside(tmp_path, outcome="need", horizon_months=6) is None


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / DRIVERS).write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match=r"drivers\.parquet: cannot be read as drivers"):
        drivers_beside(tmp_path, outcome="need", horizon_months=12)
    pq.write_table(pa.table({"household_id": ["H1"]}), tmp_path / DRIVERS)
    with pytest.raises(DataError, match="expected the columns household_id, as_of, mechanism"):
        drivers_beside(tmp_path, outcome="need", horizon_months=12)


def test_each_driver_is_named_by_some_reason_of_the_catalogue_and_no_two_by_the_same():
    from riskmodel.features import load_catalogue

    ideas = {(spec.idea, spec.risk_type or "other") for spec in load_catalogue().features.values()}
    for idea, risk_type in ideas:
        assert sum(names_driver(name, idea=idea, risk_type=risk_type) for name in MECHANISMS) <= 1
    for name in MECHANISMS:
        assert any(names_driver(name, idea=idea, risk_type=risk_type) for idea, risk_type in ideas)


def test_overlap_and_first_by_hand():
    first, second = [[1, 2, 3], [4], [], [5, 6]], [[3, 1, 9], [7], [1], [5]]
    known = np.array([True, True, True, False])
    assert _overlap(first, second, known)[:2].tolist() == pytest.approx([2 / 3, 0.0])
    assert np.isnan(_overlap(first, second, known)[2:]).all()
    assert _same_first(first, second, known)[:2].tolist() == [0.0, 0.0]
    assert np.isnan(_same_first(first, second, known)[2:]).all()


def quality(agreement: float) -> ReasonsQuality:
    def rate(name: str, value: float) -> Rate:
        return Rate(name=name, value=Estimate(value=value, low=value - 0.1, high=value + 0.1), n=40)

    rates = [rate("driver_among_three", agreement), rate("villages_overlap", 0.5)]
    drivers = {"illness:medical_insurance": {"flags": 30, "first": 10, "among_three": 20}}
    return ReasonsQuality(flags=50, reasons_needed=(4.0, 5.0, 7.0), rates=rates, drivers=drivers)


@pytest.mark.parametrize(
    ("lang", "low", "driver"),
    [("zh", "未达到 80%", "因病（未参加医保）"), ("en", "below 80%", "illness (no medical insurance)")],
)
def test_the_page_says_first_when_reasons_fall_short(lang, low, driver):
    short, good = (reasons_section(quality(share), share="5%", lang=lang) for share in (0.6, 0.9))
    assert low in short
    assert low not in good
    assert driver in good
    assert "60.0% (50.0–70.0)" in short


@pytest.mark.parametrize(("lang", "words"), [("zh", "不见得更低（第一项）"), ("en", "may do as well (the first)")])
def test_the_page_says_where_the_most_frequent_driver_would_do_as_well(lang, words):
    def with_more(three: float, first: float) -> str:
        names = {"driver_more_than_the_same_three": three, "driver_first_more_than_the_same": first}
        more = [
            Rate(name=name, value=Estimate(value=v, low=v - 0.05, high=v + 0.05), n=40) for name, v in names.items()
        ]
        base = quality(0.9)
        return reasons_section(dataclasses.replace(base, rates=[*base.rates, *more]), share="5%", lang=lang)

    assert words in with_more(0.07, -0.015)
    assert words not in with_more(0.07, 0.2)
    assert "−1.5 (−6.5, +3.5)" in with_more(0.07, -0.015)


def test_every_driver_has_words():
    for name in MECHANISMS:
        for lang in ("zh", "en"):
            assert driver_words(name, lang)
            assert "_" not in driver_words(name, lang)
