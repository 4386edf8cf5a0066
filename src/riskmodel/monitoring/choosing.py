"""Who is flagged: the top of the queue up to the capacity among those the model was made for, and whom a rule names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from riskmodel.monitoring.capacity import Capacity

TIES = "risk, then margin, then sha256 of 'as_of|household_id', so that equal households take turns over the months"


@dataclass(frozen=True)
class Choice:
    """The queue and who is flagged from it, all aligned by position with the households.

    Attributes
    ----------
    rank : int64 array
        1 is visited first; 0 for a household that is not in the queue.
    by_model, by_rule : bool array
    eligible, model_places, rule_left_out : int
        Households in the queue; the model's places; households a rule named beyond the rule's capacity.
    """

    rank: NDArray[np.int64]
    by_model: NDArray[np.bool_]
    by_rule: NDArray[np.bool_]
    eligible: int
    model_places: int
    rule_left_out: int


def choose(
    *,
    household_id: Sequence[str],
    as_of: date,
    risk: NDArray[np.float64],
    margin: NDArray[np.float64],
    on_list: NDArray[np.bool_],
    named_by_rule: NDArray[np.bool_],
    in_cohort: NDArray[np.bool_] | None = None,
    capacity: Capacity,
    rule_capacity: Capacity | None = None,
) -> Choice:
    """Rank the households that are not on the list and flag from them.

    In the queue is who belongs to the cohort that the model learned from, and whom a rule names: of the others it
    has never been tested. The model's flags take the capacity, whatever the rules name. A household named by a rule
    is flagged too: what the registry already shows below the line must be checked, and the model may not crowd it
    out.

    Parameters
    ----------
    risk, margin : float array
        Calibrated probability and log-odds. Ties are broken as :data:`TIES` says.
    on_list : bool array
        Households on the list keep their score and are never flagged.
    named_by_rule : bool array
    in_cohort : bool array, optional
        Who may be flagged by the model; everyone when absent.
    capacity : Capacity
        Of the households in the queue that belong to the cohort.
    rule_capacity : Capacity, optional
        The most to flag by rule alone, in the order of the queue; None flags all.
    """
    # Sorted from the last criterion to the first: lexsort is stable.
    asked = np.ones(len(risk), dtype=bool) if in_cohort is None else in_cohort
    in_queue = ~on_list & (asked | named_by_rule)
    waiting = sorted(np.flatnonzero(in_queue).tolist(), key=lambda position: _tie(household_id[position], as_of))
    queue = np.array(waiting, dtype=np.intp)
    queue = queue[np.lexsort((-margin[queue], -risk[queue]))]
    rank = np.zeros(len(risk), dtype=np.int64)
    rank[queue] = np.arange(1, len(queue) + 1)

    queue_of_model = queue[asked[queue]]
    places = capacity.households(len(queue_of_model))
    by_model = np.zeros(len(risk), dtype=bool)
    by_model[queue_of_model[:places]] = True
    by_rule = named_by_rule & (rank >= 1)
    left_out = 0
    if rule_capacity is not None:
        alone = queue[by_rule[queue] & ~by_model[queue]]
        beyond = alone[rule_capacity.households(len(queue)) :]
        by_rule[beyond] = False
        left_out = len(beyond)
    return Choice(rank, by_model, by_rule, len(queue), places, left_out)


def _tie(household_id: str, as_of: date) -> bytes:
    return hashlib.sha256(f"{as_of.isoformat()}|{household_id}".encode()).digest()
