"""What the stages of one scoring run share."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from riskmodel.evaluation.baselines import figure_nodes
from riskmodel.features import History
from riskmodel.features.builder import KEYS
from riskmodel.features.engines import Choice, choose_engine
from riskmodel.monitoring.categories import FEATURES as CATEGORY_FEATURES
from riskmodel.monitoring.challenger import Challenger
from riskmodel.monitoring.choosing import Selection
from riskmodel.monitoring.explaining import Provenance
from riskmodel.monitoring.rules import FlagRule
from riskmodel.monitoring.scoring import ON_LIST, PLACES, Scorer
from riskmodel.progress import step

if TYPE_CHECKING:
    from riskmodel.engine import plan
    from riskmodel.features import Catalogue, FeatureSpec
    from riskmodel.model import Bundle
    from riskmodel.monitoring.budget import Budget
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry


@dataclass
class Run:
    """What the stages of one run share."""

    registry: Registry
    bundle: Bundle
    catalogue: Catalogue
    policy: Policy
    as_of: date
    selection: Selection
    engine: str
    budget: Budget
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
        return choose_engine(self.registry, self.outputs, self.engine)

    @cached_property
    def needed(self) -> list[str]:
        """The model's features, then what rules, categories and measures read of what the catalogue has."""
        known = self.catalogue.features
        others = [*(rule.rule.feature for rule in self.rules), *CATEGORY_FEATURES, "members_able"]
        beside = [] if self.challenger is None else self.challenger.bundle.names
        return list(dict.fromkeys([*self.model_features, *(name for name in others if name in known), *beside]))

    @property
    def outputs(self) -> dict[str, plan.Household]:
        """All that the builder is asked for: features, figures, the cohort's rules, and who is on the list."""
        nodes = {name: self.catalogue.feature(name).node for name in self.needed}
        features = {name: node for name, node in nodes.items() if node is not None}
        on_list = History().listing.in_force(end_column="eliminated_on").exists().node
        return {**features, **self.figures, **self.cohort, ON_LIST: on_list}

    @property
    def keep(self) -> tuple[str, ...]:
        """What is kept of the household's row as seen at as_of."""
        return (*KEYS, *PLACES)

    @property
    def scorer(self) -> Scorer:
        """What scores a slice of households."""
        return Scorer(
            classifier=self.bundle.classifier,
            names=tuple(self.model_features),
            rules=tuple(self.rules),
            cohort=tuple(self.cohort),
            challenger=self.challenger,
        )
