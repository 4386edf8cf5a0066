"""MLflow's model registry as a mirror of the folder of models: a version for each bundle, and the same aliases.

The folder is the source of truth. A version that MLflow does not know (its store was made anew, or a training could
not be recorded) is registered when the next one is; numbers are the folder's, whatever MLflow would count.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskmodel.files import write_aside
from riskmodel.model.store import ModelStore
from riskmodel.serving.model_folder import example_of, write_model_folder

_MIRRORED = "registered by"
_US = "riskmodel"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A run that was just written: MLflow's ids of it and of its model, ``NAME@VERSION``, and its description."""

    run_id: str
    model_id: str
    reference: str
    note: str


def mirror(client: Any, *, models: Path, name: str, recorded: Recorded | None = None) -> None:
    """Register what is missing, and let each alias stand for what it stands for in the folder.

    Parameters
    ----------
    models : Path
        The folder of models.
    recorded : Recorded, optional
        The run whose bundle is a version of ``name``.
    """
    store = ModelStore(models)
    registered = _registered_model(client, name)
    known = {int(version.version) for version in client.search_model_versions(f"name = '{name}'")}
    mine = None if recorded is None else int(recorded.reference.partition("@")[2])
    for version in store.versions(name):
        if version in known or version < max(known, default=0):
            continue
        if version == mine and recorded is not None:
            _register(client, name, version, source=f"models:/{recorded.model_id}", recorded=recorded)
        else:
            _register(client, name, version, source=_copied(models, name, version))
        known.add(version)
    if recorded is not None and mine in known:
        # Where another training registered this version first, it knew nothing of the run.
        client.update_model_version(name, str(mine), description=recorded.note)
        client.set_model_version_tag(name, str(mine), "run_id", recorded.run_id)
    _show_aliases(client, name, before=registered.aliases, now=store.aliases(name), known=known)


def _registered_model(client: Any, name: str) -> Any:
    with contextlib.suppress(Exception):  # it is there already, which the next line needs
        client.create_registered_model(name, tags={_MIRRORED: _US})
    return client.get_registered_model(name)


def _register(client: Any, name: str, version: int, *, source: str, recorded: Recorded | None = None) -> None:
    """Create a version; MLflow counts by itself, so the numbers of bundles that are gone are used up on the way."""

    ids = {} if recorded is None else {"run_id": recorded.run_id, "model_id": recorded.model_id}
    tags = {"bundle": f"{name}@{version}"}
    while (number := int(client.create_model_version(name, source, tags=tags, **ids).version)) != version:
        client.delete_model_version(name, str(number))
        if number > version:
            return
    if recorded is None:
        client.update_model_version(name, str(version), description=f"The bundle {name}@{version}; see card.md in it.")


def _copied(models: Path, name: str, version: int) -> str:
    """Write the MLflow form of a bundle that no run of this store has logged, and return its address."""
    bundle = models / name / str(version)
    folder = models / "mlartifacts" / name / "versions" / str(version)
    if not (folder / "MLmodel").is_file():
        with write_aside(folder) as aside:
            write_model_folder(bundle, aside, reference=f"{name}@{version}", example=example_of(bundle))
    return folder.as_uri()


def _show_aliases(client: Any, name: str, *, before: dict[str, Any], now: dict[str, int], known: set[int]) -> None:
    for alias in before:
        if alias not in now:
            client.delete_registered_model_alias(name, alias)
    for alias, version in now.items():
        if version in known and str(before.get(alias)) != str(version):
            client.set_registered_model_alias(name, alias, str(version))
