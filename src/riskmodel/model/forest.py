"""LightGBM's trees for many rows at once: which leaf a row falls into is found by bits, not by walking.

A node knows, as bits, which leaves a row can still reach when it goes right there: all but those to its left. Over all
nodes where a row goes right these are put together by "and"; the leftmost leaf that remains is the row's (QuickScorer:
Lucchese et al., SIGIR 2015). Nothing branches, so the compiled loops take many rows with one instruction. The leaves'
values are added in the order of the trees, as LightGBM does: the sums are LightGBM's own to the last bit.

Importing this module imports Numba.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from riskmodel.engine.fused.compiled import compiled
from riskmodel.model.trees import trees_of

Array = NDArray[np.float64]

_LOG = logging.getLogger(__name__)

# As many leaves as a word has bits.
MOST_LEAVES = 64
# LightGBM reads what is this small as zero.
_ZERO = float(np.float32(1e-35))
_EVERY = 2**64 - 1
# LightGBM's decision_type.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING, _NONE_MISSING, _NAN_MISSING = 1, 2, 12, 0, 8
# Rows at a time: their values stay in the processor's cache while they pass all trees.
_TILE = 64
# Rows on which the sums are held against LightGBM's.
_SAMPLE = 256
# The place of the only bit of a word, by its product with a number that has each six bits once.
_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACES = np.zeros(64, np.uint8)
for _place in range(64):
    _PLACES[((_DE_BRUIJN << _place) & _EVERY) >> 58] = _place


@dataclass(frozen=True)
class Forest:
    """Trees as the compiled loops read them.

    Attributes
    ----------
    nodes : (trees + 1,) int array
        Where the nodes of each tree begin.
    features, thresholds, missing_right, remaining : (nodes,) arrays
        A row goes right where its value is above the threshold, or missing and ``missing_right``; it can then still
        reach the leaves of ``remaining``.
    leaves : (trees + 1,) int array
        Where the leaves of each tree begin.
    values : (leaves,) array
        From left to right.
    """

    nodes: NDArray[np.int64]
    features: NDArray[np.int64]
    thresholds: Array
    missing_right: NDArray[np.bool_]
    remaining: NDArray[np.uint64]
    leaves: NDArray[np.int64]
    values: Array

    def margin(self, columns: Array) -> Array:
        """Return what the trees add to each row.

        Parameters
        ----------
        columns : array of shape (features, rows)
            Float64, each feature's values side by side; NaN where missing.
        """
        out = np.zeros(columns.shape[1])
        _add_trees(
            columns,
            self.nodes,
            self.features,
            self.thresholds,
            self.missing_right,
            self.remaining,
            self.leaves,
            self.values,
            _PLACES,
            out,
        )
        return out


def read_forest(booster: lgb.Booster, text: str, columns: Array) -> Forest | None:
    """Return the trees of a booster, or None where they must be left to LightGBM.

    That is where a tree has more than 64 leaves, categories, or zero for missing; and where the sums of the first rows
    of ``columns`` (features, rows) are not LightGBM's own, which the log then tells.

    Parameters
    ----------
    text : str
        LightGBM's own of the booster: thresholds and values are exact in it.
    """
    forest = _read(text)
    if forest is None:
        return None
    sample = np.ascontiguousarray(columns[:, :_SAMPLE])
    own = booster.predict(np.ascontiguousarray(sample.T), raw_score=True, num_threads=1)
    if np.array_equal(forest.margin(sample), own):
        return forest
    _LOG.warning("margins are worked out by LightGBM alone: the faster way through its trees gave other sums")
    return None


def _read(text: str) -> Forest | None:
    trees = [_Tree.of(lines) for lines in trees_of(text)]
    read = [tree.read() for tree in trees if tree is not None]
    if len(read) < len(trees):
        return None
    nodes = [node for of_tree, _ in read for node in of_tree]
    features, thresholds, missing_right, remaining = zip(*nodes, strict=True) if nodes else ((), (), (), ())
    return Forest(
        np.cumsum([0, *(len(of_tree) for of_tree, _ in read)]),
        np.array(features, np.int64),
        np.array(thresholds, np.float64),
        np.array(missing_right, np.bool_),
        np.array(remaining, np.uint64),
        np.cumsum([0, *(len(values) for _, values in read)]),
        np.array([value for _, values in read for value in values], np.float64),
    )


@dataclass(frozen=True)
class _Tree:
    """A tree as LightGBM writes it: nodes by number, leaves by the complement of theirs."""

    features: list[int]
    thresholds: list[float]
    decisions: list[int]
    left: list[int]
    right: list[int]
    values: list[float]

    @classmethod
    def of(cls, lines: dict[str, str]) -> _Tree | None:
        """Return the tree, or None where it is of a kind that is not read here."""
        decisions = [int(number) for number in lines.get("decision_type", "").split()]
        plain = all(not each & _CATEGORICAL and each & _MISSING in {_NONE_MISSING, _NAN_MISSING} for each in decisions)
        if not plain or int(lines["num_leaves"]) > MOST_LEAVES or lines.get("is_linear", "0") != "0":
            return None
        return cls(
            [int(number) for number in lines.get("split_feature", "").split()],
            [float(number) for number in lines.get("threshold", "").split()],
            decisions,
            [int(number) for number in lines.get("left_child", "").split()],
            [int(number) for number in lines.get("right_child", "").split()],
            [float(number) for number in lines["leaf_value"].split()],
        )

    def read(self) -> tuple[list[tuple[int, float, bool, int]], list[float]]:
        """Return the nodes (feature, threshold, missing goes right, leaves that remain) and the leaves' values."""
        nodes: list[tuple[int, float, bool, int]] = []
        values: list[float] = []
        self._go_down(0 if self.features else ~0, nodes, values)
        return nodes, values

    def _go_down(self, number: int, nodes: list[tuple[int, float, bool, int]], values: list[float]) -> None:
        if number < 0:
            values.append(self.values[~number])
            return
        first = len(values)
        self._go_down(self.left[number], nodes, values)
        to_the_left = ((1 << (len(values) - first)) - 1) << first
        threshold, decision = self.thresholds[number], self.decisions[number]
        # Where training saw no missing value, one that is missing counts as zero.
        as_zero = decision & _MISSING == _NONE_MISSING
        missing_right = threshold < 0 if as_zero else not decision & _DEFAULT_LEFT
        nodes.append((self.features[number], _beside_zero(threshold), missing_right, _EVERY ^ to_the_left))
        self._go_down(self.right[number], nodes, values)


