"""Columns by name: which one is meant, which is missing, which direction it is bound to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import CallError, did_you_mean


def monotone_signs(
    monotone: Mapping[str, int] | Sequence[int] | NDArray[np.int_] | None, names: Sequence[str]
) -> NDArray[np.int_]:
    """Directions as one array, in the order of ``names``.

    Parameters
    ----------
    monotone : mapping of name to direction, sequence of one direction a feature, or None
        +1: the risk may only rise when the feature grows; -1: only fall; 0 (or not named): free.
    names : sequence of str

    Returns
    -------
    ndarray of shape (n_features,)

    Raises
    ------
    CallError
        For an unknown name (with the nearest known one), a wrong length, or a direction other than -1, 0, 1.

    Examples
    --------
    >>> monotone_signs({"illness": 1}, ["income", "illness"])
    array([0, 1])
    """
    signs = np.zeros(len(names), dtype=np.int_)
    if monotone is None:
        return signs
    if isinstance(monotone, Mapping):
        where = {name: at for at, name in enumerate(names)}
        for name, direction in monotone.items():
            if name not in where:
                raise CallError(f'monotone names "{name}", which is not a column of X.{did_you_mean(str(name), names)}')
            signs[where[name]] = _direction(direction, str(name))
        return signs
    if len(monotone) != len(names):
        raise CallError(f"monotone has {len(monotone)} directions, X has {len(names)} columns: give one a column.")
    for at, (name, direction) in enumerate(zip(names, monotone, strict=True)):
        signs[at] = _direction(direction, name)
    return signs


def _direction(given: Any, name: str) -> int:
    if given not in (-1, 0, 1):
        raise CallError(f'monotone["{name}"] is {given!r}: expected -1, 0 or 1.')
    return int(given)
