"""Going back to each test origin: teach with what was known, ask about households that taught nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from riskmodel.errors import DataError
from riskmodel.evaluation.baselines import Predict, Scorer, Taught, asks
from riskmodel.evaluation.baselines.average import averaged
from riskmodel.evaluation.stages import Contents, Said, Stages, teach_and_ask
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
    told : dict of str to list of dict
        By scorer, where it has something to tell of how it was taught: origin, fold and what it told, one entry a fold.
    """

    rows: np.ndarray
    stratum: np.ndarray
    fold: np.ndarray
    outcome: np.ndarray
    scores: dict[str, np.ndarray]
    origins: list[date | None]
    trained_on: list[tuple[int, int]]
    taught: dict[tuple[int, int], Predict] = field(default_factory=dict)
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class _Round(NamedTuple):
    """What a scorer said of a fold; the model also as it was taught."""

    said: Said
    model: Predict | None


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
    X: pd.DataFrame,
    y: pd.Series,
    *,
    folds: Sequence[Fold],
    scorers: Sequence[Scorer],
    groups: pd.Series,
    label: str,
    as_of: np.ndarray | None = None,
    stages: Stages | None = None,
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
    as_of : ndarray of date, optional
        The date of each row, for scorers that divide their past by time.
    stages : Stages, optional
        Where answers of an earlier run lie, and these are kept.
    """
    check_classes(folds, y)
    origins = list(dict.fromkeys(fold.origin for fold in folds))
    codes = pd.factorize(groups, sort=True)[0]
    contents = None if stages is None else Contents(X, y, codes=codes, as_of=as_of)
    asked = [scorer for scorer in scorers if not scorer.average_of]
    rounds = [(fold, scorer) for fold in folds for scorer in asked]
    calls = [
        partial(_round, scorer, X, y, fold=fold, codes=codes, as_of=as_of, stages=stages, contents=contents)
        for fold, scorer in rounds
    ]
    scores: dict[str, list[np.ndarray]] = {scorer.name: [] for scorer in asked}
    models: dict[tuple[int, int], Predict] = {}
    told: dict[str, list[dict[str, Any]]] = {}
    with warnings.catch_warnings():
        # A column that is missing in a fold's whole past is no news to the reader of a table. (Said here, once:
        # warning filters are not a thread's own.)
        warnings.filterwarnings("ignore", message="Skipping features without any observed values")
        warnings.filterwarnings("ignore", message="Missing values detected")
        done = track(side_by_side(calls), label=label, total=len(calls))
        for (fold, scorer), (said, model) in zip(rounds, done, strict=True):
            scores[scorer.name].append(said.score)
            if model is not None:
                models[origins.index(fold.origin), fold.number] = model
            if said.told is not None:
                where = {"origin": str(fold.origin) if fold.origin else None, "fold": fold.number}
                told.setdefault(scorer.name, []).append({**where, **said.told})
    if stages is not None:
        stages.say_taken(label, of=len(rounds))
    joined = {name: np.concatenate(parts) for name, parts in scores.items()}
    rows = np.concatenate([fold.test for fold in folds])
    return Predictions(
        rows=rows,
        stratum=np.concatenate([np.full(len(fold.test), origins.index(fold.origin)) for fold in folds]),
        fold=np.concatenate([np.full(len(fold.test), fold.number) for fold in folds]),
        outcome=y.to_numpy(dtype=float)[rows],
        scores={s.name: averaged(s, joined) if s.average_of else joined[s.name] for s in scorers},
        origins=origins,
        trained_on=[_least_taught(y, [fold for fold in folds if fold.origin == day]) for day in origins],
        taught=models,
        told=told,
    )


def _least_taught(y: pd.Series, folds: Sequence[Fold]) -> tuple[int, int]:
    return min((len(fold.train), int(y.to_numpy()[fold.train].sum())) for fold in folds)


def _round(
    scorer: Scorer,
    X: pd.DataFrame,
    y: pd.Series,
    *,
    fold: Fold,
    codes: np.ndarray,
    as_of: np.ndarray | None,
    stages: Stages | None,
    contents: Contents | None,
) -> _Round:
    """Teach a scorer on a fold's past and ask it, or take from an earlier run what it said, or the model itself."""

    def teach(how: Callable[..., Any]) -> Any:
        past = X.iloc[fold.train].reset_index(drop=True)
        dated = {"as_of": None if as_of is None else as_of[fold.train]} if scorer.dated else {}
        return how(past, y.iloc[fold.train].reset_index(drop=True), codes[fold.train], **dated)

    depends = None if contents is None else contents.of(scorer, fold)
    if scorer.classifier is None:
        ask = partial(_ask, scorer, partial(teach, scorer.fit), X, fold=fold)
        return _Round(ask() if stages is None else stages.said(depends, ask), None)
    fit, columns = partial(teach, scorer.classifier), scorer.columns or tuple(X.columns)
    classifier, told = fit() if stages is None else stages.model(depends, fit, columns=columns)
    model = asks(classifier, columns)
    return _Round(_ask(scorer, lambda: Taught(ask=model, told=told), X, fold=fold), model)


def _ask(scorer: Scorer, teach: Callable[[], Any], X: pd.DataFrame, *, fold: Fold) -> Said:
    said = teach_and_ask(teach, X.iloc[fold.test].reset_index(drop=True))
    missing = int(np.isnan(said.score).sum())
    if missing:
        raise DataError(f"{scorer.en} gave {missing:,} missing scores at {fold.origin or 'a fold'}.")
    return said
