"""``riskmodel run-month``: the whole month, killed between its steps and resumed, refused where it must be."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from databases import load
from scored import with_column
from servers import new_database

from riskmodel.errors import DataError
from riskmodel.files import alone_or_refused, sha256_of
from riskmodel.month import steps
from riskmodel.watchlist.store import ListStore

STEPS = ["validate", "score", "list", "report"]
SCORED = ("scores.parquet", "flags.parquet", "contributions.parquet", "histories.parquet")


@pytest.fixture(scope="module")
def month(cli, workspace, trained):
    """What runs a month of the workspace's county; by name what replaces the usual options."""

    def run(
        out: Path, *further: object, registry: object = "county", as_of: object = "2026-01-01", listed: bool = True
    ):
        to = ("--list", out.parent / "list.db", "--on", "2026-01-03") if listed else ()
        call = ["run-month", registry, "--as-of", as_of, "--model", "light@champion", "--out", out]
        return cli(*call, *to, *further, cwd=workspace)

    return run


@pytest.fixture(scope="module")
def whole(month, tmp_path_factory) -> Path:
    """The folder of a month that nothing interrupted; tests read it."""
    out = tmp_path_factory.mktemp("month") / "2026-01"
    ended = month(out)
    assert ended.code == 0, ended.err
    return out


def record(out: Path) -> dict:
    return json.loads((out / "month.json").read_text(encoding="utf-8"))


def clues(out: Path) -> dict[str, str]:
    """Of every household on the list, its state: a digest of what the list came to."""
    from riskmodel.policy import default_policy

    with ListStore(str(out.parent / "list.db"), policy=default_policy()) as store:
        assert store.verify().seq > 0
        return {case.household_id: case.state for case in store.cases()}


@pytest.fixture
def dies():
    """Lets a step die when its work is done and not yet told."""

    def arm(monkeypatch: pytest.MonkeyPatch, step: type) -> None:
        ran = step.run

        def die(self):
            ran(self)
            raise KeyboardInterrupt

        monkeypatch.setattr(step, "run", die)

    return arm


def moved(whole: Path, place: Path) -> Path:
    """A month's folder and its list copied to another place, to be changed there."""
    out = place / "2026-01"
    shutil.copytree(whole, out)
    shutil.copy(whole.parent / "list.db", place / "list.db")
    told = record(out)
    told["inputs"]["list"] = told["steps"]["list"]["inputs"]["list"] = str(place / "list.db")
    (out / "month.json").write_text(json.dumps(told), encoding="utf-8")
    return out


def assert_same_end(out: Path, whole: Path) -> None:
    assert clues(out) == clues(whole)
    for name in SCORED:
        assert (out / "scored" / name).read_bytes() == (whole / "scored" / name).read_bytes()
    assert steps.digest_of_pages(out / "report") == steps.digest_of_pages(whole / "report")


def test_one_call_leaves_what_the_four_commands_leave_and_one_record(cli, workspace, whole, scored):
    for name in SCORED:
        assert (whole / "scored" / name).read_bytes() == (workspace / "out" / "2026-01" / name).read_bytes()
    assert (whole / "report" / "index.html").is_file() and (whole / "report" / "list.xlsx").is_file()
    flagged = pq.read_table(whole / "scored" / "flags.parquet")["household_id"].to_pylist()
    assert set(flagged) <= set(clues(whole))
    told = record(whole)
    assert (told["state"], list(told["steps"]), told["runs"][0]["did"]) == ("done", STEPS, STEPS)
    counts = {name: step["counts"] for name, step in told["steps"].items()}
    assert counts["validate"]["rows_in"] == counts["validate"]["kept"] > 0 == counts["validate"]["rejected"]
    assert counts["score"]["flagged"] == counts["report"]["households"] == len(flagged)
    assert sum(counts["list"]["flags"].values()) == len(flagged)


