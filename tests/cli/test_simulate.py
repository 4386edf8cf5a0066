"""``riskmodel simulate`` says what it wrote and refuses what it should."""

from __future__ import annotations

import json
import re
from datetime import date

import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.simulation import simulate_registry
from riskmodel.simulation.calibration import calibrate


def test_it_writes_a_registry_and_counts_the_rows(cli, tmp_path):
    out = tmp_path / "county"
    ended = cli("simulate", out, "--households", 60, "--years", 1, "--seed", 4, "--until", "2025-01-01")
    assert ended.code == 0, ended.err
    described = json.loads((out / "registry.json").read_text())
    assert described["cut_on"] == "2025-01-01"
    assert f"{described['tables']['income']:,}" in ended.out


def test_a_registry_that_stands_there_is_replaced(cli, tmp_path):
    out = tmp_path / "county"
    for households in (50, 30):
        assert cli("simulate", out, "-n", households, "-y", 1, "--until", "2025-01-01").code == 0
    assert json.loads((out / "registry.json").read_text())["tables"]["household"] < 50


def test_the_number_of_workers_changes_no_byte(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("riskmodel.simulation.blocks.HOUSEHOLDS_A_BLOCK", 50)
    for workers in (1, 3):
        ended = cli("simulate", tmp_path / str(workers), "-n", 200, "-y", 1, "--workers", workers)
        assert ended.code == 0, ended.err
    said = [(tmp_path / str(workers) / "registry.json").read_text() for workers in (1, 3)]
    assert said[0] == said[1]


def test_a_folder_of_something_else_is_left_alone(cli, tmp_path):
    (tmp_path / "letters.txt").write_text("not yours")
    ended = cli("simulate", tmp_path, "-n", 10, "-y", 1)
    assert ended.code == 2
    assert "not a registry" in ended.err
    assert [p.name for p in tmp_path.iterdir()] == ["letters.txt"]


@pytest.mark.parametrize("name", ["member/a.txt", "registry.json", "income.parquet", "truth.parquet", "simulated.json"])
def test_a_file_named_like_one_of_ours_is_left_alone_even_with_force(cli, tmp_path, snapshot, name):
    file = tmp_path / "photos" / name
    file.parent.mkdir(parents=True)
    file.write_text('{"name": "mine"}')
    before = snapshot(tmp_path)
    ended = cli("simulate", tmp_path / "photos", "-n", 20, "-y", 1)
    assert ended.code == 2
    forced = cli("simulate", tmp_path / "photos", "-n", 20, "-y", 1, "--force")
    assert forced.code == 2
    assert f"photos holds {name.split('/')[0]}, a name that simulate uses" in forced.err
    assert snapshot(tmp_path) == before


def test_a_registry_that_simulate_did_not_make_is_replaced_only_with_force(cli, tmp_path, snapshot):
    out = tmp_path / "county"
    call = ("simulate", out, "-n", 20, "-y", 1, "--until", "2025-01-01")
    assert cli(*call).code == 0
    (out / "simulated.json").unlink()
    (out / "letters.txt").write_text("mine")
    before = snapshot(out)
    ended = cli(*call)
    assert ended.code == 2
    assert f"{out} holds a registry that simulate did not make" in ended.err
    assert "add --force to replace that registry" in ended.err
    assert snapshot(out) == before
    (out / "truth.parquet").write_text("of whom?")
    told = cli(*call, "--force")
    assert (told.code, "holds truth.parquet" in told.err) == (2, True)
    (out / "truth.parquet").unlink()
    assert cli(*call, "--force").code == 0
    assert (out / "simulated.json").exists()
    assert (out / "letters.txt").read_text() == "mine"


@pytest.mark.parametrize("out", [".", "..", "../..", "{here}"])
@pytest.mark.parametrize("more", [(), ("--force",)])
def test_the_folder_that_the_caller_is_in_is_not_swapped_under_them(cli, tmp_path, out, more):
    here = tmp_path / "above" / "here"
    here.mkdir(parents=True)
    number = here.stat().st_ino
    ended = cli("simulate", out.format(here=here), "-n", 20, "-y", 1, *more, cwd=here)
    assert ended.code == 2
    assert "is the folder that you are in, or lies above it" in ended.err
    assert f"Name another, such as {here / 'county'}" in ended.err
    assert here.stat().st_ino == number
    assert list(here.iterdir()) == []


def test_a_file_is_refused_by_the_name_of_the_argument(cli, tmp_path):
    file = tmp_path / "afile"
    file.write_text("mine")
    ended = cli("simulate", file, "-n", 20, "-y", 1, "--force")
    assert (ended.code, f"OUT {file} is a file; name a folder" in ended.err) == (2, True)
    with pytest.raises(CallError, match=r"OUT .* is a file; name a folder"):
        simulate_registry(file, households=20, years=1, seed=1, until=date(2025, 1, 1), beside=True)
    assert file.read_text() == "mine"


def test_with_force_it_writes_beside_the_other_files(cli, tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    ended = cli("simulate", tmp_path, "-n", 10, "-y", 1, "--force")
    assert ended.code == 0, ended.err
    assert (tmp_path / "letters.txt").read_text() == "mine"
    assert (tmp_path / "registry.json").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--households", "0"), "--households is 0"),
        (("--years", "0"), "--years is 0"),
        (("--until", "2026-13-01"), "2026-13-01"),
        (("--years", "40"), "at most"),
        (("--until", "1990-05-05"), "--until is 1990-05-05; expected a day from 2016-01-01 to 2099-12-31"),
        (("--until", "2015-12-31"), "--until is 2015-12-31; expected a day from 2016-01-01"),
        (("--until", "2100-01-01"), "--until is 2100-01-01; expected a day from 2016-01-01 to 2099-12-31"),
        (("--until", "9999-12-31"), "--until is 9999-12-31; expected a day from 2016-01-01 to 2099-12-31"),
        (("--workers", "0"), "--workers is 0; expected 1 or more"),
    ],
)
def test_a_wrong_call_names_the_option_and_writes_nothing(cli, tmp_path, arguments, named):
    out = tmp_path / "county"
    ended = cli("simulate", out, *arguments)
    assert ended.code == 2
    assert named in ended.err
    assert not out.exists()


