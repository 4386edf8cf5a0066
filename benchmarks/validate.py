"""What validating a registry costs: beside reading and writing its rows alone, as registries grow, when all goes wrong.

Each run is a process of its own, from the registry's files to the validated registry.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from measuring import Figure, Run, measure_call, write_figures
from score import ROOT, read_once, simulate

OUT = ROOT / "benchmarks" / "validate.csv"
COMMAND = (sys.executable, "-c", "from riskmodel.cli import main; main()", "validate")
BARE = (sys.executable, __file__, "--bare")
TIMES, WRONG = 3, 10_000


def main() -> None:
    """Measure, compare, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=100_000, help="of the smaller registry; the other has thrice")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "bench")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--bare", type=Path, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bare:
        copy(*asked.bare)
        return
    folder, households = asked.folder, asked.households
    folder.mkdir(parents=True, exist_ok=True)
    few, many, wrong = (folder / f"registry-{number}" for number in (households, TIMES * households, WRONG))
    for registry, number in ((few, households), (many, TIMES * households), (wrong, WRONG)):
        simulate(registry, households=number, seed=1)
    measured(few, folder, COMMAND)  # what is compiled on a new machine is kept
    once, thrice, bare = measured(few, folder, COMMAND), measured(many, folder, COMMAND), measured(many, folder, BARE)
    nobodys = measured(of_nobody_known(wrong, folder / "registry-wrong"), folder, COMMAND, expected=1)
    write_figures(
        [
            Figure("validate_over_reading_and_writing", thrice.seconds / bare.seconds, 0.3),
            Figure("validate_peak_gib", thrice.peak_gib, 0.15),
            Figure("validate_thrice_the_households_over_1", thrice.seconds / once.seconds, 0.2),
            Figure("validate_thrice_the_households_peak_over_1", thrice.peak_gib / once.peak_gib, 0.15),
            Figure("validate_wrong_delivery_peak_gib", nobodys.peak_gib, 0.15),
        ],
        asked.out,
    )


def measured(registry: Path, folder: Path, call: tuple[str, ...], *, expected: int = 0) -> Run:
    """Run ``call`` from the registry to a folder that is then removed."""
    target = folder / "validated"
    shutil.rmtree(target, ignore_errors=True)
    read_once(registry)
    to = [str(target)] if call is BARE else ["--out", str(target)]
    run = measure_call("validate", [*call, str(registry), *to], folder, expected=expected)
    shutil.rmtree(target)
    print(f"{registry.name}{' alone' if call is BARE else ''}: {run.seconds:.0f} s, {run.peak_gib:.2f} GiB", flush=True)
    return run


def of_nobody_known(registry: Path, wrong: Path) -> Path:
    """Write the registry again, its rows in no order, all incomes those of households that nobody registered."""
    shutil.rmtree(wrong, ignore_errors=True)
    wrong.mkdir()
    rng = np.random.default_rng(7)
    for file in sorted(registry.glob("*.parquet")):
        rows = pq.read_table(file)
        rows = rows.take(pa.array(rng.permutation(rows.num_rows)))
        if file.stem == "income":
            ids = pc.binary_join_element_wise("Z", rows["household_id"].cast(pa.string()), "")
            rows = rows.set_column(rows.schema.get_field_index("household_id"), "household_id", ids)
        pq.write_table(rows, wrong / file.name)
    return wrong


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