def test_the_record_has_versions_digests_seconds_and_memory_of_each_step(whole, workspace):
    told = record(whole)
    assert {"riskmodel", "python", "lightgbm", "duckdb"} <= set(told["runs"][0]["versions"])
    assert told["inputs"]["registry income.parquet"] == sha256_of(workspace / "county" / "income.parquet")
    assert told["inputs"]["model"] == "light@1" and told["inputs"]["capacity"] == "0.05"
    for step in told["steps"].values():
        assert step["state"] == "done" and step["seconds"] > 0 and step["peak_memory_mib"] > 10
        assert step["inputs"] and step["outputs"] and step["started_at"] <= step["finished_at"]
    left = told["steps"]["score"]["outputs"]
    assert left["flags.parquet"] == sha256_of(whole / "scored" / "flags.parquet")
    assert left["run.json"] == told["steps"]["report"]["inputs"]["run.json"]


def test_what_is_done_is_left_alone_when_resumed(month, whole, snapshot):
    before = snapshot(whole / "scored") | snapshot(whole / "report") | clues(whole)
    ended = month(whole, "--resume")
    assert ended.code == 0, ended.err
    assert [f"{name}: done before from the same inputs, skipped" in ended.out for name in STEPS] == [True] * 4
    assert snapshot(whole / "scored") | snapshot(whole / "report") | clues(whole) == before
    assert record(whole)["runs"][-1]["skipped"] == STEPS and record(whole)["runs"][-1]["did"] == []


def test_a_month_that_dies_in_every_step_goes_on_from_each_to_the_same_end(month, whole, tmp_path, dies, monkeypatch):
    out = tmp_path / "2026-01"
    for number, step in enumerate([steps.Validate, steps.Score, steps.UpdateList, steps.Report]):
        with monkeypatch.context() as armed:
            dies(armed, step)
            assert month(out, "--resume").code == 130
        told = record(out)
        assert (told["state"], told["failed"]) == ("failed", {"step": STEPS[number], "why": "stopped"})
        assert [told["steps"][name]["state"] for name in STEPS[: number + 1]] == ["done"] * number + ["failed"]
        assert told["runs"][-1]["skipped"] == STEPS[: max(number - 1, 0)]
    ended = month(out, "--resume")
    assert ended.code == 0, ended.err
    told = record(out)
    assert told["state"] == "done" and "failed" not in told
    assert (told["runs"][-1]["skipped"], told["runs"][-1]["did"]) == (STEPS[:3], STEPS[3:])
    assert_same_end(out, whole)


def test_a_process_that_is_killed_holds_no_lock_and_leaves_nothing_that_counts(month, workspace, whole, tmp_path):
    out = tmp_path / "2026-01"
    code = (
        "import os, signal, sys\n"
        "from riskmodel.registry.pile import Pile\n"
        "Pile.describe = lambda *args, **named: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from riskmodel.cli import main\n"
        "main()\n"
    )
    call = ["run-month", "county", "--as-of", "2026-01-01", "--model", "light@champion", "--out", out]
    to = ["--list", tmp_path / "list.db", "--on", "2026-01-03"]
    died = subprocess.run([sys.executable, "-c", code, *map(str, [*call, *to])], cwd=workspace, check=False)
    assert died.returncode == -signal.SIGKILL
    assert record(out)["state"] == record(out)["steps"]["validate"]["state"] == "running"
    assert list(out.glob(".registry.*.partial"))
    ended = month(out, "--resume")
    assert ended.code == 0, ended.err
    assert not list(out.glob(".*"))
    assert_same_end(out, whole)


def test_a_step_that_fails_is_named_and_what_went_before_stays(month, tmp_path):
    out = tmp_path / "2026-01"
    (tmp_path / "list.db").write_text("not a database of anything, and long enough to be looked at", encoding="utf-8")
    ended = month(out)
    assert ended.code == 1 and "step 3 of 4, list, was not done" in ended.err and "list.db" in ended.err
    assert record(out)["failed"]["step"] == "list"
    assert (out / "scored" / "run.json").is_file() and not (out / "report").exists()
    (tmp_path / "list.db").unlink()
    assert month(out, "--resume").code == 0
    assert record(out)["runs"][-1]["skipped"] == ["validate", "score"]


