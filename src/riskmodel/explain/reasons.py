"""Reasons: the ideas that contributed most to one household's score, with its own values.

What raises the score and what lowers it are both told: a visitor who sees only what raises it would meet a household
described by half of what the model knows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import CallError
from riskmodel.explain.ideas import Ideas
from riskmodel.explain.words import Fact, contribution_words, fact_words
from riskmodel.registry.codes import Lang

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec

RAISING, LOWERING = 5, 3
_LANGUAGES: tuple[Lang, ...] = ("zh", "en")
# In log-odds: it moves the odds by a fiftieth. A reason weaker than that is not worth a sentence at the door.
WORTH_SAYING = 0.02


@dataclass(frozen=True)
class Beside:
    """What a household's values are held beside; arrays of shape (rows, features), NaN where there is nothing to say.

    Attributes
    ----------
    village_median : float array
        The median among the households of its village.
    year_ago : float array
        The household's own value twelve months before, as known then.
    unseen : bool array
        Whether the value lies outside what the model saw in training.
    """

    village_median: NDArray[np.float64]
    year_ago: NDArray[np.float64]
    unseen: NDArray[np.bool_]

    @classmethod
    def nothing(cls, shape: tuple[int, int]) -> Beside:
        """Return that there is nothing to hold values beside."""
        return cls(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool))


@dataclass(frozen=True)
class Reason:
    """One reason of one household: an idea, told by its most telling feature.

    Attributes
    ----------
    feature : str
        The feature of the idea that contributed most in the direction of the sum.
    idea : str
    together : tuple of str
        The idea's other features, whose contributions are in the sum.
    risk_type : str or None
        The risk type the catalogue points to.
    value : float or None
        The household's own value in the feature's unit; None when missing.
    contribution : float
        What the idea's features contributed to the margin together (log-odds); positive raises the score.
    village_median, year_ago : float or None
        What the value is held beside, where there is something.
    unseen : bool
        Whether the value lies outside what the model saw in training.
    zh, en : str
        The sentences.
    """

    feature: str
    idea: str
    together: tuple[str, ...]
    risk_type: str | None
    value: float | None
    contribution: float
    village_median: float | None
    year_ago: float | None
    unseen: bool
    zh: str
    en: str


@dataclass(frozen=True)
class Explained:
    """What is told about one household: its reasons, and the sum of all contributions beyond them."""

    reasons: tuple[Reason, ...]
    other_contributions: float


def chosen_ideas(
    sums: NDArray[np.float64], *, raising: int = RAISING, lowering: int = LOWERING, worth: float = WORTH_SAYING
) -> list[list[int]]:
    """Return, row by row, the ideas worth saying: those that raise the score, the largest first, then those that lower.

    Equal ones keep the order of the ideas.

    >>> chosen_ideas(np.array([[0.1, -0.9, 0.0, 0.5, 0.01]]), raising=5, lowering=1)
    [[3, 0, 1]]
    """
    raised = np.argsort(-sums, axis=1, kind="stable")[:, :raising]
    lowered = np.argsort(sums, axis=1, kind="stable")[:, :lowering]
    up = np.take_along_axis(sums, raised, axis=1) >= worth
    down = np.take_along_axis(sums, lowered, axis=1) <= -worth
    chosen = zip(raised.tolist(), up.tolist(), lowered.tolist(), down.tolist(), strict=True)
    return [
        [*itertools.compress(most, worth_it), *itertools.compress(least, worth_too)]
        for most, worth_it, least, worth_too in chosen
    ]


def explain_rows(
    values: NDArray[np.float64],
    contributions: NDArray[np.float64],
    *,
    specs: Sequence[FeatureSpec],
    beside: Beside | None = None,
    raising: int = RAISING,
    lowering: int = LOWERING,
) -> list[Explained]:
    """Return the reasons of each row.

    Parameters
    ----------
    values, contributions : array of shape (rows, features)
        The features' values (NaN = missing) and what each contributed to the margin.
    specs : sequence of FeatureSpec
        The catalogue's entries in the order of the columns.
    beside : Beside, optional
        What the values are held beside.
    raising, lowering : int
        How many reasons at most of either kind; one below :data:`WORTH_SAYING` is never told.
    """
    if not values.shape == contributions.shape == (len(values), len(specs)):
        raise CallError(
            f"values {values.shape}, contributions {contributions.shape} and {len(specs)} features "
            "must describe the same columns"
        )
    beside = beside or Beside.nothing((len(values), len(specs)))
    ideas = Ideas.of(specs)
    sums = ideas.sums(contributions)
    telling = ideas.most_telling(contributions)
    moved = contributions != 0.0
    told = _Told(specs)
    rows = []
    for row, positions in enumerate(chosen_ideas(sums, raising=raising, lowering=lowering)):
        own = telling[row, positions]
        facts = zip(
            own.tolist(),
            values[row, own].tolist(),
            beside.village_median[row, own].tolist(),
            beside.year_ago[row, own].tolist(),
            beside.unseen[row, own].tolist(),
            strict=True,
        )
        moving = moved[row].tolist()
        reasons = []
        for idea, contribution, (place, *fact) in zip(positions, sums[row, positions].tolist(), facts, strict=True):
            others = tuple(specs[p].name for p in ideas.members(idea) if p != place and moving[p])
            reasons.append(told.reason(place, Fact(*fact), contribution, ideas.names[idea], others))
        beyond = np.delete(sums[row], positions)
        rows.append(Explained(reasons=tuple(reasons), other_contributions=float(beyond.sum())))
    return rows


class _Told:
    """Reasons in words; what was said of one household's fact is said again of another's, who has the same."""

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        self._specs = specs
        self._words: dict[tuple[object, ...], dict[Lang, str]] = {}

    def reason(self, place: int, fact: Fact, contribution: float, idea: str, together: tuple[str, ...]) -> Reason:
        """Return one reason, told by the feature at ``place``."""
        spec = self._specs[place]
        value, median, year_ago = (
            None if math.isnan(number) else number for number in (fact.value, fact.village_median, fact.year_ago)
        )
        key = (place, value, median, year_ago, fact.unseen)
        words = self._words.get(key)
        if words is None:
            words = self._words[key] = {lang: fact_words(spec, fact, lang) for lang in _LANGUAGES}
        many = len(together)
        return Reason(
            feature=spec.name,
            idea=idea,
            together=together,
            risk_type=spec.risk_type or None,
            value=value,
            contribution=contribution,
            village_median=median,
            year_ago=year_ago,
            unseen=fact.unseen,
            zh=words["zh"] + contribution_words(contribution, "zh", together=many),
            en=words["en"] + contribution_words(contribution, "en", together=many),
        )
