"""Whatever stops a run, what it leaves in the end is what an undisturbed run leaves."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from killed_runs import how_long, killed, moments
from scored import OF_MODEL, RESULTS, listing, results

from riskmodel.errors import DataError
from riskmodel.files import write_aside
from riskmodel.monitoring import checkpoint, flagging, in_order, selecting, slices

CUT = {"slice_rows": 90, "workers": 2}


@pytest.fixture(autouse=True)
def few_flags_at_a_time(monkeypatch):
    monkeypatch.setattr(flagging, "PART", 7)


def kill_and_resume(county, wanted: dict[str, bytes], folder: Path, *, kills: int) -> None:
    seconds = how_long(county, folder / "whole", **CUT)
    assert results(folder / "whole") == wanted
    done = 0
    for number, after in enumerate(moments(seconds, 20 * kills, seed=kills)):
        if done >= kills:
            break
        out = folder / f"{number}"
        done += killed(county, out, after=after, **CUT)
        # Some are killed again while they go on.
        if number % 3 == 0:
            done += killed(county, out, after=after / 2, resume=True, **CUT)
        county.score(out, resume=True, **CUT)
        assert results(out) == wanted
        assert listing(out) == {*RESULTS, *OF_MODEL, "run.json"}
        shutil.rmtree(out)
    assert done >= kills


def test_a_killed_run_goes_on_and_leaves_the_same(scored_county, scored_run, tmp_path):
    kill_and_resume(scored_county, results(scored_run), tmp_path, kills=2)


@pytest.mark.long
def test_a_hundred_killed_runs_leave_the_same(scored_county, scored_run, tmp_path):
    kill_and_resume(scored_county, results(scored_run), tmp_path, kills=100)


@pytest.mark.parametrize(
    ("place", "call"), [(slices, 3), (selecting, 1), (in_order, 2), (checkpoint, 4), (flagging, 1)]
)
def test_a_disk_that_fills_is_said_so_and_the_run_goes_on_when_there_is_room(
    scored_county, scored_run, tmp_path, place, call
):
    out, calls = tmp_path / "out", iter(range(10**9))

    @contextlib.contextmanager
    def full(path):
        with write_aside(path) as aside:
            if next(calls) == call:
                aside.write_bytes(b"half of")
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield aside

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(place, "write_aside", full)
        with pytest.raises(DataError, match=r"the disk is full.*--resume"):
            scored_county.score(out, **CUT)
    assert "run.json" not in listing(out)
    scored_county.score(out, resume=True, **CUT)
    assert results(out) == results(scored_run)
    assert listing(out) == {*RESULTS, *OF_MODEL, "run.json"}


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
@pytest.mark.parametrize("kib", [40, 120, 250, 400, 600, 900, 1200])
def test_a_small_file_system_that_fills(scored_county, scored_run, tmp_path, kib):
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(place)], check=True)
    try:
        with contextlib.suppress(DataError):
            scored_county.score(place / "out", **CUT)
            return  # it was large enough
        subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        scored_county.score(place / "out", resume=True, **CUT)
        assert results(place / "out") == results(scored_run)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
