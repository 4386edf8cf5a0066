"""Nothing that is known, or happens, on or after as_of may move a single byte of the features."""

from __future__ import annotations

import copy
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_registry import as_tables, in_the_future, random_row, random_rows

from riskmodel.features import feature, load_catalogue, write_features
from riskmodel.features.catalogue import Catalogue
from riskmodel.registry import Registry, write_registry

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")


def built(made: dict[str, list[dict[str, Any]]], folder: Path, as_of: list[date], catalogue: Catalogue) -> bytes:
    write_registry(as_tables(made), folder / "registry")
    write_features(Registry.open(folder / "registry"), folder / "f.parquet", as_of=as_of, catalogue=catalogue)
    return (folder / "f.parquet").read_bytes()


def meddled(made: dict[str, list[dict[str, Any]]], as_of: date, rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    """The registry with every future row deleted or changed, and others added."""
    changed: dict[str, list[dict[str, Any]]] = {}
    for table, rows in made.items():
        kept = [row for row in rows if not in_the_future(table, row, as_of)]
        for row in rows:
            if in_the_future(table, row, as_of) and rng.random() < 0.5:
                other = random_row(rng, table, row["household_id"])
                new = copy.copy(row) | {k: v for k, v in other.items() if k in row and rng.random() < 0.5}
                if in_the_future(table, new, as_of):
                    kept.insert(rng.randrange(len(kept) + 1), new)
        for _ in range(12):
            new = random_row(rng, table, rng.choice(["H000", "H001", "H900"]))
            if in_the_future(table, new, as_of):
                kept.append(new)
        changed[table] = kept
    return changed


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), month=st.integers(1, 12), year=st.integers(2020, 2024))
def test_future_rows_never_move_a_byte(
    tmp_path_factory: pytest.TempPathFactory, seed: int, month: int, year: int
) -> None:
    as_of = date(year, month, 1)
    made = random_rows(seed, households=25)
    other = meddled(made, as_of, random.Random(seed + 1))
    first = built(made, tmp_path_factory.mktemp("a"), [as_of], CATALOGUE)
    assert built(other, tmp_path_factory.mktemp("b"), [as_of], CATALOGUE) == first


def test_rows_of_the_past_do_move_them(tmp_path: Path) -> None:
    """The check above could not fail if nothing were read at all."""
    made = random_rows(7)
    other = copy.deepcopy(made)
    for row in other["income"]:
        row["amount"] = row["amount"] + 1
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert built(made, tmp_path / "a", [date(2024, 1, 1)], CATALOGUE) != built(
        other, tmp_path / "b", [date(2024, 1, 1)], CATALOGUE
    )


def test_a_date_later_than_as_of_in_a_known_row_counts_as_open(tmp_path: Path) -> None:
    """A job known to end next year is still held today; that is no leak, it was known."""
    made = random_rows(3)
    made["job"] = [
        random_row(random.Random(1), "job", "H000")
        | {"started_on": date(2021, 1, 1), "ended_on": date(2025, 1, 1), "known_on": date(2021, 1, 2), "kind": "local"}
        | {"withdrawn": False}
    ]
    write_registry(as_tables(made), tmp_path / "r")
    from riskmodel.features import build_features

    table = build_features(
        Registry.open(tmp_path / "r"), as_of=date(2022, 1, 1), catalogue=CATALOGUE, only=["jobs_held"]
    )
    assert table.set_index("household_id")["jobs_held"].to_dict()["H000"] == 1


def test_a_history_cannot_be_asked_for_the_future() -> None:
    from riskmodel.errors import CallError

    with pytest.raises(CallError, match="cannot look ahead"):

        @feature(zh="明年收入", en="income of next year", unit="yuan")
        def peek(h):  # type: ignore[no-untyped-def]
            return h.next(months=12).income.sum("amount")
