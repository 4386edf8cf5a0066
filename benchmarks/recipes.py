"""Which recipe for a risk model is best on small data: ten of them and more, on real panels and on data made up.

Every recipe is given the same rows. A panel is asked by grouped folds, with several seeds of the folds, and forward in
time; a simulated county teaches with few of its villages and is asked about the others, a year later; a generated set
teaches with a few hundred rows and is asked about thousands. Writes one Markdown table an origin of data.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from sklearn.datasets import make_classification
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline as pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from riskmodel.evaluation.inputs import Prepared, build_rows, groups_of, prepare
from riskmodel.model.blend import calibrate, choose_share
from riskmodel.model.boosting import choose_rounds, fit_bags
from riskmodel.model.curves import choose_curves, fit_curves
from riskmodel.model.folds import Split, grouped_folds
from riskmodel.model.linear import Strength
from riskmodel.model.recipe import Recipe, make_recipe
from riskmodel.model.trees import load_booster, train_booster

Array = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
PANELS = ("malawi_food_security", "pakistan_graduation")

RECIPES = {
    "default": "**default: curves and trees, share by rows left out, drawn to ½**",
    "single": "the same, one bag",
    "free_share": "the same, share by rows left out alone",
    "half": "the same, share fixed at ½",
    "curves": "curves alone",
    "lines": "straight lines alone, penalty chosen",
    "trees": "small trees alone, eight bags",
    "tree": "small trees alone, one bag",
    "boosted": "small trees boosted on top of the curves",
    "logistic": "logistic regression",
    "lightgbm": "LightGBM, default settings",
    "lightgbm_small": "LightGBM, small (200 trees, rate 0.03, 15 leaves)",
}
ORIGINS = {
    "malawi_folds": "Malawi, folds",
    "malawi_forward": "Malawi, forward",
    "pakistan_folds": "Pakistan, folds",
    "pakistan_forward": "Pakistan, forward",
    "other_outcomes": "panels, other outcomes",
    "counties": "simulated counties",
    "generated": "generated sets",
}
PLAIN: dict[str, Any] = {
    "logistic": lambda: pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), LogisticRegression(max_iter=1000)
    ),
    "lightgbm": lambda: LGBMClassifier(verbose=-1, n_jobs=1, random_state=0),
    "lightgbm_small": lambda: LGBMClassifier(
        n_estimators=200, learning_rate=0.03, num_leaves=15, verbose=-1, n_jobs=1, random_state=0
    ),
}


@dataclass(frozen=True)
class Question:
    """Rows that teach and rows that are asked. Those with the same ``origin`` and ``pool`` are measured as one."""

    origin: str
    pool: str
    X: Array
    y: Array
    groups: NDArray[np.int_]
    asked: Array
    truth: Array
    monotone: NDArray[np.int_]


@threadpool_limits.wrap(limits=1)
def answers(question: Question) -> dict[str, Array]:
    """Give the risks of the asked rows by every recipe."""
    X, y, asked, monotone = question.X, question.y, question.asked, question.monotone
    risks = {name: make().fit(X, y.astype(int)).predict_proba(asked)[:, 1] for name, make in PLAIN.items()}
    weight, names = np.ones(len(y)), [f"x{j}" for j in range(X.shape[1])]
    recipe = make_recipe(
        y, weight=weight, n_features=X.shape[1], monotone=monotone, folds=5, bags=None, seed=0, n_jobs=1, given={}
    )
    splits = grouped_folds(y, question.groups, folds=recipe.folds, seed=0)
    bent = [Strength(penalty, stiffness) for stiffness in recipe.stiffness for penalty in recipe.penalties]
    straight = [Strength(penalty) for penalty in recipe.penalties]
    parts: dict[str, tuple[Array, Array]] = {}
    for name, tried in {"lines": [(0, straight)], "curves": [(0, straight), (3, bent)]}.items():
        chosen = choose_curves(X, y, weight=weight, monotone=monotone, tried=tried, splits=splits)
        bends, strength = chosen.bends, chosen.strength
        part = fit_curves(X, y, weight=weight, monotone=monotone, bends=bends, strength=strength)
        parts[name] = chosen.margin, part.margin(asked)
        if name == "curves":
            parts["boosted"] = boosted_on_curves(
                question, recipe, splits, bends=bends, strength=strength, out=chosen.margin
            )
    rounds, out = choose_rounds(X, y, weight=weight, recipe=recipe, names=names, splits=splits, given=None)
    start, texts = fit_bags(X, y, weight=weight, recipe=recipe, names=names, rounds=rounds)
    bags = np.array([start + load_booster(text).predict(asked, raw_score=True) for text in texts])
    parts["trees"], parts["tree"] = (out, bags.mean(axis=0)), (out, bags[0])
    blends = {
        "default": ("trees", recipe.share_prior),
        "single": ("tree", recipe.share_prior),
        "free_share": ("trees", 1e6),
        "half": ("trees", 1e-6),
    }
    curves_out, curves = parts["curves"]
    for name, (trees, prior) in blends.items():
        share = choose_share(y, weight=weight, curves=curves_out, trees=out, prior=prior)
        parts[name] = share * curves_out + (1 - share) * out, share * curves + (1 - share) * parts[trees][1]
    for name, (left_out, margin) in parts.items():
        risks[name] = calibrate("sigmoid", left_out, y, weight).risk(margin)
    return risks


def boosted_on_curves(
    question: Question, recipe: Recipe, splits: list[Split], *, bends: int, strength: Strength, out: Array
) -> tuple[Array, Array]:
    """Trees that start from what curves say of rows that those had not seen; left-out margins, and the asked rows'."""
    X, y, asked = question.X, question.y, question.asked
    weight, names = np.ones(len(y)), [f"x{j}" for j in range(X.shape[1])]
    boosters, losses_of = [], []
    for train, test in splits:
        booster, losses = train_booster(
            X[train],
            y[train],
            weight=weight[train],
            start=out[train],
            rounds=recipe.rounds,
            parameters=recipe.parameters,
            names=names,
            watch=(X[test], y[test], weight[test], out[test]),
        )
        boosters.append((booster, test))
        losses_of.append(losses)
    rounds = int(np.argmin(np.mean(losses_of, axis=0))) + 1
    left_out = out.copy()
    for booster, test in boosters:
        left_out[test] += booster.predict(X[test], raw_score=True, num_iteration=rounds)
    part = fit_curves(X, y, weight=weight, monotone=question.monotone, bends=bends, strength=strength)
    bags = [
        train_booster(
            X,
            y,
            weight=weight,
            start=out,
            rounds=rounds,
            parameters={**recipe.parameters, "seed": bag},
            names=names,
        )[0].predict(asked, raw_score=True)
        for bag in range(recipe.bags)
    ]
    return left_out, part.margin(asked) + np.mean(bags, axis=0)


