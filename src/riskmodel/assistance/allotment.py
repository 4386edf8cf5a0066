"""Who gets which place, so that the need that is served is the greatest: worked out in whole numbers, so exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Allotment:
    """Places of several kinds, given one after another so that their worth together is the greatest.

    After each round the worth is the greatest that so many places can have: a newcomer takes a free place, or one
    whose holder moves to a place of another kind, and so on, whichever adds most (successive augmenting paths). It ends
    when nothing adds any more. Where two ways add the same, the household whose id sorts first goes first.

    Parameters
    ----------
    worth : mapping of str to mapping of str to int
        By household and kind, what giving it that place is worth: whole, so that no sum is rounded.
    quotas : mapping of str to int
        Places of each kind.

    Examples
    --------
    One place of each kind: H1 has more need of the post, but H2 can only take the post.

    >>> Allotment({"H1": {"post": 9, "loan": 8}, "H2": {"post": 5}}, {"post": 1, "loan": 1}).given()
    {'H1': 'loan', 'H2': 'post'}
    """

    worth: Mapping[str, Mapping[str, int]]
    quotas: Mapping[str, int]
    _holds: dict[str, str] = field(default_factory=dict)

    def given(self) -> dict[str, str]:
        """Return the kind of place that each household gets; those that get none are absent."""
        self._holds = {}
        kinds = sorted(kind for kind, quota in self.quotas.items() if quota > 0)
        while True:
            path = self._best_path(kinds)
            if path is None:
                return dict(sorted(self._holds.items()))
            self._holds.update(path)

    def _best_path(self, kinds: list[str]) -> list[tuple[str, str]] | None:
        """Return who takes which kind, the newcomer first, on the way to a free place that adds most; None if none."""
        held = list(self._holds.values())
        best: dict[str, tuple[int, list[tuple[str, str]]]] = {}
        for household in sorted(self.worth):
            if household not in self._holds:
                for kind in kinds:
                    gain = self.worth[household].get(kind)
                    if gain is not None and (kind not in best or gain > best[kind][0]):
                        best[kind] = (gain, [(household, kind)])
        moves = self._moves(kinds)
        # Each move takes one more kind in: a way through all of them has fewer moves than there are kinds.
        for _ in kinds:
            for (start, end), (gain, household) in moves.items():
                if start in best and household not in dict(best[start][1]):
                    there = best[start][0] + gain
                    if end not in best or there > best[end][0]:
                        best[end] = (there, [*best[start][1], (household, end)])
        free = [kind for kind in kinds if kind in best and held.count(kind) < self.quotas[kind]]
        gain, path = max((best[kind] for kind in free), key=lambda one: one[0], default=(0, []))
        return path if gain > 0 else None

    def _moves(self, kinds: list[str]) -> dict[tuple[str, str], tuple[int, str]]:
        """Return, from each kind to each other, whose move adds most, and how much."""
        moves: dict[tuple[str, str], tuple[int, str]] = {}
        for household, start in sorted(self._holds.items()):
            for end in kinds:
                if end != start and end in self.worth[household]:
                    gain = self.worth[household][end] - self.worth[household][start]
                    if (start, end) not in moves or gain > moves[start, end][0]:
                        moves[start, end] = (gain, household)
        return moves
