"""Features that no longer look as they did, ranked by what that does to the score.

Of a sample of households (the same ones at every date) each feature's mean contribution to the margin is followed from
month to month. How far it moved beyond what its own past lets expect is the effect of its drift on the score, in
log-odds of the mean household. The index of the shift in its shares, the shift of its mean and of what is missing stand
beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.evaluation.reference import psi, reference_of
from riskmodel.explain import Contributions
from riskmodel.watching.series import YEAR, Change, change

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec
    from riskmodel.model import Bundle

# Log-odds: a fifth more or fewer odds of need for the mean household.
MATERIAL = 0.2
# Of a feature that has values and comes to have none, or the reverse.
MISSING = 0.2
_FLOORS = {"effect": 0.005, "missing": 0.01}


@dataclass(frozen=True, kw_only=True)
class FeatureDrift:
    """What became of one feature.

    Attributes
    ----------
    effect : Change or None
        Its mean contribution to the margin, log-odds.
    missing : Change or None
        The share of households without a value.
    index : float
        Population stability index of this month against all reference months together.
    usual_index : float
        The largest such index among the reference months themselves: what is usual.
    mean_before, mean_now : float
        Of the values that are there; NaN where none is.
    """

    spec: FeatureSpec
    effect: Change | None
    missing: Change | None
    index: float
    usual_index: float
    mean_before: float
    mean_now: float

    @property
    def moved(self) -> bool:
        """Whether it moved more than its past lets expect, and enough to matter."""
        by_score = self.effect is not None and self.effect.beyond(MATERIAL)
        return by_score or (self.missing is not None and self.missing.beyond(MISSING))

    @property
    def weight(self) -> float:
        """What it is ranked by: the size of its effect on the margin."""
        return 0.0 if self.effect is None else abs(self.effect.deviation)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.spec.name,
            "zh": self.spec.zh,
            "en": self.spec.en,
            "effect": None if self.effect is None else self.effect.to_dict(),
            "missing": None if self.missing is None else self.missing.to_dict(),
            "index": self.index,
            "usual_index": self.usual_index,
            "mean_before": None if math.isnan(self.mean_before) else self.mean_before,
            "mean_now": None if math.isnan(self.mean_now) else self.mean_now,
            "moved": self.moved,
        }


@dataclass(frozen=True, kw_only=True)
class ScoreDrift:
    """What became of the score, over the same sample.

    Attributes
    ----------
    margin : Change or None
        The mean margin, log-odds.
    above : Change or None
        The share above the margin that the last of the list had a year before (or at the oldest date).
    months : list of dict
        ``as_of``, ``mean_margin``, ``above`` of each date.
    """

    margin: Change | None
    above: Change | None
    months: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "mean_margin": None if self.margin is None else self.margin.to_dict(),
            "above_threshold": None if self.above is None else self.above.to_dict(),
            "months": self.months,
        }


def watch_features(
    sample: pd.DataFrame, bundle: Bundle, specs: Sequence[FeatureSpec], months: Sequence[date], *, share: float
) -> tuple[list[FeatureDrift], ScoreDrift]:
    """Follow the model's features and its score over a sample of households.

    Parameters
    ----------
    sample : DataFrame
        ``as_of`` and the model's features, of every month.
    months : sequence of date
        Oldest first; the last is the one that is watched.
    share : float
        The part of households that the list has room for.

    Returns
    -------
    list of FeatureDrift
        The one that moves the score most first.
    ScoreDrift
    """
    order = {day: number for number, day in enumerate(months)}
    number = sample["as_of"].map(order).to_numpy(dtype=np.int64)
    X = bundle.pick(sample)
    contributions = Contributions(bundle.classifier, rows=len(X))(X)
    margin = float(bundle.classifier.base_value_) + contributions.sum(axis=1)
    size = np.bincount(number, minlength=len(months)).astype(float)

    def by_month(values: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.bincount(number, weights=values, minlength=len(months)) / size

    drifts = []
    for place, spec in enumerate(specs):
        values = X[spec.name].to_numpy(dtype=np.float64)
        missing = by_month(np.isnan(values).astype(float))
        index, usual, before, now = _shift(values, number, sample["household_id"].to_numpy(), len(months))
        drifts.append(
            FeatureDrift(
                spec=spec,
                effect=change(by_month(contributions[:, place]), floor=_FLOORS["effect"]),
                missing=change(missing, floor=_FLOORS["missing"]),
                index=index,
                usual_index=usual,
                mean_before=before,
                mean_now=now,
            )
        )
    reference = number == max(0, len(months) - 1 - YEAR)
    threshold = float(np.quantile(margin[reference], 1 - share)) if reference.any() else math.nan
    mean, above = by_month(margin), by_month((margin > threshold).astype(float))
    score = ScoreDrift(
        margin=change(mean, floor=2 * _FLOORS["effect"]),
        above=change(above, noise=np.sqrt(share * (1 - share) / np.maximum(size, 1)), floor=0.002),
        months=[
            {"as_of": str(day), "mean_margin": float(mean[i]), "above": float(above[i])} for i, day in enumerate(months)
        ],
    )
    return sorted(drifts, key=lambda drift: (-drift.weight, drift.spec.name)), score


def _shift(
    values: NDArray[np.float64], number: NDArray[Any], households: NDArray[Any], months: int
) -> tuple[float, float, float, float]:
    """Return the index of the last month against the earlier ones, the largest among these, and both means."""
    earlier = number < months - 1
    frame = pd.DataFrame({"value": values[earlier]})
    reference = reference_of(frame, households=households[earlier])[0]
    indices = [psi(reference, values[number == month]) for month in range(months) if (number == month).any()]

    def mean(chosen: NDArray[np.bool_]) -> float:
        there = values[chosen]
        there = there[~np.isnan(there)]
        return float(there.mean()) if there.size else math.nan

    return indices[-1], max(indices[:-1], default=math.nan), mean(earlier), mean(number == months - 1)
