"""Progress of long work: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")

_LOG = logging.getLogger("riskmodel.progress")
_SECONDS_BETWEEN_LINES = 5.0


def track(items: Iterable[T], *, label: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items``, showing how many are done: a bar on a terminal, a line every few seconds elsewhere."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track as rich_track

        yield from rich_track(items, description=label, total=total, console=Console(stderr=True), transient=True)
        return
    spoken = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - spoken >= _SECONDS_BETWEEN_LINES:
            spoken = time.monotonic()
            _LOG.info("%s: %s%s", label, f"{done:,}", f" of {total:,}" if total else "")


@contextlib.contextmanager
def counting(label: str, *, total: int | None, done: int = 0) -> Iterator[Callable[..., None]]:
    """Give a call that counts one thing more, or so many, as done, from any thread; shown with rate and time left.

    Parameters
    ----------
    total : int, optional
        How many there will be at most, where that is known.
    done : int
        How many were done before: they count for the share, not for the rate.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task(label, total=total, completed=done)
            yield lambda many=1: bars.advance(bar, many)
        return
    turn, now, begun = threading.Lock(), done, time.monotonic()
    spoken = begun

    def count(many: int = 1) -> None:
        nonlocal now, spoken
        with turn:
            now += many
            moment = time.monotonic()
            if moment - spoken >= _SECONDS_BETWEEN_LINES:
                spoken = moment
                _LOG.info("%s: %s", label, _told(now, total, (now - done) / (moment - begun)))

    yield count


def _told(done: int, total: int | None, rate: float) -> str:
    """Return how far something is, in words.

    >>> _told(500, 2_000, 25.0), _told(7, None, 0.5)
    ('500 of 2,000, 25 a second, 1 min left', '7, 0.5 a second')
    """
    quick = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
    if total is None:
        return f"{done:,}, {quick} a second"
    seconds = (total - done) / rate if rate else 0.0
    left = f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
    return f"{done:,} of {total:,}, {quick} a second, {left} left"


@contextlib.contextmanager
def step(label: str) -> Iterator[None]:
    """Show that ``label`` is under way (a spinner on a terminal) and say when it is done and how long it took."""
    started = time.monotonic()
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(label):
            yield
    else:
        yield
    _LOG.info("%s: done in %.1f s", label, time.monotonic() - started)
