"""Progress is said now and then, however many threads do the work."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from riskmodel import progress


def test_what_threads_have_done_is_counted_once_each(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    with (
        caplog.at_level(logging.INFO, logger="riskmodel.progress"),
        progress.counting("months", total=1200) as count,
        ThreadPoolExecutor(4) as pool,
    ):
        list(pool.map(lambda _: count(), range(1200)))
    assert [line.message for line in caplog.records] == [f"months: {n:,} of 1,200" for n in range(1, 1201)]
