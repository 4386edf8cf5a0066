"""How Spark grows: `riskmodel score --engine spark` on one core and on two, and what a million households cost.

The run on one core is bound to it, with all that Java and Python do beside the work; the other has both. They take
turns. Both are held against the same registry scored on this machine without Spark: the same households flagged, risks
to 1e-6. A run of 3,000 households before them tells what starting costs, however many there are.

Seconds need a machine that does nothing else; CPU seconds, of Java and of all Python processes, say nearly the same of
a busy one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from measuring import GIB, Figure, spent, watched, write_figures
from score import AS_OF, ROOT, SHARE, YEARS, simulate, teach

STAGES = ("features", "scores", "selection", "flags")
FEW = 3_000
_FINISHED = re.compile(r" (\w+): done in ")


@dataclass(frozen=True)
class Cost:
    """Seconds from start to end, and seconds of all cores."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    """One run: the whole of it, the most memory that its processes held together, and each stage."""

    households: int
    whole: Cost
    peak_gib: float
    stages: dict[str, Cost]


def main() -> None:
    """Measure, compare, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=300_000)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "bench")
    parser.add_argument("--prepare", action="store_true", help="make registries, model and local result, and stop")
    parser.add_argument("--busy", action="store_true", help="note that other programs ran: seconds are worth nothing")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "spark.csv")
    asked = parser.parse_args()
    folder = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    teach(folder / "models", folder / "registry-taught")
    registries = {many: folder / f"registry-{many}" for many in (FEW, asked.households)}
    for many, registry in registries.items():
        simulate(registry, households=many, seed=1)
    local = folder / f"local-{asked.households}"
    if not (local / "run.json").is_file():
        _score(registries[asked.households], folder / "models", local, households=asked.households)
    if asked.prepare:
        return
    runs: dict[str, Measured] = {}
    for cores, many in [(max(asked.cores), FEW), *((cores, asked.households) for cores in asked.times * asked.cores)]:
        out = folder / f"spark-{cores}"
        shutil.rmtree(out, ignore_errors=True)
        more = ["--engine", "spark", "--memory", asked.memory]
        run = _score(registries[many], folder / "models", out, *more, households=many, cores=cores)
        name = f"{many} on {cores}"
        if name not in runs or run.whole.seconds < runs[name].whole.seconds:
            runs[name] = run
        print(f"{name}: {run.whole.seconds:.0f} s, {run.whole.cpu:.0f} CPU s, {run.peak_gib:.2f} GiB", flush=True)
        if many == asked.households:
            _compare(out, local)
    few = runs[f"{FEW} on {max(asked.cores)}"]
    many_runs = {cores: runs[f"{asked.households} on {cores}"] for cores in asked.cores}
    lines = []
    if {1, 2} <= set(many_runs):
        ratio = many_runs[1].whole.seconds / many_runs[2].whole.seconds
        lines.append(Figure("spark_2_cores_over_1", ratio, 0.15, higher_is_better=True))
    for cores, run in many_runs.items():
        lines += [
            Figure(f"spark_{cores}_core_seconds", run.whole.seconds, 0.5),
            Figure(f"spark_{cores}_core_cpu_seconds", run.whole.cpu, 0.3),
            Figure(f"spark_{cores}_core_peak_gib", run.peak_gib, 0.3),
        ]
    most = many_runs[max(many_runs)]
    lines.append(Figure("spark_start_cpu_seconds", few.whole.cpu, 0.3))
    for name in STAGES:
        per_million = _per_million(most.stages[name].cpu, few.stages[name].cpu, most.households)
        lines.append(Figure(f"spark_{name}_cpu_seconds_per_million", per_million, 0.3))
    per_million = _per_million(most.whole.cpu, few.whole.cpu, most.households)
    lines.append(Figure("spark_cpu_seconds_per_million", per_million, 0.3))
    write_figures(lines, asked.out)
    kept = {"years": YEARS, "memory": asked.memory, "busy": asked.busy, "runs": {k: asdict(v) for k, v in runs.items()}}
    asked.out.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _per_million(many: float, few: float, households: int) -> float:
    """Return what a million households cost beyond what starting costs, from a large run and a small one."""
    return (many - few) / (households - FEW) * 1e6


def _score(registry: Path, models: Path, out: Path, *more: str, households: int, cores: int | None = None) -> Measured:
    """Score a registry by the command, as a process of its own, on so many cores."""
    call = [sys.executable, "-c", "from riskmodel.cli import main; main()", "score", str(registry), "--out", str(out)]
    call += ["--as-of", AS_OF.isoformat(), "--model", "bench@1", "--models", str(models), "--capacity", SHARE]
    call += ["--catalogue", str(ROOT / "features"), *more]
    environment, mine = dict(os.environ), sorted(os.sched_getaffinity(0))
    if cores is not None:
        environment["SPARK_MASTER"] = f"local[{cores}]"
        if len(mine) < cores:
            raise SystemExit(f"{cores} cores are asked for, and this machine gives {len(mine)}.")
        mine = mine[:cores]
    return _watched(call, environment, bound_to=mine, households=households)


def _watched(call: Sequence[str], environment: dict[str, str], *, bound_to: list[int], households: int) -> Measured:
    started = time.perf_counter()
    process = subprocess.Popen(
        call,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Whatever it starts is bound as it is.
    os.sched_setaffinity(process.pid, bound_to)
    assert process.stderr is not None
    stages, before, said = {}, Cost(0.0, 0.0), []
    with watched(process.pid) as most:
        for line in process.stderr:
            said.append(line)
            if (stage := _FINISHED.search(line)) is not None:
                now = Cost(time.perf_counter() - started, _spent_by_now(process.pid, least=before.cpu))
                stages[stage[1]] = Cost(now.seconds - before.seconds, now.cpu - before.cpu)
                before = now
        status = process.wait()
    if status:
        raise SystemExit(f"riskmodel score failed (exit {status}):\n{''.join(said[-20:])}")
    # Its last stage writes little: what is spent after it is Python's and Java's end.
    return Measured(households, Cost(time.perf_counter() - started, before.cpu), most[0] / GIB, stages)


def _spent_by_now(pid: int, *, least: float) -> float:
    """Return the CPU seconds spent; asked again where a process that has just ended is counted nowhere yet."""
    for _ in range(50):
        if (now := spent(pid)) >= least:
            return now
        time.sleep(0.1)
    return least


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
