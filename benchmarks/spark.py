"""How Spark grows: `riskmodel score --engine spark` on one core and on two, and what a million households cost.

The run on one core is bound to it, with all that Java and Python do beside the work; the other has both. They take
turns. Both are held against the same registry scored on this machine without Spark: the same households flagged, risks
to 1e-6.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from measuring import Figure, write_figures

ROOT = Path(__file__).parents[1]
AS_OF = "2026-01-01"
STAGES = ("features", "scores", "selection", "flags")


def main() -> None:
    """Measure, compare, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=300_000)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "benchmark-spark")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "spark.csv")
    asked = parser.parse_args()
    registry, models = _prepared(asked.folder, households=asked.households, years=asked.years)
    score = ["score", registry, "--as-of", AS_OF, "--model", "fengcheng@champion", "--models", models]
    score += ["--memory", asked.memory]
    _run([*score, "--out", asked.folder / "local"])
    seconds: dict[int, float] = {}
    stages: dict[int, dict[str, float]] = {}
    for _ in range(asked.times):
        for cores in (1, 2):
            out = asked.folder / f"spark-{cores}"
            shutil.rmtree(out, ignore_errors=True)
            took = _run([*score, "--engine", "spark", "--out", out], cores=cores)
            if took < seconds.get(cores, float("inf")):
                seconds[cores] = took
                told = json.loads((out / "run.json").read_text(encoding="utf-8"))
                stages[cores] = told["timings_seconds"]
    for cores in seconds:
        _compare(asked.folder / f"spark-{cores}", asked.folder / "local")
    millions = asked.households / 1e6
    lines = [Figure("spark_2_cores_over_1", seconds[1] / seconds[2], 0.15, higher_is_better=True)]
    for cores, took in seconds.items():
        lines.append(Figure(f"spark_{cores}_core_seconds", took, 0.5))
        lines += [
            Figure(f"spark_{cores}_core_{name}_core_seconds_per_million", stages[cores][name] * cores / millions, 0.5)
            for name in STAGES
        ]
    write_figures(lines, asked.out)


def _prepared(folder: Path, *, households: int, years: int) -> tuple[Path, Path]:
    """Return a registry of so many households and the models of a small one, made where they are not there."""
    registry, small, models = folder / f"registry-{households}", folder / "small", folder / "models"
    for place, many in ((registry, households), (small, 2_000)):
        if not place.exists():
            _run(["simulate", place, "--households", many, "--years", years, "--seed", 1, "--until", AS_OF])
    if not models.exists():
        experiment = ROOT / "experiments" / "fengcheng.yaml"
        _run(["train", experiment, "--registry", small, "--models", models, "--out", folder / "training"])
    return registry, models


def _run(arguments: list[object], *, cores: int | None = None) -> float:
    """Run a command, on so many cores; return the seconds from start to exit."""
    call = [sys.executable, "-c", "from riskmodel.cli import main; main()", *map(str, arguments)]
    environment, bound = dict(os.environ), None
    if cores is not None:
        environment["SPARK_MASTER"] = f"local[{cores}]"
        mine = sorted(os.sched_getaffinity(0))[:cores]
        if len(mine) < cores:
            raise SystemExit(f"{cores} cores are asked for, and this machine gives {len(mine)}.")
        bound = mine
    started = time.perf_counter()
    process = subprocess.run(
        call,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=False,
        preexec_fn=None if bound is None else lambda: os.sched_setaffinity(0, bound),
    )
    if process.returncode:
        raise SystemExit(f"riskmodel {arguments[0]} failed (exit {process.returncode}).")
    return time.perf_counter() - started


def _compare(spark: Path, local: Path) -> None:
    mine, theirs = (
        pq.read_table(folder / "scores.parquet", columns=["household_id", "risk"]).sort_by("household_id")
        for folder in (spark, local)
    )
    if not mine["household_id"].equals(theirs["household_id"]):
        raise SystemExit("Spark scored other households.")
    off = abs(mine["risk"].to_numpy() - theirs["risk"].to_numpy()).max()
    if off > 1e-6:
        raise SystemExit(f"Spark's risks are off by {off:g}.")
    flagged = [
        set(pq.read_table(folder / "flags.parquet", columns=["household_id"])["household_id"].to_pylist())
        for folder in (spark, local)
    ]
    if flagged[0] != flagged[1]:
        raise SystemExit(f"Spark flagged {len(flagged[0] ^ flagged[1])} households otherwise.")
    print(f"{spark.name}: {mine.num_rows:,} households, {len(flagged[0]):,} flagged alike, risks to {off:.1g}")


if __name__ == "__main__":
    main()
