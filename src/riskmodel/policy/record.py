"""The policy record: what a figure was, where, from which day, by what source and how certain."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from riskmodel.errors import CallError, did_you_mean

Certainty = Literal["A", "B", "C", "D", "S"]


class Entry(BaseModel):
    """One figure of the record.

    Attributes
    ----------
    region : str
        A prefix of county codes: ``"36"`` is Jiangxi, ``"360981"`` Fengcheng, ``""`` the whole country.
    valid_from : date
        The first day it is in force; it stays in force until the region's next entry.
    certainty : str
        A official, B secondary, C general knowledge, D arithmetic, S assumed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    region: str
    valid_from: date
    value: float
    unit: str
    source: str
    certainty: Certainty


@dataclass(frozen=True)
class Policy:
    """All entries of a record, and the figure in force at a place on a day."""

    entries: tuple[Entry, ...] = field(default_factory=tuple)

    def value(self, name: str, *, region: str, on: date) -> float:
        """Return the figure ``name`` in force in ``region`` on the day ``on``.

        The entries of the longest region prefix that has one by that day count; among them the latest.

        Raises
        ------
        CallError
            The record has no such figure, or none in force by that day.

        Examples
        --------
        >>> default_policy().value("monitoring_line", region="360981", on=date(2024, 6, 1))
        8500.0
        """
        named = [entry for entry in self.entries if entry.name == name]
        if not named:
            hint = did_you_mean(name, {entry.name for entry in self.entries})
            raise CallError(f'the policy record has no figure "{name}".{hint}')
        fitting = [entry for entry in named if region.startswith(entry.region) and entry.valid_from <= on]
        if not fitting:
            raise CallError(
                f'the policy record has no "{name}" for region {region or "(whole country)"} in force on {on}: '
                "add a dated entry to policy.yaml in the workspace."
            )
        return max(fitting, key=lambda entry: (len(entry.region), entry.valid_from)).value

    @property
    def digest(self) -> str:
        """A digest of the figures: what, where, from when, how much. Sources and the order of entries do not count."""
        figures = sorted(f"{e.name}|{e.region}|{e.valid_from}|{e.value!r}|{e.unit}" for e in self.entries)
        return hashlib.sha256("\n".join(figures).encode()).hexdigest()[:16]

    def extended(self, entries: tuple[Entry, ...]) -> Policy:
        """Return a record in which ``entries`` replace those of the same name, region and day."""
        new = {(e.name, e.region, e.valid_from): e for e in (*self.entries, *entries)}
        return Policy(tuple(new.values()))


def load_policy(path: Path, *, base: Policy | None = None) -> Policy:
    """Read a record from a YAML file (a list of entries) and lay it over ``base``.

    Raises
    ------
    CallError
        The file is missing or an entry is wrong; the message names the file, the entry and the key.
    """
    try:
        rows = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise CallError(f"{path}: cannot be read ({error.strerror}).") from error
    except yaml.YAMLError as error:
        raise CallError(f"{path}: not valid YAML: {error}") from error
    return (base or Policy()).extended(_entries(rows, str(path)))


@cache
def default_policy() -> Policy:
    """Return the record that comes with the package; what no source gives is marked as assumed there."""
    text = resources.files("riskmodel.policy").joinpath("record.yaml").read_text(encoding="utf-8")
    return Policy(_entries(yaml.safe_load(text), "record.yaml"))


def _entries(rows: Any, place: str) -> tuple[Entry, ...]:
    if not isinstance(rows, list):
        raise CallError(f"{place}: expected a list of entries, got {type(rows).__name__}.")
    entries = []
    for number, row in enumerate(rows, start=1):
        try:
            entries.append(Entry.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            hint = did_you_mean(key, Entry.model_fields) if first["type"] == "extra_forbidden" else ""
            raise CallError(f"{place}: entry {number}, {key}: {first['msg']}.{hint}") from error
    return tuple(entries)