def test_dirt_is_planted_said_and_found(cli, tmp_path):
    out, kept = tmp_path / "county", tmp_path / "kept"
    ended = cli("simulate", out, "-n", 60, "-y", 1, "--until", "2025-01-01", "--dirty", 0.05)
    assert ended.code == 0, ended.err
    planted = json.loads((out / "dirt.json").read_text())["planted"]
    assert f"{planted:,} rows have a fault" in ended.said
    assert f"riskmodel validate {out}" in ended.said
    checked = cli("validate", out, "--out", kept)
    assert checked.code == 1
    assert "households lost" in checked.said or "household lost" in checked.said
    assert cli("validate", kept, "--check").code == 0


def test_a_share_of_nothing_is_refused(cli, tmp_path):
    ended = cli("simulate", tmp_path / "county", "-n", 20, "-y", 1, "--dirty", 0)
    assert ended.code == 2
    assert "--dirty is 0" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_report_shows_targets_and_leaves_their_sources(cli, tmp_path):
    out = tmp_path / "county"
    ended = cli("simulate", out, "-n", 80, "-y", 2, "--until", "2025-06-01", "--report")
    assert ended.code == 0, ended.err
    assert "figures lie in their bands" in ended.said
    page = (out / "calibration.md").read_text(encoding="utf-8")
    assert "rural Jiangxi, disposable income 2024" in page
    assert cli("validate", out, "--check").code == 0


def test_a_report_of_dirt_is_refused(cli, tmp_path):
    ended = cli("simulate", tmp_path / "county", "-n", 20, "--report", "--dirty", 0.1)
    assert ended.code == 2
    assert "leave one of them out" in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("years", "until"), [(1, "2026-01-01"), (1, "2025-06-01"), (2, "2025-02-01")])
def test_a_report_without_a_whole_year_is_refused_before_any_work(cli, tmp_path, years, until):
    out = tmp_path / "county"
    ended = cli("simulate", out, "-n", 20, "-y", years, "--until", until, "--report")
    assert ended.code == 2
    said = f"{out} holds no calendar year in full that ended 90 days before its cut, {until}"
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []
    # What is refused is what could not have been done.
    assert cli("simulate", out, "-n", 20, "-y", years, "--until", until).code == 0
    with pytest.raises(DataError, match=re.escape(said)):
        calibrate(out)