def panel_questions(folder: Path, data: Path, seeds: int) -> Iterator[Question]:
    """Ask both panels by folds and forward in time, and about outcomes that nobody chose settings on."""
    from riskmodel.registry.importing.run import import_registry

    for panel in PANELS:
        registry = folder / panel
        import_registry(data / panel, ROOT / "experiments" / panel / "mapping.yaml", registry)
        prepared = prepare(ROOT / "experiments" / panel / "experiment.yaml", registry=registry)
        rows = build_rows(prepared)
        groups = pd.factorize(groups_of(rows, prepared.experiment.validation.holdout.by))[0]
        X = rows.X[list(prepared.columns)].to_numpy(dtype=float)
        dates = pd.factorize(rows.frame["as_of"], sort=True)[0]
        monotone = np.array([prepared.catalogue.features[name].monotone for name in prepared.columns])
        whole = Question("", "", X, rows.y.to_numpy(dtype=float), groups, X, rows.y.to_numpy(dtype=float), monotone)
        short = panel.split("_")[0]
        for seed in range(seeds):
            yield from by_folds(replace(whole, origin=f"{short}_folds"), seed=seed)
        yield parted(replace(whole, origin=f"{short}_forward"), dates == 0, dates == 1)
        for name, outcome in other_outcomes(prepared, registry, rows.frame).items():
            known = ~np.isnan(outcome)
            other = Question(name, "", X[known], outcome[known], groups[known], X[:0], outcome[:0], monotone)
            for question in by_folds(other, seed=0):
                yield replace(question, origin="other_outcomes", pool=name)


