"""The facts that are told beside a run's reasons, gathered once for all of its flagged households."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from riskmodel.engine.calendar import add_months
from riskmodel.errors import DataError
from riskmodel.files import write_aside
from riskmodel.monitoring.beside import Surroundings, a_year_ago, seen_in_training, village_medians
from riskmodel.monitoring.flags import HISTORIES
from riskmodel.monitoring.histories import build_histories
from riskmodel.monitoring.ledgers import begins_known
from riskmodel.monitoring.what_if import what_if
from riskmodel.registry.excerpt import write_excerpt
from riskmodel.registry.registry import Registry

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec, LeverSpec
    from riskmodel.model import Bundle
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.policy import Policy

_LOG = logging.getLogger(__name__)

HISTORIES_FILE = "histories.parquet"
_WHAT_IF_FILE = "what_if.json"
_EXCERPT = "excerpt"


def gather(
    registry: Registry,
    chosen: pd.DataFrame,
    *,
    work: Checkpoints,
    features: Path,
    villages: pd.Series,
    own: pd.DataFrame,
    specs: Sequence[FeatureSpec],
    levers: Sequence[LeverSpec],
    bundle: Bundle,
    policy: Policy,
    as_of: date,
) -> tuple[Surroundings, dict[str, list[dict[str, Any]]]]:
    """Write the flagged households' histories among the parts of the run; return what is told beside their reasons.

    Parameters
    ----------
    registry : Registry
        The whole one.
    chosen : DataFrame
        The flagged households: ``household_id``, ``village_key`` and ``margin``.
    work : Checkpoints
        Where the excerpt of their rows and :data:`HISTORIES_FILE` are kept until the run is done.
    features : Path
        Everyone's features, as Parquet.
    villages : Series
        Everyone's village within its township, aligned with that file.
    own : DataFrame
        The flagged households' own features, aligned with ``chosen``.
    specs : sequence of FeatureSpec
        The model's features, with their expressions.
    levers : sequence of LeverSpec
        Helps that can be thought.

    Returns
    -------
    surroundings : Surroundings
        What values are held beside.
    what_if : dict
        By household, what the model would compute had a help been given (:mod:`riskmodel.monitoring.what_if`).
    """
    if chosen.empty:
        return _of_nobody(work, specs), {}
    try:
        _excerpt(registry, chosen, work).close()
    except DataError as error:
        # A wrong value in one flagged household's rows may cost what is told beside reasons, never the list.
        _LOG.warning(
            "no history, value of a year ago or what-if is told in this run: a flagged household's rows are not a "
            "registry's (%s). `riskmodel validate` sets such rows aside.",
            _of_what(error),
        )
        return replace(_of_nobody(work, specs), medians=_medians(features, villages, specs, chosen)), {}
    begins = begins_known(registry, before=as_of)
    then = begins_known(registry, before=add_months(as_of, -12))
    with _excerpt(registry, chosen, work) as excerpt:
        if not work.has(HISTORIES_FILE):
            with write_aside(work.path(HISTORIES_FILE)) as aside:
                histories = build_histories(excerpt, as_of=as_of, policy=policy, begins=begins)
                pq.write_table(histories, aside, compression="zstd")
        year_ago = a_year_ago(excerpt, specs=specs, as_of=as_of, policy=policy, begins=then)
        if not work.has(_WHAT_IF_FILE):
            indexed = own[[spec.name for spec in specs]].set_axis(chosen["household_id"])
            found = what_if(
                excerpt,
                indexed,
                margin=pd.Series(chosen["margin"].to_numpy(), index=indexed.index),
                levers=levers,
                specs=specs,
                classifier=bundle.classifier,
                as_of=as_of,
                policy=policy,
            )
            told = {household: [asdict(each) for each in every] for household, every in found.items()}
            with write_aside(work.path(_WHAT_IF_FILE)) as aside:
                aside.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    low, high, never_missing = seen_in_training(bundle.metrics.get("reference", ()), bundle.names)
    surroundings = Surroundings(
        names=tuple(spec.name for spec in specs),
        medians=_medians(features, villages, specs, chosen),
        year_ago=year_ago,
        low=low,
        high=high,
        never_missing=never_missing,
    )
    return surroundings, json.loads(work.path(_WHAT_IF_FILE).read_text(encoding="utf-8"))


def _medians(features: Path, villages: pd.Series, specs: Sequence[FeatureSpec], chosen: pd.DataFrame) -> pd.DataFrame:
    return village_medians(features, villages, specs=specs, wanted=chosen["village_key"].tolist())


def _of_what(error: DataError) -> str:
    """Return the error without the row: it is counted in the excerpt, not in the registry."""
    return re.sub(r", row [\d,]+", "", str(error))


def _of_nobody(work: Checkpoints, specs: Sequence[FeatureSpec]) -> Surroundings:
    pq.write_table(HISTORIES.empty_table(), work.path(HISTORIES_FILE))
    names = [spec.name for spec in specs]
    nothing, ends = pd.DataFrame(columns=names, dtype=np.float64), np.full(len(names), np.inf)
    return Surroundings(tuple(names), nothing, nothing, -ends, ends, np.zeros(len(names), dtype=bool))


def _excerpt(registry: Registry, chosen: pd.DataFrame, work: Checkpoints) -> Registry:
    place = work.path(_EXCERPT)
    if not place.is_dir():
        return write_excerpt(registry, chosen["household_id"].tolist(), place)
    return Registry.open(place, memory_limit=registry.memory_limit)
