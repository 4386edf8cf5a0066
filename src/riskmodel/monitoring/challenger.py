"""A challenger scored beside the champion: its risks, and how far its list would be another one. The flags stay."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskmodel.errors import CallError, RiskmodelError
from riskmodel.files import sha256_of
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.choosing import Choice, choose
from riskmodel.monitoring.matching import check_same_features, trained_specs

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.model import Bundle, ModelStore

_LOG = logging.getLogger(__name__)

RISK = pa.field("challenger_risk", pa.float64(), nullable=False)
COLUMNS = ("challenger_margin", "challenger_risk")


@dataclass(frozen=True)
class Challenger:
    """A version of a model that is looked at and flags nobody."""

    model: str
    model_version: int
    bundle: Bundle

    @property
    def called(self) -> str:
        """How messages name it."""
        return f"the challenger {self.model}, version {self.model_version},"

    @property
    def inputs(self) -> dict[str, str]:
        """What a run depends on besides, for its record."""
        return {
            "challenger": f"{self.model}@{self.model_version}",
            "challenger_manifest": sha256_of(self.bundle.folder / "manifest.json"),
        }

    def check(self, catalogue: Catalogue, *, champion: Bundle, model: str) -> None:
        """Make sure that both can be compared on the features of this catalogue.

        Raises
        ------
        CallError
            The catalogue means something else by a feature, or the two models predict different outcomes.
        """
        check_same_features(trained_specs(self.bundle.features), catalogue, model=self.called)
        for key in ("outcome", "horizon_months"):
            mine, theirs = self.bundle.manifest.get(key), champion.manifest.get(key)
            if mine != theirs:
                raise CallError(
                    f"{self.called} was trained for {key} {mine}, {model} for {theirs}: their risks are of different "
                    "things and cannot be compared. Name another challenger, or none (--challenger none)."
                )

    def score(self, batch: pd.DataFrame) -> dict[str, pa.Array]:
        """Return margin and calibrated risk of a slice of households, by column."""
        X = batch[self.bundle.names]
        classifier = self.bundle.classifier
        found = (classifier.decision_function(X), classifier.predict_proba(X)[:, 1])
        return {n: pa.array(np.asarray(v, dtype=np.float64)) for n, v in zip(COLUMNS, found, strict=True)}

    def beside(
        self, people: pd.DataFrame, scored: pd.DataFrame, champion: Choice, *, capacity: Capacity
    ) -> dict[str, Any]:
        """Return how the two lists at the same capacity compare, for ``run.json``.

        Who is asked is the same for both: the champion's queue. ``expected_cases`` are sums of risks, each list's by
        each model: a list looks best to the model that made it, so neither sum proves anything; outcomes will.
        """
        asked = people["in_cohort"].to_numpy(dtype=bool)
        choice = choose(
            household_id=people["household_id"].tolist(),
            as_of=people["as_of"].iloc[0],
            risk=scored["challenger_risk"].to_numpy(),
            margin=scored["challenger_margin"].to_numpy(),
            on_list=people["on_list"].to_numpy(dtype=bool),
            named_by_rule=np.zeros(len(people), dtype=bool),
            in_cohort=asked,
            capacity=capacity,
        )
        risks = {"by_champion": scored["risk"].to_numpy(), "by_challenger": scored["challenger_risk"].to_numpy()}
        lists = {"champion": champion.by_model, "challenger": choice.by_model}
        both = champion.by_model & choice.by_model
        return {
            "name": self.model,
            "version": self.model_version,
            "manifest_sha256": self.inputs["challenger_manifest"],
            "places": choice.model_places,
            "on_both_lists": int(both.sum()),
            "overlap": float(both.sum() / choice.model_places) if choice.model_places else None,
            "expected_cases": {
                name: {by: float(risk[chosen].sum()) for by, risk in risks.items()} for name, chosen in lists.items()
            },
        }


def challenger_of(
    store: ModelStore, asked: str, *, model: Path, champion: Bundle, catalogue: Catalogue
) -> Challenger | None:
    """Return the challenger that a command asks for.

    Parameters
    ----------
    asked : str
        ``NAME@VERSION`` or ``NAME@ALIAS``; ``none``; ``auto`` for the challenger of the model's name, where it has one,
        it is not the model itself, and both can be compared: the log says where they cannot.
    model : Path
        The folder of the version that flags.
    champion : Bundle
        That version.

    Raises
    ------
    CallError
        The one that is named is not there, is the one that flags, or cannot be compared with it.
    """
    from riskmodel.model.store import CHALLENGER

    name = model.parent.name
    if asked == "none" or (asked == "auto" and CHALLENGER not in store.aliases(name)):
        return None
    if asked != "auto":
        folder = store.resolve(asked)
        if folder == model:
            raise CallError(f"--challenger {asked} is {name}@{model.name}, which flags: name another version, or none.")
        return _loaded(folder, champion=champion, model=model, catalogue=catalogue)
    try:
        folder = store.resolve(f"{name}@{CHALLENGER}")
        return None if folder == model else _loaded(folder, champion=champion, model=model, catalogue=catalogue)
    except RiskmodelError as error:
        _LOG.warning("no challenger is scored beside: %s", error)
        return None


def _loaded(folder: Path, *, champion: Bundle, model: Path, catalogue: Catalogue) -> Challenger:
    from riskmodel.model import load_bundle

    challenger = Challenger(folder.parent.name, int(folder.name), load_bundle(folder))
    challenger.check(catalogue, champion=champion, model=f"{model.parent.name}, version {model.name},")
    return challenger


def with_risk(schema: pa.Schema, columns: Iterable[object]) -> pa.Schema:
    """Return the schema of ``scores.parquet``, with the challenger's risk where there is one."""
    return schema.append(RISK) if RISK.name in set(columns) else schema