def test_a_list_that_cannot_be_looked_at_stays_done(month, whole, tmp_path, monkeypatch):
    out = moved(whole, tmp_path)
    with monkeypatch.context() as armed:
        armed.setattr(ListStore, "runs", lambda self: (_ for _ in ()).throw(DataError("the database refused")))
        ended = month(out, "--resume")
    assert ended.code == 1 and record(out)["failed"] == {"step": "list", "why": "the database refused"}
    assert record(out)["steps"]["list"]["state"] == "done"
    assert month(out, "--resume").code == 0
    assert record(out)["runs"][-1]["skipped"] == STEPS


def test_a_changed_registry_is_refused_by_the_name_of_its_file(month, workspace, tmp_path, dies, monkeypatch, snapshot):
    county, out = tmp_path / "county", tmp_path / "2026-01"
    shutil.copytree(workspace / "county", county)
    with monkeypatch.context() as armed:
        dies(armed, steps.Validate)
        month(out, registry=county)
    table = pq.read_table(county / "event.parquet")
    pq.write_table(table.slice(1), county / "event.parquet")
    before = snapshot(out)
    ended = month(out, "--resume", registry=county)
    assert ended.code == 2 and "the inputs differ" in ended.err
    assert "registry event.parquet was" in ended.err and "income" not in ended.err
    assert snapshot(out) == before


@pytest.mark.parametrize(
    ("further", "told"),
    [
        (("--capacity", "3"), "capacity was 0.05, is 3"),
        (("--lang", "en"), "lang was zh, is en"),
        (("--list", "none"), "list.db, is none"),
        (("--as-of", "2025-12-01"), "as_of was 2026-01-01, is 2025-12-01"),
    ],
)
def test_another_call_does_not_go_on_with_this_month(month, whole, snapshot, further, told):
    before = snapshot(whole)
    ended = month(whole, "--resume", *further)
    assert (ended.code, told in ended.said) == (2, True), ended.err
    assert snapshot(whole) == before


def test_a_policy_record_that_was_changed_is_named_also_where_only_the_list_is_steered_by_it(
    month, workspace, whole, snapshot
):
    before = snapshot(whole)
    own = workspace / "policy.yaml"
    own.write_text(
        "- {name: clock.visit_days, region: '36', valid_from: 2022-01-01, value: 9, unit: day, source: notice, "
        "certainty: A}\n",
        encoding="utf-8",
    )
    try:
        ended = month(whole, "--resume")
    finally:
        own.unlink()
    assert ended.code == 2 and "policy was" in ended.err
    assert snapshot(whole) == before


def test_two_runs_into_one_folder_are_refused(month, tmp_path):
    out = tmp_path / "2026-01"
    with alone_or_refused(out, said="free"):
        ended = month(out)
    assert ended.code == 2 and "another run is at work there" in ended.err
    assert not (out / "month.json").exists()


def test_rows_set_aside_end_with_1_and_the_month_goes_on_with_the_others(month, workspace, tmp_path):
    county, out = tmp_path / "county", tmp_path / "2026-01"
    shutil.copytree(workspace / "county", county)
    spending = pq.read_table(county / "spending.parquet")
    amounts = spending["amount"].to_pylist()
    amounts[:3] = [-1.0, float("inf"), float("nan")]
    pq.write_table(
        with_column(spending, "amount", lambda _: pa.array(amounts, pa.float64())), county / "spending.parquet"
    )
    for resumed in ((), ("--resume",)):
        ended = month(out, *resumed, registry=county)
        assert ended.code == 1 and "rows were set aside" in ended.err
        assert record(out)["state"] == "done"
    assert record(out)["runs"][-1]["skipped"] == STEPS
    rejected = record(out)["steps"]["validate"]["counts"]["rejected"]
    assert rejected == pq.read_metadata(out / "registry" / "rejects.parquet").num_rows > 0
    assert (out / "report" / "index.html").is_file()


