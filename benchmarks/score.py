"""What scoring a whole registry costs, beside the sum of its bare parts, measured in the same run.

A simulated registry of a million households and five years; the whole catalogue; 5 % flagged and explained. The bare
parts, each in a process of its own, with all cores:

- features: everyone's features worked out and let go of;
- predict: ``lightgbm.Booster.predict`` of the model's trees on everyone's features, which lie in memory in pieces;
  beside it, the run's own way to the same sums (:mod:`riskmodel.model.forest`), on one core;
- woodelf: its SHAP values of the flagged households;
- reading and writing: the registry's columns read, the features written and read once, the results read and written.

The run itself is ``riskmodel score``, from the registry's files to ``flags.parquet``, whole process, with its memory.
All of them find the registry in the system's cache.
``--twice`` adds twice the households. The model is the estimator's default, taught on another simulated county.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from measuring import Figure, Run, measure_call, write_figures

BASELINE = Path(__file__).parent / "score.csv"
TABLE = Path(__file__).parent / "score.json"
ROOT = Path(__file__).parents[1]
YEARS = 5
AS_OF = date(2025, 6, 1)
LEARNT_AT = (date(2022, 7, 1), date(2023, 1, 1), date(2023, 7, 1), date(2024, 1, 1))
TAUGHT_BY = 20_000
SHARE = "5%"
# Rows by which the trees are read, before they are timed.
READ_BY = 2_000
PARTS = ("features", "predict", "woodelf", "reading_and_writing")


def simulate(folder: Path, *, households: int, seed: int) -> None:
    """Write a registry, unless it is there."""
    from riskmodel.simulation import simulate_registry

    if not (folder / "registry.json").is_file():
        simulate_registry(folder, households=households, years=YEARS, seed=seed, until=AS_OF)


def teach(folder: Path, registry: Path) -> None:
    """Fit the estimator's default on another county and keep it as version 1 of ``bench``, unless it is there."""
    from riskmodel import Registry, RiskClassifier, build_training_set, load_catalogue
    from riskmodel.model import save_bundle

    version = folder / "bench" / "1"
    if version.is_dir():
        return
    catalogue = load_catalogue(ROOT / "features")
    simulate(registry, households=TAUGHT_BY, seed=2)
    with Registry.open(registry) as opened:
        rows = build_training_set(opened, as_of=list(LEARNT_AT), outcome="need", catalogue=catalogue)
    known = rows.y.notna()
    directions = {name: spec.monotone for name, spec in catalogue.features.items() if name in rows.X}
    classifier = RiskClassifier(monotone=directions)
    classifier.fit(rows.X[known], rows.y[known].astype(int), groups=rows.frame.household_id[known])
    save_bundle(
        classifier,
        version,
        features=[catalogue.features[name].to_dict() for name in rows.X],
        metrics={},
        card="# a model to measure with\n",
        manifest={"horizon_months": 12, "catalogue_hash": catalogue.hash, "outcome": "need"},
    )


def bare(part: str, registry: Path, models: Path, run: Path) -> None:
    """Do one bare part, with memory as the command has it, and print how long it took; what it needs to begin with is
    not counted."""
    from riskmodel.allocation import keep_freed_memory

    keep_freed_memory()
    print(
        json.dumps(
            {
                "part": part,
                **{"features": _features, "predict": _predict, "woodelf": _woodelf}.get(part, _reading_and_writing)(
                    registry, models, run
                ),
            }
        )
    )


def _features(registry: Path, models: Path, run: Path) -> dict[str, float]:
    from riskmodel import Registry, load_catalogue
    from riskmodel.features.builder import feature_table

    started = time.perf_counter()
    rows = 0
    with Registry.open(registry) as opened:
        table = feature_table(opened, as_of=AS_OF, catalogue=load_catalogue(ROOT / "features"))
        for piece in table.pieces():
            rows += piece.num_rows
    return {"rows": rows, "seconds": time.perf_counter() - started}


def _predict(registry: Path, models: Path, run: Path) -> dict[str, float]:
    bundle, files = _bundle(models), _features_of(run)
    seconds, own, rows = 0.0, 0.0, 0
    trees = bundle.classifier._trees
    for file in files:
        X = np.ascontiguousarray(pq.read_table(file, columns=bundle.names).to_pandas().to_numpy(dtype=np.float64))
        started = time.perf_counter()
        bundle.classifier.booster_.predict(X, raw_score=True)
        seconds, rows = seconds + time.perf_counter() - started, rows + len(X)
        # The run itself goes another way through the trees, to the same sums: told beside, no bare part.
        columns = np.ascontiguousarray(X.T)
        trees.margin(columns[:, :READ_BY], n_jobs=1)
        started = time.perf_counter()
        trees.margin(columns, n_jobs=1)
        own += time.perf_counter() - started
    return {"rows": rows, "seconds": seconds, "own_way_seconds": own}


def _woodelf(registry: Path, models: Path, run: Path) -> dict[str, float]:
    from woodelf import WoodelfExplainer

    bundle = _bundle(models)
    flagged = pq.read_table(run / "flags.parquet", columns=["household_id"])["household_id"]
    parts = []
    for file in _features_of(run):
        rows = pq.read_table(file, columns=["household_id", *bundle.names])
        parts.append(rows.filter(pa.compute.is_in(rows["household_id"], value_set=flagged.combine_chunks())))
    X = pa.concat_tables(parts).select(bundle.names).to_pandas().to_numpy(dtype=np.float64)
    plain = pd.DataFrame(X, columns=[f"f{j}" for j in range(X.shape[1])])
    started = time.perf_counter()
    WoodelfExplainer(bundle.classifier.booster_).shap_values(plain, verbose=False)
    return {"rows": len(plain), "seconds": time.perf_counter() - started}


