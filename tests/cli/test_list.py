"""``riskmodel list``: what people type, what they get, and what they are told when it cannot be done."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook


@pytest.fixture(scope="module")
def url(cli, workspace, scored, tmp_path_factory) -> Path:
    """A list that took in the workspace's scored run."""
    place = tmp_path_factory.mktemp("list") / "list.db"
    ended = cli(
        "list", "update", "out/2026-01", "--registry", "county", "--list", place, "--on", "2026-01-03", cwd=workspace
    )
    assert ended.code == 0, ended.err
    assert "flags:" in ended.out and "triggers:" in ended.out and "opened" in ended.out
    return place


@pytest.fixture(scope="module")
def flagged(workspace, scored) -> list[str]:
    return pq.read_table(workspace / "out" / "2026-01" / "flags.parquet")["household_id"].to_pylist()


def act(cli, url, household, action, role, *carried, on="2026-01-05", facts=()):
    sets = [part for one in carried for part in ("--set", one)]
    told = [part for one in facts for part in ("--fact", one)]
    return cli(
        "list", "act", household, action, "--role", role, "--actor", "a1", "--list", url, "--on", on, *sets, *told
    )


def test_update_twice_says_that_nothing_changed(cli, workspace, url):
    again = cli("list", "update", "out/2026-01", "--registry", "county", "--list", url, cwd=workspace)
    assert again.code == 0
    assert again.out.count("taken in before, nothing changed") == 2


def test_another_registry_than_the_scored_one_is_refused(cli, workspace, url, tmp_path):
    from riskmodel.simulation import simulate_registry

    simulate_registry(tmp_path / "other", households=20, years=2, seed=9, until=date(2025, 1, 1))
    ended = cli(
        "list", "update", "out/2026-01", "--registry", tmp_path / "other", "--list", tmp_path / "x.db", cwd=workspace
    )
    assert (ended.code, "is not the registry that" in ended.said) == (2, True)


def test_show_names_the_most_pressing_first_and_one_household_whole(cli, url, flagged):
    ended = cli("list", "show", "--list", url, "--lang", "en", "--on", "2026-01-10")
    assert ended.code == 0 and "overdue" in ended.out
    one = cli("list", "show", flagged[0], "--list", url, "--lang", "zh", "--on", "2026-01-04")
    assert "线索待核实" in one.out and "入户核实" in one.out
    assert cli("list", "show", "H99", "--list", url).code == 1


def test_an_unknown_state_is_refused_with_the_nearest(cli, url):
    ended = cli("list", "show", "--state", "visted", "--list", url)
    assert (ended.code, 'Did you mean "visited"?' in ended.said) == (2, True)


def test_an_act_says_every_condition_that_fails(cli, url, flagged):
    ended = act(cli, url, flagged[1], "approve", "county")
    assert ended.code == 2
    assert f"{flagged[1]}, approve of 2026-01-05: refused:" in ended.said
    assert "next comes visit" in ended.said
    assert act(cli, url, flagged[1], "visit", "village", "verdict=at_risk").code == 0
    wrong = act(cli, url, flagged[1], "authorise", "village", "frm=1")
    assert 'carries no "frm". Did you mean "form"?' in wrong.said and "form must be" in wrong.said
    backwards = act(cli, url, flagged[1], "authorise", "village", "form=1", on="2026-01-04")
    assert "is before the last change of 2026-01-05" in backwards.said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--set", "verdict"), "expected KEY=VALUE"),
        (("--fact", "incme=3"), 'there is no fact "incme"'),
        (("--fact", "line=high"), 'line is "high"; expected a number'),
        (("--place", "1/2"), "expected COUNTY/TOWNSHIP/VILLAGE"),
        (("--on", "soon"), '--on is "soon"'),
    ],
)
def test_wrong_options_are_named(cli, url, flagged, arguments, told):
    ended = cli("list", "act", flagged[2], "visit", "--role", "village", "--actor", "a", "--list", url, *arguments)
    assert (ended.code, told in ended.said) == (2, True), ended.err


def test_a_households_own_word_opens_a_spell(cli, url, workspace, flagged):
    everyone = pq.read_table(workspace / "county" / "household.parquet")["household_id"].to_pylist()
    shown = cli("list", "show", "--most", 500, "--list", url).out
    other = next(one for one in everyone if one not in shown)
    refused = act(cli, url, other, "clue", "household", "source=self_report")
    assert "say where the household lives" in refused.said
    ended = cli(
        "list", "act", other, "clue", "--role", "household", "--actor", "hotline", "--set", "source=self_report",
        "--place", "369901/369901100/369901100200", "--list", url, "--on", "2026-01-05",
    )  # fmt: skip
    assert ended.code == 0 and "clue -> clue" in ended.out


def test_facts_come_from_the_registry_and_what_a_visit_saw_wins(cli, workspace, url, flagged):
    household = flagged[3]
    for action, role, carried in (
        ("visit", "village", "verdict=at_risk"),
        ("authorise", "village", "form=1"),
        ("compare", "county", "result=clear"),
        ("review", "village", "note=ok"),
        ("notice", "village", "days=5"),
    ):
        assert act(cli, url, household, action, role, carried).code == 0
    review = act(cli, url, household, "township_review", "township", "note=ok", "objections=0", on="2026-01-10")
    assert review.code == 0, review.err
    types = pq.read_table(workspace / "county" / "household.parquet").to_pylist()
    kind = next(row["household_type"] for row in types if row["household_id"] == household)
    wrong = "marginal" if kind != "ordinary" else "unstable_lifted"
    call = (
        "list", "act", household, "approve", "--role", "county", "--actor", "c", "--on", "2026-01-11", "--list", url,
        "--set", f"category={wrong}", "--set", "risk_types=illness,water", "--registry", "county",
    )  # fmt: skip
    ended = cli(*call, cwd=workspace)
    assert (ended.code, f"this one is {kind}" in ended.said) == (2, True), ended.err
    own = "ordinary" if wrong == "marginal" else "lifted"
    assert cli(*call, "--fact", f"household_type={own}", cwd=workspace).code == 0


