"""What `RiskClassifier.fit` costs beside LightGBM alone, and how much memory, on the same matrix and settings.

Each run is a process of its own that opens the matrix from a file and trains; runs take turns. The classifier goes
first: LightGBM alone is given the settings that it used, its directions, and as many rounds as it boosted. What counts
is `fit`, or making LightGBM's data set and training; importing and reading the matrix are in neither. The ratio to
keep is that of CPU seconds: other work on the machine changes it less than that of seconds.

On so many rows the classifier boosts on 95 % of them and watches the other 5 % to choose how many rounds; LightGBM
alone boosts on all of them. A ratio a little below 1 is therefore level, not faster.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from measuring import GIB, Figure, measure_call, write_figures

BASELINE = Path(__file__).parent / "train.csv"
SEED = 1
BOUND = 40


def make_matrix(folder: Path, rows: int, features: int) -> None:
    """Write a matrix like a county's: amounts, counts, missing values, one in twenty with the outcome."""
    rng = np.random.default_rng(SEED)
    X = np.lib.format.open_memmap(folder / "X.npy", mode="w+", dtype=np.float64, shape=(rows, features))
    log_odds = np.full(rows, -3.6)
    for j in range(features):
        values = rng.normal(size=rows)
        if j % 3 == 1:
            values = np.round(np.exp(0.8 * values), 2)
        elif j % 3 == 2:
            values = rng.poisson(0.4, size=rows).astype(np.float64)
        if j < BOUND:
            log_odds += (0.35 if j % 2 else -0.35) * np.minimum(values, 3.0) / np.sqrt(1 + j / 4)
        values[rng.random(rows) < 0.03] = np.nan
        X[:, j] = values
    log_odds += 0.8 * (np.nan_to_num(X[:, 0]) < 0) * (np.nan_to_num(X[:, 1]) > 1)
    np.save(folder / "y.npy", (rng.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(np.int8))
    np.save(folder / "groups.npy", rng.integers(0, max(rows // 200, 10), size=rows))
    X.flush()


def directions(features: int) -> list[int]:
    """Bound the first features in the direction that they have."""
    return [(1 if j % 2 else -1) if j < BOUND else 0 for j in range(features)]


def run_one(who: str, folder: Path, threads: int, rounds: int | None) -> None:
    """Train in this process; leave seconds, memory and settings in a file."""
    X, y, groups = (np.load(folder / f"{name}.npy") for name in ("X", "y", "groups"))
    told = (
        run_classifier(X, y, groups, threads=threads, rounds=rounds)
        if who == "classifier"
        else run_lightgbm(X, y, folder)
    )
    told |= {"peak_gib": peak()}
    (folder / f"{who}.json").write_text(json.dumps(told), encoding="utf-8")


def peak() -> float:
    """Give the most memory that this process has held, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / GIB


def timed(call: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Give what ``call`` gives, its seconds, and its CPU seconds (user and system, all threads)."""
    started, worked = time.perf_counter(), time.process_time()
    given = call()
    return given, {"seconds": time.perf_counter() - started, "cpu": time.process_time() - worked}


def run_classifier(
    X: np.ndarray, y: np.ndarray, groups: np.ndarray, *, threads: int, rounds: int | None
) -> dict[str, Any]:
    """Fit the estimator with its defaults and the county's directions."""
    from riskmodel.model import RiskClassifier
    from riskmodel.model.recipe import make_recipe

    bound = directions(X.shape[1])
    unfitted = RiskClassifier(monotone=bound, n_jobs=threads, rounds=rounds)
    model, took = timed(lambda: unfitted.fit(X, y, groups=groups))
    recipe = make_recipe(
        y.astype(np.float64),
        weight=np.ones(len(y)),
        n_features=X.shape[1],
        monotone=np.array(bound),
        folds=model.folds,
        bags=None,
        seed=0,
        n_jobs=threads,
        given={},
    )
    # Where it chose them itself, it boosted on until its patience was at an end.
    boosted = rounds or min(model.rounds_ + (recipe.patience or 0), recipe.rounds)
    told = {"rounds": model.rounds_, "boosted": boosted, "settings": recipe.parameters, "share": model.linear_weight_}
    return told | took


def run_lightgbm(X: np.ndarray, y: np.ndarray, folder: Path) -> dict[str, Any]:
    """Train LightGBM on all rows with what the classifier used."""
    import lightgbm as lgb

    used = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
    settings = used["settings"]
    booster, took = timed(lambda: lgb.train(settings, lgb.Dataset(X, y, params=settings), used["boosted"]))
    return {"rounds": booster.num_trees(), **took}


def figures(folder: Path, *, threads: int, times: int, rounds: int | None) -> Iterator[Figure]:
    """Measure, and yield the lines of the baseline."""
    best: dict[str, dict[str, float]] = {}
    for _ in range(times):
        for who in ("classifier", "lightgbm"):
            call = [sys.executable, __file__, "--one", who, "--folder", str(folder), "--threads", str(threads)]
            call += ["--rounds", str(rounds)] if rounds else []
            measure_call(who, call, folder)
            told = json.loads((folder / f"{who}.json").read_text(encoding="utf-8"))
            print(
                f"  {who:<12}{told['seconds']:8.2f} s {told['cpu']:8.2f} s cpu {told['peak_gib']:6.2f} GiB, "
                f"{told['rounds']} rounds",
                flush=True,
            )
            kept = best.setdefault(who, told)
            best[who] = {name: min(kept[name], told[name]) for name in ("seconds", "cpu", "peak_gib")}
    ours, alone = best["classifier"], best["lightgbm"]
    print(f"seconds over LightGBM's: {ours['seconds'] / alone['seconds']:.3f} (not kept: other work changes it)")
    yield Figure("train_cpu_over_lightgbm", ours["cpu"] / alone["cpu"], 0.25)
    yield Figure("train_peak_gib", ours["peak_gib"], 0.1)
    yield Figure("train_peak_over_lightgbm", ours["peak_gib"] / alone["peak_gib"], 0.1)


def main() -> None:
    """Measure and write the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=120)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--times", type=int, default=2, help="how often each is run")
    parser.add_argument("--rounds", type=int, help="trees of both; by default the classifier chooses")
    parser.add_argument("--folder", type=Path, help="where the matrix goes (1 GB); by default a temporary folder")
    parser.add_argument("--out", type=Path, default=BASELINE)
    parser.add_argument("--one", choices=["classifier", "lightgbm"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        run_one(given.one, given.folder, given.threads, given.rounds)
        return
    # Threads that wait spin by default: where other work holds a core, CPU seconds would count the waiting.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    folder = Path(tempfile.mkdtemp(prefix="riskmodel-bench-", dir=given.folder))
    try:
        make_matrix(folder, given.rows, given.features)
        lines = list(figures(folder, threads=given.threads, times=given.times, rounds=given.rounds))
    finally:
        shutil.rmtree(folder)
    write_figures(lines, given.out)


if __name__ == "__main__":
    main()
