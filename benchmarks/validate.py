"""What validating a registry costs: beside reading and writing its rows alone, and as registries grow.

Each run is a process of its own, from the registry's files to the validated registry.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from measuring import Figure, Run, measure_call, write_figures
from score import ROOT, read_once, simulate

OUT = ROOT / "benchmarks" / "validate.csv"


def main() -> None:
    """Measure, compare, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, nargs=2, default=[100_000, 300_000])
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "bench")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--bare", type=Path, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bare:
        copy(*asked.bare)
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", "from riskmodel.cli import main; main()", "validate"]
    few, many = (validated(asked.folder, households, command) for households in asked.households)
    bare = measured(
        asked.folder / f"registry-{asked.households[-1]}", asked.folder, [sys.executable, __file__, "--bare"]
    )
    print(f"reading and writing alone: {bare.seconds:.0f} s", flush=True)
    write_figures(
        [
            Figure("validate_over_reading_and_writing", many.seconds / bare.seconds, 0.3),
            Figure("validate_peak_gib", many.peak_gib, 0.1),
            Figure("validate_seconds_over_a_third_of_it", many.seconds / few.seconds, 0.2),
            Figure("validate_peak_over_a_third_of_it", many.peak_gib / few.peak_gib, 0.1),
        ],
        asked.out,
    )


def validated(folder: Path, households: int, command: list[str]) -> Run:
    """Validate a simulated registry of so many households."""
    registry = folder / f"registry-{households}"
    simulate(registry, households=households, seed=1)
    run = measured(registry, folder, command)
    print(f"{households:,} households: {run.seconds:.0f} s, {run.peak_gib:.2f} GiB", flush=True)
    return run


def measured(registry: Path, folder: Path, call: list[str]) -> Run:
    """Run ``call`` from the registry to a folder that is then removed."""
    target = folder / "validated"
    shutil.rmtree(target, ignore_errors=True)
    read_once(registry)
    option = [] if "--bare" in call else ["--out"]
    run = measure_call("validate", [*call, str(registry), *option, str(target)], folder)
    shutil.rmtree(target)
    time.sleep(1)
    return run


def copy(registry: Path, out: Path) -> None:
    """Read every table and write it as it is, a row group at a time."""
    out.mkdir()
    for file in sorted(registry.glob("*.parquet")):
        with (
            pq.ParquetFile(file, pre_buffer=False) as opened,
            pq.ParquetWriter(out / file.name, opened.schema_arrow, compression="lz4") as writer,
        ):
            for batch in opened.iter_batches(128_000):
                writer.write_batch(batch)


if __name__ == "__main__":
    main()
