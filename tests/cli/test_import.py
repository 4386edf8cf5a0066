"""``riskmodel import``: a registry and rejects.parquet of a county's files; every row accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

MAPPING = """
sources:
  points: {file: points.csv}
tables:
  - table: points
    source: points
    columns:
      household_id: {from: 户编号}
      record_id: {from: 编号}
      awarded_on: {from: 日期}
      item: {from: 项目}
      points: {from: 积分}
    known_on: {own_date_plus_days: 3}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder as a township might send it: one row's points are not a number."""
    folder = tmp_path / "in"
    folder.mkdir()
    lines = ["户编号,编号,日期,项目,积分,姓名", "H1,P1,2024-03-05,院落整洁,5,王某", "H2,P2,2024/3/6,志愿服务,三,李某"]
    (folder / "points.csv").write_text("\n".join(lines) + "\n", encoding="gb18030")
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return folder


def test_a_registry_the_rejects_and_the_counts(cli, source, tmp_path):
    out = tmp_path / "registry"
    ended = cli("import", source, "--mapping", source / "mapping.yaml", "--out", out)
    assert ended.code == 0, ended.err
    assert pq.read_table(out / "points.parquet")["household_id"].to_pylist() == ["H1"]
    (reject,) = pq.read_table(out / "rejects.parquet").to_pylist()
    assert (reject["table"], reject["column"], reject["value"]) == ("points", "points", "三")
    assert "王某" not in "".join(path.read_text(errors="replace") for path in out.iterdir())
    assert json.loads((out / "registry.json").read_text())["cut_on"] == "2024-03-09"
    assert "1 rows set aside" in ended.out
    assert cli("validate", out, "--check").code == 0


def test_what_is_read_is_never_written_over(cli, source, snapshot):
    (source / "points.csv").rename(source / "points.parquet")
    before = snapshot(source)
    ended = cli("import", source, "--mapping", source / "mapping.yaml", "--out", source)
    assert (ended.code, "is what is read" in ended.err) == (2, True), ended.err
    assert snapshot(source) == before


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (("{from: 户编号}", "{from: 户编码号}"), 2, 'Did you mean "户编号"?'),
        (("table: points", "table: point"), 2, 'Did you mean "points"?'),
        (("item: {", "itme: {"), 2, 'Did you mean "item"?'),
        (("file: points.csv", "file: pionts.csv"), 1, 'Did you mean "points.csv"?'),
        (("{own_date_plus_days: 3}", "{column: 姓名}"), 1, "no row could be kept: 2 read, 2 rejected"),
    ],
)
def test_a_mapping_that_does_not_fit_leaves_nothing(cli, source, tmp_path, snapshot, change, code, told):
    mapping = source / "mapping.yaml"
    assert change[0] in MAPPING
    mapping.write_text(MAPPING.replace(*change), encoding="utf-8")
    before = snapshot(tmp_path)
    ended = cli("import", source, "--mapping", mapping, "--out", tmp_path / "registry")
    assert (ended.code, told in ended.err) == (code, True), ended.err
    assert "Traceback" not in ended.err
    assert snapshot(tmp_path) == before
