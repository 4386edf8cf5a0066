"""How long a simulated county takes and how much memory, by the number of workers and of households.

Each run is `riskmodel simulate` in a process of its own, from start to exit; runs take turns, and the least time and
the most memory of each count. The registries of one size are compared: their bytes may not depend on the workers.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import Figure, Run, measure_call, write_figures

BASELINE = Path(__file__).parent / "simulate.csv"
SEED = 1
COMMAND = [sys.executable, "-c", "from riskmodel.cli import main; main()", "simulate"]


def simulate(folder: Path, *, households: int, years: int, workers: int) -> tuple[Run, str]:
    """Simulate a county and measure it; give what `registry.json` says of it too, the sha256 of every file."""
    out = folder / "county"
    options = [f"--households={households}", f"--years={years}", f"--seed={SEED}", f"--workers={workers}"]
    run = measure_call("simulate", [*COMMAND, str(out), *options], folder)
    said = (out / "registry.json").read_text(encoding="utf-8")
    shutil.rmtree(out)
    print(
        f"  {households:>9,} households, {workers} workers {run.seconds:8.2f} s {run.cpu:8.2f} s cpu "
        f"{run.peak_gib:6.2f} GiB",
        flush=True,
    )
    return run, said


def best(runs: list[Run]) -> Run:
    """Give the least seconds and the most memory."""
    return Run(min(run.seconds for run in runs), min(run.cpu for run in runs), max(run.peak_gib for run in runs))


def figures(folder: Path, households: int, years: int, times: int, *, scaling: bool) -> Iterator[Figure]:
    """Measure, and yield the lines of the baseline."""
    # A first run fills the cache of compiled code; it does not count.
    simulate(folder, households=100, years=1, workers=2)
    runs: dict[int, list[Run]] = {1: [], 2: []}
    said = set()
    for _ in range(times):
        for workers, got in runs.items():
            run, told = simulate(folder, households=households, years=years, workers=workers)
            got.append(run)
            said.add(told)
    if len(said) > 1:
        raise SystemExit("Another number of workers wrote other bytes.")
    one, two = best(runs[1]), best(runs[2])
    yield Figure("simulate_seconds", two.seconds, 0.3)
    yield Figure("simulate_2_workers_over_1", two.seconds / one.seconds, 0.15)
    yield Figure("simulate_peak_gib", two.peak_gib, 0.15)
    if scaling:
        ten, _ = simulate(folder, households=10 * households, years=years, workers=2)
        yield Figure("simulate_10x_households_cpu_over_1x", ten.cpu / two.cpu, 0.15)
        yield Figure("simulate_10x_households_peak_over_1x", ten.peak_gib / two.peak_gib, 0.15)


def main() -> None:
    """Measure and write the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument("--years", type=int, default=6)
    parser.add_argument("--times", type=int, default=3, help="how often each is run")
    parser.add_argument("--scaling", action="store_true", help="also ten times the households")
    parser.add_argument("--folder", type=Path, help="where to write the counties; by default a temporary folder")
    parser.add_argument("--out", type=Path, default=BASELINE)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="riskmodel-bench-", dir=given.folder))
    try:
        lines = list(
            figures(folder, households=given.households, years=given.years, times=given.times, scaling=given.scaling)
        )
    finally:
        shutil.rmtree(folder)
    write_figures(lines, given.out)


if __name__ == "__main__":
    main()
