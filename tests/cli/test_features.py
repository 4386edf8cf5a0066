"""``riskmodel features``: household_id, as_of, one column a feature."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.features import load_catalogue


def test_every_feature_of_the_workspace_at_every_date(cli, workspace, tmp_path):
    out = tmp_path / "new" / "f.parquet"
    ended = cli("features", "county", "--as-of", "2024-01-01", "--as-of", "2022-07-01", "--out", out, cwd=workspace)
    assert ended.code == 0, ended.err
    table = pq.read_table(out)
    catalogue = load_catalogue(workspace / "features")
    assert table.column_names == ["household_id", "as_of", *catalogue.features]
    assert len(catalogue.features) >= 45
    assert {field.type for field in table.schema if field.name in catalogue.features} == {pa.float64()}
    assert set(table["as_of"].to_pylist()) == {date(2022, 7, 1), date(2024, 1, 1)}
    rows = list(zip(table["household_id"].to_pylist(), table["as_of"].to_pylist(), strict=True))
    assert rows == sorted(set(rows))
    assert f"{table.num_rows:,} rows × {len(catalogue.features)} features (catalogue {catalogue.hash})" in ended.out
    assert [path.name for path in out.parent.iterdir()] == ["f.parquet"]


def test_only_some_in_the_order_asked_and_another_catalogue(cli, workspace, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from riskmodel.features import feature\n\n\n"
        "@feature(unit='count', zh='事件', en='events')\ndef events(h):\n    return h.event.count()\n"
    )
    call = ["features", workspace / "county", "--as-of", "2024-01-01", "--out"]
    assert cli(*call, tmp_path / "a", "--only", "members_able", "--only", "members", cwd=workspace).code == 0
    assert pq.read_schema(tmp_path / "a").names == ["household_id", "as_of", "members_able", "members"]
    assert cli(*call, tmp_path / "b", "--catalogue", tmp_path / "mine.py").code == 0
    assert pq.read_schema(tmp_path / "b").names == ["household_id", "as_of", "events"]


def test_a_date_past_the_cut_is_built_with_a_warning(cli, workspace, tmp_path):
    call = ["features", "county", "--only", "members", "--out", tmp_path / "f", "--as-of"]
    late = cli(*call, "2026-01-31", cwd=workspace)
    assert late.code == 0
    assert "before 2026-01-01; at 2026-01-31 the last 30 days are missing" in late.err
    assert "missing" not in cli(*call, "2026-01-01", cwd=workspace).err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "membrs"], 'Did you mean "members"?'),
        (["--engine", "sprak"], '--engine is "sprak"'),
        (["--catalogue", "featurs"], "featurs"),
    ],
)
def test_a_wrong_name_is_answered_and_nothing_is_written(cli, workspace, tmp_path, arguments, told):
    ended = cli(
        "features", "county", "--as-of", "2024-01-01", "--out", tmp_path / "f.parquet", *arguments, cwd=workspace
    )
    assert ended.code == 2
    assert told in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_dictionary_needs_no_registry_and_names_each_feature(cli, workspace, tmp_path):
    ended = cli("features", "--dictionary", "--out", tmp_path / "words.md", cwd=workspace)
    assert ended.code == 0
    text = (tmp_path / "words.md").read_text(encoding="utf-8")
    names = load_catalogue(workspace / "features").features
    assert all(f"| `{name}` |" in text for name in names)
    shown = cli("features", "--dictionary", "--only", "members", cwd=workspace)
    assert shown.code == 0 and "家庭在户人口数" in shown.out and "line_gap_12m" not in shown.out
