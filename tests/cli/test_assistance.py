"""``riskmodel measures``, ``insurance`` and ``points``: what people type and what they get."""

from __future__ import annotations

import csv
import json
from datetime import date

import pyarrow.parquet as pq
import pytest

from riskmodel.assistance.points import balance
from riskmodel.registry import Registry


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_measures_are_proposed_for_every_flag_and_places_explained(cli, workspace, scored, tmp_path):
    towns = sorted(set(pq.read_table(workspace / "out" / "2026-01" / "scores.parquet")["township_code"].to_pylist()))
    quota = tmp_path / "quota.csv"
    quota.write_text("township_code,measure,places\n" + "".join(f"{town},public_post,1\n" for town in towns))
    call = ("measures", "out/2026-01", "--registry", "county", "--quota", quota)
    ended = cli(*call, "--to", tmp_path / "m.csv", "--lang", "en", cwd=workspace)
    assert ended.code == 0, ended.err
    rows = rows_of(tmp_path / "m.csv")
    assert rows and {row["status"] for row in rows} <= {"eligible", "evidence_missing", "has_it"}
    posts = [row for row in rows if row["measure"] == "a public-welfare post" and row["status"] != "has_it"]
    assert posts and all(row["place"] for row in posts)
    got = [row["township_code"] for row in posts if row["place"].startswith("a place by need")]
    assert len(got) == len(set(got))
    shown = cli(*call, "--lang", "zh", cwd=workspace)
    assert "需补充核实" in shown.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("town,measure\n1,2\n", "expected township_code, measure, places"),
        ("township_code,measure,places\nt,public_post,many\n", 'places is "many"'),
        ("township_code,measure,places\nt,public_post,1\nt,public_post,2\n", "stands twice"),
    ],
)
def test_a_wrong_quota_is_named_with_its_row(cli, workspace, scored, tmp_path, text, told):
    (tmp_path / "q.csv").write_text(text)
    ended = cli("measures", "out/2026-01", "--registry", "county", "--quota", tmp_path / "q.csv", cwd=workspace)
    assert (ended.code, told in ended.said) == (1, True), ended.err


def test_a_household_that_is_not_flagged_is_said(cli, workspace, scored):
    ended = cli("measures", "out/2026-01", "--registry", "county", "--household", "H9", cwd=workspace)
    assert (ended.code, "household H9 is not flagged there" in ended.said) == (1, True)


def test_a_claim_is_worked_through_line_by_line(cli, workspace):
    call = ("insurance", "claim", "--region", "420624", "--on", "2024-06-01", "--peril", "illness", "--loss", 26000)
    ended = cli(*call, "--lang", "en", cwd=workspace)
    assert ended.code == 0
    assert "6,500.00  paid" in ended.out and "20,000.00 × 30%" in ended.out
    assert "assumed, no source was found: insurance.bands" in ended.out
    assert cli("insurance", "claim", "--region", "36", "--on", "2024", "--peril", "illness", "--loss", 1).code == 2
    wrong = cli(*call[:-2], "--loss", -3, cwd=workspace)
    assert (wrong.code, "loss is -3" in wrong.said) == (2, True)


def test_a_budget_says_its_interval_and_what_is_assumed(cli, workspace, scored, tmp_path):
    call = ("insurance", "budget", "out/2026-01", "--registry", "county", "--to", tmp_path / "b.json")
    ended = cli(*call, "--lang", "zh", cwd=workspace)
    assert ended.code == 0, ended.err
    assert "95%区间" in ended.out and "insurance.trigger" in ended.out
    told = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert told["low"] <= told["expected"] <= told["high"]
    elsewhere = cli(*call, "--region", "52", cwd=workspace)
    assert (elsewhere.code, "the run has no household there" in elsewhere.said) == (2, True)


def test_points_statements_and_an_exchange(cli, workspace, tmp_path):
    ended = cli(
        "points", "statement", "county", "--month", "2025-11", "--as-of", "2025-12-15", "--lang", "en", cwd=workspace
    )
    assert ended.code == 0 and "households" in ended.out
    cli(
        "points", "statement", "county", "--month", "2025-09", "--as-of", "2025-12-15", "--out", tmp_path / "p.csv",
        cwd=workspace,
    )  # fmt: skip
    assert rows_of(tmp_path / "p.csv")
    with Registry.open(workspace / "county") as registry:
        rich = next(
            name
            for name in pq.read_table(workspace / "county" / "points.parquet")["household_id"].to_pylist()
            if balance(registry, name, as_of=date(2025, 12, 1)) > 10
        )
        has = balance(registry, rich, as_of=date(2025, 12, 1))
    call = ("points", "exchange", "county", rich)
    done = cli(*call, "10", "--on", "2025-12-01", "--out", tmp_path / "next", cwd=workspace)
    assert done.code == 0, done.err
    with Registry.open(tmp_path / "next") as after:
        assert balance(after, rich, as_of=date(2025, 12, 2)) >= has - 10
        assert balance(after, rich, as_of=date(2026, 1, 1)) != has
    too_many = cli(*call, str(has + 1), "--on", "2025-12-01", "--out", tmp_path / "x", cwd=workspace)
    assert (too_many.code, "cannot be exchanged" in too_many.said) == (2, True)
    assert not (tmp_path / "x").exists()
    late = cli(*call, "1", "--on", "2026-01-01", "--out", tmp_path / "x", cwd=workspace)
    assert (late.code, "the registry is cut on 2026-01-01" in late.said) == (2, True)
    open_month = cli("points", "statement", "county", "--month", "2025-12", "--as-of", "2025-12-15", cwd=workspace)
    assert (open_month.code, "the month is complete on 2026-01-01" in open_month.said) == (2, True)
