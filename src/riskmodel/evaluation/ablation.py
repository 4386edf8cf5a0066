"""What each theme of features is worth: shuffled among the households tested, or left out and taught anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.backtest import Predictions, backtest
from riskmodel.evaluation.baselines import Predict, Scorer, asks
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import compare, headline_measures
from riskmodel.evaluation.inputs import Prepared, fit_model
from riskmodel.parallel import side_by_side
from riskmodel.training.splits import Fold
from riskmodel.training.training_set import TrainingSet

# Enough draws for an interval that is read in whole points; a theme costs as much as a scorer of the tables.
DRAWS = 100


@dataclass(frozen=True, kw_only=True)
class Theme:
    """One theme of the catalogue.

    Attributes
    ----------
    features : int
        How many of the model's are of it.
    worth : dict
        Measure -> the model less what is left of it without the theme.
    """

    zh: str
    en: str
    features: int
    worth: dict[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "worth": {m: e.to_dict() for m, e in self.worth.items()}}


def themes_of(prepared: Prepared) -> dict[tuple[str, str], list[str]]:
    """Return the model's features by theme, in the order of the catalogue."""
    themes: dict[tuple[str, str], list[str]] = {}
    for name in prepared.columns:
        themes.setdefault(prepared.catalogue.features[name].theme, []).append(name)
    return themes


def shuffled_themes(prepared: Prepared, rows: TrainingSet, asked: Asked) -> list[Theme]:
    """Ask the models of every origin again, with one theme's values exchanged among the households of a test fold.

    All features of a theme move together, so that what they say of each other stays. Nothing where there is only one
    theme.
    """
    themes, predictions = themes_of(prepared), asked.predictions
    if len(themes) < 2 or not predictions.taught:
        return []
    rng = np.random.default_rng(prepared.experiment.seed)
    X = rows.X[list(prepared.columns)].iloc[predictions.rows].reset_index(drop=True)
    scores = {theme: np.empty(len(X)) for theme in themes}
    parts, calls = [], []
    for (stratum, fold), predict in predictions.taught.items():
        here = np.flatnonzero((predictions.stratum == stratum) & (predictions.fold == fold))
        order = rng.permutation(len(here))
        for theme, names in themes.items():
            parts.append((theme, here))
            calls.append(_asks(predict, X.iloc[here].reset_index(drop=True), names, order))
    for (theme, here), score in zip(parts, side_by_side(calls), strict=True):
        scores[theme][here] = score
    return _worth(prepared, asked, themes, scores)


def _asks(predict: Predict, X: pd.DataFrame, names: Sequence[str], order: np.ndarray) -> Any:
    def ask() -> np.ndarray:
        mixed = X.copy()
        mixed[list(names)] = X[list(names)].to_numpy()[order]
        return np.asarray(predict(mixed), dtype=float)

    return ask


def themes_left_out(
    prepared: Prepared, rows: TrainingSet, asked: Asked, *, folds: Sequence[Fold], groups: pd.Series
) -> list[Theme]:
    """Teach the model anew at every origin without each theme: as many trainings as there are themes."""
    themes = themes_of(prepared)
    if len(themes) < 2:
        return []
    scorers = {theme: _without(prepared, names, name=str(at)) for at, (theme, names) in enumerate(themes.items())}
    anew = backtest(
        rows.X,
        rows.y,
        folds=folds,
        scorers=list(scorers.values()),
        groups=groups,
        label="Without each theme of features",
        as_of=rows.frame["as_of"].to_numpy(),
    )
    return _worth(prepared, asked, themes, {theme: anew.scores[s.name] for theme, s in scorers.items()})


def _without(prepared: Prepared, names: Sequence[str], *, name: str) -> Scorer:
    left = [column for column in prepared.columns if column not in names]
    fewer = replace(prepared, columns=tuple(left))

    def fit(X: pd.DataFrame, y: pd.Series, groups: np.ndarray, as_of: np.ndarray | None = None) -> Predict:
        return asks(fit_model(fewer, X, y, groups=groups, as_of=as_of)[0], left)

    return replace(_scorer(name, fit), dated=True)


def _scorer(name: str, fit: Any) -> Scorer:
    return Scorer(name=name, zh=name, en=name, means_zh="", means_en="", probabilities=False, fit=fit)


def _worth(
    prepared: Prepared,
    asked: Asked,
    themes: dict[tuple[str, str], list[str]],
    scores: dict[tuple[str, str], np.ndarray],
) -> list[Theme]:
    names = {theme: f"theme {at}" for at, theme in enumerate(themes)}
    predictions: Predictions = replace(
        asked.predictions,
        scores={"model": asked.risk, **{names[theme]: score for theme, score in scores.items()}},
    )
    table = compare(
        predictions,
        scorers=[_scorer(name, None) for name in ("model", *names.values())],
        clusters=asked.clusters,
        capacities=(asked.main,),
        rule=None,
        draws=min(DRAWS, len(asked.boot.counts)),
        level=asked.level,
        seed=prepared.experiment.seed,
    )[-1]
    measures = headline_measures([asked.main])
    found = [
        Theme(
            zh=theme[0],
            en=theme[1],
            features=len(features),
            worth={m: table.differences[names[theme]][m] for m in measures},
        )
        for theme, features in themes.items()
    ]
    return sorted(found, key=lambda theme: -theme.worth["average_precision"].value)
