"""A challenger scored beside the champion: its risks, and how far its list would be another one. The flags stay."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskmodel.errors import CallError, RiskmodelError
from riskmodel.files import sha256_of
from riskmodel.monitoring.choosing import Selection, choose
from riskmodel.monitoring.matching import check_same_features, trained_specs

if TYPE_CHECKING:
    import ibis.expr.types as ir

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
    challenger: Challenger, scored: ir.Table, champion: ir.Table, selection: Selection, *, as_of: date
) -> dict[str, Any]:
    """Return how the two lists at the same capacity compare, for ``run.json``.

    Who is asked is the same for both: the champion's queue. ``expected_cases`` are sums of risks, each list's by
    each model: a list looks best to the model that made it, so neither sum proves anything; outcomes will.

    Parameters
    ----------
    scored : ibis.Table
        Everyone, with the risk and margin of both.
    champion : ibis.Table
        The same households as the champion chose among them.
    """
    import ibis

    margin, risk = COLUMNS
    theirs = scored.select(
        "household_id",
        "on_list",
        "in_cohort",
        *selection.unit,
        risk=scored[risk],
        margin=scored[margin],
        champion_risk=scored.risk,
        named=ibis.literal(False),
    )
    chosen = choose(theirs, selection, as_of=as_of)
    mine = champion.select("household_id", by_champion=champion.by_model)
    both = chosen.join(mine, "household_id")
    lists = {"champion": both.by_champion, "challenger": both.by_model}
    risks = {"by_champion": both.champion_risk, "by_challenger": both.risk}
    told = (
        both.aggregate(
            places=both.by_model.cast("int64").sum(),
            shared=(both.by_model & both.by_champion).cast("int64").sum(),
            **{f"{name} {by}": value.sum(where=on) for name, on in lists.items() for by, value in risks.items()},
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    places = int(told["places"])
    return {
        "name": challenger.model,
        "version": challenger.model_version,
        "manifest_sha256": challenger.inputs["challenger_manifest"],
        "places": places,
        "on_both_lists": int(told["shared"]),
        "overlap": int(told["shared"]) / places if places else None,
        "expected_cases": {name: {by: float(told[f"{name} {by}"] or 0.0) for by in risks} for name in lists},
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