def _reading_and_writing(registry: Path, models: Path, run: Path) -> dict[str, float]:
    started = time.perf_counter()
    rows = 0
    for file in sorted(registry.glob("*.parquet")):
        with pq.ParquetFile(file) as opened:
            codes = [
                f.name for f in opened.schema_arrow if pa.types.is_string(f.type) or pa.types.is_dictionary(f.type)
            ]
        with pq.ParquetFile(file, read_dictionary=codes) as opened:
            for batch in opened.iter_batches(128_000):
                rows += batch.num_rows
    aside = run.parent / "aside.parquet"
    for file in _features_of(run):
        pq.write_table(pq.read_table(file), aside, compression="lz4", use_dictionary=["as_of"])
    for name in ("scores", "flags", "contributions", "histories"):
        pq.write_table(pq.read_table(run / f"{name}.parquet"), aside, compression="zstd")
    aside.unlink()
    return {"rows": rows, "seconds": time.perf_counter() - started}


def _bundle(models: Path):
    from riskmodel.model import load_bundle

    return load_bundle(models / "bench" / "1")


def _features_of(run: Path) -> list[Path]:
    return sorted((run.parent / "features").glob("*.parquet"))


def keep_features(registry: Path, run: Path) -> None:
    """Lay everyone's features beside the run, in pieces, for the parts that begin with them."""
    from riskmodel import Registry, load_catalogue
    from riskmodel.features.builder import feature_table
    from riskmodel.registry.pieces import of_size

    folder = run.parent / "features"
    folder.mkdir()
    with Registry.open(registry) as opened:
        table = feature_table(opened, as_of=AS_OF, catalogue=load_catalogue(ROOT / "features"))
        for number, rows in enumerate(of_size(table.pieces(), 50_000)):
            pq.write_table(rows, folder / f"{number:05d}.parquet", compression="lz4", use_dictionary=["as_of"])


def read_once(registry: Path) -> None:
    """Read the registry's files, so that the run finds them where its bare parts do: in the system's cache."""
    for file in sorted(registry.glob("*.parquet")):
        with file.open("rb", buffering=0) as opened:
            while opened.read(1 << 24):
                pass


def score(registry: Path, models: Path, out: Path, folder: Path) -> Run:
    """Score a registry by the command, as a process of its own."""
    shutil.rmtree(out, ignore_errors=True)
    read_once(registry)
    call = [sys.executable, "-c", "from riskmodel.cli import main; main()", "score", str(registry)]
    call += ["--as-of", AS_OF.isoformat(), "--model", "bench@1", "--models", str(models), "--out", str(out)]
    return measure_call("score", [*call, "--capacity", SHARE, "--catalogue", str(ROOT / "features")], folder)


def main() -> None:
    """Measure, and write the table and the figures that are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument(
        "--folder", type=Path, required=True, help="with room for 10 GB; registries there are used again"
    )
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--out", type=Path, default=BASELINE)
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder, models = given.folder, given.folder / "models"
    registry, run = folder / f"registry-{given.households}", folder / "run"
    if given.part:
        bare(given.part, registry, models, run)
        return
    folder.mkdir(parents=True, exist_ok=True)
    simulate(registry, households=given.households, seed=1)
    teach(models, folder / "registry-taught")
    warm = folder / "registry-warm"
    simulate(warm, households=2_000, seed=3)
    score(warm, models, run, folder)  # what is compiled on a new machine is kept
    whole = score(registry, models, run, folder)
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    shutil.rmtree(folder / "features", ignore_errors=True)
    keep_features(registry, run)
    parts = {}
    for part in PARTS:
        call = [
            sys.executable,
            __file__,
            "--part",
            part,
            "--folder",
            str(folder),
            "--households",
            f"{given.households}",
        ]
        told = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        parts[part] = told
        print(f"  {part:<22}{told['seconds']:8.1f} s{told['rows']:14,} rows", flush=True)
    bare_sum = sum(told["seconds"] for told in parts.values())
    print(f"  whole {whole.seconds:.1f} s, bare parts {bare_sum:.1f} s, {whole.peak_gib:.2f} GiB")
    lines = [
        Figure("score_over_bare_parts", whole.seconds / bare_sum, 0.15),
        Figure("score_peak_gib", whole.peak_gib, 0.15),
        Figure(
            "own_way_through_trees_over_predict", parts["predict"]["own_way_seconds"] / parts["predict"]["seconds"], 0.3
        ),
    ]
    table = {
        "households": given.households,
        "flagged": record["counts"]["flagged"],
        "features": len(record["features"]),
        "trees": _bundle(models).classifier.booster_.num_trees(),
        "seconds": whole.seconds,
        "peak_gib": whole.peak_gib,
        "steps": record["timings_seconds"],
        "bare": parts,
    }
    if given.twice:
        twice = folder / f"registry-{2 * given.households}"
        simulate(twice, households=2 * given.households, seed=1)
        double = score(twice, models, run, folder)
        print(f"  twice the households: {double.seconds:.1f} s, {double.peak_gib:.2f} GiB")
        lines += [
            Figure("score_twice_the_households_over_1", double.seconds / whole.seconds, 0.1),
            Figure("score_twice_the_households_peak_over_1", double.peak_gib / whole.peak_gib, 0.1),
        ]
        table["twice"] = {"seconds": double.seconds, "peak_gib": double.peak_gib}
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    write_figures(lines, given.out)


if __name__ == "__main__":
    main()
