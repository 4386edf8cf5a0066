"""A simulated county and a model quickly trained on it, to score again and again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel import Registry, RiskClassifier, build_training_set, load_catalogue
from riskmodel.features import Catalogue
from riskmodel.model import Bundle, load_bundle, save_bundle
from riskmodel.monitoring import Capacity, score_registry
from riskmodel.monitoring.part import declared_elsewhere
from riskmodel.monitoring.source import source
from riskmodel.policy import default_policy
from riskmodel.simulation import simulate_registry

ROOT = Path(__file__).parents[2]
AS_OF = date(2025, 6, 1)
LEARNT_AT = date(2024, 1, 1)
RESULTS = ("scores.parquet", "flags.parquet", "contributions.parquet", "histories.parquet")
# What a report shows of the model (the model here has no page of its card).
OF_MODEL = ("model/card.md", "model/metrics.json")

FEATURES = (
    "children_out_of_school",
    "members",
    "members_able",
    "members_disabled",
    "head_age",
    "net_income_pc_12m",
    "line_gap_12m",
    "wage_income_pc_3m",
    "wage_income_pc_12m",
    "transfer_share_12m",
    "medical_oop_12m",
    "months_since_illness",
    "disaster_events_12m",
    "housing_dangerous",
    "water_unsafe",
    "job_loss_events_12m",
)


@dataclass(frozen=True)
class County:
    """A registry, a model of it, and the catalogue that both speak of."""

    registry: Path
    bundle: Bundle
    catalogue: Catalogue

    def score(self, out: Path, *, registry: Path | None = None, **changes: Any) -> dict[str, Any]:
        """Score into ``out`` as the batch job does; ``changes`` replace its options."""
        with Registry.open(registry or self.registry) as opened:
            return score_registry(opened, out=out, **self._options(changes))

    def score_from(self, url: str, out: Path, *, resume: bool = False, **changes: Any) -> dict[str, Any]:
        """Score what lies in a database."""
        with source(url, out, resume=resume) as opened:
            return score_registry(opened, out=out, resume=resume, **self._options(changes))

    def to_send(self) -> County:
        """The same for another process, which does not have the functions that the catalogue was declared by."""
        levers = {name: replace(spec, function=declared_elsewhere) for name, spec in self.catalogue.levers.items()}
        return replace(self, catalogue=Catalogue(self.catalogue.features, levers=levers))

    def _options(self, changes: dict[str, Any]) -> dict[str, Any]:
        return {
            "bundle": self.bundle,
            "model": "need",
            "model_version": 3,
            "as_of": AS_OF,
            "catalogue": self.catalogue,
            "capacity": Capacity.parse("5%"),
            "policy": default_policy(),
        } | changes

    def features(self) -> pd.DataFrame:
        """The model's features at AS_OF, a row a household."""
        from riskmodel import build_features

        with Registry.open(self.registry) as opened:
            rows = build_features(opened, as_of=AS_OF, catalogue=self.catalogue, policy=default_policy())
        return rows.set_index("household_id")

    def with_bundle(self, folder: Path, *, features: list[dict[str, Any]] | None = None, **manifest: Any) -> County:
        """The same county with its model saved anew under another manifest, or with other words for its features."""
        told = {
            "horizon_months": 12,
            "catalogue_hash": self.catalogue.hash,
            "rule": below_line(self.catalogue),
        } | manifest
        rows = features if features is not None else self.bundle.features
        save_bundle(self.bundle.classifier, folder, features=rows, metrics={}, card="# need\n", manifest=told)
        return replace(self, bundle=load_bundle(folder))


def county_in(folder: Path) -> County:
    """The county that :func:`make_county` has left in a folder."""
    return County(folder / "registry", load_bundle(folder / "bundle"), load_catalogue(ROOT / "features").only(FEATURES))


def make_county(folder: Path) -> None:
    """Simulate 400 households over four years and learn ``need`` from one date."""
    simulate_registry(folder / "registry", households=400, years=4, seed=7, until=AS_OF)
    catalogue = load_catalogue(ROOT / "features").only(FEATURES)
    with Registry.open(folder / "registry") as registry:
        rows = build_training_set(
            registry, as_of=[LEARNT_AT], outcome="need", catalogue=catalogue, policy=default_policy()
        )
    known = rows.y.notna()
    directions = {name: spec.monotone for name, spec in catalogue.features.items()}
    classifier = RiskClassifier(monotone=directions, rounds=30, bags=1, folds=3, random_state=3, calibration="sigmoid")
    # Half and half: the margin has both of its parts, so the tests of sums see both.
    classifier.set_params(linear_weight=0.5).fit(rows.X[known], rows.y[known].astype(int))
    save_bundle(
        classifier,
        folder / "bundle",
        features=[spec.to_dict() for spec in catalogue.features.values()],
        metrics={},
        card="# need\n",
        manifest={"horizon_months": 12, "catalogue_hash": catalogue.hash, "rule": below_line(catalogue)},
    )


def below_line(catalogue: Catalogue) -> dict[str, Any]:
    """The usual rule as a manifest holds it."""
    return {"feature": "line_gap_12m", "below": 0.0, "entry": catalogue.features["line_gap_12m"].to_dict()}


def results(folder: Path) -> dict[str, bytes]:
    """The bytes of a run's tables."""
    return {name: (folder / name).read_bytes() for name in RESULTS}


def listing(folder: Path) -> set[str]:
    """Every file below a folder, by its place."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read(folder: Path, name: str) -> pd.DataFrame:
    """One of a run's tables, dates as dates."""
    return pq.read_table(folder / name).to_pandas(date_as_object=True)


def rewritten(registry: Path, folder: Path, **tables: Any) -> Path:
    """A copy of a registry; each of ``tables`` is what becomes of the table, None to leave it out."""
    shutil.copytree(registry, folder)
    for name, change in tables.items():
        file = folder / f"{name}.parquet"
        if change is None:
            file.unlink()
        else:
            pq.write_table(change(pq.read_table(file)), file)
    return folder


def with_column(table: pa.Table, name: str, value: Any) -> pa.Table:
    """The table with one column replaced: by a value for all rows, or by what a function makes of the column."""
    column = table.column(name)
    new = value(column) if callable(value) else pa.array([value] * table.num_rows, pa.string())
    return table.set_column(table.column_names.index(name), name, new)


def prefixed(prefix: str) -> Any:
    """What puts ``prefix`` before every household's id in a table; their order stays."""

    def change(table: pa.Table) -> pa.Table:
        return with_column(
            table, "household_id", lambda ids: pc.binary_join_element_wise(prefix, ids.cast(pa.string()), "")
        )

    return change


def frame_of_margins(county: County) -> pd.Series:
    """The margin of every household, worked out apart from the scoring run."""
    rows = county.features()[list(county.bundle.names)]
    return pd.Series(np.asarray(county.bundle.classifier.decision_function(rows)), index=rows.index)
