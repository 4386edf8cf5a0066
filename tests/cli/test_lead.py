"""``riskmodel lead``: what is printed, what is written, what is refused."""

from __future__ import annotations

import csv
import json

import pytest

ASKED = ("--kind", "industry", "--from", "2022-01-01", "--to", "2025-06-01")


def test_it_says_what_came_and_what_it_cannot_show_in_the_language_asked_for(cli, workspace, tmp_path):
    ended = cli("lead", "county", *ASKED, "--lang", "en", "--out", tmp_path / "lead.json", cwd=workspace)
    assert ended.code == 0, ended.err
    told = json.loads((tmp_path / "lead.json").read_text(encoding="utf-8"))
    words = told["words"]["en"]
    assert ended.out.startswith(words["sentence"])
    assert "What this cannot show:" in ended.out
    assert all(line in ended.out for line in [*words["limits"], *words["warnings"]])
    assert told["begun"] == told["matched"] + sum(told["left_out"].values()) > 0
    assert told["left_out"]["too_recent"] > 0
    chinese = cli("lead", "county", *ASKED, cwd=workspace)
    assert chinese.out.startswith(told["words"]["zh"]["sentence"])


def test_the_figures_come_as_a_table_too(cli, workspace, tmp_path):
    ended = cli("lead", "county", *ASKED, "--out", tmp_path / "lead.csv", cwd=workspace)
    assert ended.code == 0, ended.err
    with (tmp_path / "lead.csv").open(encoding="utf-8") as file:
        rows = {row["item"]: row for row in csv.DictReader(file)}
    assert set(rows["effect"]) == {"item", "value", "low", "high"}
    assert {"begun", "matched", "left_out.too_recent", "with_measure.change", "placebo_earlier"} <= set(rows)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"--kind": "industy"}, 'no measure kind "industy" to follow up by income. Did you mean "industry"?'),
        ({"--kind": "health"}, "choose one of industry, jobs, finance, public_post"),
        ({"--to": "2022-01-01"}, "to is 2022-01-01, not after from, 2022-01-01"),
        ({"--from": "2022"}, '--from is "2022"; expected a date such as'),
        ({"--months": "6"}, "months is 6; expected 12, 24 or 36"),
        ({"--out": "lead.xlsx"}, "expected a file that ends in .json or .csv"),
        ({"--engine": "fast"}, "--engine"),
    ],
)
def test_a_wrong_call_is_one_message_and_leaves_nothing(cli, workspace, snapshot, changed, told):
    asked = dict(zip(ASKED[::2], ASKED[1::2], strict=True)) | changed
    before = snapshot(workspace)
    ended = cli("lead", "county", *(part for pair in asked.items() for part in pair), cwd=workspace)
    assert (ended.code, told in ended.said) == (2, True), ended.err
    assert snapshot(workspace) == before


def test_a_time_without_any_is_short_data(cli, workspace):
    ended = cli("lead", "county", "--kind", "industry", "--from", "1999-01-01", "--to", "2000-01-01", cwd=workspace)
    assert ended.code == 1
    assert "no measure of the kind industry began from 1999-01-01 to before 2000-01-01" in ended.said
