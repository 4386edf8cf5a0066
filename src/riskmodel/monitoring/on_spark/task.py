"""What an executor is told of a run: plain data, beside the model's files, to do its part of the work with."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.features import Catalogue, FeatureSpec
from riskmodel.features.levers import LeverSpec
from riskmodel.monitoring.budget import Budget
from riskmodel.monitoring.challenger import Challenger
from riskmodel.monitoring.choosing import Selection
from riskmodel.monitoring.explaining import Provenance
from riskmodel.monitoring.matching import trained_specs
from riskmodel.monitoring.on_spark.shipping import Shipped
from riskmodel.monitoring.part import declared_elsewhere
from riskmodel.monitoring.rules import FlagRule
from riskmodel.monitoring.run import Run
from riskmodel.parallel import use_cores
from riskmodel.registry import Registry

if TYPE_CHECKING:
    from riskmodel.engine import plan
    from riskmodel.policy import Policy


@dataclass(frozen=True, eq=False)
class Task:
    """A run, as executors know it.

    Attributes
    ----------
    name : str
        Of this run and no other: what a process has made ready for it is kept under it.
    model : Shipped
    challenger : tuple of (str, int, Shipped), optional
        Name, version and files.
    registry : Path
        Where it lies, the same on every executor.
    digests : dict
        Of its files.
    folder : Path
        Where parts of the run are kept, the same on every executor.
    features : tuple of FeatureSpec
        What is worked out of everyone, with their expressions.
    levers : tuple of LeverSpec
    begins, then : dict of str to date
        Since when the registry's tables were kept, as known at ``as_of`` and a year before.
    """

    name: str
    model: Shipped
    challenger: tuple[str, int, Shipped] | None
    registry: Path
    digests: Mapping[str, tuple[str, ...]]
    folder: Path
    as_of: date
    policy: Policy
    selection: Selection
    budget: Budget
    features: tuple[FeatureSpec, ...]
    levers: tuple[LeverSpec, ...]
    cohort: Mapping[str, plan.Household]
    rules: tuple[FlagRule, ...]
    provenance: Provenance
    begins: Mapping[str, date]
    then: Mapping[str, date]

    @classmethod
    def of(
        cls,
        run: Run,
        *,
        model: Shipped,
        challenger: Shipped | None,
        folder: Path,
        begins: Mapping[str, date],
        then: Mapping[str, date],
    ) -> Task:
        """Return what executors are told of a run."""
        beside = None
        if run.challenger is not None and challenger is not None:
            beside = (run.challenger.model, run.challenger.model_version, challenger)
        return cls(
            name=uuid.uuid4().hex,
            model=model,
            challenger=beside,
            registry=run.registry.path.absolute(),
            digests=run.registry.digests(),
            folder=folder.absolute(),
            as_of=run.as_of,
            policy=run.policy,
            selection=run.selection,
            budget=replace(run.budget, workers=1),
            features=tuple(run.catalogue.feature(name) for name in run.needed),
            # Their functions have been asked already, and lie in files that executors need not have.
            levers=tuple(replace(lever, function=declared_elsewhere) for lever in run.catalogue.levers.values()),
            cohort=dict(run.cohort),
            rules=tuple(run.rules),
            provenance=run.provenance,
            begins=dict(begins),
            then=dict(then),
        )

    def __eq__(self, other: object) -> bool:
        """Whether both are of the same run."""
        return isinstance(other, Task) and other.name == self.name

    def __hash__(self) -> int:
        """Return the hash of its name."""
        return hash(self.name)

    def run(self) -> Run:
        """Return the run, on an executor: with one core, for another task has the next."""
        return _run(self)


@functools.lru_cache(1)
def _run(task: Task) -> Run:
    use_cores(1)
    bundle = task.model.unpacked()
    bundle.classifier.set_params(n_jobs=1)
    challenger = None
    if task.challenger is not None:
        name, version, shipped = task.challenger
        challenger = Challenger(name, version, shipped.unpacked())
    return Run(
        registry=Registry.open(task.registry, memory_limit=task.budget.of_queries, threads=1).knowing(task.digests),
        bundle=bundle,
        catalogue=Catalogue(
            features={spec.name: spec for spec in task.features}, levers={spec.name: spec for spec in task.levers}
        ),
        policy=task.policy,
        as_of=task.as_of,
        selection=task.selection,
        engine="auto",
        budget=task.budget,
        specs=trained_specs(bundle.features),
        cohort=dict(task.cohort),
        rules=list(task.rules),
        provenance=task.provenance,
        challenger=challenger,
    )
