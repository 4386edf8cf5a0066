"""Reasons: the ideas that contributed most to one household's score, with its own values.

What raises the score and what lowers it are both told: a visitor who sees only what raises it would meet a household
described by half of what the model knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import CallError
from riskmodel.explain.ideas import Ideas
from riskmodel.explain.words import Fact, Speaker, contribution_in_words

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec

RAISING, LOWERING = 5, 3
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


@dataclass(frozen=True)
class Reasons:
    """The reasons of many rows, column by column: those of row r are ``starts[r]`` up to ``starts[r + 1]``.

    Attributes
    ----------
    starts : int array of shape (rows + 1,)
    place, idea : int array of shape (reasons,)
        The feature that tells it, among the specs; the idea, among :attr:`ideas`.
    ideas : tuple of str
    together_starts : int array of shape (reasons + 1,)
    together : int array
        The idea's other features that contributed, reason by reason.
    contribution, value, village_median, year_ago : float array of shape (reasons,)
        NaN where there is nothing.
    unseen : bool array of shape (reasons,)
    zh, en : list of str
        The sentences.
    other_contributions : float array of shape (rows,)
        The sum of all contributions beyond a row's reasons.
    """

    starts: NDArray[np.int_]
    place: NDArray[np.int_]
    idea: NDArray[np.int_]
    ideas: tuple[str, ...]
    together_starts: NDArray[np.int_]
    together: NDArray[np.int_]
    contribution: NDArray[np.float64]
    value: NDArray[np.float64]
    village_median: NDArray[np.float64]
    year_ago: NDArray[np.float64]
    unseen: NDArray[np.bool_]
    zh: list[str]
    en: list[str]
    other_contributions: NDArray[np.float64]


def chosen_ideas(
    sums: NDArray[np.float64], *, raising: int = RAISING, lowering: int = LOWERING, worth: float = WORTH_SAYING
) -> list[list[int]]:
    """Return, row by row, the ideas worth saying: those that raise the score, the largest first, then those that lower.

    Equal ones keep the order of the ideas.

    >>> chosen_ideas(np.array([[0.1, -0.9, 0.0, 0.5, 0.01]]), raising=5, lowering=1)
    [[3, 0, 1]]
    """
    ideas, said = _chosen(sums, raising=raising, lowering=lowering, worth=worth)
    return [row[worth_it].tolist() for row, worth_it in zip(ideas, said, strict=True)]


def _chosen(
    sums: NDArray[np.float64], *, raising: int, lowering: int, worth: float = WORTH_SAYING
) -> tuple[NDArray[np.int_], NDArray[np.bool_]]:
    """Return some ideas of each row, in their order, and whether each is worth saying."""
    raised = np.argsort(-sums, axis=1, kind="stable")[:, :raising]
    lowered = np.argsort(sums, axis=1, kind="stable")[:, :lowering]
    up = np.take_along_axis(sums, raised, axis=1) >= worth
    down = np.take_along_axis(sums, lowered, axis=1) <= -worth
    return np.hstack([raised, lowered]), np.hstack([up, down])


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
    told = reasons_of(values, contributions, specs=specs, beside=beside, raising=raising, lowering=lowering)
    rows = []
    for row, beyond in enumerate(told.other_contributions.tolist()):
        own = range(int(told.starts[row]), int(told.starts[row + 1]))
        rows.append(Explained(tuple(_reason(told, number, specs) for number in own), beyond))
    return rows


def _reason(told: Reasons, number: int, specs: Sequence[FeatureSpec]) -> Reason:
    spec = specs[int(told.place[number])]
    others = told.together[told.together_starts[number] : told.together_starts[number + 1]]
    value, median, year_ago = (
        None if math.isnan(figure) else figure
        for figure in (float(column[number]) for column in (told.value, told.village_median, told.year_ago))
    )
    return Reason(
        feature=spec.name,
        idea=told.ideas[int(told.idea[number])],
        together=tuple(specs[place].name for place in others),
        risk_type=spec.risk_type or None,
        value=value,
        contribution=float(told.contribution[number]),
        village_median=median,
        year_ago=year_ago,
        unseen=bool(told.unseen[number]),
        zh=told.zh[number],
        en=told.en[number],
    )


def reasons_of(
    values: NDArray[np.float64],
    contributions: NDArray[np.float64],
    *,
    specs: Sequence[FeatureSpec],
    beside: Beside | None = None,
    raising: int = RAISING,
    lowering: int = LOWERING,
) -> Reasons:
    """Return what :func:`explain_rows` does, column by column: for many rows."""
    if not values.shape == contributions.shape == (len(values), len(specs)):
        raise CallError(
            f"values {values.shape}, contributions {contributions.shape} and {len(specs)} features "
            "must describe the same columns"
        )
    beside = beside or Beside.nothing((len(values), len(specs)))
    ideas = Ideas.of(specs)
    sums = ideas.sums(contributions)
    chosen, said = _chosen(sums, raising=raising, lowering=lowering)
    rows, _ = np.nonzero(said)
    idea = chosen[said]
    place = ideas.most_telling(contributions)[rows, idea]
    beyond = sums.copy()
    beyond[rows, idea] = 0.0
    together_starts, together = _together(contributions, ideas, rows=rows, idea=idea, place=place)
    value, median, year_ago = (of[rows, place] for of in (values, beside.village_median, beside.year_ago))
    unseen = beside.unseen[rows, place]
    contribution = sums[rows, idea]
    zh, en = _said(specs, place, (value, median, year_ago, unseen), contribution, np.diff(together_starts))
    return Reasons(
        starts=np.concatenate([[0], np.cumsum(said.sum(axis=1))]),
        place=place,
        idea=idea,
        ideas=ideas.names,
        together_starts=together_starts,
        together=together,
        contribution=contribution,
        value=value,
        village_median=median,
        year_ago=year_ago,
        unseen=unseen,
        zh=zh,
        en=en,
        other_contributions=beyond.sum(axis=1),
    )


def _together(
    contributions: NDArray[np.float64],
    ideas: Ideas,
    *,
    rows: NDArray[np.int_],
    idea: NDArray[np.int_],
    place: NDArray[np.int_],
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return the other features of each reason's idea that contributed: where each begins, and them."""
    reasons, features = [np.empty(0, np.int_)], [np.empty(0, np.int_)]
    for number in np.unique(idea).tolist():
        members = np.array(ideas.members(number))
        own = np.flatnonzero(idea == number)
        moved = contributions[np.ix_(rows[own], members)] != 0.0
        of_reason, which = np.nonzero(moved & (members != place[own][:, None]))
        reasons.append(own[of_reason])
        features.append(members[which])
    of_reason, which = np.concatenate(reasons), np.concatenate(features)
    many = np.bincount(of_reason, minlength=len(idea))
    return np.concatenate([[0], np.cumsum(many)]), which[np.argsort(of_reason, kind="stable")]


def _said(
    specs: Sequence[FeatureSpec],
    place: NDArray[np.int_],
    facts: Sequence[NDArray[Any]],
    contribution: NDArray[np.float64],
    together: NDArray[np.int_],
) -> tuple[list[str], list[str]]:
    """Return the sentences; what was said of one household's fact is said again of another's, who has the same."""
    speakers = [Speaker(spec) for spec in specs]
    words: dict[tuple[int, ...], tuple[str, str]] = {}
    # As bits: no two NaN are equal.
    same = zip(
        place.tolist(), *(np.ascontiguousarray(of).view(f"i{of.itemsize}").tolist() for of in facts), strict=True
    )
    told = zip(*(column.tolist() for column in facts), strict=True)
    zh, en = [], []
    for key, fact, moved, others in zip(same, told, contribution.tolist(), together.tolist(), strict=True):
        said = words.get(key)
        if said is None:
            said = words[key] = speakers[key[0]].words(Fact(*fact))
        of_zh, of_en = contribution_in_words(moved, others)
        zh.append(said[0] + of_zh)
        en.append(said[1] + of_en)
    return zh, en
