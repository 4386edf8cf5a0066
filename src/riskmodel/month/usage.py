"""What a piece of work took: seconds, processor time, and the most memory it held at once."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_RESET = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_MIB = 1 << 20


@dataclass
class Usage:
    """What a piece of work took, once it has ended.

    Attributes
    ----------
    seconds, cpu_seconds : float
        By the clock; and of processors, with child processes that have ended.
    peak_mib : float or None
        The most memory (MiB) that this process held; None where the system does not say.
    peak_of : str
        ``work``: of this piece of work alone. ``process``: since the process began, where the system keeps only that.
    child_mib : float or None
        The most that one child process held, where that grew.
    """

    seconds: float = 0.0
    cpu_seconds: float | None = None
    peak_mib: float | None = None
    peak_of: str = "process"
    child_mib: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, rounded."""
        told: dict[str, Any] = {"seconds": round(self.seconds, 2)}
        for name, value in (
            ("cpu_seconds", self.cpu_seconds),
            ("peak_memory_mib", self.peak_mib),
            ("largest_child_mib", self.child_mib),
        ):
            if value is not None:
                told[name] = round(value, 1)
        return told | ({"peak_memory_of": self.peak_of} if self.peak_mib is not None else {})


@contextlib.contextmanager
def measured() -> Iterator[Usage]:
    """Give a usage that is filled in when the block ends, also by an error.

    Linux lets a process forget the most memory it held: the peak is then that of the block. Elsewhere the high-water
    mark of the process is all there is, so a block that needs less than an earlier one shows the earlier one's.
    """
    usage = Usage(peak_of="work" if _forget_peak() else "process")
    started, cpu, child = time.monotonic(), _cpu_seconds(), _child_peak()
    try:
        yield usage
    finally:
        usage.seconds = time.monotonic() - started
        now = _cpu_seconds()
        usage.cpu_seconds = None if cpu is None or now is None else now - cpu
        usage.peak_mib = _peak_since_forgotten() if usage.peak_of == "work" else _peak()
        after = _child_peak()
        usage.child_mib = after if after is not None and after != child else None


def _forget_peak() -> bool:
    try:
        _RESET.write_text("5", encoding="ascii")
        return _peak_since_forgotten() is not None
    except OSError:
        return False


def _peak_since_forgotten() -> float | None:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    told = next((line.split() for line in lines if line.startswith("VmHWM:")), None)
    return int(told[1]) * 1024 / _MIB if told is not None else None


def _cpu_seconds() -> float | None:
    found = _of_the_system()
    return None if found is None else sum(one.ru_utime + one.ru_stime for one in found)


def _peak() -> float | None:
    found = _of_the_system()
    return None if found is None else found[0].ru_maxrss * _unit() / _MIB


def _child_peak() -> float | None:
    found = _of_the_system()
    return None if found is None else found[1].ru_maxrss * _unit() / _MIB


def _unit() -> int:
    return 1 if sys.platform == "darwin" else 1024


def _of_the_system() -> tuple[Any, Any] | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
