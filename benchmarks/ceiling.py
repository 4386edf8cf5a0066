"""How much of the true risk a registry can tell at all: a learner that is shown the true risks of other villages.

No model that learns from outcomes can know more of a household than its features tell. Here LightGBM learns the true
risks themselves (no model is ever given them), from the whole catalogue, on two thirds of the villages, and is asked
about the others at the same dates. What it stays behind the oracle is mostly not in the registry: traits that
nobody records, illness that has not been reported yet, work about to end. Beside it: the same taught by outcomes.

    riskmodel simulate out/county --households 50000 --truth 200 --truth-at 2023-10-01 --truth-at 2024-04-01
    python benchmarks/ceiling.py out/county 2023-10-01 2024-04-01
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from riskmodel import Registry, build_training_set, load_catalogue
from riskmodel.evaluation.metrics import Scored, measures, sums
from riskmodel.evaluation.truth import truth_beside
from riskmodel.training.splits import assign_folds

CAPACITY = 0.05
PARTS = 3
SETTINGS = {
    "learning_rate": 0.08,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "seed": 0,
    "verbose": -1,
}


def main() -> None:
    """Print a Markdown table: oracle, taught by true risks, taught by outcomes, at each date and on average."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("registry", type=Path, help="simulated with --truth K")
    given.add_argument("as_of", type=date.fromisoformat, nargs="+", help="dates that its truth.parquet tells of")
    asked = given.parse_args()
    truth = truth_beside(asked.registry, outcome="need", horizon_months=12)
    if truth is None:
        given.error(f"{asked.registry} holds no truth.parquet: simulate it with --truth K and --truth-at.")
    rows = build_training_set(
        Registry.open(asked.registry),
        as_of=asked.as_of,
        outcome="need",
        cohort="not_listed",
        catalogue=load_catalogue(),
    ).known()
    risk = truth.of(rows.frame["household_id"], rows.frame["as_of"])
    X, y = rows.X.to_numpy(dtype=float), rows.y.to_numpy(dtype=float)
    part = assign_folds(rows.groups["village"], folds=PARTS, seed=0, what="village")
    train, test = part > 0, part == 0
    scores = {
        "oracle (the true risks themselves)": risk[test],
        "taught by true risks": taught(X[train], risk[train], objective="cross_entropy", leaves=31, rounds=300)(
            X[test]
        ),
        "taught by outcomes": taught(X[train], y[train], objective="binary", leaves=15, rounds=150)(X[test]),
    }
    print(table(scores, outcome=y[test], dates=rows.frame["as_of"].to_numpy()[test]))


def taught(X: np.ndarray, y: np.ndarray, *, objective: str, leaves: int, rounds: int):
    """Return what predicts: LightGBM taught with risks (``cross_entropy``) or outcomes (``binary``)."""
    settings = {**SETTINGS, "objective": objective, "num_leaves": leaves}
    return lgb.train(settings, lgb.Dataset(X, y), rounds).predict


def table(scores: dict[str, np.ndarray], *, outcome: np.ndarray, dates: np.ndarray) -> str:
    """Return AUC / average precision / recall at 5 % of each score at each date, as Markdown."""
    days = sorted(set(dates))
    lines = ["| | " + " | ".join(map(str, days)) + " | mean |", "|---" * (len(days) + 2) + "|"]
    for name, score in scores.items():
        found = pd.DataFrame([_measured(outcome[dates == day], score[dates == day]) for day in days])
        cells = [" / ".join(f"{value:.3f}" for value in row) for row in [*found.to_numpy(), found.mean().to_numpy()]]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _measured(outcome: np.ndarray, score: np.ndarray) -> list[float]:
    found = measures(sums(Scored(outcome=outcome, score=score), capacities=[CAPACITY]))
    return [float(found[name][0]) for name in ("auc", "average_precision", "recall_at_5pct")]


if __name__ == "__main__":
    main()
