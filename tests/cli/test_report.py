"""``riskmodel report``: index.html, township pages, household sheets, list.xlsx."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest


@pytest.mark.parametrize(("lang", "word"), [("zh", "风险"), ("en", "risk")])
def test_pages_of_both_languages_and_a_workbook(cli, workspace, scored, tmp_path, lang, word):
    out = tmp_path / "report"
    ended = cli("report", "out/2026-01", "--lang", lang, "--out", out, cwd=workspace)
    assert ended.code == 0, ended.err
    flags = pq.read_table(workspace / "out" / "2026-01" / "flags.parquet")
    index = (out / "index.html").read_text(encoding="utf-8")
    assert f'lang="{lang}' in index and word in index
    sheets = {path.name for path in (out / "households").iterdir()}
    assert sheets >= {f"{household}.html" for household in flags["household_id"].to_pylist()}
    assert len(sheets) == 2 * flags.num_rows
    assert any((out / "townships").iterdir())
    assert (out / "list.xlsx").read_bytes()[:2] == b"PK"
    assert f"{flags.num_rows:,} household sheets" in ended.out


def test_a_report_replaces_a_report_and_nothing_else(cli, workspace, scored, tmp_path, snapshot):
    out = tmp_path / "report"
    assert cli("report", "out/2026-01", "--out", out, cwd=workspace).code == 0
    assert cli("report", "out/2026-01", "--out", out, cwd=workspace).code == 0
    (tmp_path / "letters.txt").write_text("mine")
    before = snapshot(tmp_path)
    for place, told in ((tmp_path, "is not a report"), (tmp_path / "letters.txt", "is a file")):
        ended = cli("report", "out/2026-01", "--out", place, cwd=workspace)
        assert (ended.code, told in ended.err) == (2, True), ended.err
    assert snapshot(tmp_path) == before


def test_a_folder_that_no_scoring_left_is_named(cli, tmp_path, snapshot):
    (tmp_path / "empty").mkdir()
    before = snapshot(tmp_path)
    ended = cli("report", "empty", cwd=tmp_path)
    assert (ended.code, "flags.parquet: not there" in ended.err) == (1, True)
    ended = cli("report", "nowhere", cwd=tmp_path)
    assert (ended.code, "no such folder" in ended.err) == (2, True)
    assert snapshot(tmp_path) == before