def test_a_delivery_that_went_wrong_stops_before_anybody_is_scored_by_it(month, workspace, tmp_path):
    county, out = tmp_path / "county", tmp_path / "2026-01"
    shutil.copytree(workspace / "county", county)
    spending = pq.read_table(county / "spending.parquet")
    pq.write_table(with_column(spending, "household_id", "H9999999"), county / "spending.parquet")
    ended = month(out, registry=county)
    assert ended.code == 1 and f"spending {spending.num_rows:,} of {spending.num_rows:,}" in ended.err
    assert record(out)["failed"]["step"] == "validate" and not (out / "scored").exists()
    assert "household_id stands in the household table fails (spending.household_id.orphan" in ended.err
    assert pq.read_metadata(out / "registry" / "rejects.parquet").num_rows == spending.num_rows
    ended = month(out, "--resume", "--most-rejected", "100%", registry=county)
    assert ended.code == 1 and record(out)["state"] == "done"


@pytest.mark.parametrize("left", [None, 0, 0.5], ids=["no file", "no rows", "half of the rows"])
def test_a_feed_that_is_missing_stops_the_month_before_anybody_is_scored(month, whole, workspace, tmp_path, left):
    county, out = tmp_path / "county", tmp_path / "2026-02"
    shutil.copytree(workspace / "county", county)
    income = pq.read_table(county / "income.parquet")
    rows = 0 if left is None else int(left * income.num_rows)
    pq.write_table(income.slice(0, rows), county / "income.parquet")
    if left is None:
        (county / "income.parquet").unlink()
    before = ("--previous", whole, "--most-behind", 99)
    ended = month(out, *before, registry=county, as_of="2026-02-01")
    assert ended.code == 1 and f"fewer rows than the month before: income {rows:,} of {income.num_rows:,}" in ended.err
    assert record(out)["failed"]["step"] == "validate"
    assert not (out / "scored").exists() and not (tmp_path / "list.db").exists()
    alone = month(tmp_path / "alone", "--most-behind", 99, registry=county, as_of="2026-02-01", listed=False)
    if left:  # without an earlier month, nobody can tell
        assert alone.code == 0
    else:
        assert alone.code == 1 and "has no rows of income, which the model light@1 learned from" in alone.err
    ended = month(out, *before, "--resume", "--most-missing", "100%", registry=county, as_of="2026-02-01")
    assert record(out)["state"] == "done", ended.err


def test_a_registry_that_was_not_brought_up_to_date_stops_the_month(month, tmp_path):
    out = tmp_path / "2026-02"
    ended = month(out, as_of="2026-02-01")
    assert ended.code == 1 and "before 2026-01-01, 31 days before 2026-02-01" in ended.err
    assert "--most-behind" in ended.err and record(out)["failed"]["step"] == "validate"
    assert not (out / "scored").exists() and not (tmp_path / "list.db").exists()
    ended = month(out, "--resume", "--most-behind", 31, as_of="2026-02-01")
    assert ended.code == 0 and "the 31 days up to 2026-02-01 are missing" in ended.err
    assert record(out)["state"] == "done"


def test_what_was_changed_after_it_was_done_is_done_again(month, whole, tmp_path):
    out = moved(whole, tmp_path)
    (out / "scored" / "scores.parquet").unlink()
    (tmp_path / "list.db").unlink()
    ended = month(out, "--resume")
    assert ended.code == 0, ended.err
    assert "score was done, but what it left is gone" in ended.err
    assert record(out)["runs"][-1]["skipped"] == ["validate"]
    assert (out / "scored" / "scores.parquet").read_bytes() == (whole / "scored" / "scores.parquet").read_bytes()
    assert clues(out) == clues(whole)


def test_a_report_that_visits_were_written_into_is_not_replaced(month, whole, tmp_path, snapshot):
    out = tmp_path / "2026-01"
    shutil.copytree(whole, out)
    with (out / "report" / "list.xlsx").open("ab") as book:
        book.write(b"visits")
    before = snapshot(out)
    ended = month(out, listed=False)
    assert ended.code == 2 and "may hold what visits found" in ended.err
    assert snapshot(out) == before
    told = record(out)
    assert told["state"] == "done"


