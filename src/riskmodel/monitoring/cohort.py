"""Whom a model may flag: the cohort that it learned from, read from the registry by the same rules at scoring.

A model taught by households above the line says little of one below it, and was never tested there. Such a household
is scored like everyone, but only a rule can flag it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from riskmodel.engine import plan
from riskmodel.training.training_set import applied_rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.features import Catalogue
    from riskmodel.registry import Registry

_PREFIX = "_cohort_rule_"


def cohort_outputs(
    registry: Registry, catalogue: Catalogue, name: object, *, without: Iterable[str] = ()
) -> dict[str, plan.Household]:
    """Return the rules of the cohort ``name`` as columns to be worked out beside the features.

    There are none where the bundle names no cohort, or one that the catalogue does not have: everyone belongs then.
    The rules ``without`` were switched off when the model learned, and are here.
    """
    found = catalogue.cohorts.get(str(name))
    if found is None:
        return {}
    rules = applied_rules(registry, found.without(*without))
    return {f"{_PREFIX}{number}": node for number, (_, node) in enumerate(rules)}


def digest(outputs: Mapping[str, plan.Household]) -> str:
    """Return a digest of the rules: a run with other rules flags others."""
    return hashlib.sha256("\n".join(plan.canonical(node) for node in outputs.values()).encode()).hexdigest()[:16]


def in_cohort(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows meet every rule; a rule of which nothing is known is not met.

    >>> in_cohort(pd.DataFrame({"_cohort_rule_0": [1, 1, float("nan")], "_cohort_rule_1": [1, 0, 1]})).tolist()
    [True, False, False]
    """
    rules = [column for column in rows if str(column).startswith(_PREFIX)]
    return np.asarray((rows[rules] == 1).all(axis=1))
