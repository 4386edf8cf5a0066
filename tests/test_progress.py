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
    said = [line.message.split(", ")[0] for line in caplog.records]
    assert [line.split(" of ")[0] for line in said] == [f"months: {n:,}" for n in range(1, 1201)]


def test_the_rate_and_the_time_left_are_told():
    assert progress._told(500, 2_000, 25.0) == "500 of 2,000, 25 a second, 1 min left"
    assert progress._told(7, None, 0.5) == "7, 0.5 a second"
