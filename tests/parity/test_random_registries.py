"""The same equality on rows nobody would have typed: corrections that move dates, withdrawals, contradictions."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import KEYS, Oracle

from riskmodel.features import build_features, build_labels, load_catalogue
from riskmodel.registry import Registry, write_registry
from riskmodel.testing.random_rows import as_tables, random_rows

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
OUTCOMES = ("need", "admitted", "need_or_admitted")
CUT = date(2028, 1, 1)


def _made(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Random rows, of which one key is known once a day at most, in a county whose line the oracle knows."""
    made = random_rows(seed, households=25)
    for row in made["household"]:
        row["county_code"] = "369901"
    for table, key in KEYS.items():
        once = {(r["household_id"], *(r[k] for k in key), r["known_on"]): r for r in made[table]}
        made[table] = list(once.values())
    return made


def _same(built: Any, read: Any) -> bool:
    if pd.isna(built) or read is None:
        return pd.isna(built) and read is None
    return math.isclose(built, read, rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), day=st.dates(date(2020, 1, 1), date(2025, 12, 31)))
def test_features_and_outcomes(tmp_path_factory: pytest.TempPathFactory, seed: int, day: date) -> None:
    folder = tmp_path_factory.mktemp("random") / "registry"
    write_registry(as_tables(_made(seed)), folder, cut_on=CUT)
    oracle = Oracle.read(folder)
    present = sorted(h for h in oracle.rows["household"] if oracle.present(h, day))
    names = list(oracle.features(present[0], day))
    built = build_features(Registry.open(folder), as_of=day, catalogue=CATALOGUE, only=names).set_index("household_id")
    assert list(built.index) == present
    for household in present:
        for name, read in oracle.features(household, day).items():
            value = built.at[household, name]
            assert _same(value, read), f"{name} of {household} at {day}: built {value}, read {read}"
    for outcome in OUTCOMES:
        labels = build_labels(Registry.open(folder), as_of=day, outcome=outcome, catalogue=CATALOGUE)
        for row in labels.itertuples():
            read = oracle.outcomes(row.household_id, day)[outcome]
            assert _same(row.outcome, read), f"{outcome} of {row.household_id} at {day}: {row.outcome}, read {read}"


def test_of_an_absent_table_every_feature_is_missing_and_the_rest_stays(tmp_path: Path) -> None:
    made = _made(11)
    write_registry(as_tables(made), tmp_path / "whole", cut_on=CUT)
    tables = as_tables(made)
    for name in ("event", "spending", "guarantee"):
        del tables[name]
    write_registry(tables, tmp_path / "part", cut_on=CUT)
    day = date(2024, 1, 1)
    of_the_absent = ["disaster_events_12m", "months_since_illness", "medical_oop_12m", "guarantees_unmet"]
    others = ["members", "net_income_pc_12m", "transfer_share_12m", "line_gap_12m"]
    whole, part = (
        build_features(Registry.open(tmp_path / name), as_of=day, catalogue=CATALOGUE, only=of_the_absent + others)
        for name in ("whole", "part")
    )
    assert part[of_the_absent].isna().all(axis=None)
    assert not whole[["disaster_events_12m", "medical_oop_12m", "guarantees_unmet"]].isna().any(axis=None)
    pd.testing.assert_frame_equal(part[others], whole[others])
