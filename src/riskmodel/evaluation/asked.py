"""What every further question about the model's list shares: the predictions, the draws, the capacities."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.beside import Beside
from riskmodel.evaluation.bootstrap import ClusterDraws
from riskmodel.evaluation.subgroups import Smallest
from riskmodel.evaluation.tallies import Listing, Tallied, on_own_lists, on_the_list, pooled, tally


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The model's predictions and what is asked of them.

    Attributes
    ----------
    clusters : ndarray of int, shape (n,)
        The group of each row that is drawn as a whole.
    capacities : tuple of float
        Shares of the households that can be visited.
    main : float
        The one of them that is spoken of where only one is.
    level : float
        Of the intervals, as asked for.
    wide : float
        That which percentiles over all groups are taken at.
    """

    predictions: Predictions
    beside: Beside
    boot: ClusterDraws
    clusters: np.ndarray
    capacities: tuple[float, ...]
    main: float
    smallest: Smallest
    level: float
    wide: float
    _whole: dict[float, Tallied] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def risk(self) -> np.ndarray:
        """The model's."""
        return self.predictions.scores["model"]

    @property
    def everyone(self) -> np.ndarray:
        """All rows as one group."""
        return np.ones((len(self.predictions.rows), 1), dtype=bool)

    def county_list(self, share: float) -> Listing:
        """The first of the county's own order."""
        return lambda rows, weights: on_the_list(self.risk[rows], share=share, weights=weights)

    def township_lists(self, share: float, townships: np.ndarray) -> Listing:
        """The first of each township's own order; ``townships`` are numbers."""
        return lambda rows, weights: on_own_lists(self.risk[rows], share=share, weights=weights, places=townships[rows])

    def tally(self, members: np.ndarray, *, listing: Listing, outcome: np.ndarray | None = None) -> list[Tallied]:
        """Tally groups of rows at each origin; see :func:`riskmodel.evaluation.tallies.tally`."""
        return tally(
            self.predictions,
            members,
            listing=listing,
            boot=self.boot,
            clusters=self.clusters,
            outcome=outcome,
        )

    def pooled(self, members: np.ndarray, *, listing: Listing, outcome: np.ndarray | None = None) -> Tallied:
        """Tally groups of rows and add up the origins."""
        return pooled(self.tally(members, listing=listing, outcome=outcome))

    def whole_county(self, share: float) -> Tallied:
        """All rows, with the county's list at a capacity, origins added up."""
        if share not in self._whole:
            self._whole[share] = self.pooled(self.everyone, listing=self.county_list(share))
        return self._whole[share]

    def places(self, members: np.ndarray) -> int:
        """How many villages rows come from."""
        return len(np.unique(self.clusters[members]))

    def listed(self) -> np.ndarray:
        """How much of each row is on the county's list at the main capacity, on the rows themselves."""
        out = np.zeros(len(self.predictions.rows))
        for stratum in range(len(self.predictions.origins)):
            rows = self.predictions.stratum == stratum
            out[rows] = on_the_list(self.risk[rows], share=self.main, weights=np.ones((1, int(rows.sum()))))[0]
        return out
