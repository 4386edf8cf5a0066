"""Fit curves and trees, choose what rows left out choose, and put both into one margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from riskmodel.model.calibration import Calibrator, isotonic_calibration, no_calibration, sigmoid_calibration
from riskmodel.model.folds import Split, grouped_folds, single_holdout
from riskmodel.model.linear import LinearPart, fit_linear, fit_linear_path, make_basis
from riskmodel.model.recipe import Recipe
from riskmodel.model.ridge import log_loss_of_margins
from riskmodel.model.trees import merge_texts, train_booster

Array = NDArray[np.float64]

# Per unit of total weight. For a handful of rows: a log-odds of 1 per standard deviation is already bold.
_TINY_PENALTY = 0.05
_WEIGHTS_TRIED = np.linspace(0.0, 1.0, 11)
_ENOUGH_FOR_ISOTONIC = 1000


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
def fit_margin(
    X: Array,
    y: Array,
    *,
    weight: Array,
    groups: NDArray[np.int_] | None,
    monotone: NDArray[np.int_],
    recipe: Recipe,
    names: Sequence[str],
    calibration: str,
    linear_penalty: float | None,
    linear_weight: float | None,
    rounds: int | None,
) -> Fitted:
    """Fit on ``X`` and ``y`` (0 or 1) by ``recipe``; what is not None is taken as given instead of chosen."""
    seed = recipe.parameters["seed"]
    splits: list[Split] = []
    if not recipe.tiny:
        if recipe.folds == 1:
            splits = single_holdout(y, groups, share=0.2, seed=seed)
        else:
            splits = grouped_folds(y, groups, folds=recipe.folds, seed=seed)
    if not splits:
        penalty = linear_penalty if linear_penalty is not None else _TINY_PENALTY
        part = _curves(X, y, weight=weight, monotone=monotone, bends=0, penalty=penalty)
        text = _no_trees(X, y, weight=weight, recipe=recipe, names=names)
        return Fitted(part, text, no_calibration(), 1.0, penalty, 0, np.full(len(y), np.nan))

    bends, penalty, linear_out = _choose_curves(
        X, y, weight=weight, monotone=monotone, recipe=recipe, splits=splits, given=linear_penalty
    )
    best, trees_out = _choose_rounds(X, y, weight=weight, recipe=recipe, names=names, splits=splits, given=rounds)
    seen = ~np.isnan(linear_out)
    share = linear_weight
    if share is None:
        losses = [
            log_loss_of_margins(y[seen], a * linear_out[seen] + (1 - a) * trees_out[seen], weight[seen])
            for a in _WEIGHTS_TRIED
        ]
        share = float(_WEIGHTS_TRIED[int(np.argmin(losses))])
    out = share * linear_out + (1.0 - share) * trees_out
    calibrator = _calibrate(calibration, out[seen], y[seen], weight[seen])
    part = _curves(X, y, weight=weight, monotone=monotone, bends=bends, penalty=penalty)
    base = _base(y, weight)
    texts = [
        train_booster(
            X,
            y,
            weight=weight,
            start=np.full(len(y), base),
            rounds=best,
            parameters={**recipe.parameters, "seed": seed + bag},
            names=names,
        )[0].model_to_string()
        for bag in range(recipe.bags)
    ]
    text = merge_texts(texts, factor=(1.0 - share) / len(texts))
    scaled = part.scaled(share)
    scaled = replace(scaled, intercept=scaled.intercept + (1.0 - share) * base)
    return Fitted(scaled, text, calibrator, share, penalty, best, out)


def _base(y: Array, weight: Array) -> float:
    share = float(np.average(y, weights=weight))
    return float(np.log(share / (1.0 - share)))


def _curves(X: Array, y: Array, *, weight: Array, monotone: NDArray[np.int_], bends: int, penalty: float) -> LinearPart:
    basis = make_basis(X, weight=weight, monotone=monotone, bends=bends)
    return basis.part(fit_linear(basis, basis.columns(X), y, weight=weight, penalty=penalty * weight.sum()))


def _choose_curves(
    X: Array,
    y: Array,
    *,
    weight: Array,
    monotone: NDArray[np.int_],
    recipe: Recipe,
    splits: list[Split],
    given: float | None,
) -> tuple[int, float, Array]:
    """The bends and penalty whose left-out log-loss is least, and their left-out margins."""
    penalties = recipe.penalties if given is None else (given,)
    out = np.full((len(recipe.bends), len(penalties), len(y)), np.nan)
    for train, test in splits:
        path = [penalty * weight[train].sum() for penalty in penalties]
        for kind, bends in enumerate(recipe.bends):
            basis = make_basis(X[train], weight=weight[train], monotone=monotone, bends=bends)
            inside, outside = basis.columns(X[train]), basis.columns(X[test])
            fits = fit_linear_path(basis, inside, y[train], weight=weight[train], penalties=path)
            for at, fit in enumerate(fits):
                out[kind, at, test] = fit.margin(outside)
    seen = ~np.isnan(out[0, 0])
    losses = np.array([[log_loss_of_margins(y[seen], row[seen], weight[seen]) for row in rows] for rows in out])
    best, strength = divmod(int(np.argmin(losses)), len(penalties))
    return recipe.bends[best], penalties[strength], out[best, strength]


def _choose_rounds(
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
    boosters, curves, shares = [], [], []
    for train, test in splits:
        base = _base(y[train], weight[train])
        booster, losses = train_booster(
            X[train],
            y[train],
            weight=weight[train],
            start=np.full(train.size, base),
            rounds=given or recipe.rounds,
            parameters=recipe.parameters,
            names=names,
            watch=(X[test], y[test], weight[test], np.full(test.size, base)),
            patience=None if given else recipe.patience,
        )
        boosters.append((booster, base, test))
        curves.append(losses)
        shares.append(weight[test].sum())
    shortest = min(len(curve) for curve in curves)
    mean = np.average([curve[:shortest] for curve in curves], axis=0, weights=shares)
    best = given or int(np.argmin(mean)) + 1
    out = np.full(len(y), np.nan)
    for booster, base, test in boosters:
        out[test] = base + booster.predict(X[test], raw_score=True, num_iteration=best)
    return best, out


def _no_trees(X: Array, y: Array, *, weight: Array, recipe: Recipe, names: Sequence[str]) -> str:
    """A LightGBM text that adds nothing: one leaf, of value 0."""
    parameters = {**recipe.parameters, "min_data_in_leaf": len(y) + 1}
    booster, _ = train_booster(
        X, y, weight=weight, start=np.zeros(len(y)), rounds=1, parameters=parameters, names=names
    )
    return merge_texts([booster.model_to_string()], factor=0.0)


def _calibrate(method: str, margin: Array, y: Array, weight: Array) -> Calibrator:
    if method == "none":
        return no_calibration()
    rarer = min(y.sum(), len(y) - y.sum())
    if method == "isotonic" or (method == "auto" and rarer >= _ENOUGH_FOR_ISOTONIC):
        return isotonic_calibration(margin, y, weight=weight)
    return sigmoid_calibration(margin, y, weight=weight)
