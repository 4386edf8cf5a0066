"""``riskmodel labels``: household_id, as_of, outcome (true, false or missing)."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.mark.parametrize("outcome", ["need", "admitted", "need_or_admitted"])
def test_a_mature_outcome_is_true_or_false_and_an_immature_one_missing(cli, workspace, tmp_path, outcome):
    ended = cli(
        "labels", "county", "--as-of", "2023-01-01", "--as-of", "2025-01-01", "--outcome", outcome,
        "--out", tmp_path / "l.parquet", cwd=workspace,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    table = pq.read_table(tmp_path / "l.parquet")
    assert table.column_names == ["household_id", "as_of", "outcome"]
    assert table.schema.field("outcome").type == pa.bool_()
    frame = table.to_pandas()
    by_day = {str(day): set(rows) for day, rows in frame.groupby("as_of")["outcome"]}
    assert by_day["2023-01-01"] <= {True, False} and False in by_day["2023-01-01"]
    assert by_day["2025-01-01"] == {None}
    assert "at 2025-01-01 the outcome is missing: it is known on 2026-04-01" in ended.err
    assert "at 2023-01-01" not in ended.err


def test_an_unknown_outcome_is_answered_with_the_nearest(cli, workspace, tmp_path):
    ended = cli(
        "labels", "county", "--as-of", "2023-01-01", "--outcome", "admited", "--out", tmp_path / "l", cwd=workspace
    )
    assert ended.code == 2
    assert 'Did you mean "admitted"?' in ended.err
    assert list(tmp_path.iterdir()) == []
