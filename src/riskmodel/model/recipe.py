"""How much model the rows can bear: settings that follow the number of rows and of the rarer outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Recipe:
    """What will be fitted, and what will be chosen by rows left out.

    Attributes
    ----------
    tiny : bool
        Too few rows to leave any out: straight lines under a fixed penalty, no trees, no calibration.
    folds : int
        Folds that choose penalty, rounds, weight and calibration; 1 means a single fifth left out.
    bends : tuple of int
        Interior knots of each feature's curve, to choose from; 0 is a straight line.
    penalties : tuple of float
        Ridge penalties to choose from, per unit of total weight, strongest first.
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
    bends: tuple[int, ...]
    penalties: tuple[float, ...]
    rounds: int
    patience: int | None
    bags: int
    parameters: dict[str, Any]


TINY_ROWS = 60
TINY_RARER = 10
MANY_ROWS = 20_000


def make_recipe(
    y: NDArray[np.float64],
    *,
    n_features: int,
    monotone: NDArray[np.int_],
    folds: int,
    bags: int | None,
    seed: int,
    n_jobs: int,
    given: dict[str, Any],
) -> Recipe:
    """Choose settings for these rows; what the caller ``given`` overrides LightGBM's parameters."""
    n_rows = y.size
    rarer = int(min(y.sum(), n_rows - y.sum()))
    many = n_rows > MANY_ROWS
    parameters: dict[str, Any] = {
        "objective": "binary",
        "boost_from_average": False,
        "learning_rate": 0.05 if many else 0.03,
        "num_leaves": 31 if many else 7,
        "min_data_in_leaf": 50 if many else 20,
        "lambda_l2": 5.0,
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
        tiny=n_rows < TINY_ROWS or rarer < TINY_RARER,
        folds=1 if many else folds,
        bends=(0, 3),
        penalties=(0.3, 0.1, 0.03, 0.01, 0.003, 0.001),
        rounds=1000 if many else 300,
        patience=50 if many else None,
        bags=bags if bags is not None else 1,
        parameters=parameters,
    )
