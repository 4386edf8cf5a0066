"""How long features take and how much memory: through this toolkit, and written by hand in DuckDB and Polars.

Each run is a process of its own, started from the registry's files and ending with a Parquet file; runs take turns,
and the least time of each counts. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from by_hand import polars_query, sql
from measuring import Figure, Run, measure_call, write_figures
from riskmodel.engine.calendar import add_months
from work import AS_OF, make_catalogue, make_registry

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.csv"
RUNNERS = ("fused", "ibis", "duckdb_by_hand", "polars_by_hand", "duckdb_plainly", "polars_plainly")
# As `--memory 3GB`: without a limit DuckDB takes what the machine has.
IBIS_MEMORY = "3GB"
# featuretools takes a while: it is compared on fewer households.
FEATURETOOLS_HOUSEHOLDS = 20_000


def run_here(runner: str, registry: Path, as_of: Sequence[date], out: Path) -> None:
    """Work the columns out in this process."""
    old_rows_first = not runner.endswith("plainly")
    if runner.startswith("duckdb"):
        import duckdb

        duckdb.sql(sql(registry, as_of, out, old_rows_first=old_rows_first))
    elif runner.startswith("polars"):
        polars_query(registry, as_of, old_rows_first=old_rows_first).sink_parquet(out, compression="lz4")
    else:
        from riskmodel.features import write_features
        from riskmodel.registry import Registry

        engine, memory = ("duckdb", IBIS_MEMORY) if runner == "ibis" else (runner, None)
        source = Registry.open(registry, memory_limit=memory)
        write_features(source, out, as_of=as_of, catalogue=make_catalogue(), engine=engine)


def measure(runner: str, registry: Path, as_of: Sequence[date], out: Path) -> Run:
    """Work the columns out in a process of its own and measure it as a whole."""
    call = [sys.executable, __file__, "--registry", str(registry), "--run", runner, "--out", str(out)]
    return measure_call(runner, [*call, *(f"--as-of={day}" for day in as_of)], registry.parent)


def in_turn(runners: Sequence[str], registry: Path, as_of: Sequence[date], folder: Path, times: int) -> dict[str, Run]:
    """Run each in turn, several times; return the least seconds and the most memory of each."""
    runs: dict[str, list[Run]] = {runner: [] for runner in runners}
    for _ in range(times):
        for runner in runners:
            runs[runner].append(measure(runner, registry, as_of, folder / f"{runner}.parquet"))
            last = runs[runner][-1]
            print(f"  {runner:<16}{last.seconds:8.2f} s {last.cpu:8.2f} s cpu {last.peak_gib:6.2f} GiB", flush=True)
    return {
        runner: Run(min(x.seconds for x in got), min(x.cpu for x in got), max(x.peak_gib for x in got))
        for runner, got in runs.items()
    }


def compare(folder: Path, runners: Sequence[str]) -> None:
    """Check that all have worked out the same: counts equal, amounts to 1e-6 relative (by hand, sums are floats).

    A column at a time: what this process holds would count as the peak of the runs that it starts later.
    """
    import numpy as np
    import pyarrow.parquet as pq

    for name in pq.read_schema(folder / f"{runners[0]}.parquet").names[2:]:
        mine = pq.read_table(folder / f"{runners[0]}.parquet", columns=[name])[name].to_numpy()
        for runner in runners[1:]:
            theirs = pq.read_table(folder / f"{runner}.parquet", columns=[name])[name].to_numpy()
            if not np.allclose(mine, theirs, rtol=1e-6, atol=1e-6, equal_nan=True):
                raise SystemExit(f"{name}: {runners[0]} and {runner} do not agree.")


def registry_of(folder: Path, households: int) -> Path:
    """Return a registry of so many households, made where it is not there yet."""
    path = folder / f"registry-{households}"
    if not path.exists():
        started = time.perf_counter()
        make_registry(path, households=households)
        print(f"made {households:,} households in {time.perf_counter() - started:.0f} s", flush=True)
    return path


def figures(folder: Path, households: int, times: int, *, scaling: bool) -> Iterator[Figure]:
    """Measure, and yield the lines of the baseline."""
    registry = registry_of(folder, households)
    print(f"{households:,} households, one date", flush=True)
    # A first run fills the cache of compiled code and the file cache; it does not count.
    measure("fused", registry, [AS_OF], folder / "warm.parquet")
    runs = in_turn(RUNNERS, registry, [AS_OF], folder, times)
    compare(folder, RUNNERS)
    by_hand = min(runs["duckdb_by_hand"].seconds, runs["polars_by_hand"].seconds)
    plainly = min(runs["duckdb_plainly"].seconds, runs["polars_plainly"].seconds)
    yield Figure("fused_over_better_by_hand", runs["fused"].seconds / by_hand, 0.15)
    yield Figure("fused_over_better_plainly_by_hand", runs["fused"].seconds / plainly, 0.15)
    yield Figure("fused_over_duckdb_by_hand", runs["fused"].seconds / runs["duckdb_by_hand"].seconds, 0.15)
    yield Figure("fused_over_polars_by_hand", runs["fused"].seconds / runs["polars_by_hand"].seconds, 0.15)
    yield Figure("ibis_over_duckdb_by_hand", runs["ibis"].seconds / runs["duckdb_by_hand"].seconds, 0.15)
    yield Figure("ibis_over_duckdb_plainly_by_hand", runs["ibis"].seconds / runs["duckdb_plainly"].seconds, 0.15)
    yield Figure("fused_over_ibis", runs["fused"].seconds / runs["ibis"].seconds, 0.15)
    yield Figure("fused_peak_gib", runs["fused"].peak_gib, 0.15)
    yield Figure("ibis_peak_gib", runs["ibis"].peak_gib, 0.15)
    if scaling:
        print("12 dates", flush=True)
        twelve = [add_months(AS_OF, -number) for number in range(12)]
        many = in_turn(["fused"], registry, twelve, folder, times)["fused"]
        yield Figure("fused_12_dates_over_1", many.seconds / runs["fused"].seconds, 0.2)
        print(f"{2 * households:,} households", flush=True)
        twice = in_turn(["fused"], registry_of(folder, 2 * households), [AS_OF], folder, times)["fused"]
        yield Figure("fused_twice_the_households_over_1", twice.seconds / runs["fused"].seconds, 0.2)


def beside_featuretools(folder: Path, python: str, times: int) -> Iterator[Figure]:
    """Measure the fused pass and featuretools, which runs in an interpreter of its own, on fewer households."""
    registry = registry_of(folder, FEATURETOOLS_HOUSEHOLDS)
    print(f"{FEATURETOOLS_HOUSEHOLDS:,} households, beside featuretools", flush=True)
    other = [python, str(HERE / "by_featuretools.py"), str(registry), str(AS_OF), str(folder / "featuretools.parquet")]
    ours, theirs = [], []
    for _ in range(times):
        ours.append(measure("fused", registry, [AS_OF], folder / "fused.parquet").seconds)
        theirs.append(measure_call("featuretools", other, folder).seconds)
        print(f"  fused {ours[-1]:.2f} s, featuretools {theirs[-1]:.2f} s", flush=True)
    yield Figure("fused_over_featuretools_20k", min(ours) / min(theirs), 0.3)


def main() -> None:
    """Measure and write the baseline, or run one of the runners (how the benchmark calls itself)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3, help="how often each is run")
    parser.add_argument("--scaling", action="store_true", help="also 12 dates, and twice the households")
    parser.add_argument("--featuretools", metavar="PYTHON", help="an interpreter with featuretools, to compare with")
    parser.add_argument("--folder", type=Path, help="where to make the work and keep it; by default a temporary folder")
    parser.add_argument("--out", type=Path, default=BASELINE)
    parser.add_argument("--run", choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument("--registry", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--as-of", type=date.fromisoformat, action="append", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run_here(given.run, given.registry, given.as_of, given.out)
        return
    folder = given.folder or Path(tempfile.mkdtemp(prefix="riskmodel-bench-"))
    try:
        lines = list(figures(folder, given.households, given.times, scaling=given.scaling))
        if given.featuretools:
            lines += beside_featuretools(folder, given.featuretools, given.times)
    finally:
        if given.folder is None:
            shutil.rmtree(folder)
    write_figures(lines, given.out)


if __name__ == "__main__":
    main()
