"""The facts that are told beside the reasons of some flagged households, gathered at once for all of them."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskmodel.errors import DataError
from riskmodel.monitoring.beside import Surroundings, a_year_ago, seen_in_training
from riskmodel.monitoring.flags import HISTORIES
from riskmodel.monitoring.histories import build_histories
from riskmodel.monitoring.what_if import what_if
from riskmodel.registry.excerpt import write_excerpt

if TYPE_CHECKING:
    from riskmodel.monitoring.run import Run

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

    def surroundings(self, run: Run, medians: pd.DataFrame) -> Surroundings:
        """Return what values are held beside, with the medians of the villages."""
        names = run.model_features
        low, high, never_missing = seen_in_training(run.bundle.metrics.get("reference", ()), names)
        if not self.ranges:
            open_end = np.full(len(names), np.inf)
            low, high, never_missing = -open_end, open_end, np.zeros(len(names), dtype=bool)
        return Surroundings(tuple(names), medians, self.year_ago, low, high, never_missing)


def gather(
    run: Run,
    chosen: pd.DataFrame,
    features: pd.DataFrame,
    *,
    folder: Path,
    begins: Mapping[str, date],
    then: Mapping[str, date],
) -> Facts:
    """Gather what is told beside the reasons of some flagged households.

    Parameters
    ----------
    chosen : DataFrame
        The flagged households: ``household_id`` and ``margin``.
    features : DataFrame
        Their features, aligned with ``chosen``.
    folder : Path
        Where an excerpt of their rows is written; it is removed in the end.
    begins, then : mapping of str to date
        Since when the whole registry's tables were kept, as known at ``as_of`` and a year before.
    """
    specs = [run.catalogue.feature(name) for name in run.model_features]
    households = chosen["household_id"].tolist()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with write_excerpt(run.registry, households, folder) as excerpt:
            histories = build_histories(excerpt, as_of=run.as_of, policy=run.policy, begins=begins)
            year_ago = a_year_ago(excerpt, specs=specs, as_of=run.as_of, policy=run.policy, begins=then)
            indexed = features[run.model_features].set_axis(chosen["household_id"])
            found = what_if(
                excerpt,
                indexed,
                margin=pd.Series(chosen["margin"].to_numpy(), index=indexed.index),
                levers=list(run.catalogue.levers.values()),
                specs=specs,
                classifier=run.bundle.classifier,
                as_of=run.as_of,
                policy=run.policy,
            )
    except DataError as error:
        # A wrong value in one flagged household's rows may cost what is told beside reasons, never the list.
        _LOG.warning(
            "no history, value of a year ago or what-if is told of %d flagged households: the rows of one of them are "
            "not a registry's (%s). `riskmodel validate` sets such rows aside.",
            len(chosen),
            _of_what(error),
        )
        nothing = pd.DataFrame(columns=run.model_features, dtype=np.float64)
        return Facts(HISTORIES.empty_table(), nothing, {}, ranges=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Facts(
        histories, year_ago, {household: [asdict(each) for each in every] for household, every in found.items()}
    )


def _of_what(error: DataError) -> str:
    """Return the error without the row: it is counted in the excerpt, not in the registry."""
    return re.sub(r", row [\d,]+", "", str(error))
