"""A scorer: something that learns from a past and puts households in an order, as the model and the baselines do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from riskmodel.model import RiskClassifier

Predict = Callable[[pd.DataFrame], np.ndarray]
Fit = Callable[..., Predict]


@dataclass(frozen=True, kw_only=True)
class Taught:
    """A taught scorer that has something to tell of how it was taught, such as settings that were searched for.

    Attributes
    ----------
    ask : callable
        ``ask(X)`` gives scores.
    told : dict
        Plain data.
    """

    ask: Predict
    told: dict[str, Any]

    def __call__(self, X: pd.DataFrame) -> np.ndarray:
        """Return the scores of rows."""
        return self.ask(X)


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Something that ranks households.

    Attributes
    ----------
    name : str
        ``model``, ``rule``, ``one_number``, ``logistic``, …: the key in the experiment file.
    zh, en : str
        Its short name in tables and pictures.
    means_zh, means_en : str
        What it goes by, said once a page.
    probabilities : bool
        Whether what it gives is a probability, or only an order.
    fit : callable
        ``fit(X, y, groups)`` gives ``predict(X)``, which gives an array of scores, higher first.
    dated : bool
        Whether ``fit`` also takes ``as_of``, the date of each row.
    columns : tuple of str, optional
        The columns of ``X`` that it reads; all when absent.
    settings : dict
        Plain data: all that its scores depend on besides rows.
    average_of : tuple of str
        Names of the scorers whose margins it is the mean of; such a one is never taught itself.
    classifier : callable, optional
        Of the model alone: what ``fit`` takes gives the fitted classifier and what there is to tell of it, so that it
        can be kept and asked again.
    """

    name: str
    zh: str
    en: str
    means_zh: str
    means_en: str
    probabilities: bool
    fit: Fit
    dated: bool = False
    columns: tuple[str, ...] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    average_of: tuple[str, ...] = ()
    classifier: Callable[..., tuple[RiskClassifier, dict[str, Any]]] | None = None


@dataclass(frozen=True)
class Asks:
    """What asks a classifier for the risks of rows."""

    classifier: RiskClassifier
    columns: tuple[str, ...]

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the risks of rows."""
        return np.asarray(self.classifier.predict_proba(rows[list(self.columns)]))[:, 1]


def asks(classifier: RiskClassifier, columns: Sequence[str]) -> Asks:
    """Return what asks a classifier for the risks of rows."""
    return Asks(classifier, tuple(columns))
