"""A report appears whole, takes the place of an earlier one and of nothing else, and reads only the run's folder."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scored import listing

from riskmodel.errors import CallError, DataError
from riskmodel.report import make, make_report
from riskmodel.report.data import count_risk_types, file_stem, read_report_data
from riskmodel.report.words import meaning


class Stopped(BaseException):
    """What a kill looks like from inside."""


@pytest.fixture
def run(scored_run, tmp_path) -> Path:
    """A copy of the run that a test may harm."""
    return Path(shutil.copytree(scored_run, tmp_path / "run"))


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in listing(folder)}


def test_an_interrupted_report_leaves_the_old_one(run, monkeypatch):
    make_report(run, run / "report")
    old = contents(run / "report")

    def stopping(*_, **__):
        raise Stopped

    monkeypatch.setattr(make, "write_workbook", stopping)
    with pytest.raises(Stopped):
        make_report(run, run / "report", lang="en")
    assert contents(run / "report") == old
    assert not [path for path in run.iterdir() if path.name.startswith(".")]


def test_a_workbook_that_visitors_wrote_into_is_never_replaced(run):
    made = make_report(run, run / "report")
    make_report(run, run / "report")
    book = openpyxl.load_workbook(made.workbook)
    book.worksheets[1]["K2"] = "存在风险"
    book.save(made.workbook)
    filled = made.workbook.read_bytes()
    with pytest.raises(CallError, match="was changed after it was made and may hold what visits found"):
        make_report(run, run / "report")
    assert made.workbook.read_bytes() == filled
    made.workbook.rename(run / "filled.xlsx")
    assert make_report(run, run / "report").workbook.read_bytes() != filled
    assert (run / "filled.xlsx").read_bytes() == filled


def test_a_first_report_that_is_interrupted_leaves_nothing(run, monkeypatch):
    before = listing(run)
    monkeypatch.setattr(make, "write_workbook", lambda *_, **__: (_ for _ in ()).throw(Stopped))
    with pytest.raises(Stopped):
        make_report(run, run / "report")
    assert listing(run) == before
    assert not (run / "report").exists()


def test_a_report_is_replaced_as_a_whole(run):
    make_report(run, run / "report")
    (run / "report" / "households" / "of_last_month.html").write_text("stale")
    made = make_report(run, run / "report")
    assert "households/of_last_month.html" not in listing(run / "report")
    assert made.index.is_file()


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    first = contents(make_report(run, tmp_path / "a").index.parent)
    time.sleep(1.1)
    assert contents(make_report(run, tmp_path / "b").index.parent) == first


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_is_not_a_report_is_not_replaced(run, tmp_path, what):
    mine = tmp_path / "mine"
    if what == "folder":
        mine.mkdir()
        (mine / "thesis.txt").write_text("mine")
    else:
        mine.write_text("mine")
    with pytest.raises(CallError, match="mine: exists and is not a report; name a new folder with --out"):
        make_report(run, mine)
    assert (mine / "thesis.txt" if what == "folder" else mine).read_text() == "mine"


def test_the_runs_own_folder_is_not_taken_for_the_report(run):
    before = contents(run)
    with pytest.raises(CallError, match="exists and is not a report"):
        make_report(run, run)
    assert contents(run) == before


@pytest.mark.parametrize("name", ["scores.parquet", "flags.parquet", "run.json"])
def test_a_run_that_lacks_a_file_is_refused_by_name(run, name):
    (run / name).unlink()
    with pytest.raises(DataError, match=f"{re.escape(name)}: not there"):
        make_report(run, run / "report")
    assert not (run / "report").exists()


def test_flags_of_another_run_are_refused(run):
    flags = pq.read_table(run / "flags.parquet")
    pq.write_table(flags.set_column(2, "risk", pa.array(np.ones(len(flags)))), run / "flags.parquet")
    with pytest.raises(DataError, match=r"flags\.parquet: not the file that run\.json speaks of"):
        make_report(run, run / "report")


def test_a_folder_that_is_not_there_is_a_wrong_call(tmp_path):
    with pytest.raises(CallError, match="no such folder; expected what `riskmodel score"):
        make_report(tmp_path / "nowhere", tmp_path / "report")


@given(st.lists(st.text(max_size=12), unique=True, max_size=30))
@example(["H1", "h1"])
@example(["/01", "\u2f01"])
@example(["", "~", "~~"])
def test_file_names_are_plain_and_never_shared_on_any_system(names):
    stems = [file_stem(name) for name in names]
    assert len({stem.casefold() for stem in stems}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_~-]+", stem) for stem in stems)


def test_what_says_least_comes_last(scored_run):
    flags = read_report_data(scored_run).flags
    made = (
        replace(flags[0], risk_types=("other", "water")),
        replace(flags[1], risk_types=("other", "illness")),
        replace(flags[2], risk_types=("other", "illness")),
    )
    assert count_risk_types(made) == [("illness", 2), ("water", 1), ("other", 3)]


@pytest.mark.parametrize(
    ("risk", "zh", "en"),
    [
        (0.237, "预计每4户中约有1户", "Of households scored like this one, about 1 in 4 "),
        (0.125, "预计每8户中约有1户", "Of households scored like this one, about 1 in 8 "),
        (0.62, "预计每10户中约有6户", "Of households scored like this one, about 6 in 10 "),
        (0.01, "预计每100户中约有1户", "Of households scored like this one, about 1 in 100 "),
        (0.004, "每1000户中预计约有4户", "Of 1,000 households scored like this one, about 4 "),
        (0.0094, "每1000户中预计约有9户", "Of 1,000 households scored like this one, about 9 "),
        (0.0095, "预计每105户中约有1户", "Of households scored like this one, about 1 in 105 "),
        (0.0005, "每1000户中预计约有1户", "Of 1,000 households scored like this one, about 1 "),
        (0.0001, "每1000户中预计不到1户", "Of 1,000 households scored like this one, fewer than 1 "),
    ],
)
def test_a_risk_is_said_as_so_many_of_so_few(scored_run, risk, zh, en):
    data = read_report_data(scored_run)
    flag = replace(data.flags[0], risk=risk)
    assert zh in meaning(flag, data, "zh")
    assert en in meaning(flag, data, "en")
    assert "随后12个月内" in meaning(flag, data, "zh")
    assert "within the following 12 months" in meaning(flag, data, "en")
