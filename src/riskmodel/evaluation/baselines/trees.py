"""LightGBM by itself: as it comes, and with settings searched for within the training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from riskmodel.evaluation.baselines.scorer import Predict, Scorer, Taught
from riskmodel.evaluation.tuning import Search, search
from riskmodel.training.baselines import LightGBMTuned


def lightgbm_scorer(*, columns: Sequence[str], seed: int) -> Scorer:
    """Return LightGBM with its own defaults, its raw probability taken as it is."""
    names = list(columns)

    def fit(X: pd.DataFrame, y: pd.Series, _groups: np.ndarray) -> Predict:
        from lightgbm import LGBMClassifier

        trees = LGBMClassifier(n_jobs=1, random_state=seed, deterministic=True, force_row_wise=True, verbose=-1)
        trees.fit(X[names].to_numpy(dtype=float), y.to_numpy(dtype=int))
        return lambda rows: np.asarray(trees.booster_.predict(rows[names].to_numpy(dtype=float), num_threads=1))

    return Scorer(
        name="lightgbm",
        zh="LightGBM（默认）",
        en="LightGBM, defaults",
        means_zh="同样的特征，LightGBM 的默认设置，不加方向约束，不校准",
        means_en="on the same features with LightGBM's own defaults, no directions, not calibrated",
        probabilities=True,
        fit=fit,
        columns=tuple(names),
        settings={"seed": seed},
    )


def tuned_scorer(settings: LightGBMTuned, *, columns: Sequence[str], how: Search) -> Scorer:
    """Return LightGBM with settings searched for by Optuna within the training rows, by group and time."""
    names = list(columns)

    def fit(X: pd.DataFrame, y: pd.Series, groups: np.ndarray, as_of: np.ndarray | None = None) -> Predict:
        from riskmodel.model.trees import safe_names, train_booster

        rows, outcome = np.ascontiguousarray(X[names].to_numpy(dtype=float)), y.to_numpy(dtype=float)
        found = search(rows, outcome, groups=groups, as_of=as_of, monotone=np.zeros(len(names), dtype=int), how=how)
        base = float(np.log(outcome.mean() / (1 - outcome.mean())))
        boosters = [
            train_booster(
                rows,
                outcome,
                weight=np.ones(len(outcome)),
                start=np.full(len(outcome), base),
                rounds=found.rounds,
                parameters=found.parameters(seed=how.seed + bag),
                names=safe_names(names),
            )[0]
            for bag in range(settings.bags)
        ]

        def ask(asked: pd.DataFrame) -> np.ndarray:
            matrix = asked[names].to_numpy(dtype=float)
            margins = [base + booster.predict(matrix, raw_score=True, num_threads=1) for booster in boosters]
            return np.asarray(expit(np.mean(margins, axis=0)))

        return Taught(ask=ask, told=found.to_dict())

    return Scorer(
        name="lightgbm_tuned",
        zh="LightGBM（调优）",
        en="LightGBM, tuned",
        means_zh="同样的特征，设置只在训练样本之内按组和时间搜寻（Optuna），不加方向约束，不校准",
        means_en="on the same features, settings searched for by Optuna within the training rows by group and time, no "
        "directions, not calibrated",
        probabilities=True,
        fit=fit,
        dated=True,
        columns=tuple(names),
        settings={**settings.model_dump(), **how.to_dict()},
    )
