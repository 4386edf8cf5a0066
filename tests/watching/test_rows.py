"""One pass over the features: who was there, and the same answer however it is cut."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from watched import AS_OF, STRUCK, replaced, with_table

from riskmodel import Registry, build_features
from riskmodel.policy import default_policy
from riskmodel.watching.rows import gather, sampled

MONTHS = [dt.date(2024, 6, 1), STRUCK, AS_OF]


def gathered(watched, registry, *, sample: int = 10_000, engine: str = "auto"):
    """One pass over the county at three dates, everyone sampled."""
    with Registry.open(registry) as opened:
        return gather(
            opened,
            watched.bundle,
            catalogue=watched.catalogue,
            cohort=None,
            policy=default_policy(),
            months=MONTHS,
            list_dates=[AS_OF],
            sample=sample,
            engine=engine,
        )


@pytest.fixture(scope="module")
def newcomers(watched, tmp_path_factory):
    """The county with forty households that registered in July."""

    def change(table: pa.Table) -> pa.Table:
        ids = table["household_id"].to_pylist()
        once = {one for one, count in Counter(ids).items() if count == 1}
        late = pa.array(np.isin(ids, sorted(once)[:40]))
        day = pa.scalar(dt.date(2024, 7, 10), pa.date32())
        for column in ("registered_on", "known_on"):
            table = replaced(table, column, pc.if_else(late, day, table[column]))
        return table

    return with_table(watched.registry, tmp_path_factory.mktemp("newcomers") / "county", "household", change)


def test_who_is_present_who_is_new_and_who_stayed(watched, newcomers):
    rows = gathered(watched, newcomers)
    with Registry.open(newcomers) as opened:
        frame = build_features(opened, as_of=MONTHS, catalogue=watched.catalogue, only=["members"])
    there = {day: set(part["household_id"]) for day, part in frame.groupby("as_of")}
    for day in MONTHS:
        assert sum(rows.present[day].values()) == len(there[day])
    for before, day in itertools.pairwise(MONTHS):
        assert rows.stayed[day] == len(there[day] & there[before])
    assert len(there[AS_OF] - there[STRUCK]) == 40


def test_forty_newcomers_are_told(watched, newcomers):
    found = watched.watch(newcomers)
    assert found.cohort.new == 40
    assert [(one.place, one.figures["now"]) for one in found.findings if one.kind == "cohort_changed"]


def test_the_engines_agree(watched):
    fused, duckdb = gathered(watched, watched.registry), gathered(watched, watched.registry, engine="duckdb")
    pd.testing.assert_frame_equal(fused.sample, duckdb.sample, check_dtype=False)
    pd.testing.assert_frame_equal(fused.lists[AS_OF], duckdb.lists[AS_OF], check_dtype=False)
    assert fused.present == duckdb.present
    assert fused.stayed == duckdb.stayed


def test_the_sample_is_the_same_households_at_every_date(watched):
    sample = gathered(watched, watched.registry, sample=100).sample
    each = [set(part["household_id"]) for _, part in sample.groupby("as_of")]
    assert 60 < len(each[0]) < 140
    assert each[0] == each[1] == each[2]


def test_a_household_is_sampled_whoever_else_is_there():
    ids = pd.Series([f"H{number:05d}" for number in range(5000)])
    chosen = sampled(ids, 0.2)
    assert 0.17 < chosen.mean() < 0.23
    assert sampled(ids[::7], 0.2).tolist() == chosen[::7].tolist()


def test_households_known_later_leave_the_sample_as_it_was(watched, tmp_path):
    def change(table: pa.Table) -> pa.Table:
        later = pa.concat_tables([table] * 3)
        ids = pa.array([f"L{number:07d}" for number in range(later.num_rows)])
        days = pa.array([dt.date(2024, 9, 1)] * later.num_rows)
        for column, values in (("household_id", ids), ("registered_on", days), ("known_on", days)):
            later = replaced(later, column, values.cast(table.schema.field(column).type))
        return pa.concat_tables([table, later]).unify_dictionaries()

    place = with_table(watched.registry, tmp_path / "later", "household", change)
    before, after = (
        set(gathered(watched, one, sample=100).sample["household_id"]) for one in (watched.registry, place)
    )
    assert after == before
