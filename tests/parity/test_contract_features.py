"""The twelve contract features and the three outcomes equal a plain-Python reading, household by household."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from oracle import Oracle

from riskmodel.features import build_features, build_labels, load_catalogue
from riskmodel.registry import Registry
from riskmodel.simulation import simulate_registry

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
# The first of a year and of a month, the middle of one, and a day that the year before did not have.
DATES = [date(2022, 1, 1), date(2023, 7, 1), date(2024, 2, 29), date(2024, 9, 15)]
HOUSEHOLDS = 700


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("parity") / "county"
    simulate_registry(out, households=HOUSEHOLDS, years=6, seed=11, until=date(2026, 1, 1))
    return out


@pytest.fixture(scope="module")
def oracle(folder: Path) -> Oracle:
    return Oracle.read(folder)


def test_the_county_has_late_corrected_and_withdrawn_rows(folder: Path) -> None:
    income = pq.read_table(folder / "income.parquet").to_pylist()
    keys = Counter((r["household_id"], r["month"], r["source"], r["item"]) for r in income)
    assert any(many > 1 for many in keys.values())
    assert any(r["known_on"] > r["month"] + timedelta(days=60) for r in income)
    everything = [r for f in folder.glob("*.parquet") for r in pq.read_table(f, columns=["withdrawn"]).to_pylist()]
    assert any(r["withdrawn"] for r in everything)


@pytest.mark.parametrize("day", DATES, ids=str)
def test_late_and_corrected_rows_change_what_is_read_of_many_households(
    folder: Path, oracle: Oracle, day: date
) -> None:
    """With everything known that is known today, the reading at ``day`` is another one: the second clock matters."""
    today = Oracle(
        {
            table: {
                household: [row | {"known_on": date.min} for row in rows if row["known_until"] is None]
                for household, rows in by_household.items()
            }
            for table, by_household in oracle.rows.items()
        }
    )
    differing: Counter[str] = Counter()
    for household in oracle.rows["household"]:
        if oracle.present(household, day) and today.present(household, day):
            then, now = oracle.features(household, day), today.features(household, day)
            differing.update(name for name in then if then[name] != now[name])
    assert differing["net_income_pc_12m"] > 100
    assert differing["medical_oop_12m"] > 20
    assert differing["members"] + differing["members_able"] > 0


def test_features(folder: Path, oracle: Oracle) -> None:
    names = list(oracle.features("H0000001", DATES[0]))
    table = build_features(Registry.open(folder), as_of=DATES, catalogue=CATALOGUE, only=names)
    households = list(oracle.rows["household"])
    expected = {(h, d) for h in households for d in DATES if oracle.present(h, d)}
    assert set(zip(table["household_id"], table["as_of"], strict=True)) == expected
    assert len(expected) >= 500 * len(DATES)
    assert len(names) == 12
    missing: Counter[str] = Counter()
    for row in table.to_dict("records"):
        read = oracle.features(row["household_id"], row["as_of"])
        for name, value in read.items():
            built = row[name]
            same = math.isnan(built) if value is None else built == pytest.approx(value, rel=1e-9, abs=1e-9)
            assert same, f"{name} of {row['household_id']} at {row['as_of']}: built {built}, read {value}"
            missing[name] += value is None
    assert 0 < missing["months_since_illness"] < len(table)


@pytest.mark.parametrize("outcome", ["need", "admitted", "need_or_admitted"])
def test_outcomes(folder: Path, oracle: Oracle, outcome: str) -> None:
    table = build_labels(Registry.open(folder), as_of=DATES, outcome=outcome, catalogue=CATALOGUE)
    seen: Counter[object] = Counter()
    for row in table.itertuples():
        built = None if pd.isna(row.outcome) else bool(row.outcome)
        read = oracle.outcomes(row.household_id, row.as_of)[outcome]
        assert built == read, f"{outcome} of {row.household_id} at {row.as_of}: built {built}, read {read}"
        seen[read] += 1
    assert seen[True] > 5 and seen[False] > 500


def test_an_immature_outcome_is_missing_never_false(folder: Path) -> None:
    """The registry ends on 2026-01-01; with 90 days of lag an outcome at 2024-10-04 would be known a day too late."""
    registry = Registry.open(folder)
    days = [date(2024, 10, 3), date(2024, 10, 4), date(2025, 6, 1)]
    table = build_labels(registry, as_of=days, outcome="admitted", catalogue=CATALOGUE)
    known = table.groupby("as_of")["outcome"].apply(lambda column: column.notna().all())
    missing = table.groupby("as_of")["outcome"].apply(lambda column: column.isna().all())
    assert known[days[0]] and missing[days[1]] and missing[days[2]]