def by_folds(whole: Question, *, seed: int) -> Iterator[Question]:
    """Five folds that keep groups whole."""
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for train, test in folds.split(whole.X, whole.y, whole.groups):
        yield replace(parted(whole, train, test), pool=f"seed {seed}")


def parted(whole: Question, train: NDArray[Any], test: NDArray[Any]) -> Question:
    """Teach with some rows and ask about others."""
    return replace(
        whole,
        X=whole.X[train],
        y=whole.y[train],
        groups=whole.groups[train],
        asked=whole.X[test],
        truth=whole.y[test],
    )


def other_outcomes(prepared: Prepared, registry: Path, frame: pd.DataFrame) -> dict[str, Array]:
    """Work out what else may befall a panel's households by the next round: NaN where it is not known or not asked."""
    observed = pd.read_parquet(
        registry / "observation.parquet", columns=["household_id", "observed_on", "item", "value"]
    )
    observed["item"] = observed["item"].str.lower()
    days = sorted(observed["observed_on"].unique())
    wide = observed.pivot(index=["household_id", "observed_on"], columns="item", values="value")

    def values(item: str, later: int) -> pd.Series:
        rounds = [sum(day < as_of for day in days) - 1 + later for as_of in frame["as_of"]]
        at = pd.MultiIndex.from_arrays([frame["household_id"], [days[r] for r in rounds]])
        return wide[item].reindex(at).reset_index(drop=True)

    def falls(item: str, *, above: float, below: float) -> Array:
        now, then = values(item, 0), values(item, 1)
        return (then < below).astype(float).where(then.notna() & (now >= above)).to_numpy()

    if prepared.experiment.name == PANELS[0]:
        return {
            "food score below 42": falls("fcs", above=42, below=42),
            "hardly any livestock left": falls("tlu", above=0.05, below=0.02),
        }
    quarter = wide["index_foodsecurity"].quantile(0.25)
    return {"food security in its lowest quarter": falls("index_foodsecurity", above=-np.inf, below=quarter)}


def county_questions(folder: Path, seeds: int) -> Iterator[Question]:
    """Teach with the villages of some 600, 1,500 and 3,000 households, and ask about others a year later."""
    from riskmodel.cli.simulate import simulate
    from riskmodel.registry import Registry
    from riskmodel.training.training_set import build_training_set

    for seed in range(101, 101 + seeds):
        registry = folder / f"county{seed}"
        simulate(registry, households=8_000, years=5, seed=seed, until="2026-01-01", force=True)
        prepared = prepare(ROOT / "experiments" / "fengcheng.yaml", registry=registry)
        rows = build_training_set(
            Registry.open(registry),
            as_of=[date(2023, 6, 1), date(2024, 7, 1)],
            outcome="need",
            cohort="not_listed",
            catalogue=prepared.catalogue.only(list(prepared.columns)),
            policy=prepared.policy,
        ).known()
        X = rows.X[list(prepared.columns)].to_numpy(dtype=float)
        villages = pd.factorize(rows.groups["village"])[0]
        dates = pd.factorize(rows.frame["as_of"], sort=True)[0]
        monotone = np.array([prepared.catalogue.features[name].monotone for name in prepared.columns])
        y = rows.y.to_numpy(dtype=float)
        whole = Question("counties", "", X, y, villages, X, y, monotone)
        order = np.random.default_rng(seed).permutation(villages.max() + 1)
        sizes = np.cumsum(np.bincount(villages[dates == 0], minlength=order.size)[order])
        for households in (600, 1_500, 3_000):
            taught = np.isin(villages, order[: np.searchsorted(sizes, households) + 1])
            question = parted(whole, taught & (dates == 0), ~taught & (dates == 1))
            yield replace(question, pool=f"{seed}, {households}")


