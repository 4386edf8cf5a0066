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
def counting(label: str, *, total: int) -> Iterator[Callable[[], None]]:
    """Give a call that counts one thing more as done, from any thread; shown as :func:`track` does."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task(label, total=total)
            yield lambda: bars.advance(bar)
        return
    turn, done, spoken = threading.Lock(), 0, time.monotonic()

    def count() -> None:
        nonlocal done, spoken
        with turn:
            done += 1
            if time.monotonic() - spoken >= _SECONDS_BETWEEN_LINES:
                spoken = time.monotonic()
                _LOG.info("%s: %s of %s", label, f"{done:,}", f"{total:,}")

    yield count


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
