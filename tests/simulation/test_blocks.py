"""The county is lived in blocks of villages: the same bytes for any number of workers, sorted, whole or not at all."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.errors import CallError
from riskmodel.registry.schema import TABLES
from riskmodel.simulation import blocks, county, simulate, simulate_registry
from riskmodel.simulation.blocks import cut
from riskmodel.simulation.truth import Truth

MANY = {"households": 1500, "years": 2, "until": date(2025, 1, 1)}
BLOCKS = 5


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "HOUSEHOLDS_A_BLOCK", 300)
        yield


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("workers")
    for workers in (1, 2, 5):
        simulate_registry(folder / str(workers), **MANY, seed=3, workers=workers)
    return {workers: folder / str(workers) for workers in (1, 2, 5)}


@pytest.fixture(scope="module")
def another(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("another") / "seed"
    simulate_registry(out, **MANY, seed=4)
    return out


def test_any_number_of_workers_writes_the_same_bytes(by_workers):
    one, *others = by_workers.values()
    names = {path.name for path in one.iterdir()}
    assert names == {"registry.json", "simulated.json", *(f"{name}.parquet" for name in TABLES)}
    for other in others:
        assert {path.name for path in other.iterdir()} == names
        for name in names:
            assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_tables_are_sorted_by_household_across_blocks(by_workers):
    for name in TABLES:
        ids = pq.read_table(by_workers[2] / f"{name}.parquet", columns=["household_id"])["household_id"].to_pylist()
        assert ids == sorted(ids), name
    homes = pq.read_table(by_workers[2] / "household.parquet")["household_id"].unique().to_pylist()
    assert homes == [f"H{number:07d}" for number in range(1, 1501)]


def test_no_record_number_comes_twice(by_workers):
    for name in ("spending", "event", "job", "measure", "visit", "points"):
        rows = pq.read_table(by_workers[1] / f"{name}.parquet", columns=["household_id", "record_id"]).to_pandas()
        assert (rows.groupby("record_id").household_id.nunique() == 1).all(), name


def by_household(folder: Path) -> pd.DataFrame:
    """Income by source and members of each household: what a reader of the county would compare the means of."""
    income = pq.read_table(folder / "income.parquet").to_pandas()
    income = income[income.known_until.isna() & ~income.withdrawn.fillna(False).astype(bool)]
    sums = income.pivot_table(index="household_id", columns="source", values="amount", aggfunc="sum", observed=True)
    members = pq.read_table(folder / "member.parquet").to_pandas()
    there = members[members.known_until.isna() & members.left_on.isna()]
    figures = sums[["wage", "operating", "transfer", "operating_cost"]].join(there.value_counts("household_id"))
    return figures.reindex([f"H{number:07d}" for number in range(1, MANY["households"] + 1)]).fillna(0.0)


def test_another_seed_makes_other_households_and_the_same_figures(by_workers, another):
    mine, theirs = by_workers[1], another
    ids = ["household_id", "month", "source", "item", "amount"]
    rows = [pq.read_table(folder / "income.parquet", columns=ids).slice(0, 2000) for folder in (mine, theirs)]
    assert not rows[0].equals(rows[1])
    one, other = by_household(mine), by_household(theirs)
    # Villages share prices, weather and work: households of one are not as many witnesses as they are.
    error = 2 * np.sqrt((one.var() + other.var()) / len(one))
    assert ((one.mean() - other.mean()).abs() < 3 * error).all()
    assert (3 * error < 0.3 * one.mean()).all()


def test_blocks_differ_and_share_the_county_s_shocks():
    lived = list(simulate(**MANY, seed=3))
    assert len(lived) == BLOCKS
    first, second = lived[:2]
    assert not np.array_equal(first.households.level[:50], second.households.level[:50])
    for block in lived[1:]:
        assert np.array_equal(block.places.cycle, first.places.cycle)
        assert block.places.price == first.places.price
    struck = [set(_townships_struck(block)) for block in lived]
    shared = [(number, when) for number, one in enumerate(struck[:-1]) for when in one if when in struck[number + 1]]
    assert shared, "no township lies in two blocks, or none of those was struck"


def _townships_struck(block: county.County) -> list[tuple[int, int, int]]:
    rows = block.journal.columns("event")
    disaster = rows["kind"] == 2
    township = block.places.village_township[block.households.village[rows["hh"][disaster]]]
    month = np.searchsorted(block.calendar.month_start, rows["day"][disaster], side="right")
    return list(zip(township.tolist(), month.tolist(), rows["subtype"][disaster].tolist(), strict=True))


def test_a_block_does_not_depend_on_which_were_lived_before_it():
    plan = county.make_plan(**MANY, seed=3)
    in_order = [county.live_block(plan, block).journal.columns("income") for block in plan.blocks]
    backwards = [county.live_block(plan, block).journal.columns("income") for block in reversed(plan.blocks)]
    for one, other in zip(in_order, reversed(backwards), strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)


@given(st.lists(st.integers(0, 900), min_size=1, max_size=60).filter(any))
def test_blocks_are_runs_of_villages_and_hold_everybody_once(households):
    parts = cut(np.array(households))
    assert (
        np.concatenate([part.village for part in parts]).tolist()
        == np.repeat(range(len(households)), households).tolist()
    )
    first = 0
    for number, part in enumerate(parts):
        assert (part.number, part.first) == (number, first)
        assert len(part.village)
        first += len(part.village)
    villages = [set(part.village.tolist()) for part in parts]
    assert sum(map(len, villages)) == len(set.union(*villages))


@pytest.mark.parametrize("total", [300, 4_999, 100_000, 1_000_000])
def test_blocks_are_about_as_large_whatever_the_county(total):
    villages = max(1, total // 80)
    sizes = [len(part.village) for part in cut(np.full(villages, total // villages))]
    assert max(sizes) <= 1.6 * blocks.HOUSEHOLDS_A_BLOCK
    assert max(sizes) - min(sizes) <= 80


def test_ids_sort_as_households_do_in_a_county_of_any_size():
    parts = cut(np.full(125_000, 100))
    assert parts[0].digits == 8


def test_a_failure_in_a_block_leaves_nothing_and_ends_the_others(tmp_path, monkeypatch):
    step, begun = county.points.step, []

    def fails(state: county.County) -> None:
        begun.append((state.block.number, state.t))
        if state.block.number == 1 and state.t == 3:
            raise RuntimeError("a mechanism failed")
        step(state)

    monkeypatch.setattr(county.points, "step", fails)
    with pytest.raises(RuntimeError, match="a mechanism failed"):
        simulate_registry(tmp_path / "c", **MANY, seed=3, workers=2)
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == 1 or not any("ThreadPool" in t.name for t in threading.enumerate())
    assert len(begun) < BLOCKS * 36


def test_an_interrupt_ends_the_blocks_under_way(tmp_path, monkeypatch):
    """Whoever presses Ctrl-C does not wait for years to be lived to their end."""
    months = []
    step = county.points.step

    def slowly(state: county.County) -> None:
        months.append(state.t)
        step(state)

    class Interrupted:
        def __init__(self, *args: object, **named: object) -> None: ...

        def __enter__(self) -> Interrupted:
            return self

        def __exit__(self, *error: object) -> None: ...

        folder = tmp_path

        def add(self, name: str, rows: object) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(county.points, "step", slowly)
    monkeypatch.setattr("riskmodel.registry.RegistryWriter", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulate_registry(tmp_path / "c", **MANY, seed=3, workers=1)
    assert list(tmp_path.iterdir()) == []
    assert len(months) < 3 * 36


@pytest.mark.parametrize("workers", [0, -2])
def test_no_workers_are_refused_before_anything_is_done(tmp_path, workers):
    with pytest.raises(CallError, match=f"--workers is {workers}; expected 1 or more"):
        simulate_registry(tmp_path / "c", **MANY, seed=1, workers=workers)
    assert list(tmp_path.iterdir()) == []


def test_lives_of_one_number_share_the_county_s_shocks_across_blocks():
    """A bad year is bad for the whole county: the spread of the lives' shares says so, block by block or not."""
    cycles: dict[int, list[np.ndarray]] = {}

    def live(state: county.County) -> None:
        county.live_one_month(state)
        if state.calendar.month[state.t] == 12:
            cycles.setdefault(state.block.number, []).append(state.places.cycle)

    truth = Truth(3, 7, [date(2024, 1, 1)], live)
    lived = list(simulate(**{**MANY, "households": 600}, seed=3, before_month=truth.before_month))
    assert len(lived) == 2
    first, second = cycles.values()
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert not np.array_equal(first[0], first[1])
