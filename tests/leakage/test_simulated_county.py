"""The same by hand on a simulated county, through the command line: meddle with the future, compare the bytes."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.registry import write_registry
from riskmodel.registry.schema import TABLES
from riskmodel.simulation import simulate_registry

DAYS = [date(2022, 1, 1), date(2023, 7, 1), date(2024, 9, 15)]
# An outcome at the first of them is known when its year and the reporting lag of 90 days have passed.
HORIZON_END, OUTCOME_KNOWN = date(2023, 1, 1), date(2023, 4, 1)

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("leakage") / "county"
    simulate_registry(out, households=90, years=6, seed=5, until=date(2026, 1, 1))
    return out


@pytest.fixture(scope="module")
def rows(county: Path) -> Rows:
    return {file.stem: pq.read_table(file).to_pylist() for file in sorted(county.glob("*.parquet"))}


def rewritten(rows: Rows, out: Path) -> Path:
    """Write rows as a registry, sorted and indexed anew."""
    tables = {}
    for name, lines in rows.items():
        schema = pa.schema([field.with_nullable(True) for field in TABLES[name].arrow_schema])
        tables[name] = pa.Table.from_pylist(lines, schema=schema)
    write_registry(tables, out)
    return out


def meddled(rows: Rows, *, known: date, own: date, rng: random.Random) -> Rows:
    """Delete, change and add rows that are known on or after ``known``, or true on or after ``own``; leave the rest.

    Added are corrections and withdrawals of rows of the past, learned on that very day or later, and rows of
    households that nobody had registered.
    """
    changed: Rows = {}
    for name, lines in rows.items():
        date_column = TABLES[name].own_date
        kept = []
        for row in lines:
            if row["known_on"] < known and row[date_column] < own:
                kept.append(row)
            elif rng.random() < 0.6:
                kept.append(_other(row, rng))
        past = [row for row in lines if row["known_on"] < known]
        for row in rng.sample(past, min(len(past), 60)):
            late = known + timedelta(days=rng.choice([0, 0, 1, 400]))
            kept.append(_other(row, rng) | {date_column: row[date_column], "known_on": late})
            kept.append({**row, "known_on": late + timedelta(days=1), "withdrawn": rng.random() < 0.5})
        strangers = rng.sample(past, min(len(past), 5))
        kept += [{**row, "household_id": "H9999999", "known_on": known} for row in strangers]
        # A row of the past that is only true later: known early, dated on the day or after.
        if name not in {"household", "member"}:
            kept += [
                row | {date_column: own + timedelta(days=rng.choice([0, 30]))} | _new_key(row)
                for row in rng.sample(past, min(len(past), 10))
            ]
        rng.shuffle(kept)
        changed[name] = kept
    return changed


def _other(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The row with its figures turned about; it stays as late as it was."""
    new = dict(row)
    for column, value in row.items():
        if isinstance(value, bool):
            new[column] = not value
        elif isinstance(value, float):
            new[column] = round(value * rng.choice([0, 0.1, 7]) + rng.randrange(50), 2)
    return new


def _new_key(row: dict[str, Any]) -> dict[str, Any]:
    """Another record, so that it corrects nothing (elsewhere the date is part of the key)."""
    return {"record_id": f"{row['record_id']}-later"} if "record_id" in row else {}


def features(cli, registry: Path, out: Path, days: list[date], *only: str) -> bytes:
    asked = [part for day in days for part in ("--as-of", day)] + [part for name in only for part in ("--only", name)]
    ended = cli("features", registry, *asked, "--out", out)
    assert ended.code == 0, ended.err
    return out.read_bytes()


def labels(cli, registry: Path, out: Path, outcome: str) -> bytes:
    ended = cli("labels", registry, "--as-of", DAYS[0], "--outcome", outcome, "--out", out)
    assert ended.code == 0, ended.err
    return out.read_bytes()


def test_the_county_has_rows_of_every_troublesome_kind(rows):
    everything = [(name, row) for name, lines in rows.items() for row in lines]
    for day in DAYS:
        learned_later = {n for n, r in everything if r["known_on"] >= day > r[TABLES[n].own_date]}
        assert {"income", "spending", "job"} <= learned_later
        corrected_later = {n for n, r in everything if r["known_until"] and r["known_on"] < day <= r["known_until"]}
        assert {"income", "member", "job"} <= corrected_later
    assert sum(bool(row["withdrawn"]) for _, row in everything) > 20


@pytest.mark.parametrize("days", [DAYS[:1], DAYS], ids=["one date", "three dates"])
def test_rows_of_the_future_never_move_a_byte_of_the_features(cli, county, rows, tmp_path, days):
    changed = meddled(rows, known=days[-1], own=days[-1], rng=random.Random(2))
    other = rewritten(changed, tmp_path / "other")
    assert features(cli, other, tmp_path / "b", days) == features(cli, county, tmp_path / "a", days)


def test_rows_of_the_past_do(cli, county, rows, tmp_path):
    """What came to be known a day earlier is meddled with: the check above could fail."""
    day = DAYS[0] - timedelta(days=1)
    other = rewritten(meddled(rows, known=day, own=day, rng=random.Random(2)), tmp_path / "other")
    asked = DAYS[:1], "net_income_pc_12m", "medical_oop_12m"
    assert features(cli, other, tmp_path / "b", *asked) != features(cli, county, tmp_path / "a", *asked)


@pytest.mark.parametrize("outcome", ["need", "admitted", "need_or_admitted"])
def test_rows_after_the_horizon_and_its_lag_never_move_a_byte_of_the_labels(cli, county, rows, tmp_path, outcome):
    changed = meddled(rows, known=OUTCOME_KNOWN, own=HORIZON_END, rng=random.Random(3))
    other = rewritten(changed, tmp_path / "other")
    assert labels(cli, other, tmp_path / "b", outcome) == labels(cli, county, tmp_path / "a", outcome)


def test_rows_within_the_horizon_and_its_lag_do(cli, county, rows, tmp_path):
    """A row of the horizon's last month, learned in the lag, decides: without such rows the labels differ."""
    late = {
        name: [row for row in lines if not HORIZON_END <= row["known_on"] < OUTCOME_KNOWN]
        for name, lines in rows.items()
    }
    other = rewritten(late, tmp_path / "other")
    assert labels(cli, other, tmp_path / "b", "need") != labels(cli, county, tmp_path / "a", "need")
