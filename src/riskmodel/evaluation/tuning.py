"""Searching LightGBM's settings with Optuna, within training rows alone: by group and by time, pruned, on a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.model.folds import Split, grouped_folds
from riskmodel.training.baselines import Tuning
from riskmodel.training.splits import Horizon, origin, rolling_folds

if TYPE_CHECKING:
    import optuna

# Later dates on which settings are tried, and parts of the groups left out at each.
_INNER_ORIGINS = 2
_INNER_FOLDS = 3
_MOST_ROUNDS = 500
# Of more rows whole groups are drawn: which settings are better shows on some tens of thousands.
_MOST_ROWS = 40_000
_PATIENCE = 30
# LightGBM's settings that the first trial begins with: what the estimator takes for a few thousand rows.
_FIRST: dict[str, float | int] = {
    "learning_rate": 0.03,
    "num_leaves": 7,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
}
_FIRST_ROUNDS = 100
SEARCHED = tuple(_FIRST)

BY_TIME, BY_GROUP, BY_NOTHING = "time_and_groups", "groups", "nothing"


@dataclass(frozen=True, kw_only=True)
class Search:
    """How settings are searched for.

    Attributes
    ----------
    budget : Tuning
        Trials, and minutes at most.
    horizon : Horizon
        The outcome's: within the training rows too, a row teaches only what was known at the date it is tried on.
    gap_months : int
        As between training rows and an origin.
    seed : int
    """

    budget: Tuning = field(default_factory=Tuning)
    horizon: Horizon = field(default_factory=lambda: Horizon(months=12, lag_days=0))
    gap_months: int = 12
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "budget": self.budget.model_dump(),
            "horizon": [self.horizon.months, self.horizon.lag_days],
            "gap_months": self.gap_months,
            "seed": self.seed,
        }


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found.

    Attributes
    ----------
    settings : dict
        LightGBM's.
    rounds : int
        Trees.
    loss : float
        Mean log-loss of the rows left out; NaN where none could be.
    trials, pruned : int
        Tried to the end, and given up half-way.
    inner : str
        What was left out: ``time_and_groups`` (later dates, other groups), ``groups`` where the dates do not reach so
        far, ``nothing`` where the rows do not bear it (the settings are then the first trial's).
    stopped_by : str
        ``trials``, or ``minutes``: then another run may find something else.
    """

    settings: dict[str, float | int]
    rounds: int
    loss: float
    trials: int
    pruned: int
    inner: str
    stopped_by: str

    def parameters(self, *, seed: int) -> dict[str, Any]:
        """Return LightGBM's parameters, without directions."""
        return _parameters(self.settings, monotone=np.zeros(0, dtype=int), seed=seed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; a loss that could not be measured is None."""
        return {**vars(self), "loss": None if np.isnan(self.loss) else self.loss}


def inner_splits(
    y: np.ndarray, *, groups: np.ndarray, as_of: np.ndarray | None, how: Search
) -> tuple[list[Split], str]:
    """Divide training rows as the experiment divides all rows: tried on later dates and on other groups.

    Parameters
    ----------
    y : ndarray of float
        0 or 1.
    groups : ndarray of int
        The hold-out group of each row.
    as_of : ndarray of date, optional
        The date of each row; without it groups alone are left out.

    Returns
    -------
    list of (train, test), str
        Row numbers, and which of ``time_and_groups``, ``groups`` and ``nothing`` it was.
    """
    number = min(_INNER_FOLDS, len(np.unique(groups)))
    if number < 2:
        return [], BY_NOTHING
    if as_of is not None:
        dates = sorted(set(as_of))
        tried = [origin(day, dates, horizon=how.horizon, gap_months=how.gap_months) for day in dates]
        tried = [each for each in tried if each.training][-_INNER_ORIGINS:]
        frame = pd.DataFrame({"household_id": groups, "as_of": pd.Series(list(as_of), dtype=object)})
        folds = rolling_folds(frame, origins=tried, groups=pd.Series(groups), folds=number, seed=how.seed, what="group")
        splits = [(fold.train, fold.test) for fold in folds]
        splits = [(train, test) for train, test in splits if _both(y[train]) and _both(y[test])]
        if splits:
            return splits, BY_TIME
    splits = [split for split in grouped_folds(y, groups, folds=number, seed=how.seed) if _both(y[split[1]])]
    return splits, BY_GROUP if splits else BY_NOTHING


def drawn_rows(groups: np.ndarray, *, most: int, seed: int) -> np.ndarray:
    """Return the rows to search on: all, or those of whole groups, in random order, that add up to ``most`` at most."""
    if len(groups) <= most:
        return np.arange(len(groups))
    names, counts = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    taken = names[order[np.cumsum(counts[order]) <= most]]
    return np.flatnonzero(np.isin(groups, taken if len(taken) > 1 else names[order[:2]]))


def _both(y: np.ndarray) -> bool:
    return bool(0 < y.sum() < len(y))


def search(
    X: np.ndarray,
    y: np.ndarray,
    *,
    groups: np.ndarray,
    as_of: np.ndarray | None,
    monotone: np.ndarray,
    how: Search,
) -> Found:
    """Search for the settings whose log-loss on rows left out is least.

    The same rows, seed and number of trials give the same settings; of more than 40,000 rows, whole groups are drawn.
    The number of trees of a trial is the one at which its mean loss is least.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
    y : ndarray of float
        0 or 1.
    groups, as_of
        See :func:`inner_splits`.
    monotone : ndarray of int
        The direction that each feature is bound to; 0 where free.
    """
    import optuna

    drawn = drawn_rows(groups, most=_MOST_ROWS, seed=how.seed)
    X, y, groups = X[drawn], y[drawn], groups[drawn]
    as_of = None if as_of is None else as_of[drawn]
    splits, inner = inner_splits(y, groups=groups, as_of=as_of, how=how)
    if not splits:
        return Found(
            settings=dict(_FIRST),
            rounds=_FIRST_ROUNDS,
            loss=float("nan"),
            trials=0,
            pruned=0,
            inner=inner,
            stopped_by="trials",
        )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=how.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    )
    study.enqueue_trial(_FIRST)

    def objective(trial: optuna.Trial) -> float:
        return _loss(
            trial, X, y, splits=splits, parameters=_parameters(_suggest(trial), monotone=monotone, seed=how.seed)
        )

    study.optimize(objective, n_trials=how.budget.trials, timeout=how.budget.minutes * 60, n_jobs=1)
    finished = len(study.trials)
    pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
    return Found(
        settings=dict(study.best_params),
        rounds=int(study.best_trial.user_attrs["rounds"]),
        loss=float(study.best_value),
        trials=finished - pruned,
        pruned=pruned,
        inner=inner,
        stopped_by="trials" if finished >= how.budget.trials else "minutes",
    )


def _suggest(trial: optuna.Trial) -> dict[str, float | int]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 3, 63, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 300, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.01, 100.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
    }


def _parameters(settings: dict[str, float | int], *, monotone: np.ndarray, seed: int) -> dict[str, Any]:
    bound = {"monotone_constraints": [int(sign) for sign in monotone]} if monotone.any() else {}
    return {
        "objective": "binary",
        "boost_from_average": False,
        "bagging_freq": 1,
        **settings,
        **bound,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }


def _loss(
    trial: optuna.Trial, X: np.ndarray, y: np.ndarray, *, splits: Sequence[Split], parameters: dict[str, Any]
) -> float:
    """The least mean log-loss over all splits at one number of trees, which the trial is told."""
    import optuna

    from riskmodel.model.trees import train_booster

    names = [f"f{j}" for j in range(X.shape[1])]
    curves, sizes = [], []
    for step, (train, test) in enumerate(splits):
        share = y[train].mean()
        base = float(np.log(share / (1 - share)))
        _, losses = train_booster(
            X[train],
            y[train],
            weight=np.ones(len(train)),
            start=np.full(len(train), base),
            rounds=_MOST_ROUNDS,
            parameters=parameters,
            names=names,
            watch=(X[test], y[test], np.ones(len(test)), np.full(len(test), base)),
            patience=_PATIENCE,
        )
        curves.append(losses)
        sizes.append(len(test))
        shortest = min(len(curve) for curve in curves)
        mean = np.average([curve[:shortest] for curve in curves], axis=0, weights=sizes)
        trial.report(float(mean.min()), step)
        if step + 1 < len(splits) and trial.should_prune():
            raise optuna.TrialPruned
    trial.set_user_attr("rounds", int(np.argmin(mean)) + 1)
    return float(mean.min())
