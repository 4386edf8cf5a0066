"""Every feature of the catalogue equals its words, written out by hand and read row by row, on random registries."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seen import KEYS, AbsentError, Row, Seen, World
from words_income import CHANGE, INCOME
from words_people import EDUCATION, HEALTH, LABOUR, WORK
from words_state import ASSETS, ASSISTANCE, CONTEXT, HOUSING, LISTING, POINTS, SHOCKS

from riskmodel.features import build_features, load_catalogue
from riskmodel.registry import Registry, write_registry
from riskmodel.testing.random_rows import as_tables, random_rows

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
THEMES = (
    INCOME,
    CHANGE,
    LABOUR,
    WORK,
    HEALTH,
    EDUCATION,
    HOUSING,
    SHOCKS,
    ASSETS,
    ASSISTANCE,
    POINTS,
    LISTING,
    CONTEXT,
)
ORACLE: dict[str, Callable[[Seen], Any]] = {name: read for theme in THEMES for name, read in theme.items()}
COUNTIES = ("360981", "999999")
OPTIONAL = sorted(set(KEYS) - {"household"})


def county(seed: int) -> dict[str, list[Row]]:
    """A random county of two villages and two townships; names begin with the seed, so several lie side by side."""
    rng = random.Random(seed)
    made = random_rows(seed, households=5)
    for name, rows in made.items():
        for row in rows:
            row["household_id"] = f"{seed}-{row['household_id']}"
            if name == "household":
                row["county_code"] = rng.choice(COUNTIES)
                row["village_code"] = f"{seed}-{rng.choice('ab')}"
                row["township_code"] = f"{seed}-{rng.choice('AB')}"
    return made


def counties(seeds: Sequence[int], *, absent: set[str], empty: set[str]) -> dict[str, list[Row]]:
    """Several random counties in one registry: tables left out, tables without a row."""
    made = [county(seed) for seed in seeds]
    tables = {name: [row for one in made for row in one[name]] for name in KEYS if name not in absent}
    return {name: [] if name in empty else rows for name, rows in tables.items()}


def read(seen: Seen, name: str) -> float:
    """The oracle's value; NaN where it is missing or a table that it reads is absent."""
    try:
        value = ORACLE[name](seen)
    except AbsentError:
        return math.nan
    return math.nan if value is None else float(value)


def same(name: str, built: float, expected: float) -> bool:
    """Both missing, or equal to 1e-9; a mean over others takes each of them to a millionth.

    Twelve equal months leave an unsteadiness of up to 1e-7 instead of 0.
    """
    if math.isnan(built) or math.isnan(expected):
        return math.isnan(built) and math.isnan(expected)
    close = 1e-6 if name in CONTEXT else 1e-9
    return math.isclose(built, expected, rel_tol=close, abs_tol=max(close, 1e-7))


def check(tables: dict[str, list[Row]], folder: Path, as_of: Sequence[date]) -> int:
    """Build the whole catalogue and compare each value with the oracle's; return how many there were."""
    write_registry({name: rows for name, rows in as_tables(tables).items() if name in tables}, folder)
    world = World(tables)
    expected = {(s.household, day): s for day in as_of for s in world.present(day)}
    with Registry.open(folder, threads=1) as registry:
        table = build_features(registry, as_of=as_of, catalogue=CATALOGUE, only=list(ORACLE))
    assert set(zip(table["household_id"], table["as_of"], strict=True)) == set(expected)
    rows = [expected[key] for key in zip(table["household_id"], table["as_of"], strict=True)]
    for name in ORACLE:
        for seen, built in zip(rows, table[name].tolist(), strict=True):
            value = read(seen, name)
            assert same(name, built, value), f"{name} of {seen.household} at {seen.as_of}: built {built}, read {value}"
    return len(rows) * len(ORACLE)


def test_the_oracle_knows_the_catalogue_and_nothing_else() -> None:
    assert set(ORACLE) == set(CATALOGUE.features)
    assert sum(len(theme) for theme in THEMES) == len(ORACLE)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seeds=st.lists(st.integers(0, 10**6), min_size=35, max_size=35, unique=True),
    days=st.lists(st.dates(date(2020, 1, 1), date(2025, 6, 30)), min_size=2, max_size=2, unique=True),
    absent=st.sets(st.sampled_from(OPTIONAL), max_size=2),
    empty=st.sets(st.sampled_from(OPTIONAL), max_size=2),
)
def test_on_random_registries(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int], days: list[date], absent: set[str], empty: set[str]
) -> None:
    """Thirty-five random counties an example, each a registry of its own but for the pass that reads them together."""
    tables = counties(seeds, absent=absent, empty=empty - absent - {"member"})
    assert check(tables, tmp_path_factory.mktemp("parity") / "registry", sorted(days)) > 0


@pytest.mark.parametrize("table", OPTIONAL)
def test_reading_each_table_matters(table: str) -> None:
    """A table that no feature of the oracle reads would make its rows go unchecked."""
    tables = counties([1], absent={table}, empty=set())
    seen = World(tables).present(date(2024, 1, 1))[0]
    whole = World(counties([1], absent=set(), empty=set())).present(date(2024, 1, 1))
    there = [s for s in whole if s.household == seen.household]
    assert sum(math.isnan(read(seen, name)) for name in ORACLE) > sum(
        math.isnan(read(there[0], name)) for name in ORACLE
    )
