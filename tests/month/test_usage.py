"""What a piece of work took."""

from __future__ import annotations

import mmap
import sys
import time

import numpy as np
import pytest

from riskmodel.month import usage
from riskmodel.month.usage import measured

LARGE_MIB = 400


def held() -> None:
    """Memory of its own: what was freed before may still lie about, and would be taken again."""
    with mmap.mmap(-1, LARGE_MIB << 20) as memory:
        np.frombuffer(memory, dtype=np.uint8).sum()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process forget its peak")
def test_the_peak_is_of_the_work_and_not_of_what_went_before():
    with measured() as large:
        held()
    with measured() as small:
        time.sleep(0.01)
    assert large.peak_of == small.peak_of == "work"
    assert large.peak_mib - small.peak_mib > LARGE_MIB / 2
    assert 0 < small.seconds < large.seconds + 1 and large.cpu_seconds > 0


def test_where_the_system_keeps_only_the_process_s_peak_that_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(usage, "_RESET", tmp_path / "nowhere" / "clear_refs")
    with measured() as large:
        held()
    with measured() as small:
        pass
    assert small.peak_of == "process" and small.peak_mib >= large.peak_mib > LARGE_MIB
    assert small.to_dict()["peak_memory_of"] == "process"


def test_work_that_fails_is_measured_too():
    with pytest.raises(ZeroDivisionError), measured() as broken:
        1 / 0  # noqa: B018
    assert broken.seconds > 0
