"""A simulated county's year with the list, beside rules alone at the same visits, and what its verdicts teach.

One county of 30,000 households, one seed. A model is trained on what was known before the year; each month the county
is scored, clues come to the list, people visit as many as they can and a small random sample besides: in the order of
the model's risk, in the order of the lamps, and once more with rules and departments alone. Then the list's rows go
back into the registry and two models, with them and without, are trained and tested on the next origin; the difference
has an interval over whole villages.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import average_precision_score, roc_auc_score

from riskmodel import Registry, RiskClassifier, build_training_set, load_catalogue
from riskmodel.evaluation.bootstrap import ClusterDraws
from riskmodel.features import Catalogue
from riskmodel.model import Bundle, load_bundle, save_bundle
from riskmodel.monitoring.standing import standing
from riskmodel.policy import default_policy
from riskmodel.registry.appending import append_rows
from riskmodel.simulation import simulate_registry
from riskmodel.testing.list_year import LivedYear, Order, by_date, by_lamp, by_risk, live_a_year, months_from
from riskmodel.watchlist.registry_rows import registry_rows
from riskmodel.watchlist.store import ListStore

ROOT = Path(__file__).parents[1]
BASELINE = Path(__file__).parent / "list_year.json"
YEAR = 2023
UNTIL = date(2026, 4, 1)
BEFORE = [date(2020, 10, 1), date(2021, 1, 1), date(2021, 4, 1), date(2021, 7, 1), date(2021, 9, 1)]
AFTER = [date(2022, 10, 1), date(2023, 1, 1), date(2023, 4, 1), date(2023, 7, 1), date(2023, 9, 1)]
NEXT = date(2025, 1, 1)
DRAWS = 300


def model_of(registry: Registry, catalogue: Catalogue, dates: list[date], folder: Path) -> Bundle:
    """Train ``need`` on the cohort's rows at these dates."""
    rows = build_training_set(registry, as_of=dates, outcome="need", catalogue=catalogue, policy=default_policy())
    known = rows.y.notna()
    directions = {name: spec.monotone for name, spec in catalogue.features.items()}
    classifier = RiskClassifier(monotone=directions, random_state=1)
    classifier.fit(rows.X[known], rows.y[known].astype(int))
    rule = {"feature": "line_gap_12m", "below": 0.0, "entry": catalogue.features["line_gap_12m"].to_dict()}
    save_bundle(
        classifier,
        folder,
        features=[spec.to_dict() for spec in catalogue.features.values()],
        metrics={},
        card="# need\n",
        manifest={"horizon_months": 12, "catalogue_hash": catalogue.hash, "rule": rule},
    )
    return load_bundle(folder)


def lived(
    registry: Registry, bundle: Bundle, catalogue: Catalogue, whole: Catalogue, folder: Path, *, visits: int,
    sample: int, with_model: bool, order: Order, months: int,
) -> tuple[LivedYear, ListStore]:  # fmt: skip
    """Live the year on a list of its own."""
    store = ListStore(str(folder / "list.db"), policy=default_policy(), create=True)
    year = live_a_year(
        registry,
        bundle,
        catalogue=catalogue,
        trigger_catalogue=whole,
        policy=default_policy(),
        months=months_from(date(YEAR, 1, 1), months),
        visits=visits,
        sample=sample,
        seed=1,
        folder=folder,
        store=store,
        with_model=with_model,
        order=order,
    )
    return year, store


def next_model(registry: Registry, catalogue: Catalogue, folder: Path, households: set[str]) -> tuple[Any, Any, Any]:
    """Train on the dates after the year and score the next origin: risks, outcomes, villages of these households."""
    bundle = model_of(registry, catalogue, AFTER, folder)
    rows = build_training_set(registry, as_of=[NEXT], outcome="need", catalogue=catalogue, policy=default_policy())
    chosen = rows.y.notna().to_numpy() & np.isin(rows.frame["household_id"].to_numpy(), list(households))
    risk = bundle.classifier.predict_proba(rows.X[chosen])[:, 1]
    index = rows.frame["household_id"].to_numpy()[chosen]
    return pd.Series(risk, index), pd.Series(rows.y[chosen].astype(int).to_numpy(), index), rows


