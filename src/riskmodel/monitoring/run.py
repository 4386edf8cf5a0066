"""What the stages of one scoring run share."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from riskmodel.evaluation.baselines import figure_nodes
from riskmodel.features.engines import Choice, choose_engine
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.categories import FEATURES as CATEGORY_FEATURES
from riskmodel.monitoring.challenger import Challenger
from riskmodel.monitoring.checkpoint import Checkpoints
from riskmodel.monitoring.explaining import Provenance
from riskmodel.monitoring.rules import FlagRule
from riskmodel.progress import step

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.engine import plan
    from riskmodel.features import Catalogue, FeatureSpec
    from riskmodel.model import Bundle
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

FEATURES_FILE = "features.parquet"


@dataclass
class Run:
    """What the stages of one run share."""

    registry: Registry
    bundle: Bundle
    catalogue: Catalogue
    policy: Policy
    as_of: date
    capacity: Capacity
    rule_capacity: Capacity | None
    engine: str
    chunk: int
    flag_chunk: int
    specs: list[FeatureSpec]
    cohort: dict[str, plan.Household]
    rules: list[FlagRule]
    provenance: Provenance
    challenger: Challenger | None = None
    timings: dict[str, float] = field(default_factory=dict)
    residuals: dict[str, float] = field(default_factory=dict)
    explained: list[dict[str, Any]] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        with step(name):
            yield
        self.timings[name] = round(time.monotonic() - started, 3)

    @property
    def model_features(self) -> list[str]:
        return [spec.name for spec in self.specs]

    @property
    def figures(self) -> dict[str, plan.Household]:
        """The figures of the policy record that rules compare with, by column."""
        return figure_nodes([rule.rule for rule in self.rules])

    @property
    def ran(self) -> Choice:
        """What works out the features, and why."""
        nodes = {name: self.catalogue.feature(name).node for name in self.needed}
        asked = {name: node for name, node in nodes.items() if node is not None}
        return choose_engine(self.registry, {**asked, **self.cohort}, self.engine)

    @property
    def needed(self) -> list[str]:
        """The model's features, then what rules, categories and measures read of what the catalogue has."""
        known = self.catalogue.features
        others = [*(rule.rule.feature for rule in self.rules), *CATEGORY_FEATURES, "members_able"]
        beside = [] if self.challenger is None else self.challenger.bundle.names
        return list(dict.fromkeys([*self.model_features, *(name for name in others if name in known), *beside]))

    def batches(self, work: Checkpoints) -> Iterator[pd.DataFrame]:
        """Yield everyone's features, with what rules and the cohort ask, so many households at a time."""
        file = pq.ParquetFile(work.path(FEATURES_FILE))
        try:
            for batch in file.iter_batches(
                batch_size=self.chunk, columns=["household_id", *self.needed, *self.figures, *self.cohort]
            ):
                yield batch.to_pandas()
        finally:
            file.close()
