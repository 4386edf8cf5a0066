"""From a slice of flagged households to their rows of ``flags.parquet`` and ``contributions.parquet``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from riskmodel.explain import Reasons, reasons_of, risk_types
from riskmodel.monitoring.categories import propose_categories
from riskmodel.monitoring.flags import FLAGS, REASON, contributions_schema
from riskmodel.monitoring.measures import propose_measures
from riskmodel.monitoring.scoring import listed

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec
    from riskmodel.model import Bundle
    from riskmodel.monitoring.beside import Surroundings


@dataclass(frozen=True)
class Provenance:
    """What every flag of a run carries: which model, which version, which catalogue."""

    model: str
    model_version: int
    catalogue_hash: str


def explain_flags(
    chosen: pd.DataFrame,
    features: pd.DataFrame,
    contributions: NDArray[np.float64],
    *,
    base_value: float,
    specs: Sequence[FeatureSpec],
    surroundings: Surroundings,
    what_if: Mapping[str, list[dict[str, Any]]],
    provenance: Provenance,
) -> pa.Table:
    """Return the flags of some flagged households.

    Parameters
    ----------
    chosen : DataFrame
        ``household_id, as_of, risk, rank, flagged_by, rules, margin, household_type, village_key``, one row a flag.
    features : DataFrame
        The model's features and those that categories and measures read, aligned by position.
    contributions : array of shape (flags, features)
        In log-odds; base value + contributions = margin.
    specs : sequence of FeatureSpec
        The model's features in the order in which it was trained.
    surroundings : Surroundings
        What the values are held beside.
    what_if : mapping of str to list of dict
        By household, what the model would compute had a help been given.
    """
    names = [spec.name for spec in specs]
    values = features[names].to_numpy(dtype=np.float64)
    beside = surroundings.of(chosen["household_id"].tolist(), chosen["village_key"].tolist(), values)
    reasons = reasons_of(values, contributions, specs=specs, beside=beside)
    types = risk_types(contributions, [spec.risk_type or None for spec in specs])
    able = features["members_able"].tolist() if "members_able" in features else [None] * len(features)
    flags = {
        **_shared(chosen, base_value),
        "risk": chosen["risk"].to_numpy(dtype=np.float64),
        "rank": chosen["rank"].to_numpy(dtype=np.int64),
        "flagged_by": chosen["flagged_by"].tolist(),
        "rules": [list(rules) for rules in chosen["rules"]],
        "category": propose_categories(features, chosen["household_type"]),
        "reasons": _reasons(reasons, specs),
        "other_contributions": reasons.other_contributions,
        "risk_types": types,
        "measures": [propose_measures(t, members_able=a) for t, a in zip(types, able, strict=True)],
        "what_if": [what_if.get(household, []) for household in chosen["household_id"]],
        "unseen": listed(beside.unseen, names),
        "missing_share": np.isnan(values).mean(axis=1),
        "model": [provenance.model] * len(chosen),
        "model_version": [provenance.model_version] * len(chosen),
        "catalogue_hash": [provenance.catalogue_hash] * len(chosen),
    }
    return _table(flags, FLAGS)


def contributions_table(chosen: pd.DataFrame, contributions: NDArray[np.float64], bundle: Bundle) -> pa.Table:
    """Return the contributions of some flagged households as rows of ``contributions.parquet``."""
    columns = dict(zip(bundle.names, contributions.T, strict=True))
    shared = _shared(chosen, float(bundle.classifier.base_value_))
    return _table({**shared, **columns}, contributions_schema(bundle.names))


def _shared(chosen: pd.DataFrame, base_value: float) -> dict[str, object]:
    return {
        "household_id": chosen["household_id"].to_numpy(dtype=object),
        "as_of": chosen["as_of"].to_numpy(dtype=object),
        "base_value": np.full(len(chosen), base_value),
        "margin": chosen["margin"].to_numpy(dtype=np.float64),
    }


def _reasons(told: Reasons, specs: Sequence[FeatureSpec]) -> pa.Array:
    """Return the reasons as a column: a list of each household's."""
    names = pa.array([spec.name for spec in specs], pa.string())
    types = pa.array([spec.risk_type or None for spec in specs], pa.string())
    columns = {
        "feature": names.take(pa.array(told.place)),
        "idea": pa.array(told.ideas, pa.string()).take(pa.array(told.idea)),
        "together": pa.ListArray.from_arrays(
            pa.array(told.together_starts, pa.int32()), names.take(pa.array(told.together))
        ),
        "risk_type": types.take(pa.array(told.place)),
        "value": pa.array(told.value, from_pandas=True),
        "contribution": pa.array(told.contribution),
        "village_median": pa.array(told.village_median, from_pandas=True),
        "year_ago": pa.array(told.year_ago, from_pandas=True),
        "unseen": pa.array(told.unseen),
        "zh": pa.array(told.zh, pa.string()),
        "en": pa.array(told.en, pa.string()),
    }
    each = pa.StructArray.from_arrays([columns[field.name] for field in REASON], fields=list(REASON))
    return pa.ListArray.from_arrays(pa.array(told.starts, pa.int32()), each)


def _table(columns: dict[str, object], schema: pa.Schema) -> pa.Table:
    arrays = (columns[field.name] for field in schema)
    typed = (
        given if isinstance(given, pa.Array) else pa.array(given, f.type)
        for given, f in zip(arrays, schema, strict=True)
    )
    return pa.Table.from_arrays([array.cast(f.type) for array, f in zip(typed, schema, strict=True)], schema=schema)
