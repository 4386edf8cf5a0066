"""A training set as a folder: three Parquet files, and a page that says what they are and what bytes they hold."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.errors import DataError
from riskmodel.features.catalogue import Catalogue
from riskmodel.features.declare import FeatureSpec
from riskmodel.files import sha256_of, write_aside

if TYPE_CHECKING:
    from riskmodel.training.training_set import TrainingSet

PAGE = "training_set.json"
ROWS, FEATURES, EXPOSURE = "rows.parquet", "features.parquet", "exposure.parquet"


def write(rows: TrainingSet, folder: Path) -> None:
    """Write a training set; the folder appears whole or not at all, and replaces a training set that stood there.

    Raises
    ------
    DataError
        The folder holds something else.
    """
    if folder.exists() and not (folder / PAGE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is there already and is not a training set: name a new folder.")
    with write_aside(folder) as aside:
        aside.mkdir()
        rows.frame.assign(outcome=rows.y, weight=rows.weights).to_parquet(aside / ROWS, index=False)
        rows.X.to_parquet(aside / FEATURES, index=False)
        rows.exposure.to_parquet(aside / EXPOSURE, index=False)
        page = {
            "record": rows.record,
            "features": [spec.to_dict() for spec in rows.catalogue.features.values()],
            "files": {name: sha256_of(aside / name) for name in (ROWS, FEATURES, EXPOSURE)},
        }
        (aside / PAGE).write_text(json.dumps(page, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> TrainingSet:
    """Read a training set; a file that is missing or changed is refused by name."""
    import pandas as pd

    from riskmodel.training.training_set import TrainingSet

    page = _page(folder)
    for name, wanted in page["files"].items():
        if not (folder / name).is_file():
            raise DataError(f"{folder}: {name} is missing: the training set is not whole. Build it anew.")
        if sha256_of(folder / name) != wanted:
            raise DataError(f"{folder / name}: not the bytes that {PAGE} speaks of. Build the training set anew.")
    record: dict[str, Any] = page["record"]
    rows = pd.read_parquet(folder / ROWS)
    features = [FeatureSpec.from_dict(data) for data in page["features"]]
    flow = pd.DataFrame(record["flow"])
    return TrainingSet(
        frame=rows.drop(columns=["outcome", "weight"]),
        X=pd.read_parquet(folder / FEATURES),
        y=rows["outcome"].rename(record["outcome"]),
        # Parquet forgets how many rows a table without columns has.
        exposure=pd.read_parquet(folder / EXPOSURE).reindex(rows.index),
        weights=rows["weight"],
        catalogue=Catalogue({spec.name: spec for spec in features}),
        flow=flow.assign(as_of=[date.fromisoformat(day) for day in flow["as_of"]]),
        record=record,
    )


def _page(folder: Path) -> dict[str, Any]:
    place = folder / PAGE
    try:
        page = json.loads(place.read_text(encoding="utf-8"))
    except OSError:
        raise DataError(f"{folder}: there is no training set here ({PAGE} cannot be read).") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{place}: line {error.lineno} is not JSON. Build the training set anew.") from None
    absent = [key for key in ("record", "features", "files") if key not in page]
    if absent:
        raise DataError(f"{place}: lacks {', '.join(absent)}. Build the training set anew.")
    return dict(page)
