"""The record of a run: what went in, what came out, what was checked, how long it took. Nothing personal."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from riskmodel import __version__
from riskmodel.engine import plan
from riskmodel.errors import DataError
from riskmodel.explain.contributions import BASE, TOLERANCE
from riskmodel.files import sha256_of, write_aside
from riskmodel.monitoring.choosing import TIES, Selection
from riskmodel.monitoring.explaining import Provenance
from riskmodel.monitoring.rules import FlagRule

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec
    from riskmodel.model import Bundle
    from riskmodel.monitoring.challenger import Challenger
    from riskmodel.monitoring.selecting import Selected
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

NAME = "run.json"
MODEL = "model"
_OF_MODEL = ("card.md", "card.html", "metrics.json")
_PACKAGES = ("duckdb", "ibis-framework", "lightgbm", "numba", "numpy", "pandas", "pyarrow", "woodelf-explainer")


def inputs(
    registry: Registry,
    bundle: Bundle,
    *,
    model: str,
    as_of: date,
    features: str,
    cohort: str,
    policy: Policy,
    settings: Mapping[str, object],
    beside: Challenger | None = None,
) -> dict[str, str]:
    """Return what a run depends on, as strings to compare: two runs with equal inputs leave equal results."""
    return {
        "registry": registry.fingerprint,
        "as_of": as_of.isoformat(),
        "model": model,
        "model_manifest": sha256_of(bundle.folder / "manifest.json"),
        "features": features,
        "cohort": cohort,
        "policy": policy.digest,
        "riskmodel": __version__,
        **{key: str(value) for key, value in settings.items()},
        **({} if beside is None else beside.inputs),
    }


def versions() -> dict[str, str]:
    """Return the versions of this package, of Python, and of the packages that results may depend on."""
    return {
        "riskmodel": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def absent_tables(registry: Registry, features: Iterable[FeatureSpec]) -> dict[str, list[str]]:
    """Return the tables that features read and the registry lacks, each with the features missing without it."""
    without: dict[str, list[str]] = {}
    for spec in features:
        for table in plan.tables(spec.node) if spec.node is not None else ():
            if table not in registry.tables:
                without.setdefault(table, []).append(spec.name)
    return without


def copy_of_model(bundle: Bundle, folder: Path) -> list[str]:
    """Copy what a report shows of the model into ``folder``, and return the files' names below the run's folder."""
    folder.mkdir(exist_ok=True)
    there = [name for name in _OF_MODEL if (bundle.folder / name).is_file()]
    for name in there:
        with write_aside(folder / name) as aside:
            shutil.copyfile(bundle.folder / name, aside)
    return [f"{folder.name}/{name}" for name in there]


def record(
    bundle: Bundle,
    *,
    model: Provenance,
    registry: Registry,
    absent: Mapping[str, list[str]],
    as_of: date,
    inputs: Mapping[str, str],
    selected: Selected,
    selection: Selection,
    rules: Sequence[FlagRule],
    cut: Mapping[str, int],
    residuals: Mapping[str, float],
    explained: Sequence[Mapping[str, Any]],
    engine: Mapping[str, Any],
    timings: Mapping[str, float],
    files: Mapping[str, Path],
) -> dict[str, Any]:
    """Return the content of ``run.json``.

    Parameters
    ----------
    absent : mapping of str to list of str
        As :func:`absent_tables` gives it.
    selected : Selected
        What became of everyone.
    cut : mapping of str to int
        How the run was cut up: households in a slice, workers, bytes of memory. The results do not depend on it.
    engine : mapping
        Which engine worked out the features, why, and what DuckDB did beside it.
    explained : sequence of mapping
        How the contributions of each slice of flags were worked out.
    rules : sequence of FlagRule
        Those that flagged; an empty list says that no rule could.
    files : mapping of str to Path
        The results by name, for their digests and numbers of rows.
    """
    queue = np.concatenate([np.empty(0), *selected.queue])
    return {
        "as_of": as_of.isoformat(),
        "inputs": dict(inputs),
        "registry": {
            "fingerprint": registry.fingerprint,
            "cut_on": registry.cut_on.isoformat(),
            "tables": list(registry.tables),
            "absent": dict(absent),
        },
        "model": {
            "name": model.model,
            "version": model.model_version,
            "catalogue_hash": model.catalogue_hash,
            "manifest_sha256": inputs["model_manifest"],
            "manifest": {key: value for key, value in bundle.manifest.items() if _is_plain(value)},
            "base_value": float(bundle.classifier.base_value_),
        },
        "policy": {"digest": inputs["policy"], "trained_with": bundle.manifest.get("policy")},
        "features": [dict(row) for row in bundle.features],
        "capacity": {
            "asked": str(selection.capacity) if selection.capacity is not None else None,
            "threshold": selection.threshold,
            "per": selection.per,
            "places": selected.places,
            "by_rule_alone": selection.to_dict()["rule_capacity"],
            "left_out_by_rule": selected.left_out,
            "ties": TIES,
        },
        "rules": [rule.to_dict() for rule in rules],
        "counts": dict(selected.counts),
        "risk": {
            "mean": float(queue.mean()) if len(queue) else None,
            "median": float(np.median(queue)) if len(queue) else None,
            "expected_cases": float(queue.sum()),
        },
        "cut": dict(cut),
        "features_engine": dict(engine),
        "explanations": _explanations(explained),
        "contributions_check": {**residuals, "tolerance": TOLERANCE},
        "files": {
            name: {"sha256": sha256_of(path)}
            | ({"rows": pq.read_metadata(path).num_rows} if path.suffix == ".parquet" else {})
            for name, path in files.items()
        },
        "versions": versions(),
        "timings_seconds": dict(timings),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _explanations(explained: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what worked the contributions out, over all slices of flags, and whom the base value speaks of."""
    left = next((slice_ for slice_ in explained if slice_["by"] != "woodelf"), None)
    return {
        "by": "lightgbm" if left is not None or not explained else "woodelf",
        "why": left["why"] if left is not None else None,
        "rows_checked": sum(slice_["rows_checked"] for slice_ in explained),
        "against_lightgbm": max((slice_["against_lightgbm"] for slice_ in explained), default=0.0),
        "base": dict(BASE),
    }


