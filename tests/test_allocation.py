"""A process that is here for one long job keeps what it freed, and does not look through what is loaded."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from riskmodel.allocation import what_is_there_spared

_HELD_AFTER_FREEING = """
import resource, sys
import numpy as np
from riskmodel.allocation import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def held():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * resource.getpagesize()
before = held()
rows = np.ones(3 << 20)
del rows
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_stays_with_the_process_that_asks_for_it():
    held = {
        asked: int(
            subprocess.run([sys.executable, "-c", _HELD_AFTER_FREEING, asked], capture_output=True, check=True).stdout
        )
        for asked in ("keep", "leave")
    }
    if held["leave"] > 12 << 20:
        pytest.skip("another allocator, which keeps what is freed anyway")
    assert held["keep"] > 20 << 20


def test_what_is_there_is_spared_only_inside():
    with what_is_there_spared():
        assert gc.get_freeze_count() > 10_000
    assert gc.get_freeze_count() == 0


def test_what_a_process_has_frozen_itself_stays_frozen():
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        with what_is_there_spared():
            pass
        assert gc.get_freeze_count() == before
    finally:
        gc.unfreeze()
