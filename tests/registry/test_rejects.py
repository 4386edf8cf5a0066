from __future__ import annotations

import json
from datetime import date

import pyarrow.parquet as pq
import pytest

from riskmodel.errors import DataError
from riskmodel.registry import Rejects, pile
from riskmodel.registry.pile import Pile


def _one(rejects: Rejects, row: int, rule: str = "income.amount.numeric") -> None:
    rejects.add(
        table="income", row=row, column="amount", value="x", rule=rule, message='amount is "x", not a number',
        original={"household_id": "户1", "month": date(2023, 5, 1), "amount": float("nan")},
    )  # fmt: skip


def test_the_file_has_the_columns_that_were_promised_and_the_row_in_full(tmp_path):
    rejects = Rejects()
    _one(rejects, 3)
    rejects.write(tmp_path / "rejects.parquet")
    table = pq.read_table(tmp_path / "rejects.parquet")
    assert table.column_names == ["table", "row", "column", "value", "rule", "message", "original"]
    original = table["original"][0].as_py()
    assert json.loads(original) == {"household_id": "户1", "month": "2023-05-01", "amount": None}


def test_a_row_counts_once_however_many_rules_it_breaks():
    rejects = Rejects()
    _one(rejects, 3)
    _one(rejects, 3, "income.amount.range")
    _one(rejects, 4)
    assert len(rejects) == 3
    assert rejects.rows("income") == 2
    assert rejects.rows("member") == 0
    assert rejects.by_rule() == {"income.amount.numeric": 2, "income.amount.range": 1}


@pytest.mark.parametrize("in_memory", [100, 2, 0], ids=["in memory", "some on disk", "all on disk"])
def test_a_pile_is_in_order_behind_what_was_there(tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr(pile, "_IN_MEMORY", in_memory)
    path = tmp_path / "rejects.parquet"
    earlier = Rejects()
    _one(earlier, 9)
    earlier.write(path)
    piled = Pile(tmp_path / "parts")
    assert not piled
    for row in (7, 2, 11):
        rejects = Rejects()
        _one(rejects, row, "income.amount.range")
        _one(rejects, row)
        piled.add(rejects)
    assert piled
    piled.write(path, behind=path)
    lines = pq.read_table(path)
    assert lines["row"].to_pylist() == [9, 2, 2, 7, 7, 11, 11]
    assert lines["rule"].to_pylist()[1:3] == ["income.amount.numeric", "income.amount.range"]
    told = piled.describe(limit=5, places={"income": "income.parquet"})
    assert [line.split(",")[1].split()[1] for line in told] == ["2", "2"]


def test_a_file_that_holds_no_rejects_is_left_as_it_is(tmp_path):
    path = tmp_path / "rejects.parquet"
    path.write_bytes(b"a letter")
    with pytest.raises(DataError, match="not a rejects file"):
        Pile(tmp_path / "parts").write(path, behind=path)
    assert path.read_bytes() == b"a letter"


def test_uneven_columns_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="equally long"):
        Rejects().add_many(table="t", rows=[1], column="c", values=[], rule="r", messages=[""], originals=["{}"])


def test_collections_can_be_put_together_and_empty_ones_written(tmp_path):
    one, two = Rejects(), Rejects()
    _one(one, 1)
    _one(two, 2)
    one.extend(two)
    assert one.rows("income") == 2
    Rejects().write(tmp_path / "none.parquet")
    assert pq.read_metadata(tmp_path / "none.parquet").num_rows == 0
