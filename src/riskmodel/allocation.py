"""What long work asks of the memory allocator and of the garbage collector."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator

# glibc's names in malloc.h, and the largest number that mallopt takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _MOST = -1, -3, 2**31 - 1


def keep_freed_memory() -> None:
    """Let this process keep the memory that it has freed, for what it asks for next.

    By default glibc gives large pieces back to the system at once, and the next one comes page by page, each filled
    with zeros, for columns that live no longer than a slice. For a process that is here for one job, not for a
    notebook. Other allocators are left as they are.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        # Older ones refuse more than 32 MiB; the second alone would keep the first at its small default.
        if mallopt(_M_MMAP_THRESHOLD, _MOST) or mallopt(_M_MMAP_THRESHOLD, 32 << 20):
            mallopt(_M_TRIM_THRESHOLD, _MOST)


def give_back_freed_memory() -> None:
    """Give the system what is free: after work that needed more, or other sizes, than what comes."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def what_is_there_spared() -> Iterator[None]:
    """Keep the garbage collector, inside, from going again and again through all that is there already.

    Libraries, catalogue and models stay; only what is made inside is looked through. Where a process has frozen
    what it holds before, that is left as it is.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