@pytest.mark.parametrize(("years", "until"), [(2, "2025-04-01"), (2, "2017-01-15")])
def test_a_report_refuses_no_more_than_it_must(cli, tmp_path, years, until):
    ended = cli("simulate", tmp_path / "county", "-n", 20, "-y", years, "--until", until, "--report")
    assert ended.code == 0, ended.err


def test_a_report_on_a_county_that_cannot_be_says_what_is_wrong_with_the_county(cli, tmp_path):
    ended = cli("simulate", tmp_path / "county", "-y", 0, "--report")
    assert (ended.code, "--years is 0; expected 1 or more" in ended.err) == (2, True)


def test_switches_are_said_and_kept(cli, tmp_path):
    out = tmp_path / "county"
    call = ("simulate", out, "-n", 40, "-y", 2, "--until", "2025-01-01")
    thrown = ("--withdraw-support-from", "2024-07-01", "--disasters", "2023=0", "--disasters", "2024=2")
    ended = cli(*call, *thrown, "--prices", "2024=0.6", "--line", "2024=9500")
    assert ended.code == 0, ended.err
    assert "no direct support from 2024-07-01; 0 times the disasters of 2023; 2 times" in ended.said
    assert "line 9,500 yuan from 1 January 2024" in ended.said
    assert "policy.yaml beside riskmodel.toml" in ended.said
    told = json.loads((out / "simulated.json").read_text())
    assert told["households"] == 40
    assert told["switches"] == {
        "withdraw_support_from": "2024-07-01",
        "disasters": {"2023": 0.0, "2024": 2.0},
        "prices": {"2024": 0.6},
        "line": {"2024": 9500.0},
    }
    again = cli(*call)
    assert again.code == 0
    assert "switched" not in again.said
    assert not (out / "simulated_policy.yaml").exists()
    assert json.loads((out / "simulated.json").read_text())["switches"]["line"] == {}


def test_a_workspace_with_the_policy_file_labels_by_the_switched_line(cli, tmp_path):
    folder = tmp_path / "workspace"
    assert cli("init", folder).code == 0
    line = ("--line", "2024=60000", "--withdraw-support-from", "2024-01-01")
    assert cli("simulate", folder / "county", "-n", 60, "-y", 2, "--until", "2025-06-01", *line).code == 0
    shares = []
    for _ in range(2):
        out = folder / "labels.parquet"
        made = cli("labels", "county", "--as-of", "2023-12-01", "--outcome", "need", "--out", out, cwd=folder)
        assert made.code == 0, made.err
        known = pq.read_table(out)["outcome"].drop_null().to_pylist()
        shares.append(sum(known) / len(known))
        (folder / "policy.yaml").write_text((folder / "county" / "simulated_policy.yaml").read_text())
    assert shares[0] < 0.4
    assert shares[1] > 0.8


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--withdraw-support-from", "2024-07-02"), "expected the first of a month of the history"),
        (("--withdraw-support-from", "July"), '--withdraw-support-from is "July"'),
        (("--disasters", "2024"), '--disasters is "2024"; expected a year and a number, such as 2024=2'),
        (("--disasters", "2024=much"), '--disasters is "2024=much"'),
        (("--disasters", "2024=1", "--disasters", "2024=2"), "--disasters is given twice for 2024"),
        (("--disasters", "2024=-2"), "--disasters 2024=-2: expected how many times"),
        (("--line", "24=9000"), '--line is "24=9000"'),
        (("--line", "2024=-9000"), "--line 2024=-9000: expected yuan"),
        (("--line", "2019=9000"), "--line names the year 2019"),
    ],
)
def test_a_wrong_switch_is_refused_before_any_work(cli, tmp_path, arguments, named):
    ended = cli("simulate", tmp_path / "county", "-n", 20, "-y", 2, "--until", "2025-06-01", *arguments)
    assert ended.code == 2
    assert named in ended.err
    assert list(tmp_path.iterdir()) == []
