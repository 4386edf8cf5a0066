"""Independent calls side by side on the cores there are."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_most: int | None = None


def use_cores(most: int) -> None:
    """Let this process use no more cores than so many: others of its kind run beside it."""
    global _most  # noqa: PLW0603
    _most = most


def cores() -> int:
    """Return the number of cores that this process may use."""
    if _most is not None:
        return _most
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def one_blas_thread() -> Any:
    """Give the BLAS library one thread: the others wait in a loop, on cores that have other work. A context, too."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def side_by_side(
    calls: Iterable[Callable[[], T]],
    *,
    workers: int | None = None,
    ahead: int | None = None,
    stopped: threading.Event | None = None,
) -> Generator[T, None, None]:
    """Yield the result of each call, in their order, while later ones run.

    Threads, not processes: what takes long in a call must let go of the interpreter (LightGBM, NumPy and BLAS do).
    The BLAS library gets one thread a call, so that calls do not wait for each other's.

    Parameters
    ----------
    calls : iterable of callable
        Without arguments; independent of each other. What one raises is raised here, and those not begun are dropped.
    workers : int, optional
        How many run at a time; as many as there are cores when absent.
    ahead : int, optional
        How many calls may have begun before their result is asked for, so that results do not pile up; by default
        one more than run at a time. More keep the workers busy while the caller is long over one result.
    stopped : threading.Event, optional
        Set when no more results are wanted, before the calls under way are waited for: a long call that looks at it
        may end early.
    """
    many = workers or cores()
    waiting = iter(calls)
    running: deque[Future[T]] = deque()
    with one_blas_thread(), ThreadPoolExecutor(many) as pool:
        try:
            running.extend(pool.submit(call) for call in itertools.islice(waiting, ahead or many + 1))
            while running:
                done = running.popleft().result()
                running.extend(pool.submit(call) for call in itertools.islice(waiting, 1))
                yield done
        finally:
            if stopped is not None:
                stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
