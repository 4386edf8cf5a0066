"""Each household that a measure reached, and the few like it that none reached.

Of the same month, household type and county, and likewise on the monitoring list or not; in the township where one is
near enough, else in the county; and nearest in what was known before (:data:`~riskmodel.assistance.follow_up.NEAR`) by
Mahalanobis distance, so that features which say the same do not count twice. Nobody farther than the caliper is taken.
A household may stand for several. See Stuart, "Matching Methods for Causal Inference: A Review and a Look Forward",
Statistical Science 25 (2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.assistance.follow_up import NEAR, SAME
from riskmodel.errors import CallError

# Amounts beyond these shares of all rows count as if they lay there: one large sale is no yardstick.
_TAILS = (0.01, 0.99)


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Matched sets, over the rows of a follow-up.

    Attributes
    ----------
    treated : ndarray of int
        The row of each matched household that had the measure.
    compared, of : ndarray of int
        The row of each household compared with, and the set that it is in; one that is in several sets is repeated.
    nearby : ndarray of bool
        Whether a set's households are of its township.
    unmatched : ndarray of int
        The rows for which nobody near enough was found.
    features : ndarray, shape (rows, n)
        What the distance was taken in: uncorrelated, in standard deviations.
    """

    treated: np.ndarray
    compared: np.ndarray
    of: np.ndarray
    nearby: np.ndarray
    unmatched: np.ndarray
    features: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """The weight of every row as one compared with: each set's households share a weight of 1."""
        sizes = np.bincount(self.of, minlength=len(self.treated))
        return np.bincount(self.compared, weights=1.0 / sizes[self.of], minlength=len(self.features))

    def among(self, known: np.ndarray) -> Matches:
        """Return the sets of which the treated and at least one other are ``known``, a truth for each row."""
        there = known[self.compared] & known[self.treated][self.of]
        sizes = np.bincount(self.of[there], minlength=len(self.treated))
        numbers = np.cumsum(sizes > 0) - 1
        return Matches(
            treated=self.treated[sizes > 0],
            compared=self.compared[there],
            of=numbers[self.of[there]],
            nearby=self.nearby[sizes > 0],
            unmatched=self.unmatched,
            features=self.features,
        )


def match(rows: pd.DataFrame, *, neighbours: int, caliper: float) -> Matches:
    """Match the treated of a follow-up's rows, which are sorted by household and month.

    Parameters
    ----------
    neighbours
        How many to compare each with, at most.
    caliper
        The farthest that one may be: standard deviations, root mean square over the features.

    Raises
    ------
    CallError
        ``neighbours`` is below 1, or ``caliper`` not above 0.
    """
    if neighbours < 1:
        raise CallError(f"neighbours is {neighbours}; expected 1 or more households to compare each with.")
    if not caliper > 0:
        raise CallError(f"caliper is {caliper}; expected a distance above 0, in standard deviations.")
    features = uncorrelated(rows[list(NEAR)].to_numpy(dtype=float))
    reach = caliper * np.sqrt(max(1, features.shape[1]))
    found: list[tuple[int, np.ndarray, bool]] = []
    treated = rows.treated.to_numpy(dtype=bool)
    townships = rows.township_code.to_numpy(dtype=object)
    strata = rows.groupby(["month", *SAME]).ngroup().to_numpy()
    for stratum in np.unique(strata[treated]):
        places = np.flatnonzero(strata == stratum)
        pool = places[~treated[places]]
        chosen_here = places[treated[places]]
        for township in np.unique(townships[chosen_here]):
            mine = chosen_here[townships[chosen_here] == township]
            near = _nearest(features, mine, pool[townships[pool] == township], n=neighbours, reach=reach)
            lone = np.array([row for row, chosen in near.items() if not len(chosen)], dtype=int)
            found += [(row, chosen, True) for row, chosen in near.items() if len(chosen)]
            wide = _nearest(features, lone, pool, n=neighbours, reach=reach)
            found += [(row, chosen, False) for row, chosen in wide.items()]
    found.sort(key=lambda one: one[0])
    sets = [one for one in found if len(one[1])]
    return Matches(
        treated=np.array([row for row, _, _ in sets], dtype=int),
        compared=np.concatenate([np.empty(0, dtype=int), *(chosen for _, chosen, _ in sets)]),
        of=np.repeat(np.arange(len(sets)), [len(chosen) for _, chosen, _ in sets]),
        nearby=np.array([nearby for _, _, nearby in sets], dtype=bool),
        unmatched=np.array([row for row, chosen, _ in found if not len(chosen)], dtype=int),
        features=features,
    )


def _nearest(
    features: np.ndarray, mine: np.ndarray, pool: np.ndarray, *, n: int, reach: float
) -> dict[int, np.ndarray]:
    """Return, for each row of ``mine``, up to ``n`` rows of ``pool`` within ``reach``, the nearest first."""
    from sklearn.neighbors import NearestNeighbors

    if not len(mine) or not len(pool):
        return {int(row): np.empty(0, dtype=int) for row in mine}
    model = NearestNeighbors(n_neighbors=min(n, len(pool))).fit(features[pool])
    distances, places = model.kneighbors(features[mine])
    return {int(row): pool[at[far <= reach]] for row, at, far in zip(mine, places, distances, strict=True)}


def uncorrelated(values: np.ndarray) -> np.ndarray:
    """Return columns turned and scaled so that they are uncorrelated and have a standard deviation of 1.

    The distance between two rows is then their Mahalanobis distance. A missing value counts as the median; what lies
    beyond the outermost hundredths counts as lying on them; what does not vary, or follows from the rest, is dropped.

    Examples
    --------
    >>> rows = np.random.default_rng(1).normal(size=(500, 2))
    >>> turned = uncorrelated(np.column_stack([rows, rows.sum(axis=1), np.ones(500)]))
    >>> turned.shape[1] <= 3, np.allclose(np.cov(turned.T), np.eye(turned.shape[1]))
    (True, True)
    """
    if not len(values):
        return np.empty((0, 0))
    known = ~np.isnan(values).all(axis=0)
    values = values[:, known]
    values = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)
    low, high = np.quantile(values, _TAILS, axis=0)
    # A yes or no that is rare is all tail; it is left as it is.
    values = np.where(high > low, np.clip(values, low, high), values)
    values = values - values.mean(axis=0)
    spread = values.std(axis=0)
    values = values[:, spread > 0] / spread[spread > 0]
    if len(values) < 2 or not values.shape[1]:
        return np.zeros((len(values), 0))
    sizes, axes = np.linalg.eigh(np.cov(values, rowvar=False).reshape(values.shape[1], -1))
    kept = sizes > 1e-6 * sizes.max()
    return np.asarray(values @ axes[:, kept] / np.sqrt(sizes[kept]))
