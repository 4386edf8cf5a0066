"""What a training has already worked out, kept beside its results so that an unchanged stage is not run twice.

``OUT/.stages`` holds the rows (a training set), what each scorer said in each fold (Parquet), and the models of the
folds and of all rows (bundles). Each lies under a digest of everything that it depends on: the rows' values, the fold,
the settings, the seed, the versions of the libraries and the source of this package. What is broken or was made of
something else is made anew.
The rows name households, so that the folder is never logged anywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import platform
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

import riskmodel
from riskmodel.errors import RiskmodelError
from riskmodel.evaluation.baselines import Scorer, Taught
from riskmodel.files import alone_or_refused, remove, write_aside
from riskmodel.training.splits import Fold

if TYPE_CHECKING:
    from riskmodel.model import RiskClassifier
    from riskmodel.training.training_set import TrainingSet

FOLDER = ".stages"
_LOG = logging.getLogger(__name__)
_LIBRARIES = (
    "duckdb",
    "interpret-core",
    "lightgbm",
    "numba",
    "numpy",
    "optuna",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
)
# What rows and scores are made by; pages and words may change without running anything again.
_SOURCE = ("engine", "evaluation/baselines", "features", "model", "policy", "registry", "training")
_OURS = ("backtest.py", "calibrating.py", "inputs.py", "stages.py", "tuning.py")
_TEXT = (".py", ".yaml", ".json")


class Said(NamedTuple):
    """What a scorer said of a fold's test rows, and what it told of how it was taught."""

    score: np.ndarray
    told: dict[str, Any] | None


class Stages:
    """The stages of a training in its output folder.

    Parameters
    ----------
    out : Path
        Where results go.
    fresh : bool
        Take nothing from an earlier run.
    """

    def __init__(self, out: Path, *, fresh: bool = False) -> None:
        self.folder = Path(out) / FOLDER
        self.fresh = fresh
        self.used: set[str] = set()
        self.taken = 0

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other trainings out of the folder: each would delete the stages that it has no use for itself.

        Folders that hold nothing at the end, and were not there before, go again.

        Raises
        ------
        CallError
            Another training is writing there.
        """
        out = self.folder.parent
        said = (
            f"{out}: another training is writing there, and both would spoil each other's stages. "
            "Wait until it has ended, or name another folder with --out."
        )
        made = [folder for folder in (self.folder, *self.folder.parents) if not folder.exists()]
        with alone_or_refused(self.folder, said=said):
            try:
                yield
            finally:
                for folder in made:
                    with contextlib.suppress(OSError):  # not empty
                        folder.rmdir()

    def rows(self, depends: Any, build: Callable[[], TrainingSet]) -> TrainingSet:
        """Return the rows of an earlier run that depended on the same, else build and keep them."""
        from riskmodel.training.training_set import TrainingSet

        place = self._place("rows", depends)
        if self._try(place):
            try:
                rows = TrainingSet.read(place)
            except (RiskmodelError, OSError, ValueError, KeyError) as error:
                self._broken(place, error)
            else:
                self._took("Features and outcomes")
                return rows
        rows = build()
        remove(place)
        rows.to_parquet(place)
        # What is read back is what a later run will read: both runs go on from the same.
        return TrainingSet.read(place)

    def said(self, depends: Any, teach: Callable[[], Said]) -> Said:
        """Return what a scorer said in an earlier run that depended on the same, else teach and ask it."""
        place = self._place("scores", depends, suffix=".parquet")
        if self._try(place):
            try:
                said = _read_said(place)
            except (OSError, ValueError, KeyError) as error:
                self._broken(place, error)
            else:
                self.taken += 1
                return said
        said = teach()
        _write_said(said, place)
        return said

    def model(
        self, depends: Any, fit: Callable[[], tuple[RiskClassifier, dict[str, Any]]], *, columns: Sequence[str]
    ) -> tuple[RiskClassifier, dict[str, Any]]:
        """Return the model of an earlier run that depended on the same, else fit and keep it."""
        from riskmodel.model import load_bundle, save_bundle

        place = self._place("model", depends)
        if self._try(place):
            try:
                bundle = load_bundle(place)
            except (RiskmodelError, OSError, ValueError, KeyError) as error:
                self._broken(place, error)
            else:
                self.taken += 1
                return bundle.classifier, bundle.metrics
        classifier, told = fit()
        features = [{"name": name} for name in columns]
        save_bundle(classifier, place, features=features, metrics=told, card="", manifest={"name": "stage"})
        return classifier, told

    def say_taken(self, label: str, *, of: int) -> None:
        """Say how many of the last answers were taken from an earlier run."""
        if self.taken:
            _LOG.info("%s: %d of %d taken from an earlier run", label, self.taken, of)
        self.taken = 0

    def prune(self) -> None:
        """Delete the stages that this run had no use for."""
        for place in self.folder.glob("*") if self.folder.is_dir() else ():
            if place.name not in self.used:
                remove(place)

    def _place(self, kind: str, depends: Any, *, suffix: str = "") -> Path:
        name = f"{kind}-{digest({'code': code_digest(), 'depends': depends})}{suffix}"
        self.used.add(name)
        return self.folder / name

    def _try(self, place: Path) -> bool:
        return not self.fresh and place.exists()

    def _took(self, what: str) -> None:
        _LOG.info("%s: taken from an earlier run (--fresh works them out anew)", what)

    def _broken(self, place: Path, error: Exception) -> None:
        _LOG.warning("%s is broken (%s) and is worked out anew", place, type(error).__name__)
        remove(place)


class Contents:
    """Digests of the rows that scorers learn from and are asked about, a column at a time.

    A scorer's stage depends on the columns that it reads only, so that a baseline more does not run the others again.
    """

    def __init__(self, X: pd.DataFrame, y: pd.Series, *, codes: np.ndarray, as_of: np.ndarray | None) -> None:
        self._columns = {str(name): _of_bytes(X[name].to_numpy(dtype=float)) for name in X.columns}
        self._rest = [_of_bytes(y.to_numpy(dtype=float)), _of_bytes(codes.astype(np.int64))]
        self._dates = digest([str(day) for day in as_of]) if as_of is not None else ""

    def of(self, scorer: Scorer, fold: Fold | None = None) -> dict[str, Any]:
        """Return what a scorer's answers in a fold depend on; without a fold, what a model of all rows does."""
        columns = self._columns if scorer.columns is None else {name: self._columns[name] for name in scorer.columns}
        return {
            "scorer": scorer.name,
            "settings": scorer.settings,
            "columns": list(columns.items()),
            "rows": self._rest,
            "dates": self._dates if scorer.dated else "",
            "fold": None if fold is None else [_of_bytes(fold.train), _of_bytes(fold.test)],
        }


