"""What the features looked like when the model learned: shares in bins, coarse enough to speak of no household.

Bins are deciles of the rows that taught, their edges rounded to three figures; a missing value has a bin of its own.
A bin of fewer than five households is put together with its neighbour before anything is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LEAST_HOUSEHOLDS = 5
_BINS = 10
# An empty bin has no logarithm: it is taken as half a row of ten thousand.
_LEAST_SHARE = 5e-5
# Edges have three figures, so a value this near to one lies on it: twelve months are 11.99 or, over 29 February, 12.02.
_ON_THE_EDGE = 0.005


@dataclass(frozen=True, kw_only=True)
class FeatureReference:
    """A feature's shares at training.

    Attributes
    ----------
    edges : tuple of float
        Ascending; bin i holds ``edges[i-1] < value <= edges[i]``, but for half a percent of rounding; the
        first and last are open.
    shares : tuple of float
        One more than edges.
    missing : float or None
        The share without a value; None where these were too few to be shown: then they count in the first bin.
    mean : float
        Of the values that are there; NaN where none is.
    low, high : float or None
        Rounded outwards to three figures: fewer than five households had a lower, or a higher, value. None where
        fewer than five had any.
    """

    name: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float | None
    mean: float
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.name,
            "edges": list(self.edges),
            "shares": list(self.shares),
            "missing": self.missing,
            "mean": None if np.isnan(self.mean) else self.mean,
            "low": self.low,
            "high": self.high,
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> FeatureReference:
        """The inverse of `to_dict`."""
        return cls(
            name=given["name"],
            edges=tuple(given["edges"]),
            shares=tuple(given["shares"]),
            missing=given["missing"],
            mean=float("nan") if given["mean"] is None else given["mean"],
            low=given.get("low"),
            high=given.get("high"),
        )


def reference_of(X: pd.DataFrame, *, households: np.ndarray) -> list[FeatureReference]:
    """Return the shares of each column.

    Parameters
    ----------
    X : DataFrame
        The rows that taught.
    households : ndarray of shape (n_rows,)
        Whose row each is: a household seen at six dates counts once towards the five of a bin.

    Returns
    -------
    list of FeatureReference
        In the order of the columns.
    """
    codes = np.unique(households, return_inverse=True)[1]
    return [_reference(str(name), X[name].to_numpy(dtype=float), codes) for name in X.columns]


def psi(reference: FeatureReference, values: np.ndarray) -> float:
    """Population stability index of ``values`` against the reference: 0 for the same shares.

    It is the sum over bins of (share now − share then) × log(share now / share then).

    Parameters
    ----------
    values : ndarray of shape (n,)
        NaN where missing.
    """
    now = _counts(reference, values) / max(1, len(values))
    then = np.array([*reference.shares, *([] if reference.missing is None else [reference.missing])])
    now, then = np.maximum(now, _LEAST_SHARE), np.maximum(then, _LEAST_SHARE)
    return float(((now - then) * np.log(now / then)).sum())


def _bins_of(edges: Sequence[float], values: np.ndarray) -> np.ndarray:
    """The bin of each value; one that only rounding sets above an edge counts as on it."""
    ends = np.asarray(edges, dtype=float)
    return np.searchsorted(ends + _ON_THE_EDGE * np.abs(ends), values, side="left")


def _counts(reference: FeatureReference, values: np.ndarray) -> np.ndarray:
    gone = np.isnan(values)
    bins = _bins_of(reference.edges, values[~gone])
    counts = np.bincount(bins, minlength=len(reference.shares)).astype(float)
    if reference.missing is None:
        counts[0] += gone.sum()
        return counts
    return np.append(counts, float(gone.sum()))


def _reference(name: str, values: np.ndarray, households: np.ndarray) -> FeatureReference:
    gone = np.isnan(values)
    there = values[~gone]
    edges = _edges(there)
    apart = _few_or_none(np.flatnonzero(gone), households)
    edges = _merged(edges, there, households[~gone])
    draft = FeatureReference(name=name, edges=tuple(edges), shares=(0.0,) * (len(edges) + 1), missing=0.0, mean=np.nan)
    counts = _counts(draft, values)
    if not apart:
        counts[0] += counts[-1]
    shares = counts / max(1, len(values))
    low, high = _range(there, households[~gone])
    return FeatureReference(
        name=name,
        edges=draft.edges,
        shares=tuple(float(s) for s in shares[:-1]),
        missing=float(shares[-1]) if apart else None,
        mean=_rounded([there.mean()])[0] if there.size else float("nan"),
        low=low,
        high=high,
    )


def _range(there: np.ndarray, households: np.ndarray) -> tuple[float | None, float | None]:
    """Return the ends that fewer than five households lie beyond, rounded outwards."""
    members, codes = np.unique(households, return_inverse=True)
    if members.size < LEAST_HOUSEHOLDS:
        return None, None
    lows, highs = np.full(members.size, np.inf), np.full(members.size, -np.inf)
    np.minimum.at(lows, codes, there)
    np.maximum.at(highs, codes, there)
    low = np.partition(lows, LEAST_HOUSEHOLDS - 1)[LEAST_HOUSEHOLDS - 1]
    high = -np.partition(-highs, LEAST_HOUSEHOLDS - 1)[LEAST_HOUSEHOLDS - 1]
    return _outwards(float(low), math.floor), _outwards(float(high), math.ceil)


def _outwards(number: float, towards: Callable[[float], int]) -> float:
    """Round to three figures in one direction.

    >>> _outwards(12345.0, math.ceil), _outwards(-12345.0, math.floor), _outwards(0.0, math.floor)
    (12400.0, -12400.0, 0.0)
    """
    if number == 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 2)
    # Twelve decimals of a step are rounding, not a further step.
    return float(f"{towards(round(number / step, 9)) * step:.12g}")


def _edges(there: np.ndarray) -> list[float]:
    """Deciles; where there are but a few values, every one of them but the last."""
    values = np.unique(there)
    if values.size <= _BINS:
        return _rounded(values[:-1])
    return _rounded(np.quantile(there, np.linspace(0, 1, _BINS + 1)[1:-1]))


def _few_or_none(rows: np.ndarray, households: np.ndarray) -> bool:
    """Whether a bin may stand alone: empty, or of enough households."""
    return rows.size == 0 or np.unique(households[rows]).size >= LEAST_HOUSEHOLDS


def _merged(edges: Sequence[float], values: np.ndarray, households: np.ndarray) -> list[float]:
    """Drop edges until every bin between them holds enough households."""
    kept = list(edges)
    while kept:
        bins = _bins_of(kept, values)
        small = [b for b in range(len(kept) + 1) if np.unique(households[bins == b]).size < LEAST_HOUSEHOLDS]
        if not small:
            break
        kept.pop(min(small[0], len(kept) - 1))
    return kept


def _rounded(numbers: Sequence[float] | np.ndarray) -> list[float]:
    return sorted({float(f"{number:.3g}") for number in numbers})
