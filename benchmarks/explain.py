"""What explaining costs: contributions beside bare woodelf and shap's TreeExplainer, and sheets and workbooks.

Contributions: 50,000 rows of the trained catalogue's features and 400 trees, in one process, the three taking turns.
What ours does besides woodelf's work is in its time: the curves, the margins of all rows, the comparison of a sample
with LightGBM's own. TreeExplainer (which asks LightGBM, with as many threads as there are cores) explains a part of the
rows, and its time is scaled up; it takes as long for each.

Sheets: a scored county's flags copied until there are 20,000, and one report made of them in both languages with both
workbooks: seconds, and the most memory that its processes held together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from measuring import GIB, Figure, watched, write_figures

BASELINE = Path(__file__).parent / "explain.csv"
ROOT = Path(__file__).parents[1]
SEED = 1
DATES = (date(2022, 1, 1), date(2022, 7, 1), date(2023, 1, 1), date(2023, 7, 1), date(2024, 1, 1))
BAGS = 8
# Of the rows, how many TreeExplainer explains.
TREE_EXPLAINER_SHARE = 0.05


def make_rows(folder: Path, *, households: int) -> None:
    """Simulate a county and write the features of the experiment at five dates, and whose outcome came true."""
    from riskmodel import Registry, build_features, build_labels, load_catalogue
    from riskmodel.simulation import simulate_registry

    simulate_registry(folder / "registry", households=households, years=5, seed=SEED, until=date(2025, 6, 1))
    page = yaml.safe_load((ROOT / "experiments" / "fengcheng.yaml").read_text(encoding="utf-8"))
    catalogue = load_catalogue(ROOT / "features").only(page["features"]["only"])
    with Registry.open(folder / "registry") as registry:
        rows = build_features(registry, as_of=DATES, catalogue=catalogue)
        labels = build_labels(registry, as_of=DATES, outcome="need", catalogue=load_catalogue(ROOT / "features"))
    rows["need"] = labels["outcome"].astype("float64").to_numpy()
    rows.to_parquet(folder / "rows.parquet")


def contributions(folder: Path, *, trees: int, times: int) -> Iterator[Figure]:
    """Time the three beside each other."""
    import shap
    from woodelf import WoodelfExplainer

    from riskmodel.explain import Contributions
    from riskmodel.model import RiskClassifier

    rows = pd.read_parquet(folder / "rows.parquet")
    X = rows.drop(columns=["household_id", "as_of", "need"])
    known = rows["need"].notna()
    classifier = RiskClassifier(rounds=trees // BAGS, bags=BAGS, folds=2, n_jobs=os.cpu_count() or 1)
    classifier.fit(X[known], rows.loc[known, "need"].astype(int))
    booster = classifier.booster_
    plain = pd.DataFrame(X.to_numpy(dtype=np.float64), columns=[f"f{j}" for j in range(X.shape[1])])
    part = plain.head(int(len(plain) * TREE_EXPLAINER_SHARE))
    calls = {
        "ours": lambda: Contributions(classifier, rows=len(X))(X),
        "woodelf": lambda: WoodelfExplainer(booster).shap_values(plain, verbose=False),
        "tree_explainer": lambda: shap.TreeExplainer(booster).shap_values(part.to_numpy(), check_additivity=False),
    }
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(times):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            took = time.perf_counter() - started
            best[name] = min(best[name], took / (TREE_EXPLAINER_SHARE if name == "tree_explainer" else 1))
            print(f"  {name:<16}{took:8.2f} s", flush=True)
    print(f"{len(X):,} rows, {X.shape[1]} features, {booster.num_trees()} trees: {best}")
    work = Contributions(classifier, rows=len(X))
    work(X)
    print(f"by {work.by}; off LightGBM's own by {work.against_lightgbm:.1e} on {work.rows_checked} rows")
    yield Figure("explain_over_woodelf", best["ours"] / best["woodelf"], 0.15)
    yield Figure("tree_explainer_over_explain", best["tree_explainer"] / best["ours"], 0.25, higher_is_better=True)


def scored(folder: Path, *, flags: int) -> Path:
    """Score the county, and copy its flags until there are so many; the run's record is brought to say so."""
    from riskmodel import Registry, load_catalogue
    from riskmodel.files import sha256_of
    from riskmodel.model import RiskClassifier, load_bundle, save_bundle
    from riskmodel.monitoring import Capacity, score_registry

    rows = pd.read_parquet(folder / "rows.parquet")
    X, known = rows.drop(columns=["household_id", "as_of", "need"]), rows["need"].notna()
    catalogue = load_catalogue(ROOT / "features")
    classifier = RiskClassifier(rounds=50, bags=1, folds=2).fit(X[known], rows.loc[known, "need"].astype(int))
    specs = [catalogue.feature(name) for name in X]
    told = {"horizon_months": 12, "catalogue_hash": catalogue.hash}
    save_bundle(
        classifier,
        folder / "bundle",
        features=[spec.to_dict() for spec in specs],
        metrics={},
        card="# a model to measure with\n",
        manifest=told,
    )
    with Registry.open(folder / "registry") as registry:
        score_registry(
            registry,
            load_bundle(folder / "bundle"),
            model="measured",
            model_version=1,
            as_of=DATES[-1],
            out=folder / "run",
            catalogue=catalogue,
            capacity=Capacity.parse("20%"),
        )
    run = folder / "run"
    copied: dict[str, list[pa.Table]] = {name: [] for name in ("flags", "scores", "histories")}
    tables = {name: pq.read_table(run / f"{name}.parquet") for name in copied}
    flagged = tables["flags"]["household_id"]
    tables["scores"] = tables["scores"].filter(pa.compute.is_in(tables["scores"]["household_id"], value_set=flagged))
    for number in range(-(-flags // len(flagged))):
        for name, table in tables.items():
            ids = pa.compute.binary_join_element_wise(table["household_id"], str(number), "-")
            copied[name].append(table.set_column(table.column_names.index("household_id"), "household_id", ids))
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    for name, parts in copied.items():
        table = pa.concat_tables(parts)
        if name == "flags":
            table = table.slice(0, flags)
        pq.write_table(table, run / f"{name}.parquet")
        record["files"][f"{name}.parquet"]["sha256"] = sha256_of(run / f"{name}.parquet")
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return run


def sheets(folder: Path, *, flags: int) -> Iterator[Figure]:
    """Make one report of so many flags in a process of its own, and watch what its processes hold."""
    run = scored(folder, flags=flags)
    call = [sys.executable, "-c", "from riskmodel.cli import main; main()", "report", str(run)]
    started = time.perf_counter()
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL)
    with watched(process.pid) as most:
        status = process.wait()
    took = time.perf_counter() - started
    if status:
        raise SystemExit(f"the report failed (exit {status}).")
    pages = sum(1 for _ in (run / "report" / "households").iterdir())
    print(f"{pages:,} sheets and two workbooks: {took:.1f} s, {most[0] / GIB:.2f} GiB")
    yield Figure("report_20000_flags_seconds", took, 1.0)
    yield Figure("report_20000_flags_gib", most[0] / GIB, 0.2)


def main() -> None:
    """Measure and write the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=10_000)
    parser.add_argument("--trees", type=int, default=400)
    parser.add_argument("--flags", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--out", type=Path, default=BASELINE)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        make_rows(folder, households=given.households)
        lines: list[Any] = [*contributions(folder, trees=given.trees, times=given.times)]
        lines += sheets(folder, flags=given.flags)
        write_figures(lines, given.out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