def teach_and_ask(teach: Callable[[], Any], rows: pd.DataFrame) -> Said:
    """Teach a scorer and ask it about rows."""
    predict = teach()
    return Said(np.asarray(predict(rows), dtype=float), predict.told if isinstance(predict, Taught) else None)


def digest(value: Any) -> str:
    """Return a digest of plain data."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def code_digest() -> str:
    """Return a digest of the source that makes rows and scores, and of the versions of the libraries behind them."""
    added = hashlib.sha256(riskmodel.__version__.encode())
    root = Path(riskmodel.__file__).parent
    for path in sorted(path for part in _SOURCE for path in (root / part).rglob("*") if path.suffix in _TEXT):
        added.update(str(path.relative_to(root)).encode())
        added.update(path.read_bytes())
    for name in _OURS:
        added.update((root / "evaluation" / name).read_bytes())
    for name in _LIBRARIES:
        try:
            added.update(f"{name} {metadata.version(name)}".encode())
        except metadata.PackageNotFoundError:
            added.update(f"{name} absent".encode())
    added.update(platform.python_version().encode())
    return added.hexdigest()


def _of_bytes(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:24]


def _seal(said: Said) -> bytes:
    told = json.dumps(said.told, sort_keys=True)
    return hashlib.sha256(np.ascontiguousarray(said.score).tobytes() + told.encode()).hexdigest().encode()


def _write_said(said: Said, place: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"score": said.score}).replace_schema_metadata(
        {b"told": json.dumps(said.told).encode(), b"seal": _seal(said)}
    )
    with write_aside(place) as aside:
        pq.write_table(table, aside)


def _read_said(place: Path) -> Said:
    import pyarrow.parquet as pq

    table = pq.read_table(place)
    kept = table.schema.metadata
    said = Said(table["score"].to_numpy(), json.loads(kept[b"told"]))
    if _seal(said) != kept[b"seal"]:
        raise ValueError("the seal does not fit")
    return said