def test_due_and_export_and_audit_write_whole_files(cli, url, tmp_path):
    due = cli("list", "due", "--overdue", "--to", tmp_path / "due.csv", "--list", url, "--on", "2026-02-01")
    assert due.code == 0
    rows = list(csv.DictReader((tmp_path / "due.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert rows and all(int(row["days_left"]) < 0 for row in rows)
    for name in ("list.csv", "list.xlsx", "list.parquet"):
        assert cli("list", "export", tmp_path / name, "--list", url).code == 0
    assert cli("list", "export", tmp_path / "list.txt", "--list", url).code == 2
    frame = pq.read_table(tmp_path / "list.parquet")
    assert len(list(csv.DictReader((tmp_path / "list.csv").read_text(encoding="utf-8-sig").splitlines()))) == len(frame)
    assert cli("list", "audit", "--to", tmp_path / "log.jsonl", "--list", url).code == 0
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(json.loads(entry["policy"])["entries"] for entry in entries)


def test_a_new_registry_holds_what_the_list_teaches(cli, workspace, url, tmp_path):
    call = ("list", "export", tmp_path / "taught", "--registry-rows", "--onto", "county", "--list", url)
    ended = cli(*call, cwd=workspace)
    assert ended.code == 0, ended.err
    # Everything here was entered today, after the county's cut.
    assert "0 rows of visit" in ended.out and "go with the next registry" in ended.said
    assert cli("validate", tmp_path / "taught", "--check", cwd=workspace).code == 0
    itself = cli("list", "export", "county", "--registry-rows", "--onto", "county", "--list", url, cwd=workspace)
    assert (itself.code, "is the registry itself" in itself.said) == (2, True)
    wrong = cli("list", "export", tmp_path / "x.csv", "--onto", "county", "--list", url, cwd=workspace)
    assert (wrong.code, "goes with --registry-rows" in wrong.said) == (2, True)


def test_verify_log_prints_a_head_that_holds(cli, url):
    first = cli("list", "verify-log", "--list", url)
    assert first.code == 0 and "the log is whole" in first.out
    head = first.out.split("head ")[1].strip()
    assert cli("list", "verify-log", "--expect", head, "--list", url).code == 0
    wrong = cli("list", "verify-log", "--expect", head[:-1] + ("0" if head[-1] != "0" else "1"), "--list", url)
    assert (wrong.code, "is not the one that was noted" in wrong.said) == (1, True)
    assert cli("list", "verify-log", "--expect", "12", "--list", url).code == 2


def test_verdicts_of_a_workbook_row_by_row(cli, workspace, scored, tmp_path):
    url = tmp_path / "list.db"
    assert cli("report", "out/2026-01", "--lang", "en", "--out", tmp_path / "report", cwd=workspace).code == 0
    cli("list", "update", "out/2026-01", "--list", url, "--on", "2026-01-03", cwd=workspace)
    book = load_workbook(tmp_path / "report" / "list.xlsx")
    sheet = next(one for one in book.worksheets if "Verdict" in {cell.value for cell in one[1]})
    at = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, at["Verdict"]).value = "at risk"
    sheet.cell(2, at["Visited on"]).value = "2026-01-06"
    if sheet.max_row > 2:
        sheet.cell(3, at["Verdict"]).value = "maybe"
    book.save(tmp_path / "back.xlsx")
    ended = cli("list", "import-verdicts", tmp_path / "back.xlsx", "--actor", "t1", "--list", url)
    assert "1 verdicts taken" in ended.out
    if sheet.max_row > 2:
        assert ended.code == 1 and 'the verdict is "maybe"' in ended.said
        rejects = list(csv.DictReader((tmp_path / "back.rejects.csv").read_text(encoding="utf-8-sig").splitlines()))
        assert [row["place"] for row in rejects] == [f"{sheet.title}, 3"]
        sheet.cell(3, at["Verdict"]).value = None
        book.save(tmp_path / "back.xlsx")
        mended = cli("list", "import-verdicts", tmp_path / "back.xlsx", "--actor", "t1", "--list", url)
        assert mended.code == 0 and "1 were there already" in mended.out
        assert not (tmp_path / "back.rejects.csv").exists()


def test_no_list_there_is_said(cli, tmp_path):
    ended = cli("list", "show", "--list", tmp_path / "none.db")
    assert (ended.code, "no list there" in ended.said) == (2, True)
    assert not (tmp_path / "none.db").exists()


def test_a_sample_and_its_results(cli, workspace, url, tmp_path):
    call = ("list", "sample", "out/2026-01", "--size", 6, "--seed", 4, "--list", url, "--on", "2026-01-03")
    assert "6 households drawn" in cli(*call, cwd=workspace).out
    assert "drawn before, nothing changed" in cli(*call, cwd=workspace).out
    ended = cli("list", "results", "--list", url, "--lang", "en", "--to", tmp_path / "results.json")
    assert ended.code == 0 and "random sample" in ended.out
    told = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert {group["name"] for group in told["overlap"]} >= {"neither"}
    assert told["missed"][0]["frame"] >= 6