def _beside_zero(threshold: float) -> float:
    """Move a threshold out of what LightGBM reads as zero, to where all of it goes the way that zero goes."""
    if abs(threshold) > _ZERO:
        return threshold
    return _ZERO if threshold >= 0 else float(np.nextafter(-_ZERO, -np.inf))


@compiled
def _add_trees(
    columns: np.ndarray,
    nodes: np.ndarray,
    features: np.ndarray,
    thresholds: np.ndarray,
    missing_right: np.ndarray,
    remaining: np.ndarray,
    leaves: np.ndarray,
    values: np.ndarray,
    places: np.ndarray,
    out: np.ndarray,
) -> None:
    """Add to ``out`` the value of each row's leaf in each tree, tree after tree."""
    rows = columns.shape[1]
    reached = np.empty(_TILE, np.uint64)
    for start in range(0, rows, _TILE):
        many = min(_TILE, rows - start)
        for tree in range(len(nodes) - 1):
            reached[:] = np.uint64(_EVERY)
            for node in range(nodes[tree], nodes[tree + 1]):
                column = columns[features[node], start : start + many]
                threshold, there = thresholds[node], remaining[node]
                if missing_right[node]:
                    for row in range(many):
                        reached[row] &= np.uint64(_EVERY) if column[row] <= threshold else there
                else:
                    for row in range(many):
                        reached[row] &= there if column[row] > threshold else np.uint64(_EVERY)
            first = leaves[tree]
            for row in range(many):
                bits = reached[row]
                lowest = bits & (~bits + np.uint64(1))
                leaf = places[(lowest * np.uint64(_DE_BRUIJN)) >> np.uint64(58)]
                out[start + row] += values[first + leaf]
