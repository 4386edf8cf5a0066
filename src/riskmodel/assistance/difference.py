"""How much more the income of matched households changed: a difference of differences, and how sure it is.

What the matched differ in still is taken out by a regression on those compared with (Abadie and Imbens, "Bias-Corrected
Matching Estimators for Average Treatment Effects", Journal of Business & Economic Statistics 29, 2011). The interval
draws villages again with the matches, and how often each household is used, held fixed: drawing households and matching
them anew does not give the right spread (Abadie and Imbens, Econometrica 76, 2008), this does (Otsu and Rai, Journal of
the American Statistical Association 112, 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.assistance.matched import Matches
from riskmodel.evaluation.bootstrap import ClusterDraws, Estimate, estimate, widened

# Below so many matched households, or villages, an interval would say more than it knows.
LEAST_MATCHED = 20
LEAST_VILLAGES = 5
# The regression needs so many households compared with for each feature.
_ROWS_A_FEATURE = 10


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The matched households, as a sum over rows sees them.

    Attributes
    ----------
    treated : ndarray of float
        1 for a matched household that had the measure, else 0.
    compared : ndarray of float
        The weight as one compared with; they add up to the treated.
    features : ndarray, shape (rows, n)
        What the regression is on.
    villages : ndarray of int
        The village of each row, numbered from 0.
    rows : ndarray of int
        Which rows of the follow-up they are.
    """

    treated: np.ndarray
    compared: np.ndarray
    features: np.ndarray
    villages: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, matches: Matches, *, villages: np.ndarray) -> Sample:
        """Return the rows that are in a matched set; ``villages`` names the village of every row."""
        compared = matches.weights
        treated = np.bincount(matches.treated, minlength=len(compared)).astype(float)
        used = np.flatnonzero((treated > 0) | (compared > 0))
        _, numbers = np.unique(villages[used], return_inverse=True)
        return cls(
            treated=treated[used],
            compared=compared[used],
            features=matches.features[used],
            villages=numbers,
            rows=used,
        )

    @property
    def clusters(self) -> int:
        """How many villages the treated are of: the smaller of the two groups says how sure a spread is."""
        return len(np.unique(self.villages[self.treated > 0]))

    def mean_difference(self, values: np.ndarray) -> float:
        """Return the mean over the treated less the weighted mean over those compared with."""
        total = self.treated.sum()
        return float(((self.treated - self.compared) * values).sum() / total) if total else np.nan

    @property
    def adjustable(self) -> bool:
        """Whether enough households are compared with for a regression on the features."""
        return bool((self.compared > 0).sum() >= _ROWS_A_FEATURE * (self.features.shape[1] + 1))

    def adjusted(self, changes: np.ndarray) -> np.ndarray:
        """Return the changes less what a regression on those compared with expects of each household's features.

        The changes themselves where the sample is not :attr:`adjustable`.
        """
        if not self.adjustable:
            return changes
        chosen = self.compared > 0
        root = np.sqrt(self.compared[chosen])
        design = np.column_stack([np.ones(len(changes)), self.features])
        slope, *_ = np.linalg.lstsq(design[chosen] * root[:, None], changes[chosen] * root, rcond=None)
        return np.asarray(changes - design @ slope)


def difference(sample: Sample, changes: np.ndarray, *, draws: int, level: float, seed: int) -> Estimate:
    """Return how much more ``changes`` are among the treated, with an interval over draws of villages.

    Without an interval below :data:`LEAST_MATCHED` matched households or :data:`LEAST_VILLAGES` villages of theirs.
    """
    value = sample.mean_difference(changes)
    if sample.treated.sum() < LEAST_MATCHED or sample.clusters < LEAST_VILLAGES:
        return Estimate(value=value, low=np.nan, high=np.nan)
    villages = int(sample.villages.max()) + 1
    counts = ClusterDraws.of(villages, draws=draws, seed=seed).counts.astype(float)

    def drawn(weights: np.ndarray) -> np.ndarray:
        sums = np.bincount(sample.villages, weights=weights * changes, minlength=villages)
        sizes = np.bincount(sample.villages, weights=weights, minlength=villages)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((counts @ sums) / (counts @ sizes))

    spread = drawn(sample.treated) - drawn(sample.compared)
    return estimate(value, spread, level=widened(level, groups=sample.clusters))
