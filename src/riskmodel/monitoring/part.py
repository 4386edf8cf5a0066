"""Some flagged households explained: reasons, and the facts that are told beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.explain import sum_residual
from riskmodel.features.levers import LeverSpec
from riskmodel.files import sha256_of, write_aside
from riskmodel.monitoring.beside import VILLAGE, read_medians
from riskmodel.monitoring.contributing import part_of
from riskmodel.monitoring.explaining import Provenance, explain_flags
from riskmodel.monitoring.facts import gather
from riskmodel.monitoring.in_order import Pile

if TYPE_CHECKING:
    from pathlib import Path

    from riskmodel.features import FeatureSpec
    from riskmodel.model import Bundle
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

_TEXTS = 2_000


@dataclass(frozen=True)
class Explainer:
    """What explains flagged households, a part after the other; it can be sent to another process.

    Attributes
    ----------
    specs : list of FeatureSpec
        The model's features as it was trained, in its order.
    entries : list of FeatureSpec
        The same from the catalogue, with their expressions.
    levers : list of LeverSpec
        Helps that can be thought.
    medians : Path
        Of each village, as :func:`riskmodel.monitoring.beside.village_medians` gives them, in Arrow's own format.
    begins, then : dict
        Since when the registry's tables were kept, as known at ``as_of`` and a year before.
    pile : Pile
        Where flags wait for their places in the queue.
    size : int
        Households in a part.
    """

    registry: Registry
    bundle: Bundle
    specs: list[FeatureSpec]
    entries: list[FeatureSpec]
    levers: list[LeverSpec]
    policy: Policy
    as_of: date
    provenance: Provenance
    medians: Path
    begins: dict[str, date]
    then: dict[str, date]
    work: Checkpoints
    pile: Pile
    size: int

    def to_send(self) -> Explainer:
        """Return it without the functions that levers were declared by, which other processes do not have."""
        return replace(self, levers=[replace(lever, function=declared_elsewhere) for lever in self.levers])

    def explain(self, chosen: pd.DataFrame, number: int) -> dict[str, Any]:
        """Explain one part, lay its rows down, and note that it is finished; return what is told of it.

        Parameters
        ----------
        chosen : DataFrame
            Rows of :data:`riskmodel.monitoring.selecting.CHOSEN`, with ``village_key``, in the order of their ids.
        """
        names = [spec.name for spec in self.specs]
        features, values = part_of(self.work, number, part=self.size, names=names)
        new = explained(
            chosen,
            features,
            values,
            registry=self.registry,
            bundle=self.bundle,
            specs=self.specs,
            entries=self.entries,
            levers=self.levers,
            policy=self.policy,
            as_of=self.as_of,
            provenance=self.provenance,
            medians=read_medians(self.medians, chosen[VILLAGE].tolist()),
            begins=self.begins,
            then=self.then,
        )
        flags = self.pile.add(number, new.flags, chosen["number"].to_numpy())
        files = {**flags, **self._keep_histories(new.histories, number)}
        told = {"against_margin": new.off}
        self.registry.check_unchanged()
        self.work.note(name_of(number), told, files=files)
        return told

    def _keep_histories(self, histories: pa.Table, number: int) -> dict[str, str]:
        name = histories_of(number)
        with write_aside(self.work.path(name)) as aside:
            pq.write_table(histories, aside, compression="zstd")
        return {name: sha256_of(self.work.path(name))}


@dataclass(frozen=True)
class Explained:
    """Some flagged households, explained.

    Attributes
    ----------
    flags, histories : pyarrow.Table
        Rows of the files of these names.
    off : float
        How far base value and contributions are from the margin, at most.
    """

    flags: pa.Table
    histories: pa.Table
    off: float


def explained(
    chosen: pd.DataFrame,
    features: pd.DataFrame,
    values: np.ndarray,
    *,
    registry: Registry,
    bundle: Bundle,
    specs: Sequence[FeatureSpec],
    entries: Sequence[FeatureSpec],
    levers: Sequence[LeverSpec],
    policy: Policy,
    as_of: date,
    provenance: Provenance,
    medians: pd.DataFrame,
    begins: Mapping[str, date],
    then: Mapping[str, date],
) -> Explained:
    """Explain some flagged households, wherever they come from; see :class:`Explainer`.

    Parameters
    ----------
    features : DataFrame
        Aligned with ``chosen``.
    values : float array of shape (rows, features)
        What the model's features contributed, in log-odds.
    """
    chosen = chosen.assign(as_of=as_of)
    names = [spec.name for spec in specs]
    facts = gather(
        registry,
        chosen,
        features,
        specs=entries,
        levers=levers,
        classifier=bundle.classifier,
        policy=policy,
        as_of=as_of,
        begins=begins,
        then=then,
    )
    surroundings = facts.surroundings(bundle.metrics.get("reference", ()), names, medians)
    base = float(bundle.classifier.base_value_)
    texts = []
    for start in range(0, len(chosen), _TEXTS):
        rows = slice(start, start + _TEXTS)
        texts.append(
            explain_flags(
                chosen.iloc[rows].reset_index(drop=True),
                features.iloc[rows].reset_index(drop=True),
                values[rows],
                base_value=base,
                specs=specs,
                surroundings=surroundings,
                what_if=facts.what_if,
                provenance=provenance,
            )
        )
    return Explained(
        flags=pa.concat_tables(texts),
        histories=facts.histories,
        off=sum_residual(values, base_value=base, margin=chosen["margin"].to_numpy()),
    )


def name_of(number: int) -> str:
    """Return the name of a part of flags."""
    return f"flags-{number:05d}"


def histories_of(number: int) -> str:
    """Return the file of a part's histories."""
    return f"histories-{number:05d}.parquet"


def declared_elsewhere(_: Any) -> Any:
    """Stand for a lever's function where it is not known: it was asked when the catalogue was read."""
    raise AssertionError("a lever's function stays in the process that declared it")