def generated_questions(number: int) -> Iterator[Question]:
    """Make sets with interactions, skew, rounding, missing values and outcomes that are often wrong."""
    for seed in range(number):
        rng = np.random.default_rng(seed)
        rows, features = (300, 600, 1200, 2500)[seed % 4], (12, 25, 40, 60)[seed // 4 % 4]
        X, y = make_classification(
            rows + 4000,
            n_features=features,
            n_informative=min(features // 2, 8),
            n_redundant=features // 5,
            n_clusters_per_class=(1, 3)[seed % 2],
            weights=[(0.8, 0.6, 0.9)[seed % 3]],
            flip_y=0.15,
            class_sep=0.5,
            random_state=seed,
        )
        odd = rng.choice(features, features // 2, replace=False)
        X[:, odd] = np.round(X[:, odd])
        X[:, odd[: odd.size // 2]] = np.exp(0.7 * X[:, odd[: odd.size // 2]])
        X[rng.random(X.shape) < 0.05] = np.nan
        y = y.astype(float)
        free = np.zeros(features, dtype=int)
        yield Question("generated", str(seed), X[:rows], y[:rows], np.arange(rows), X[rows:], y[rows:], free)


def measured(questions: list[Question], risks: list[dict[str, Array]]) -> dict[str, dict[str, Array]]:
    """Measure AUC, average precision and log-loss: by origin and recipe, the mean over pools."""
    pools: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, question in enumerate(questions):
        pools[question.origin, question.pool].append(at)
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for (origin, _), members in pools.items():
        truth = np.concatenate([questions[at].truth for at in members])
        for name in RECIPES:
            risk = np.concatenate([risks[at][name] for at in members])
            figures = roc_auc_score(truth, risk), average_precision_score(truth, risk), log_loss(truth, risk)
            found[origin][name].append(figures)
    return {
        origin: {name: np.mean(figures, axis=0) for name, figures in by_recipe.items()}
        for origin, by_recipe in found.items()
    }


def markdown(found: dict[str, dict[str, Array]]) -> str:
    """Lay out AUC and average precision, and the mean over origins of AUC and log-loss against the default."""
    origins = [origin for origin in ORIGINS if origin in found]
    lines = [
        "| | " + " | ".join(ORIGINS[origin] for origin in origins) + " | mean AUC | mean log-loss |",
        "|---|" + "---|" * (len(origins) + 2),
    ]
    for name, words in RECIPES.items():
        cells = [f"{found[o][name][0]:.3f} / {found[o][name][1]:.3f}" for o in origins]
        means = np.mean([found[o][name] for o in origins], axis=0)
        lines.append(f"| {words} | " + " | ".join(cells) + f" | {means[0]:.4f} | {means[2]:.4f} |")
    return "\n".join(lines)


def main() -> None:
    """Ask, measure, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the real panels")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of the panels' folds")
    parser.add_argument("--counties", type=int, default=3)
    parser.add_argument("--generated", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="Markdown file; by default it is only shown")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        questions = [
            *panel_questions(Path(folder), given.data, given.seeds),
            *county_questions(Path(folder), given.counties),
            *generated_questions(given.generated),
        ]
    risks = []
    with ProcessPoolExecutor(given.workers) as pool:
        for at, answer in enumerate(pool.map(answers, questions), start=1):
            risks.append(answer)
            print(f"{at} of {len(questions)}", file=sys.stderr, flush=True)
    table = markdown(measured(questions, risks))
    if given.out:
        given.out.write_text(table + "\n", encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
