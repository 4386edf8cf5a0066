from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from riskmodel.registry.schema import TABLES
from riskmodel.simulation import simulate_registry

UNTIL = date(2026, 1, 1)
HOUSEHOLDS, YEARS, SEED = 1200, 4, 11


@dataclass(frozen=True)
class Written:
    """A simulated registry, read back as plain frames with dates as pandas timestamps."""

    path: Path
    frames: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def standing(self, name: str) -> pd.DataFrame:
        """The rows that nothing supersedes or takes away."""
        rows = self.frames[name]
        return rows[rows.known_until.isna() & ~rows.withdrawn.fillna(False).astype(bool)]


def read(path: Path) -> Written:
    frames = {}
    for name, table in TABLES.items():
        file = path / f"{name}.parquet"
        if not file.exists():
            continue
        frame = pq.read_table(file).to_pandas()
        for column in table.columns:
            if column.kind in {"date", "month"}:
                frame[column.name] = pd.to_datetime(frame[column.name])
            elif column.kind == "code":
                frame[column.name] = frame[column.name].astype(object)
        frames[name] = frame
    return Written(path, frames)


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Written:
    out = tmp_path_factory.mktemp("simulated") / "registry"
    simulate_registry(out, households=HOUSEHOLDS, years=YEARS, seed=SEED, until=UNTIL)
    return read(out)
