"""From a slice of flagged households to their rows of ``flags.parquet`` and ``contributions.parquet``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from riskmodel.explain import explain_rows, require_small, risk_types, sum_residual
from riskmodel.monitoring.categories import propose_categories
from riskmodel.monitoring.flags import FLAGS, contributions_schema
from riskmodel.monitoring.measures import propose_measures

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec
    from riskmodel.model import RiskClassifier
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
    *,
    classifier: RiskClassifier,
    specs: Sequence[FeatureSpec],
    surroundings: Surroundings,
    provenance: Provenance,
) -> tuple[pa.Table, pa.Table]:
    """Return the flags and all contributions of some flagged households.

    Parameters
    ----------
    chosen : DataFrame
        ``household_id, as_of, risk, rank, flagged_by, rules, margin, household_type, village_code``, one row a flag.
    features : DataFrame
        The model's features and those that categories and measures read, aligned by position.
    specs : sequence of FeatureSpec
        The model's features in the order in which it was trained.
    surroundings : Surroundings
        What the values are held beside.

    Raises
    ------
    DataError
        Base value and contributions do not add up to the margin of some household (1e-5, in log-odds).
    """
    names = [spec.name for spec in specs]
    X = features[names]
    contributions = np.asarray(classifier.contributions(X), dtype=np.float64)
    base_value = float(classifier.base_value_)
    margin = chosen["margin"].to_numpy(dtype=np.float64)
    require_small(
        sum_residual(contributions, base_value=base_value, margin=margin),
        what="base value + contributions against the margin",
    )
    values = X.to_numpy(dtype=np.float64)
    beside = surroundings.of(chosen["household_id"].tolist(), chosen["village_code"].tolist(), values)
    explained = explain_rows(values, contributions, specs=specs, beside=beside)
    types = risk_types(contributions, [spec.risk_type or None for spec in specs])
    able = features["members_able"].tolist() if "members_able" in features else [None] * len(features)
    shared = {
        "household_id": chosen["household_id"].to_numpy(dtype=object),
        "as_of": chosen["as_of"].to_numpy(dtype=object),
        "base_value": np.full(len(chosen), base_value),
        "margin": margin,
    }
    flags = {
        **shared,
        "risk": chosen["risk"].to_numpy(dtype=np.float64),
        "rank": chosen["rank"].to_numpy(dtype=np.int64),
        "flagged_by": chosen["flagged_by"].tolist(),
        "rules": [list(rules) for rules in chosen["rules"]],
        "category": propose_categories(features, chosen["household_type"]),
        "reasons": [[asdict(reason) for reason in row.reasons] for row in explained],
        "other_contributions": [row.other_contributions for row in explained],
        "risk_types": types,
        "measures": [propose_measures(t, members_able=a) for t, a in zip(types, able, strict=True)],
        "what_if": [[] for _ in range(len(chosen))],
        "unseen": [[name for name, new in zip(names, row, strict=True) if new] for row in beside.unseen],
        "missing_share": np.isnan(values).mean(axis=1),
        "model": [provenance.model] * len(chosen),
        "model_version": [provenance.model_version] * len(chosen),
        "catalogue_hash": [provenance.catalogue_hash] * len(chosen),
    }
    columns = {**shared, **dict(zip(names, contributions.T, strict=True))}
    return _table(flags, FLAGS), _table(columns, contributions_schema(names))


def _table(columns: dict[str, object], schema: pa.Schema) -> pa.Table:
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
