"""What a visit finds at each capacity: how many visits for one case, and how many households tie at the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.bootstrap import Estimate


@dataclass(frozen=True, kw_only=True)
class Visits:
    """One capacity.

    Attributes
    ----------
    listed, caught : float
        Households on the lists of all origins, and how many of them the outcome came to.
    visits_per_case, precision, recall : Estimate
        Visits for one case found is 1 / precision.
    tied, places : int
        Households that share the score at the list's end, at all origins, where not all of them fit in; and how many
        places were left for them. Which of them a list holds is chance; the figures are the expectation.
    """

    capacity: float
    listed: float
    caught: float
    visits_per_case: Estimate
    precision: Estimate
    recall: Estimate
    tied: int
    places: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {k: v.to_dict() if isinstance(v, Estimate) else v for k, v in vars(self).items()}


def visits(asked: Asked) -> list[Visits]:
    """Return what visits find at each capacity, over all origins."""
    found = []
    for share in asked.capacities:
        all_rows = asked.whole_county(share)
        tied, places = _tied(asked, share)
        found.append(
            Visits(
                capacity=share,
                listed=float(all_rows.once.listed[0, 0]),
                caught=float(all_rows.once.caught[0, 0]),
                visits_per_case=all_rows.of("visits_per_case", level=asked.wide),
                precision=all_rows.of("precision", level=asked.wide),
                recall=all_rows.of("recall", level=asked.wide),
                tied=tied,
                places=places,
            )
        )
    return found


def _tied(asked: Asked, share: float) -> tuple[int, int]:
    tied = places = 0
    for stratum in range(len(asked.predictions.origins)):
        rows = asked.predictions.stratum == stratum
        held = asked.county_list(share)(rows, np.ones((1, int(rows.sum()))))[0]
        partly = (held > 0) & (held < 1)
        tied, places = tied + int(partly.sum()), places + round(float(held[partly].sum()))
    return tied, places
