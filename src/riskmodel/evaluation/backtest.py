"""Going back to each test origin: teach with what was known, ask about households that taught nothing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from riskmodel.errors import DataError
from riskmodel.evaluation.baselines import Predict, Scorer
from riskmodel.parallel import side_by_side
from riskmodel.progress import track
from riskmodel.training.splits import Fold


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What every scorer said about every row that was asked.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Positions in the training set.
    stratum : ndarray of int, shape (n,)
        Which of ``origins`` a row belongs to.
    fold : ndarray of int, shape (n,)
        Which part of the groups it was asked with.
    outcome : ndarray of float, shape (n,)
        0 or 1.
    scores : dict of str to ndarray
        By scorer.
    origins : list of date or None
        One entry a stratum; None for plain cross-validation.
    trained_on : list of tuple of int
        For each stratum the smallest number of rows and of positives that a model was taught with.
    taught : dict
        (stratum, fold) -> the model as it was taught there, to ask it again.
    """

    rows: np.ndarray
    stratum: np.ndarray
    fold: np.ndarray
    outcome: np.ndarray
    scores: dict[str, np.ndarray]
    origins: list[date | None]
    trained_on: list[tuple[int, int]]
    taught: dict[tuple[int, int], Predict] = field(default_factory=dict)


def check_classes(folds: Sequence[Fold], y: pd.Series) -> None:
    """Make sure that both outcomes occur wherever a model is taught or asked.

    Raises
    ------
    DataError
        Naming the origin and the counts.
    """
    values = y.to_numpy(dtype=float)
    by_origin: dict[date | None, list[Fold]] = {}
    for fold in folds:
        by_origin.setdefault(fold.origin, []).append(fold)
    for test_date, parts in by_origin.items():
        where = f"at the test origin {test_date}" if test_date else "in cross-validation"
        asked = values[np.concatenate([fold.test for fold in parts])]
        _both(asked, f"among the rows tested {where}", "Accuracy cannot be measured there: choose another date.")
        for fold in parts:
            _both(
                values[fold.train],
                f"among the rows used to train {where} (fold {fold.number + 1})",
                "Nothing can be learned from one class: use more training dates, fewer folds or another outcome.",
            )


def _both(values: np.ndarray, where: str, advice: str) -> None:
    positives, rows = int((values == 1).sum()), len(values)
    if rows == 0:
        raise DataError(f"There are no rows {where}. {advice}")
    if positives in {0, rows}:
        raise DataError(
            f"The outcome has one class only {where}: {positives:,} of {rows:,} rows are positive. {advice}"
        )


def backtest(
    X: pd.DataFrame, y: pd.Series, *, folds: Sequence[Fold], scorers: Sequence[Scorer], groups: pd.Series, label: str
) -> Predictions:
    """Teach every scorer on each fold's past and ask it about the fold's test rows.

    Parameters
    ----------
    X, y : DataFrame, Series
        Rows whose outcome is known, aligned by position.
    folds : sequence of Fold
        From :func:`riskmodel.training.splits.rolling_folds` or ``grouped_folds``.
    groups : Series
        The hold-out group of each row; the model keeps groups whole when it calibrates itself.
    label : str
        What progress is called.
    """
    check_classes(folds, y)
    origins = list(dict.fromkeys(fold.origin for fold in folds))
    codes = pd.factorize(groups, sort=True)[0]
    scores: dict[str, list[np.ndarray]] = {scorer.name: [] for scorer in scorers}
    counts: list[list[tuple[int, int]]] = [[] for _ in origins]
    models: dict[tuple[int, int], Predict] = {}
    rounds = [(fold, scorer) for fold in folds for scorer in scorers]
    calls = [partial(_ask, scorer, X, y, fold=fold, codes=codes) for fold, scorer in rounds]
    with warnings.catch_warnings():
        # A column that is missing in a fold's whole past is no news to the reader of a table. (Said here, once:
        # warning filters are not a thread's own.)
        warnings.filterwarnings("ignore", message="Skipping features without any observed values")
        done = track(side_by_side(calls), label=label, total=len(calls))
        for (fold, scorer), (score, predict) in zip(rounds, done, strict=True):
            scores[scorer.name].append(score)
            if scorer.name == "model":
                models[origins.index(fold.origin), fold.number] = predict
    for fold in folds:
        positives = int(y.to_numpy()[fold.train].sum())
        counts[origins.index(fold.origin)].append((len(fold.train), positives))
    rows = np.concatenate([fold.test for fold in folds])
    return Predictions(
        rows=rows,
        stratum=np.concatenate([np.full(len(fold.test), origins.index(fold.origin)) for fold in folds]),
        fold=np.concatenate([np.full(len(fold.test), fold.number) for fold in folds]),
        outcome=y.to_numpy(dtype=float)[rows],
        scores={name: np.concatenate(parts) for name, parts in scores.items()},
        origins=origins,
        trained_on=[min(parts) for parts in counts],
        taught=models,
    )


def _ask(scorer: Scorer, X: pd.DataFrame, y: pd.Series, *, fold: Fold, codes: np.ndarray) -> tuple[np.ndarray, Predict]:
    past = X.iloc[fold.train].reset_index(drop=True)
    predict = scorer.fit(past, y.iloc[fold.train].reset_index(drop=True), codes[fold.train])
    score = np.asarray(predict(X.iloc[fold.test].reset_index(drop=True)), dtype=float)
    if np.isnan(score).any():
        raise DataError(f"{scorer.en} gave {int(np.isnan(score).sum()):,} missing scores at {fold.origin or 'a fold'}.")
    return score, predict
