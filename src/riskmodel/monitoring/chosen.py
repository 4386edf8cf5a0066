"""The model that a command was asked to score with: its version, its catalogue, and the challenger beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.engine import plan
from riskmodel.monitoring.challenger import Challenger, challenger_of

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.model import Bundle


@dataclass(frozen=True)
class Chosen:
    """One version of a model, its bytes verified.

    Attributes
    ----------
    name, version : str, int
        What every flag is signed with.
    challenger : Challenger or None
        Scored beside; flags nobody.
    """

    name: str
    version: int
    bundle: Bundle
    catalogue: Catalogue
    challenger: Challenger | None = None

    @property
    def called(self) -> str:
        """Its name as ``NAME@VERSION``."""
        return f"{self.name}@{self.version}"

    def tables_learnt_from(self) -> set[str]:
        """Return the tables that the model's features read and that were not empty where it was trained.

        Told by features that read no other table but those of households and their members, and took several values.
        """
        learnt: set[str] = set()
        told = {row["name"]: row for row in self.bundle.metrics.get("reference", ())}
        for name in self.bundle.names:
            node, seen = self.catalogue.feature(name).node, told.get(name, {})
            low, high = seen.get("low"), seen.get("high")
            tables = set(plan.tables(node)) - {"household", "member"} if node is not None else set()
            if len(tables) == 1 and low is not None and high is not None and low < high:
                learnt |= tables
        return learnt


def choose_model(asked: str, *, models: Path | None, catalogue: Path | None, challenger: str) -> Chosen:
    """Find the model that ``NAME@ALIAS`` or ``NAME@VERSION`` stands for now, and read it.

    Parameters
    ----------
    models, catalogue : Path, optional
        The folder of models and the features; by default the workspace's.
    challenger : str
        ``NAME@VERSION``, ``none``, or ``auto``: see :func:`~riskmodel.monitoring.challenger.challenger_of`.

    Raises
    ------
    CallError
        No such model or version; a challenger that cannot be compared.
    DataError
        A byte of a bundle was changed.
    """
    from riskmodel.features import load_catalogue
    from riskmodel.model import ModelStore, load_bundle
    from riskmodel.workspace import default_models

    store = ModelStore(models if models is not None else default_models())
    folder = store.resolve(asked)
    bundle = load_bundle(folder)
    entries = load_catalogue(catalogue)
    beside = challenger_of(store, challenger, model=folder, champion=bundle, catalogue=entries)
    return Chosen(folder.parent.name, int(folder.name), bundle, entries, beside)
