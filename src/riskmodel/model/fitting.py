"""Put curves and trees into one margin, by what rows left out say of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from riskmodel.model.blend import calibrate, choose_share
from riskmodel.model.boosting import choose_rounds, fit_bags, no_trees, train_and_watch
from riskmodel.model.calibration import Calibrator, no_calibration
from riskmodel.model.curves import choose_curves, fit_curves
from riskmodel.model.folds import Split, grouped_folds, single_holdout
from riskmodel.model.linear import LinearPart, Strength
from riskmodel.model.recipe import Recipe
from riskmodel.model.trees import load_booster, merge_texts

Array = NDArray[np.float64]

# Per unit of total weight. For a handful of rows: a log-odds of 1 per standard deviation is already bold.
_TINY = Strength(0.05)


@dataclass(frozen=True)
class Task:
    """What is fitted on: rows, and how they may be used.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
        NaN where missing.
    y, weight : ndarray of shape (n_rows,)
        0 or 1, and how many rows each stands for, 1 on average.
    groups : ndarray of shape (n_rows,) or None
        Rows of one group are left out together.
    monotone : ndarray of shape (n_features,)
        +1, -1 or 0.
    names : sequence of str
        As LightGBM's text can hold them.
    """

    X: Array
    y: Array
    weight: Array
    groups: NDArray[np.int_] | None
    monotone: NDArray[np.int_]
    names: Sequence[str]


@dataclass(frozen=True)
class Given:
    """What the caller fixes instead of having it chosen: None where rows left out choose."""

    calibration: str
    linear_penalty: float | None
    linear_weight: float | None
    rounds: int | None


@dataclass(frozen=True)
class Fitted:
    """The parts of a margin, each as it counts in the sum, and how they were chosen."""

    linear: LinearPart
    booster_text: str
    calibrator: Calibrator
    linear_weight: float
    linear_penalty: float
    rounds: int
    out_of_fold_margin: Array


# The matrices are small: BLAS threads would spend more time waiting for each other than working.
@threadpool_limits.wrap(limits=1, user_api="blas")
def fit_margin(task: Task, *, recipe: Recipe, given: Given) -> Fitted:
    """Fit ``task`` by ``recipe``; what is ``given`` is taken instead of chosen."""
    seed = recipe.parameters["seed"]
    if recipe.tiny:
        splits: list[Split] = []
    elif recipe.left_out is None:
        splits = grouped_folds(task.y, task.groups, folds=recipe.folds, seed=seed)
    else:
        splits = single_holdout(task.y, task.groups, share=recipe.left_out, seed=seed)
    if not splits:
        return _fit_few(task, recipe=recipe, given=given)
    if recipe.left_out is None:
        return _fit_by_folds(task, splits, recipe=recipe, given=given)
    return _fit_once(task, splits[0], recipe=recipe, given=given)


def _fit_few(task: Task, *, recipe: Recipe, given: Given) -> Fitted:
    """Straight lines under a fixed penalty: nothing can be left out honestly."""
    strength = _TINY if given.linear_penalty is None else Strength(given.linear_penalty)
    part = fit_curves(task.X, task.y, weight=task.weight, monotone=task.monotone, bends=0, strength=strength)
    text = no_trees(task.X, task.y, weight=task.weight, recipe=recipe, names=task.names)
    return Fitted(part, text, no_calibration(), 1.0, strength.penalty, 0, np.full(len(task.y), np.nan))


def _fit_by_folds(task: Task, splits: list[Split], *, recipe: Recipe, given: Given) -> Fitted:
    """Choose by folds, then fit again on every row, trees over several seeds."""
    X, y, weight = task.X, task.y, task.weight
    chosen = choose_curves(X, y, weight=weight, monotone=task.monotone, tried=_tried(recipe, given), splits=splits)
    rounds, trees_out = choose_rounds(
        X, y, weight=weight, recipe=recipe, names=task.names, splits=splits, given=given.rounds
    )
    part = fit_curves(X, y, weight=weight, monotone=task.monotone, bends=chosen.bends, strength=chosen.strength)
    start, texts = fit_bags(X, y, weight=weight, recipe=recipe, names=task.names, rounds=rounds)
    seen = ~np.isnan(chosen.margin)
    share, calibrator, out = _blend(y, weight, chosen.margin, trees_out, seen=seen, recipe=recipe, given=given)
    penalty = chosen.strength.penalty
    return _fitted(part, start, texts, share=share, calibrator=calibrator, penalty=penalty, rounds=rounds, out=out)


def _fit_once(task: Task, split: Split, *, recipe: Recipe, given: Given) -> Fitted:
    """Leave rows out once, for all choices; the curves are kept, and where rows are very many the trees."""
    X, y, weight = task.X, task.y, task.weight
    train, test = split
    draw = np.random.default_rng(recipe.parameters["seed"])
    few = train if train.size <= recipe.curve_rows else np.sort(draw.choice(train, recipe.curve_rows, replace=False))
    both = np.concatenate([few, test])
    X_both, y_both, weight_both = X[both], y[both], weight[both]
    inside, outside = np.arange(few.size), np.arange(few.size, both.size)
    chosen = choose_curves(
        X_both,
        y_both,
        weight=weight_both,
        monotone=task.monotone,
        tried=_tried(recipe, given),
        splits=[(inside, outside)],
    )
    [part] = chosen.parts
    start, text, rounds = train_and_watch(
        X, y, weight=weight, split=split, recipe=recipe, names=task.names, given=given.rounds
    )
    booster = load_booster(text)
    trees_out = np.full(both.size, np.nan)
    trees_out[outside] = start + booster.predict(X_both[outside], raw_score=True)
    seen = ~np.isnan(chosen.margin)
    share, calibrator, some = _blend(
        y_both, weight_both, chosen.margin, trees_out, seen=seen, recipe=recipe, given=given
    )
    out = np.full(len(y), np.nan)
    out[test] = some[outside]
    texts = [text]
    if recipe.refit:
        start, texts = fit_bags(X, y, weight=weight, recipe=recipe, names=task.names, rounds=rounds)
    penalty = chosen.strength.penalty
    return _fitted(part, start, texts, share=share, calibrator=calibrator, penalty=penalty, rounds=rounds, out=out)


def _tried(recipe: Recipe, given: Given) -> list[tuple[int, list[Strength]]]:
    """Bends with the strengths that each is tried with."""
    penalties = recipe.penalties if given.linear_penalty is None else (given.linear_penalty,)
    bent = [Strength(penalty, stiffness) for stiffness in recipe.stiffness for penalty in penalties]
    return [(bends, bent if bends else [Strength(penalty) for penalty in penalties]) for bends in recipe.bends]


def _blend(
    y: Array,
    weight: Array,
    curves_out: Array,
    trees_out: Array,
    *,
    seen: NDArray[np.bool_],
    recipe: Recipe,
    given: Given,
) -> tuple[float, Calibrator, Array]:
    """The curves' share, the calibration of the sum, and its left-out margins."""
    share = given.linear_weight
    if share is None:
        share = choose_share(
            y[seen], weight=weight[seen], curves=curves_out[seen], trees=trees_out[seen], prior=recipe.share_prior
        )
    out = share * curves_out + (1.0 - share) * trees_out
    return share, calibrate(given.calibration, out[seen], y[seen], weight[seen]), out


def _fitted(
    part: LinearPart,
    start: float,
    texts: list[str],
    *,
    share: float,
    calibrator: Calibrator,
    penalty: float,
    rounds: int,
    out: Array,
) -> Fitted:
    scaled = part.scaled(share)
    scaled = replace(scaled, intercept=scaled.intercept + (1.0 - share) * start)
    text = merge_texts(texts, factor=(1.0 - share) / len(texts))
    return Fitted(scaled, text, calibrator, share, penalty, rounds, out)
