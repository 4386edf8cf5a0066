"""What the benchmarks have in common: a run is a process of its own, measured as a whole; figures go to a file."""

from __future__ import annotations

import contextlib
import csv
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30


@dataclass(frozen=True)
class Run:
    """One run: seconds from start to exit, seconds of all cores, and the most memory that it and its own held."""

    seconds: float
    cpu: float
    peak_gib: float


@dataclass(frozen=True)
class Figure:
    """A line of the baseline."""

    name: str
    value: float
    tolerance: float
    higher_is_better: bool = False


def measure_call(name: str, call: Sequence[str], folder: Path, *, expected: int = 0) -> Run:
    """Measure a command as a whole; what Python compiles for it is kept in ``folder``."""
    # As on any machine where programs are run more than once: bytecode is kept.
    kept = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    started = time.perf_counter()
    process = subprocess.Popen(call, env=os.environ | kept, stdout=subprocess.DEVNULL)
    with watched(process.pid) as most:
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) != expected:
        raise SystemExit(f"{name} failed (exit {os.waitstatus_to_exitcode(status)}).")
    # Linux counts in KiB, macOS in bytes.
    alone = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Run(seconds, used.ru_utime + used.ru_stime, max(alone, *most) / GIB)


@contextlib.contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """Give a list whose one entry is the most memory that a process and those it started have held together."""
    most, done = [0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(pid, most, done))
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


def _watch(pid: int, most: list[int], done: threading.Event) -> None:
    """Keep the most memory that a process and those it started hold together: proportional shares, from /proc."""
    while not done.wait(0.5):
        most[0] = max(most[0], sum(_held(one) for one in _family(pid)))


def spent(pid: int) -> float:
    """Return the seconds of all cores that a process and those it started have used so far, from /proc."""
    return sum(_used(one) for one in _family(pid)) / os.sysconf("SC_CLK_TCK")


def _used(pid: int) -> int:
    """Return the ticks of a process, with those of the ended ones that it waited for."""
    try:
        told = (Path("/proc") / str(pid) / "stat").read_text()
    except OSError:
        return 0
    return sum(map(int, told.rpartition(")")[2].split()[11:15]))


def _family(pid: int) -> list[int]:
    try:
        tasks = (Path("/proc") / str(pid) / "task").iterdir()
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(child))]


def _held(pid: int) -> int:
    try:
        for line in (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def write_figures(lines: Iterable[Figure], out: Path) -> None:
    """Write the figures to ``out`` and show them."""
    with out.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["name", "value", "tolerance", "higher_is_better"])
        for line in lines:
            writer.writerow([line.name, f"{line.value:.3f}", line.tolerance, str(line.higher_is_better).lower()])
            print(f"{line.name:<40}{line.value:8.3f}")