def test_the_second_month_says_what_changed_since_the_first(month, whole, tmp_path):
    out = tmp_path / "2025-12"
    assert month(out, listed=False, as_of="2025-12-01").code == 0
    refused = month(tmp_path / "2025-11", "--previous", whole, listed=False, as_of="2025-11-01")
    assert refused.code == 2 and "expected an earlier one" in refused.said
    assert not (tmp_path / "2025-11").exists()
    later = tmp_path / "2026-01"
    assert month(later, "--previous", out, listed=False).code == 0
    assert list(record(later)["steps"]) == ["validate", "score", "report"]
    assert "2025-12-01" in "".join(
        p.read_text(encoding="utf-8") for p in (later / "report" / "townships").glob("*.html")
    )


@pytest.mark.parametrize(
    ("further", "told"),
    [
        (("--model", "ligth@champion"), 'Did you mean "light"?'),
        (("--as-of", "soon"), '--as-of is "soon"'),
        (("--most-rejected", "many"), '--most-rejected is "many"'),
        (("--previous", "nowhere"), "no such folder"),
        (("--list", "mysql://host/x"), "is not known"),
        (("--engine", "sprak"), '--engine is "sprak"'),
        (("--memory", "lots"), 'memory is "lots"'),
        (("--workers", "0"), "workers is 0"),
        (("--per", "hamlet"), '--per is "hamlet"'),
        (("--capacity", "3", "--threshold", "0.2"), "not both"),
        (("--out", "county/month"), "is the registry itself, or lies in it"),
    ],
)
def test_a_wrong_call_writes_nothing(month, workspace, tmp_path, snapshot, further, told):
    before = snapshot(workspace)
    ended = month(tmp_path / "2026-01", *further, listed=False)
    assert (ended.code, told in ended.said) == (2, True), ended.err
    assert snapshot(workspace) == before and list(tmp_path.iterdir()) == []


def test_a_registry_in_the_months_own_folder_is_refused(month, whole):
    ended = month(whole, registry=whole / "registry", listed=False)
    assert ended.code == 2 and "name another folder" in ended.said


def test_a_month_of_a_database_is_of_one_state_however_it_goes_on(
    month, workspace, whole, tmp_path, dies, monkeypatch, postgres
):
    url = new_database(postgres)
    load(url, workspace / "county")
    out = tmp_path / "2026-01"
    with monkeypatch.context() as armed:
        dies(armed, steps.Score)
        assert month(out, registry=url).code == 130
    assert not (out / "source").exists()
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM income")
    ended = month(out, "--resume", registry=url)
    assert ended.code == 0, ended.err
    assert record(out)["runs"][-1]["skipped"] == ["copy", "validate"]
    flags, same = (pq.read_table(one / "scored" / "flags.parquet") for one in (out, whole))
    assert flags.select(["household_id", "risk", "reasons"]).equals(same.select(["household_id", "risk", "reasons"]))
    assert clues(out) == clues(whole)


def test_a_database_named_with_its_password_is_refused(month, tmp_path):
    ended = month(tmp_path / "2026-01", registry="postgresql://me:s3cret@127.0.0.1:1/county", listed=False)
    assert ended.code == 2 and "PGPASSFILE" in ended.err and "s3cret" not in ended.said
    assert list(tmp_path.iterdir()) == []


def test_no_password_is_written_or_said(cli, workspace, trained, tmp_path):
    out = tmp_path / "2026-01"
    url = "postgresql://batch:s3cret@127.0.0.1:1/lists"
    ended = cli(
        "run-month", "county", "--as-of", "2026-01-01", "--model", "light@champion", "--out", out, "--list", url,
        cwd=workspace,
    )  # fmt: skip
    assert ended.code == 1 and record(out)["failed"]["step"] == "list"
    assert "s3cret" not in ended.said + (out / "month.json").read_text(encoding="utf-8")
