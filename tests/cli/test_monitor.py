"""``riskmodel monitor``: monitor.json, monitor.html, and an exit code that says whether somebody has to look."""

from __future__ import annotations

import json
import shutil
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest


def call(registry, out) -> list[object]:
    return ["monitor", registry, "--as-of", "2026-01-01", "--model", "light@champion", "--out", out, "--months", 12]


def test_it_leaves_a_page_and_a_json_and_compares_runs(cli, workspace, scored, tmp_path):
    ended = cli(*call("county", tmp_path / "m"), "--run", "out/2026-01", cwd=workspace)
    told = json.loads((tmp_path / "m" / "monitor.json").read_text(encoding="utf-8"))
    assert ended.code == (1 if told["needs_person"] else 0), ended.said
    assert "estimated precision of" in ended.out
    assert told["model"] == "light@1"
    assert len(told["reference"]) == 12
    assert (tmp_path / "m" / "monitor.html").stat().st_size > 10_000


def test_the_folder_of_a_month_stands_for_its_scores(cli, workspace, scored, tmp_path):
    shutil.copytree(workspace / "out" / "2026-01", tmp_path / "2026-01" / "scored")
    (tmp_path / "2026-01" / "month.json").write_text("{}", encoding="utf-8")
    ended = cli(*call("county", tmp_path / "m"), "--run", tmp_path / "2026-01", cwd=workspace)
    told = json.loads((tmp_path / "m" / "monitor.json").read_text(encoding="utf-8"))
    assert ended.code == (1 if told["needs_person"] else 0), ended.said
    missing = cli(*call("county", tmp_path / "n"), "--run", tmp_path / "2026-12", cwd=workspace)
    assert missing.code == 2 and "--run" in missing.said and "no such folder" in missing.said


def test_it_exits_with_1_and_names_the_feed_that_stopped(cli, workspace, trained, tmp_path):
    shutil.copytree(workspace / "county", tmp_path / "county")
    file = tmp_path / "county" / "income.parquet"
    table = pq.read_table(file)
    kept = table.filter(pc.less(table["known_on"], pa.scalar(date(2025, 12, 1), pa.date32())))
    pq.write_table(kept.replace_schema_metadata(pq.read_schema(file).metadata), file)
    ended = cli(*call(tmp_path / "county", tmp_path / "m"), cwd=workspace)
    assert ended.code == 1
    assert "1. 报送中断：收入" in ended.out
    assert "A feed stopped: income" in ended.out
    assert "怎么办：请联系报送部门" in ended.out and "What to do: Ask the department that sends it" in ended.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--as-of", "2026-13-01"], "--as-of is"),
        (["--model", "ligth@champion"], 'Did you mean "light"?'),
        (["--months", 4], "--months is 4: expected 8 or more"),
        (["--sample", 5], "--sample is 5"),
        (["--capacity", "200%"], 'capacity is "200%"'),
        (["--engine", "sprak"], '--engine is "sprak"'),
        (["--run", "features"], "there is no run.json"),
        (["--previous", "out/2026-01"], "is not before --as-of"),
        (["--out", "county"], "is the registry itself"),
    ],
)
def test_a_wrong_call_writes_nothing(cli, workspace, scored, tmp_path, arguments, told):
    ended = cli(*call("county", tmp_path / "m"), *arguments, cwd=workspace)
    assert ended.code == 2, ended.said
    assert told in ended.said
    assert not (tmp_path / "m").exists()


def test_a_date_before_there_is_a_past_falls_short(cli, workspace, trained, tmp_path):
    ended = cli(*call("county", tmp_path / "m"), "--as-of", "2021-03-01", cwd=workspace)
    assert ended.code == 1
    assert "Watch a later date" in ended.said
