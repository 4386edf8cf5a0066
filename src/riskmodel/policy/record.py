"""The policy record: what a figure or a provision was, where, from which day, by what source and how certain."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskmodel.errors import CallError, did_you_mean

Certainty = Literal["A", "B", "C", "D", "S"]
# The package's own record, one file a matter. A workspace has one file, laid over all of them.
FILES = ("lines", "figures", "procedure", "elimination", "triggers", "measures", "insurance", "points")

_Provision = TypeVar("_Provision", bound=BaseModel)


class Entry(BaseModel):
    """One figure or provision of the record.

    Attributes
    ----------
    name : str
        What it is. A name with a dot belongs to the list's life (``clock.visit_days``); one without to what features,
        levers and checks of the registry read.
    region : str
        A prefix of county codes: ``"36"`` is Jiangxi, ``"360981"`` Fengcheng, ``""`` the whole country.
    valid_from : date
        The first day it is in force; it stays in force until the region's next entry.
    valid_until : date, optional
        The first day it is not in force any more, for what ended with nothing in its place.
    value : float, or a mapping or a list
        A figure in ``unit``, or the content of a provision, such as the bands of an insurance.
    certainty : str
        A official, B secondary, C general knowledge, D arithmetic, S assumed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    region: str
    valid_from: date
    valid_until: date | None = None
    value: float | dict[str, Any] | list[Any] = Field(union_mode="left_to_right")
    unit: str = ""
    source: str
    certainty: Certainty

    def in_force(self, *, region: str, on: date) -> bool:
        """Whether it counts in a region on a day, were there no nearer one."""
        ended = self.valid_until is not None and on >= self.valid_until
        return region.startswith(self.region) and self.valid_from <= on and not ended

    @property
    def key(self) -> str:
        """What the audit log calls it by: name, region, first day."""
        return f"{self.name}|{self.region}|{self.valid_from}"


@dataclass(frozen=True)
class Policy:
    """All entries of a record, and the one in force at a place on a day."""

    entries: tuple[Entry, ...] = field(default_factory=tuple)

    def entry(self, name: str, *, region: str, on: date) -> Entry:
        """Return the entry ``name`` in force in ``region`` on the day ``on``.

        The entries of the longest region prefix that has one in force that day count; among them the latest.

        Raises
        ------
        CallError
            The record has no such entry, or none in force that day.
        """
        named = self._by_name.get(name)
        if named is None:
            hint = did_you_mean(name, self._by_name)
            raise CallError(f'the policy record has no figure "{name}".{hint}')
        fitting = [entry for entry in named if entry.in_force(region=region, on=on)]
        if not fitting:
            raise CallError(
                f'the policy record has no "{name}" for region {region or "(whole country)"} in force on {on}: '
                "add a dated entry to policy.yaml in the workspace."
            )
        return max(fitting, key=lambda entry: (len(entry.region), entry.valid_from))

    def value(self, name: str, *, region: str, on: date) -> float:
        """Return the figure ``name`` in force in ``region`` on the day ``on``, as :meth:`entry` finds it.

        Raises
        ------
        CallError
            As :meth:`entry`; or it is no figure.

        Examples
        --------
        >>> default_policy().value("monitoring_line", region="360981", on=date(2024, 6, 1))
        8500.0
        """
        found = self.entry(name, region=region, on=on).value
        if not isinstance(found, float):
            raise CallError(f'"{name}" of the policy record is not one figure but a {type(found).__name__}.')
        return found

    def provision(self, name: str, kind: type[_Provision], *, region: str, on: date) -> _Provision:
        """Return the provision ``name`` in force, read as a model of the kind that its reader expects.

        Raises
        ------
        CallError
            As :meth:`entry`; or its content is not what it should be: the message names entry and key.
        """
        entry = self.entry(name, region=region, on=on)
        try:
            return kind.model_validate(entry.value)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise CallError(
                f'the policy record, "{name}" of region {entry.region or "(whole country)"} from {entry.valid_from}, '
                f"{key}: {first['msg']}."
            ) from error

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with ``prefix``, in the order of the record."""
        return [name for name in self._by_name if name.startswith(prefix)]

    @cached_property
    def _by_name(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.name, []).append(entry)
        return found

    @property
    def digest(self) -> str:
        """A digest of the figures that features read: what, where, from when, how much.

        Sources and the order of entries do not count, nor what steers the list's life: a model stays the same when a
        county gives itself two days more for a visit.
        """
        return _digest(entry for entry in self.entries if "." not in entry.name)

    @property
    def whole_digest(self) -> str:
        """A digest of all entries, sources aside."""
        return _digest(self.entries)

    def extended(self, entries: tuple[Entry, ...]) -> Policy:
        """Return a record in which ``entries`` replace those of the same name, region and day."""
        new = {(e.name, e.region, e.valid_from): e for e in (*self.entries, *entries)}
        return Policy(tuple(new.values()))


def _digest(entries: Any) -> str:
    figures = sorted(
        f"{e.name}|{e.region}|{e.valid_from}|{_plain(e.value)}|{e.unit}"
        + (f"|{e.valid_until}" if e.valid_until is not None else "")
        for e in entries
    )
    return hashlib.sha256("\n".join(figures).encode()).hexdigest()[:16]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


def load_policy(path: Path, *, base: Policy | None = None) -> Policy:
    """Read a record from a YAML file (a list of entries) and lay it over ``base``.

    Raises
    ------
    CallError
        The file is missing, an entry is wrong, or two of them overlap; the message names the file, the entry, the key.
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
    entries: list[Entry] = []
    for name in FILES:
        text = resources.files("riskmodel.policy").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        entries.extend(_entries(yaml.safe_load(text), f"{name}.yaml"))
    return Policy(tuple(entries))


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
    _check_no_overlap(entries, place)
    return tuple(entries)


def _check_no_overlap(entries: list[Entry], place: str) -> None:
    """Refuse two entries of one file that would both be in force: one day must have one answer."""
    numbered = sorted(enumerate(entries, start=1), key=lambda row: (row[1].name, row[1].region, row[1].valid_from))
    for number, entry in numbered:
        if entry.valid_until is not None and entry.valid_until <= entry.valid_from:
            raise CallError(f"{place}: entry {number}: valid_until {entry.valid_until} is not after valid_from.")
    for (first, one), (second, other) in itertools.pairwise(numbered):
        if (one.name, one.region) != (other.name, other.region):
            continue
        if one.valid_from == other.valid_from or (one.valid_until or date.min) > other.valid_from:
            raise CallError(
                f'{place}: entries {first} and {second} overlap: both are "{one.name}" of region '
                f"{one.region or '(whole country)'} in force on {other.valid_from}. Give each day one answer: change a "
                "date, or delete one."
            )
