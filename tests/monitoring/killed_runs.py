"""Runs that are killed: processes of their own, started from one that has everything imported."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path
from typing import Any

from scored import County

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["riskmodel.monitoring.score", "riskmodel.model.bundle", "scored"])


def run(county: County, out: Path, options: dict[str, Any]) -> None:
    """Score, as the process that is killed does."""
    from riskmodel.monitoring import flagging

    flagging.PART = 7
    county.score(out, **options)


def killed(county: County, out: Path, *, after: float, **options: Any) -> bool:
    """Start a run, kill it after so many seconds, and tell whether it was still at work."""
    process = _CONTEXT.Process(target=run, args=(county.to_send(), out, options))
    process.start()
    process.join(after)
    at_work = process.is_alive()
    process.kill()
    process.join()
    return at_work


def how_long(county: County, out: Path, **options: Any) -> float:
    """Return how many seconds a run takes that nobody kills."""
    started = time.monotonic()
    assert not killed(county, out, after=600, **options)
    return time.monotonic() - started


def moments(seconds: float, many: int, *, seed: int) -> list[float]:
    """Return moments at which to kill, spread over a run."""
    drawn = random.Random(seed)
    return [drawn.uniform(0.02, 1.0) * seconds for _ in range(many)]
