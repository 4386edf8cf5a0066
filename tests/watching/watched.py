"""A small county, a model quickly taught by it, and drifts planted in its tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel import Registry, RiskClassifier, build_training_set, load_catalogue
from riskmodel.features import Catalogue
from riskmodel.model import Bundle, load_bundle, save_bundle
from riskmodel.monitoring import Capacity
from riskmodel.monitoring.choosing import Selection
from riskmodel.policy import default_policy
from riskmodel.simulation import simulate_registry
from riskmodel.watching.watch import Watch, watch

ROOT = Path(__file__).parents[2]
COUNTY = {"households": 500, "years": 5, "seed": 11, "until": date(2025, 6, 1)}
TAUGHT = [date(2021, 7, 1), date(2022, 1, 1)]
STRUCK, AS_OF = date(2024, 7, 1), date(2024, 8, 1)
FEATURES = (
    "net_income_pc_12m",
    "line_gap_12m",
    "members",
    "members_able",
    "medical_oop_12m",
    "transfer_share_12m",
    "wage_income_pc_3m",
    "measures_in_force",
    "guarantees_unmet",
)


@dataclass(frozen=True)
class Watched:
    """A registry and a model of it."""

    registry: Path
    bundle: Bundle
    catalogue: Catalogue

    def watch(self, registry: Path | None = None, *, as_of: date = AS_OF, **changes: object) -> Watch:
        """Watch one month of the county, or of another registry by the same model."""
        options = {
            "model": "small@1",
            "policy": default_policy(),
            "selection": Selection(Capacity.parse("10%")),
            **changes,
        }
        with Registry.open(registry or self.registry) as opened:
            return watch(opened, self.bundle, as_of=as_of, catalogue=self.catalogue, **options)  # type: ignore[arg-type]


def watched_in(folder: Path) -> Watched:
    """The county that :func:`make_watched` has left in a folder."""
    return Watched(folder / "county", load_bundle(folder / "bundle"), load_catalogue(ROOT / "features"))


def make_watched(folder: Path) -> None:
    """Simulate the county and teach the model."""
    simulate_registry(folder / "county", **COUNTY)
    chosen = load_catalogue(ROOT / "features").only(FEATURES)
    with Registry.open(folder / "county") as registry:
        rows = build_training_set(
            registry, as_of=TAUGHT, outcome="need", cohort="not_listed", catalogue=chosen, policy=default_policy()
        )
    known = rows.y.notna()
    classifier = RiskClassifier(rounds=20, bags=1, folds=2, random_state=1, calibration="sigmoid")
    classifier.fit(rows.X[known], rows.y[known].astype(int))
    save_bundle(
        classifier,
        folder / "bundle",
        features=[spec.to_dict() for spec in chosen.features.values()],
        metrics={},
        card="# need\n",
        manifest={
            "outcome": "need",
            "cohort": "not_listed",
            "horizon_months": 12,
            "catalogue_hash": chosen.hash,
            "as_of": [str(day) for day in TAUGHT],
        },
    )


def with_table(registry: Path, folder: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> Path:
    """Return a copy of a registry in which ``change`` was made to one table."""
    shutil.copytree(registry, folder)
    file = folder / f"{name}.parquet"
    table = change(pq.read_table(file))
    pq.write_table(table.replace_schema_metadata(pq.read_schema(file).metadata), file)
    return folder


def since(table: pa.Table, day: date = STRUCK) -> pa.ChunkedArray:
    """Return which rows became known on a day or later."""
    return pc.greater_equal(table["known_on"], pa.scalar(day, pa.date32()))


def replaced(table: pa.Table, name: str, values: pa.ChunkedArray | pa.Array) -> pa.Table:
    """Return the table with other values in one column."""
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(place), values)
