"""Ideas: correlated features speak once, with the sum of what they contributed.

Wages of three months, of twelve, and their change say nearly the same of a household, and trees split what they
contribute between them by accident. Told one by one they would fill a list of five reasons with one; their sum is
steadier, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec


@dataclass(frozen=True)
class Ideas:
    """The ideas of a model's features.

    Attributes
    ----------
    names : tuple of str
        In the order in which the features name them first.
    of_feature : int array of shape (features,)
        The position of each feature's idea.
    """

    names: tuple[str, ...]
    of_feature: NDArray[np.int_]

    @classmethod
    def of(cls, specs: Sequence[FeatureSpec]) -> Ideas:
        """Gather the ideas that catalogue entries name; an entry without one (of an older bundle) is its own."""
        named = [spec.idea or spec.name for spec in specs]
        names = tuple(dict.fromkeys(named))
        position = {name: number for number, name in enumerate(names)}
        return cls(names, np.array([position[name] for name in named], dtype=np.int_))

    def sums(self, contributions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each idea contributed: the sums over its features, of shape (rows, ideas).

        >>> two = Ideas(("wages", "illness"), np.array([0, 1, 0]))
        >>> two.sums(np.array([[0.5, 0.25, -0.125]])).tolist()
        [[0.375, 0.25]]
        """
        belongs = self.of_feature[:, None] == np.arange(len(self.names))
        return np.asarray(contributions @ belongs.astype(np.float64))

    def members(self, idea: int) -> tuple[int, ...]:
        """Return the positions of an idea's features."""
        return self._members[idea]

    @cached_property
    def _members(self) -> tuple[tuple[int, ...], ...]:
        return tuple(
            tuple(int(place) for place in np.flatnonzero(self.of_feature == idea)) for idea in range(len(self.names))
        )

    def most_telling(self, contributions: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return which of each idea's features, row by row, contributed most in the direction of their sum.

        Parameters
        ----------
        contributions : float array of shape (rows, features)

        Returns
        -------
        int array of shape (rows, ideas)

        >>> two = Ideas(("wages", "illness"), np.array([0, 1, 0]))
        >>> two.most_telling(np.array([[0.5, 0.25, -0.75]])).tolist()
        [[2, 1]]
        """
        telling = np.empty((len(contributions), len(self.names)), dtype=np.intp)
        for idea, members in enumerate(self._members):
            own = contributions[:, members]
            way = np.where(own.sum(axis=1) >= 0, 1.0, -1.0)
            telling[:, idea] = np.take(members, np.argmax(own * way[:, None], axis=1))
        return telling
