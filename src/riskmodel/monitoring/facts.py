"""The facts that are told beside the reasons of some flagged households, gathered at once for all of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskmodel.engine import plan
from riskmodel.errors import DataError
from riskmodel.features.engines import columns_read
from riskmodel.monitoring.beside import Surroundings, a_year_ago, seen_in_training
from riskmodel.monitoring.flags import HISTORIES
from riskmodel.monitoring.histories import build_histories, history_outputs
from riskmodel.monitoring.what_if import columns_touched, outputs_of, what_if
from riskmodel.registry.excerpt import excerpt_of

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec, LeverSpec
    from riskmodel.model import RiskClassifier
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Facts:
    """What is told beside the reasons of some flagged households.

    Attributes
    ----------
    histories : pyarrow.Table
        Of the schema :data:`~riskmodel.monitoring.flags.HISTORIES`.
    year_ago : DataFrame
        The households' own values of a year before; empty where nothing can be said.
    what_if : dict
        By household, what the model would compute had a help been given (:mod:`riskmodel.monitoring.what_if`).
    ranges : bool
        Whether it can be told which values lie outside what training saw.
    """

    histories: pa.Table
    year_ago: pd.DataFrame
    what_if: dict[str, list[dict[str, Any]]]
    ranges: bool = True

    def surroundings(
        self, reference: Sequence[Mapping[str, Any]], names: Sequence[str], medians: pd.DataFrame
    ) -> Surroundings:
        """Return what values are held beside, with what training saw and the medians of the villages."""
        low, high, never_missing = seen_in_training(reference, names)
        if not self.ranges:
            open_end = np.full(len(names), np.inf)
            low, high, never_missing = -open_end, open_end, np.zeros(len(names), dtype=bool)
        return Surroundings(tuple(names), medians, self.year_ago, low, high, never_missing)


def gather(
    registry: Registry,
    chosen: pd.DataFrame,
    features: pd.DataFrame,
    *,
    specs: Sequence[FeatureSpec],
    levers: Sequence[LeverSpec],
    classifier: RiskClassifier,
    policy: Policy,
    as_of: date,
    begins: Mapping[str, date],
    then: Mapping[str, date],
) -> Facts:
    """Gather what is told beside the reasons of some flagged households.

    Parameters
    ----------
    registry : Registry
        The whole one.
    chosen : DataFrame
        The flagged households: ``household_id`` and ``margin``.
    specs : sequence of FeatureSpec
        The model's features, with their expressions.
    levers : sequence of LeverSpec
        Helps that can be thought.
    features : DataFrame
        Their features, aligned with ``chosen``.
    begins, then : mapping of str to date
        Since when the whole registry's tables were kept, as known at ``as_of`` and a year before.
    """
    names = [spec.name for spec in specs]
    try:
        excerpt = excerpt_of(registry, chosen["household_id"].tolist(), _columns(specs, levers))
        with excerpt:
            histories = build_histories(excerpt, as_of=as_of, policy=policy, begins=begins)
            year_ago = a_year_ago(excerpt, specs=specs, as_of=as_of, policy=policy, begins=then)
            indexed = features[names].set_axis(chosen["household_id"])
            found = what_if(
                excerpt,
                indexed,
                margin=pd.Series(chosen["margin"].to_numpy(), index=indexed.index),
                levers=levers,
                specs=specs,
                classifier=classifier,
                as_of=as_of,
                policy=policy,
            )
    except DataError as error:
        # A wrong value in one flagged household's rows may cost what is told beside reasons, never the list.
        _LOG.warning(
            "no history, value of a year ago or what-if is told of %d flagged households: the rows of one of them are "
            "not a registry's (%s). `riskmodel validate` sets such rows aside.",
            len(chosen),
            _of_what(error),
        )
        nothing = pd.DataFrame(columns=names, dtype=np.float64)
        return Facts(HISTORIES.empty_table(), nothing, {}, ranges=False)
    return Facts(histories, year_ago, {household: [vars(each) for each in every] for household, every in found.items()})


def _columns(specs: Sequence[FeatureSpec], levers: Sequence[LeverSpec]) -> dict[str, set[str]]:
    """Return what is read of an excerpt, by table."""
    own = (spec.node for spec in specs if spec.node is not None and not plan.peers(spec.node))
    columns = columns_read([*own, *history_outputs().values(), *outputs_of(levers).values()])
    for lever in levers:
        for change in lever.rows:
            columns.setdefault(change.table, set()).update(columns_touched(change))
    return columns


def _of_what(error: DataError) -> str:
    """Return the error without the row: it is counted in the excerpt, not in the registry."""
    return re.sub(r", row [\d,]+", "", str(error))
