"""known_until against a plain reading: walk all rows of a key and take the earliest take-over."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.registry import Registry, write_registry
from riskmodel.registry.known_until import group_numbers, known_until, pack, ranks, stable_order
from riskmodel.registry.schema import TABLES

_DAY = date(2023, 1, 1)
_days = st.integers(0, 12).map(lambda n: _DAY + timedelta(days=n))


@st.composite
def spending_rows(draw):
    """Few keys, few days: ties, late rows, own dates after known_on and withdrawals come up all the time."""
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "household_id": st.sampled_from(["H1", "H2", "户3"]),
                    "record_id": st.sampled_from(["R1", "R2"]),
                    "spent_on": _days,
                    "kind": st.sampled_from(["education", "other"]),
                    "amount": st.integers(0, 10**6).map(float),
                    "known_on": _days,
                    "withdrawn": st.sampled_from([True, False, None]),
                }
            ),
            min_size=1,
            max_size=25,
        )
    )


def oracle(rows: list[dict], key: tuple[str, ...], own: str) -> list[date | None]:
    out = []
    for at, row in enumerate(rows):
        take_over = [
            max(other["known_on"], other[own])
            for place, other in enumerate(rows)
            if all(other[name] == row[name] for name in key) and (other["known_on"], place) > (row["known_on"], at)
        ]
        out.append(min(take_over, default=None))
    return out


def seen_by_definition(rows: list[dict], key: tuple[str, ...], own: str, as_of: date) -> list[int]:
    """Of the rows known and true before as_of, the newest of each key; a withdrawn one takes the key away."""
    newest: dict[tuple, int] = {}
    for at, row in enumerate(rows):
        if row["known_on"] < as_of and row[own] < as_of:
            name = tuple(row[part] for part in key)
            if name not in newest or row["known_on"] >= rows[newest[name]]["known_on"]:
                newest[name] = at
    return sorted(at for at in newest.values() if not rows[at]["withdrawn"])


_KEY = ("household_id", "record_id")


def _typed(rows: list[dict]) -> pa.Table:
    table = pa.Table.from_pylist(rows)
    return table.set_column(table.schema.get_field_index("kind"), "kind", table["kind"].dictionary_encode())


@settings(deadline=None)
@given(spending_rows())
def test_equals_a_walk_over_all_rows_of_the_key(rows):
    assert known_until(_typed(rows), TABLES["spending"]).to_pylist() == oracle(rows, _KEY, "spent_on")


@settings(deadline=None)
@given(spending_rows())
def test_the_comparison_sees_the_rows_that_the_definition_sees(rows):
    until = known_until(_typed(rows), TABLES["spending"]).to_pylist()
    for offset in range(15):
        as_of = _DAY + timedelta(days=offset)
        seen = [
            at
            for at, row in enumerate(rows)
            if row["known_on"] < as_of
            and row["spent_on"] < as_of
            and (until[at] is None or until[at] >= as_of)
            and not row["withdrawn"]
        ]
        assert seen == seen_by_definition(rows, _KEY, "spent_on", as_of)


@settings(max_examples=10, deadline=None)
@given(spending_rows())
def test_a_foreign_registry_is_indexed_on_first_use_as_if_written_here(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "spending").mkdir()
    half = len(rows) // 2
    table = pa.Table.from_pylist(rows)
    pq.write_table(table.slice(0, half), folder / "spending" / "a.parquet")
    pq.write_table(table.slice(half), folder / "spending" / "b.parquet")
    write_registry({"spending": table}, folder / "own")
    with Registry.open(folder) as foreign, Registry.open(folder / "own") as own:
        names = TABLES["spending"].arrow_schema.names
        there, here = ([tuple(row.values()) for row in r.table("spending").select(names).to_pyarrow().to_pylist()]
                       for r in (foreign, own))  # fmt: skip
    assert sorted(there, key=repr) == sorted(here, key=repr)


@pytest.mark.parametrize("name", list(TABLES))
def test_a_correction_ends_the_row_it_repeats_in_every_table(sound, name):
    table = sound[name]
    known = table.schema.get_field_index("known_on")
    later = table.set_column(known, "known_on", pa.array([date(2023, 9, 1)] * table.num_rows))
    both = pa.concat_tables([later, table])
    until = known_until(both, TABLES[name]).to_pylist()
    assert until == [None] * table.num_rows + [date(2023, 9, 1)] * table.num_rows


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 2**40), st.integers(0, 2**40), st.integers(0, 3)), min_size=1))
def test_packing_keeps_order_and_equality_even_when_bits_run_out(rows):
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
    order = stable_order(columns)
    assert order.tolist() == sorted(range(len(rows)), key=lambda at: rows[at])
    groups = group_numbers([column[order] for column in pack(columns)])
    assert groups.max() + 1 == len(set(rows))


def test_text_ranks_by_its_bytes_with_missing_first():
    assert ranks(pa.chunked_array([["b", None, "户"], ["a", "b"]])).tolist() == [1, -1, 2, 0, 1]
