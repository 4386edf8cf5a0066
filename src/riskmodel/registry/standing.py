"""What stands in a folder before a registry is written there: whether it may be replaced, what goes and what stays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from riskmodel.registry.schema import TABLES

DESCRIPTION = "registry.json"
# Says that `riskmodel simulate` made the registry, and how.
MADE = "simulated.json"
# What simulate lays beside the tables. It tells of these rows, and of no others.
TOLD = (
    MADE,
    "simulated_policy.yaml",
    "truth.parquet",
    "drivers.parquet",
    "dirt.parquet",
    "dirt.json",
    "calibration.md",
)


def is_registry(folder: Path) -> bool:
    """Tell whether ``folder`` holds ``registry.json`` as this package writes it.

    Files named like tables do not make one: ``member`` may be somebody's folder of photos.
    """
    return {"schema_version", "tables"} <= _object_in(folder / DESCRIPTION).keys()


def is_simulated(folder: Path) -> bool:
    """Tell whether ``folder`` holds a registry that simulate made: ``simulated.json`` beside ``registry.json``."""
    return is_registry(folder) and {"households", "seed", "version"} <= _object_in(folder / MADE).keys()


def may_be_replaced(folder: Path) -> bool:
    """Tell whether a registry may take the place of ``folder``: it is absent, empty, or a registry already."""
    if not folder.exists():
        return True
    return folder.is_dir() and (not any(folder.iterdir()) or is_registry(folder))


def not_replaceable(folder: Path) -> str:
    """Say why a registry may not take the place of ``folder``, and what to do."""
    return (
        f"{folder} is there already and is not a registry (it is not empty, and holds no {DESCRIPTION} as riskmodel "
        "writes it): name a new folder."
    )


def is_table_file(name: str) -> bool:
    """Tell whether a file or folder of this name in a registry holds one of its tables."""
    return name in TABLES or (name.endswith(".parquet") and name.removesuffix(".parquet") in TABLES)


def keep_other_files(old: Path, new: Path, *, same_rows: bool = False) -> None:
    """Carry what lies in ``old`` and is neither a table nor written anew over to ``new``.

    What simulate told of the rows in ``old`` (:data:`TOLD`) stays behind, unless ``new`` has the ``same_rows``.
    """
    told = () if same_rows or not is_simulated(old) else TOLD
    if not old.is_dir():
        return
    for entry in sorted(old.iterdir()):
        target = new / entry.name
        if is_table_file(entry.name) or entry.name in told or target.exists():
            continue
        if entry.is_symlink():
            target.symlink_to(entry.readlink())
        elif entry.is_dir():
            shutil.copytree(entry, target, symlinks=True)
        else:
            shutil.copy2(entry, target)


def _object_in(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds; nothing where there is none, or it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
