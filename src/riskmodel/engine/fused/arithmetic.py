"""Household nodes on NumPy arrays: NaN is missing, truths are 0 and 1, with the same rules as in SQL.

Nodes are laid out once as a list of steps, so that what features share is worked out once a slice and forgotten
after its last use.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from riskmodel.engine import plan

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_LEAVES = (plan.Reduction, plan.PolicyValue, plan.Peers)
_INNER = (plan.Constant, plan.Binary, plan.Unary, plan.IfElse, plan.Coalesce)


def can_evaluate(node: plan.Household) -> bool:
    """Tell whether every node below ``node`` is known here."""
    return all(isinstance(part, _LEAVES + _INNER) for part in plan.walk(node))


class Steps:
    """Household nodes as steps in an order in which each finds its parts done.

    Attributes
    ----------
    leaves : dict
        The reductions, policy figures and means over others that must be given, and the position of each.
    """

    def __init__(self, nodes: Iterable[plan.Household]) -> None:
        self.leaves: dict[plan.Household, int] = {}
        self._positions: dict[plan.Household, int] = {}
        self._steps: list[tuple[plan.Household, list[int]]] = []
        self._results = [self._lay_out(node) for node in nodes]
        self._last_use = list(range(len(self._steps)))
        for position, (_, parts) in enumerate(self._steps):
            for part in parts:
                self._last_use[part] = position
        for result in self._results:
            self._last_use[result] = len(self._steps)

    def _lay_out(self, node: plan.Household) -> int:
        if node in self._positions:
            return self._positions[node]
        parts = [] if isinstance(node, _LEAVES) else [self._lay_out(part) for part in plan.children(node)]
        position = self._positions[node] = len(self._steps)
        self._steps.append((node, parts))
        if isinstance(node, _LEAVES):
            self.leaves[node] = position
        return position

    def work_out(self, leaves: Mapping[int, np.ndarray], rows: int) -> list[np.ndarray]:
        """Return the value of each node, one a row, from those of the leaves by position."""
        values: dict[int, np.ndarray] = {}
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            for position, (node, parts) in enumerate(self._steps):
                if position in leaves:
                    values[position] = leaves[position]
                elif isinstance(node, plan.Constant):
                    values[position] = np.full(rows, node.value, np.float64)
                else:
                    values[position] = _value(node, [values[part] for part in parts])
                for part in parts:
                    if self._last_use[part] == position:
                        values.pop(part, None)
        return [values[result] for result in self._results]


def _value(node: plan.Household, parts: list[np.ndarray]) -> np.ndarray:
    match node:
        case plan.Binary(op):
            return _binary(op, *parts)
        case plan.Unary("not"):
            return _keep_missing(parts[0] == 0, parts[0])
        case plan.Unary("abs"):
            return np.abs(parts[0])
        case plan.Unary("log1p"):
            above = parts[0] + 1.0
            return np.log(np.where(above > 0, above, np.nan))
        case plan.Unary("sqrt"):
            return np.asarray(np.sqrt(np.where(parts[0] >= 0, parts[0], np.nan)))
        case plan.Unary("is_missing"):
            return np.isnan(parts[0]).astype(np.float64)
        case plan.IfElse():
            test, then, otherwise = parts
            return np.where(np.isnan(test), np.nan, np.where(test != 0, then, otherwise))
        case plan.Coalesce():
            value = parts[0]
            for part in parts[1:]:
                value = np.where(np.isnan(value), part, value)
            return value
    raise TypeError(f"not a household node: {node!r}")


def _binary(op: plan.BinaryOp, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    match op:
        case "/":
            return np.asarray(left / np.where(right == 0, np.nan, right))
        case "and":
            unknown = np.isnan(left) | np.isnan(right)
            return np.where((left == 0) | (right == 0), 0.0, np.where(unknown, np.nan, 1.0))
        case "or":
            unknown = np.isnan(left) | np.isnan(right)
            return np.where(_holds(left) | _holds(right), 1.0, np.where(unknown, np.nan, 0.0))
        case "min":
            return np.asarray(np.minimum(left, right))
        case "max":
            return np.asarray(np.maximum(left, right))
    if op in _ARITHMETIC:
        return np.asarray(_ARITHMETIC[op](left, right))
    return _keep_missing(_keep_missing(_COMPARE[op](left, right), left), right)


def _holds(value: np.ndarray) -> np.ndarray:
    return np.asarray((value != 0) & ~np.isnan(value))


def _keep_missing(truth: np.ndarray, given: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(given), np.nan, truth.astype(np.float64))