def cohort_of(registry: Registry, catalogue: Catalogue) -> set[str]:
    """Return the households of the cohort at the next origin."""
    rows = build_training_set(registry, as_of=[NEXT], outcome="need", catalogue=catalogue, policy=default_policy())
    return set(rows.frame["household_id"][rows.y.notna().to_numpy()])


def compared(before: pd.Series, after: pd.Series, outcome: pd.Series, villages: pd.Series) -> dict[str, Any]:
    """Return both models' AUC and AP and the differences, with 95 % intervals over drawn villages."""
    after, outcome, villages = (
        after.reindex(before.index),
        outcome.reindex(before.index),
        villages.reindex(before.index),
    )
    codes, names = pd.factorize(villages)
    draws = ClusterDraws.of(len(names), draws=DRAWS, seed=1)
    told: dict[str, Any] = {"households": len(before), "in_need": int(outcome.sum())}
    for name, score in (("auc", roc_auc_score), ("ap", average_precision_score)):
        told[f"{name}_without"] = float(score(outcome, before))
        told[f"{name}_with"] = float(score(outcome, after))
        drawn = [
            score(outcome, after, sample_weight=w) - score(outcome, before, sample_weight=w)
            for weights in draws.weights(codes)
            for w in weights
        ]
        told[f"{name}_difference"] = told[f"{name}_with"] - told[f"{name}_without"]
        told[f"{name}_low"], told[f"{name}_high"] = (float(v) for v in np.percentile(drawn, [2.5, 97.5]))
    return told


def main() -> None:
    """Live the year twice, learn from it, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=30_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--share", type=float, default=0.01, help="visits a month, as a share of the households")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--out", type=Path, default=BASELINE)
    asked = parser.parse_args()
    whole = load_catalogue(ROOT / "features")
    page = yaml.safe_load((ROOT / "experiments" / "fengcheng.yaml").read_text(encoding="utf-8"))
    catalogue = whole.only(page["features"]["only"])
    told: dict[str, Any] = {"households": asked.households, "months": asked.months, "sample": asked.sample}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        simulate_registry(folder / "county", households=asked.households, years=7, seed=1, until=UNTIL)
        visits = round(asked.share * asked.households)
        told["visits_a_month"] = visits
        with Registry.open(folder / "county") as registry:
            bundle = model_of(registry, catalogue, BEFORE, folder / "before")
            for name, with_model, order in (
                ("in_order_of_risk", True, by_risk),
                ("in_order_of_lamps", True, by_lamp),
                ("rules_alone", False, by_date),
            ):
                (folder / name).mkdir()
                year, store = lived(
                    registry, bundle, catalogue, whole, folder / name, visits=visits, sample=asked.sample,
                    with_model=with_model, order=order, months=asked.months,
                )  # fmt: skip
                told[name] = year.figures()
                store.verify()
                told[name]["log_entries"] = store.head.seq
                if order is by_risk:
                    rows = registry_rows(store.log())
                store.close()
                print(name, json.dumps(told[name]), flush=True)
            told["rows_fed_back"] = append_rows(registry, rows, folder / "taught").added
            villages = standing(registry, as_of=NEXT)["village_code"]
            with Registry.open(folder / "taught") as taught:
                both = cohort_of(registry, catalogue) & cohort_of(taught, catalogue)
                before, outcome, _ = next_model(registry, catalogue, folder / "without", both)
                after, _, _ = next_model(taught, catalogue, folder / "with", both)
            told["next_model"] = compared(before, after, outcome, villages)
            print(json.dumps(told["next_model"]), flush=True)
    asked.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
