"""Whom a model may flag: the cohort that it learned from, read from the registry by the same rules at scoring.

A model taught by households above the line says little of one below it, and was never tested there. Such a household
is scored like everyone, but only a rule can flag it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.engine import plan
from riskmodel.errors import CallError, did_you_mean
from riskmodel.training.training_set import applied_rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.features import Catalogue
    from riskmodel.features.prediction import CohortSpec
    from riskmodel.registry import Registry

_PREFIX = "_cohort_rule_"


def trained_cohort(manifest: Mapping[str, Any], catalogue: Catalogue, *, model: str) -> CohortSpec | None:
    """Return the cohort that a bundle's manifest names, less the rules that were switched off when it learned.

    None where the manifest names none: everyone belongs then.

    Raises
    ------
    CallError
        The catalogue has no such cohort, or means something else by it: others would be flagged than were tested.
    """
    name = manifest.get("cohort")
    if name is None:
        return None
    advice = "Score with the catalogue it was trained with (--catalogue FOLDER), or train again."
    if name not in catalogue.cohorts:
        hint = did_you_mean(str(name), catalogue.cohorts)
        raise CallError(f'{model} learned from the cohort "{name}", which the catalogue does not have.{hint} {advice}')
    cohort = catalogue.cohorts[name].without(*manifest.get("cohort_without", ()))
    before = manifest.get("cohort_definition", cohort.definition)
    if before != cohort.definition:
        raise CallError(
            f'{model} learned from the cohort "{name}", whose rules have changed since (definition was {before}, is '
            f"{cohort.definition}). {advice}"
        )
    return cohort


def cohort_outputs(registry: Registry, cohort: CohortSpec | None) -> dict[str, plan.Household]:
    """Return the rules of a cohort as columns to be worked out beside the features; none where there is no cohort."""
    if cohort is None:
        return {}
    return {f"{_PREFIX}{number}": node for number, (_, node) in enumerate(applied_rules(registry, cohort))}


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
