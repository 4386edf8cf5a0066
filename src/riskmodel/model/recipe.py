"""How much model the rows can bear: settings that follow the number of rows and of the rarer outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.model.blend import effective_rows


@dataclass(frozen=True)
class Recipe:
    """What will be fitted, and what will be chosen by rows left out.

    Attributes
    ----------
    tiny : bool
        Too few rows to leave any out: straight lines under a fixed penalty, no trees, no calibration.
    folds : int
        Folds that choose penalty, rounds, share and calibration, unless ``left_out`` says otherwise.
    left_out : float or None
        Rows are many: this share of them (or of the groups) is left out once instead of folds.
    refit : bool
        After leaving out once, trees are boosted again on every row.
    curve_rows : int
        The most rows that curves are fitted on.
    bends : tuple of int
        Interior knots of each feature's curve, to choose from; 0 is a straight line.
    stiffness : tuple of float
        How many times harder bends are penalised than straight lines, to choose from.
    penalties : tuple of float
        Ridge penalties to choose from, per unit of total weight, strongest first.
    share_prior : float
        How firmly the curves' share of the margin is believed to be one half: a standard deviation.
    rounds : int
        The most trees of one booster.
    patience : int or None
        Rounds without improvement before boosting stops; None looks at all rounds.
    bags : int
        Boosters averaged.
    parameters : dict
        LightGBM's.
    """

    tiny: bool
    folds: int
    left_out: float | None
    refit: bool
    curve_rows: int
    bends: tuple[int, ...]
    stiffness: tuple[float, ...]
    penalties: tuple[float, ...]
    share_prior: float
    rounds: int
    patience: int | None
    bags: int
    parameters: dict[str, Any]


TINY_ROWS = 60
TINY_RARER = 10
BOLDER_RARER = 500
MANY_ROWS = 20_000
VERY_MANY_ROWS = 200_000


def make_recipe(
    y: NDArray[np.float64],
    *,
    weight: NDArray[np.float64],
    n_features: int,
    monotone: NDArray[np.int_],
    folds: int,
    bags: int | None,
    seed: int,
    n_jobs: int,
    given: dict[str, Any],
) -> Recipe:
    """Choose settings for these rows; what the caller ``given`` overrides LightGBM's parameters.

    Rows of unequal weight count as the number of equal ones that would say as much.
    """
    rows = effective_rows(weight)
    rarer = min(effective_rows(weight[y == 1]), effective_rows(weight[y == 0]))
    many = y.size > MANY_ROWS
    parameters: dict[str, Any] = {
        "objective": "binary",
        "boost_from_average": False,
        **(_MANY if many else _few(rarer)),
        "feature_fraction": 0.5 if n_features > 3 else 1.0,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        **{name: value for name, value in given.items() if value is not None},
        "monotone_constraints": [int(m) for m in monotone],
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": n_jobs,
        "verbose": -1,
    }
    if not monotone.any():
        del parameters["monotone_constraints"]
    return Recipe(
        tiny=rows < TINY_ROWS or rarer < TINY_RARER,
        folds=folds,
        left_out=_share_left_out(y.size) if many else None,
        refit=y.size < VERY_MANY_ROWS or (bags or 1) > 1,
        curve_rows=20_000,
        bends=(3,) if many else (0, 3),
        stiffness=(1.0,) if many else (4.0, 1.0, 0.3),
        penalties=(0.03, 0.003, 0.0003) if many else (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001),
        share_prior=0.3,
        rounds=1000 if many else 300,
        patience=50 if many else None,
        bags=bags if bags is not None else _bags(y.size),
        parameters=parameters,
    )


_MANY: dict[str, Any] = {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 50, "lambda_l2": 5.0}


def _few(rarer: float) -> dict[str, Any]:
    """Small trees: a leaf has to hold some rows of the rarer outcome, however rare that is."""
    return {
        "learning_rate": 0.03,
        "num_leaves": 15 if rarer >= BOLDER_RARER else 7,
        "min_data_in_leaf": 10,
        "min_sum_hessian_in_leaf": 3.0,
        "lambda_l2": 5.0,
    }


def _share_left_out(rows: int) -> float:
    """A fifth, but no more than 20,000 rows or a twentieth, whichever is more."""
    return min(0.2, max(20_000 / rows, 0.05))


def _bags(rows: int) -> int:
    """Eight where they cost little; their sum is about the work of one booster where rows are many."""
    return max(1, min(8, MANY_ROWS // rows))