def of_parts(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the record says of a result that is a folder of parts.

    Parameters
    ----------
    parts : mapping of str to mapping
        By file below the run's folder, its ``sha256`` and number of ``rows``.
    """
    lines = "".join(f"{name} {parts[name]['sha256']}\n" for name in sorted(parts))
    return {
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
        "rows": sum(entry["rows"] for entry in parts.values()),
        "parts": {name: dict(parts[name]) for name in sorted(parts)},
    }


def read_record(folder: Path) -> dict[str, Any]:
    """Read ``run.json`` and check that the files beside it are those it speaks of.

    Raises
    ------
    DataError
        It is missing or broken, or a file differs from what the run left.
    """
    path = folder / NAME
    if not path.is_file():
        raise DataError(
            f"{path}: not there. `riskmodel score REGISTRY --as-of D --model NAME --out {folder}` makes it."
        )
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = told["files"].items()
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise DataError(f"{path}: not the record of a run. Run `riskmodel score` again.") from error
    for name, wanted in files:
        parts = wanted.get("parts")
        for file, of_file in ({name: wanted} if parts is None else parts).items():
            _check_file(folder, file, of_file["sha256"])
        others = set() if parts is None else {f"{name}/{path.name}" for path in (folder / name).glob("*")} - set(parts)
        if others:
            raise DataError(
                f"{folder / min(others)}: {NAME} does not speak of it. Take it out, or run `riskmodel score` again."
            )
    return told


def _check_file(folder: Path, name: str, digest: str) -> None:
    if not (folder / name).is_file():
        raise DataError(f"{folder / name}: not there, though {NAME} speaks of it. Run `riskmodel score` again.")
    if sha256_of(folder / name) != digest:
        raise DataError(
            f"{folder / name}: not the file that {NAME} speaks of: it was changed or truncated, or the run that "
            "was writing it was interrupted. Run `riskmodel score` again (--resume continues an interrupted run)."
        )


def finished(folder: Path) -> dict[str, Any] | None:
    """Return the record of a finished run in ``folder``, None where there is none or its files do not agree."""
    try:
        return read_record(folder)
    except DataError:
        return None


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool) or value is None
