"""What the benchmarks have in common: a run is a process of its own, measured as a whole; figures go to a file."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30


@dataclass(frozen=True)
class Run:
    """One run: seconds from start to exit, seconds of all cores together, and the most memory it held."""

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


def measure_call(name: str, call: Sequence[str], folder: Path) -> Run:
    """Measure a command as a whole; what Python compiles for it is kept in ``folder``."""
    # As on any machine where programs are run more than once: bytecode is kept.
    kept = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    started = time.perf_counter()
    process = subprocess.Popen(call, env=os.environ | kept, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{name} failed (exit {os.waitstatus_to_exitcode(status)}).")
    # Linux counts in KiB, macOS in bytes.
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / GIB)


def write_figures(lines: Iterable[Figure], out: Path) -> None:
    """Write the figures to ``out`` and show them."""
    with out.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["name", "value", "tolerance", "higher_is_better"])
        for line in lines:
            writer.writerow([line.name, f"{line.value:.3f}", line.tolerance, str(line.higher_is_better).lower()])
            print(f"{line.name:<40}{line.value:8.3f}")
