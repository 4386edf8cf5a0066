"""Boost the trees of the margin, with as many rounds as rows left out choose."""

from __future__ import annotations

from collections.abc import Sequence

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from riskmodel.model.folds import Split
from riskmodel.model.recipe import Recipe
from riskmodel.model.trees import merge_texts, train_booster

Array = NDArray[np.float64]


def log_odds_of_share(y: Array, weight: Array) -> float:
    """The log-odds that trees start from: those of the weighted share of 1 in ``y``."""
    share = float(np.average(y, weights=weight))
    return float(np.log(share / (1.0 - share)))


def choose_rounds(
    X: Array,
    y: Array,
    *,
    weight: Array,
    recipe: Recipe,
    names: Sequence[str],
    splits: list[Split],
    given: int | None,
) -> tuple[int, Array]:
    """The number of rounds whose left-out log-loss is least, and its left-out margins."""
    boosters, losses_of, shares = [], [], []
    for train, test in splits:
        start = log_odds_of_share(y[train], weight[train])
        booster, losses = train_booster(
            X[train],
            y[train],
            weight=weight[train],
            start=np.full(train.size, start),
            rounds=given or recipe.rounds,
            parameters=recipe.parameters,
            names=names,
            watch=(X[test], y[test], weight[test], np.full(test.size, start)),
        )
        boosters.append((booster, start, test))
        losses_of.append(losses)
        shares.append(weight[test].sum())
    shortest = min(len(losses) for losses in losses_of)
    mean = np.average([losses[:shortest] for losses in losses_of], axis=0, weights=shares)
    best = given or int(np.argmin(mean)) + 1
    out = np.full(len(y), np.nan)
    for booster, start, test in boosters:
        out[test] = start + booster.predict(X[test], raw_score=True, num_iteration=best)
    return best, out


def fit_bags(
    X: Array, y: Array, *, weight: Array, recipe: Recipe, names: Sequence[str], rounds: int
) -> tuple[float, list[str]]:
    """Boost ``recipe.bags`` times, each with a seed of its own: the log-odds they start from, and their texts."""
    start = log_odds_of_share(y, weight)
    texts = []
    for bag in range(recipe.bags):
        parameters = {**recipe.parameters, "seed": recipe.parameters["seed"] + bag}
        booster, _ = train_booster(
            X,
            y,
            weight=weight,
            start=np.full(len(y), start),
            rounds=rounds,
            parameters=parameters,
            names=names,
        )
        texts.append(booster.model_to_string())
    return start, texts


def train_and_watch(
    X: Array,
    y: Array,
    *,
    weight: Array,
    split: Split,
    recipe: Recipe,
    names: Sequence[str],
    given: int | None,
) -> tuple[float, str, int]:
    """Boost on one side of ``split`` while the other is watched: start, text of the best rounds, their number.

    The rows are put into bins once and then parted: no second copy of ``X``.
    """
    train = split[0]
    start = log_odds_of_share(y[train], weight[train])
    whole = lgb.Dataset(X, y, weight=weight, feature_name=list(names), params=dict(recipe.parameters))
    whole.construct()
    inside, outside = (_part_of(whole, rows, start=start) for rows in split)
    if given is not None:
        booster = lgb.train(dict(recipe.parameters), inside, given)
        return start, booster.model_to_string(), given
    stop = lgb.early_stopping(recipe.patience or recipe.rounds, verbose=False)
    booster = lgb.train(
        {**recipe.parameters, "metric": "binary_logloss"}, inside, recipe.rounds, valid_sets=[outside], callbacks=[stop]
    )
    return start, booster.model_to_string(num_iteration=booster.best_iteration), booster.best_iteration


def _part_of(whole: lgb.Dataset, rows: NDArray[np.int_], *, start: float) -> lgb.Dataset:
    part = whole.subset(np.sort(rows)).construct()
    part.set_init_score(np.full(rows.size, start))
    return part


def no_trees(X: Array, y: Array, *, weight: Array, recipe: Recipe, names: Sequence[str]) -> str:
    """A LightGBM text that adds nothing: one leaf, of value 0."""
    parameters = {**recipe.parameters, "min_data_in_leaf": len(y) + 1}
    booster, _ = train_booster(
        X, y, weight=weight, start=np.zeros(len(y)), rounds=1, parameters=parameters, names=names
    )
    return merge_texts([booster.model_to_string()], factor=0.0)
