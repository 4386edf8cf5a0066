"""A truth is held against its own registry, lag and line only."""

from __future__ import annotations

import json
import logging
from datetime import date
from pathlib import Path

import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.evaluation.lived_by import LivedBy, check_lived_by, lived_by
from riskmodel.policy import Entry, default_policy
from riskmodel.simulation.truth import LAG_DAYS, LIVED_BY, SCHEMA

MADE = {"households": 60, "years": 2, "seed": 3, "until": "2025-01-01", "switches": {"line": {}}}
DAYS = [date(2022, 1, 1), date(2023, 1, 1)]
TOLD = LivedBy(county_code="369901", lag_days=LAG_DAYS, lines={DAYS[0]: 7570.0, DAYS[1]: 8500.0}, made=MADE)


def check(folder: Path, *, told=TOLD, lag_days=LAG_DAYS, policy=None, tested=DAYS) -> None:
    record = policy or default_policy()
    check_lived_by(told, place=folder / "truth.parquet", lag_days=lag_days, policy=record, tested=tested)


def line(value: float, since: date):
    rest = {"unit": "yuan/person/year", "source": "ours", "certainty": "S"}
    entry = Entry(name="monitoring_line", region="369901", valid_from=since, value=value, **rest)
    return default_policy().extended((entry,))


@pytest.fixture
def county(tmp_path) -> Path:
    (tmp_path / "simulated.json").write_text(json.dumps({**MADE, "version": "9"}))
    return tmp_path


def test_its_own_registry_line_and_lag_pass_without_a_word(county, caplog):
    check(county)
    assert not caplog.records


@pytest.mark.parametrize(
    "other", [{"seed": 4}, {"households": 70}, {"until": "2025-02-01"}, {"years": 3}, {"switches": {"line": {"1": 2}}}]
)
def test_a_registry_made_otherwise_is_refused_by_both_figures(county, other):
    (county / "simulated.json").write_text(json.dumps(MADE | other))
    ((name, here),) = other.items()
    with pytest.raises(DataError) as raised:
        check(county)
    words = {k: v if isinstance(v, str) else json.dumps(v) for k, v in ((1, MADE[name]), (2, here))}
    assert f"made with {name} {words[1]}; " in str(raised.value)
    assert f"this registry was made with {name} {words[2]}." in str(raised.value)
    assert "move the file away" in str(raised.value)


def test_a_registry_that_does_not_say_how_it_was_made_is_refused(county):
    made = county / "simulated.json"
    for body, said in (("[1]", "holds list, expected an object"), ("{", "cannot be read as JSON")):
        made.write_text(body)
        with pytest.raises(DataError, match=said):
            check(county)
    made.unlink()
    with pytest.raises(DataError, match=r"made with households 60, .*, and no .*simulated\.json says"):
        check(county)


def test_another_lag_is_refused(county):
    with pytest.raises(CallError, match=r"known 90 days after the year's end, and .* has lag_days=30: they are two"):
        check(county, lag_days=30)


def test_another_line_is_refused_only_where_it_judges(county):
    with pytest.raises(CallError) as raised:
        check(county, policy=line(9999, date(2024, 1, 1)))
    said = (
        "the year from 2023-01-01 was judged by a monitoring line of 8,500 yuan, and the workspace's policy record has"
    )
    assert f"{said} 9,999 for county 369901 on 2024-01-01" in str(raised.value)
    assert "or set it to 8500; or move" in str(raised.value)
    check(county, policy=line(9999, date(2024, 1, 1)), tested=[DAYS[0], date(2025, 1, 1)])
    check(county, policy=line(9999, date(2024, 1, 2)))


def test_who_switched_the_line_is_pointed_to_the_file_with_its_entries(county):
    (county / "simulated_policy.yaml").write_text("[]")
    told = TOLD.model_copy(update={"lines": {DAYS[0]: 8000.0}})
    with pytest.raises(CallError, match=r"8,000 yuan.* has 7,570 .*Copy the entries of .*simulated_policy\.yaml into"):
        check(county, told=told)
    check(county, told=told, policy=line(8000, date(2023, 1, 1)))


def test_an_older_file_goes_on_with_a_warning(county, caplog):
    assert lived_by(SCHEMA, place=county / "truth.parquet") is None
    with caplog.at_level(logging.WARNING):
        check(county, told=None)
    (record,) = caplog.records
    assert "cannot be checked whether it is this registry's" in record.getMessage()


def test_metadata_are_read_as_written_and_refused_where_broken(county):
    schema = SCHEMA.with_metadata({LIVED_BY: TOLD.model_dump_json()})
    assert lived_by(schema, place=county) == TOLD
    broken = SCHEMA.with_metadata({LIVED_BY: TOLD.model_dump_json().replace(":90,", ':"soon",')})
    with pytest.raises(DataError, match="lag_days: Input should be a valid integer"):
        lived_by(broken, place=county)
