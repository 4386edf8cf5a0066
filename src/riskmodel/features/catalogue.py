"""A catalogue: what the modules of a folder declare: features, outcomes, cohorts, exposures, groups and levers."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import itertools
import json
import sys
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from riskmodel.errors import CallError, RiskmodelError, did_you_mean
from riskmodel.features.declare import FeatureFamily, FeatureSpec
from riskmodel.features.grouping import GroupSpec
from riskmodel.features.levers import LeverSpec
from riskmodel.features.prediction import CohortSpec, ExposureSpec, OutcomeSpec
from riskmodel.workspace import default_features

T = TypeVar("T")
S = TypeVar("S", FeatureSpec, OutcomeSpec, CohortSpec, ExposureSpec, GroupSpec, LeverSpec)

Declared = FeatureFamily | OutcomeSpec | CohortSpec | ExposureSpec | GroupSpec | LeverSpec

_COUNTER = itertools.count()


@dataclass(frozen=True)
class Catalogue:
    """Features, outcomes, cohorts, exposures, groups and levers by name, in the order of their modules."""

    features: dict[str, FeatureSpec] = field(default_factory=dict)
    outcomes: dict[str, OutcomeSpec] = field(default_factory=dict)
    cohorts: dict[str, CohortSpec] = field(default_factory=dict)
    exposures: dict[str, ExposureSpec] = field(default_factory=dict)
    groups: dict[str, GroupSpec] = field(default_factory=dict)
    levers: dict[str, LeverSpec] = field(default_factory=dict)

    @cached_property
    def hash(self) -> str:
        """Digest of all features: names, words, units, directions, meanings."""
        rows = [spec.to_dict() for spec in self.features.values()]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]

    def only(self, names: Sequence[str]) -> Catalogue:
        """Return the catalogue with these features alone, in this order."""
        return dataclasses.replace(self, features={name: self.feature(name) for name in names})

    def feature(self, name: str) -> FeatureSpec:
        """Return a feature; an unknown name raises :class:`CallError` with the nearest one."""
        for what, others in (("exposure", self.exposures), ("outcome", self.outcomes)):
            if name in others and name not in self.features:
                raise CallError(f'"{name}" is an {what}, known only after as_of: it can never be a feature.')
        return _get(self.features, name, "feature")

    def outcome(self, name: str) -> OutcomeSpec:
        """Return an outcome by name."""
        return _get(self.outcomes, name, "outcome")

    def cohort(self, name: str) -> CohortSpec:
        """Return a cohort by name."""
        return _get(self.cohorts, name, "cohort")

    def with_(self, *more: Declared) -> Catalogue:
        """Return the catalogue with more of them, e.g. a feature just written in a notebook."""
        mine = (self.features, self.outcomes, self.cohorts, self.exposures, self.groups, self.levers)
        return Catalogue.of([*(spec for kind in mine for spec in kind.values()), *more])

    @classmethod
    def of(cls, declared: Iterable[object]) -> Catalogue:
        """Gather declared things; a name used twice raises :class:`CallError`."""
        catalogue = cls()
        for thing in declared:
            match thing:
                case FeatureFamily():
                    for spec in thing.specs:
                        _put(catalogue.features, spec, "feature")
                case FeatureSpec():
                    _put(catalogue.features, thing, "feature")
                case OutcomeSpec():
                    _put(catalogue.outcomes, thing, "outcome")
                case CohortSpec():
                    _put(catalogue.cohorts, thing, "cohort")
                case ExposureSpec():
                    _put(catalogue.exposures, thing, "exposure")
                case GroupSpec():
                    _put(catalogue.groups, thing, "group")
                case LeverSpec():
                    _put(catalogue.levers, thing, "lever")
        for name in catalogue.exposures.keys() & catalogue.features.keys():
            raise CallError(f'"{name}" names a feature and an exposure, which is known only after as_of: rename one.')
        _check_ideas(catalogue.features.values())
        return catalogue


def load_catalogue(place: Path | None = None) -> Catalogue:
    """Load the catalogue of a folder of modules, or of one module.

    Parameters
    ----------
    place
        A folder such as ``features/``, or one ``.py`` file. By default the workspace's ``features/``, else the one
        that comes with the package. The modules are executed: load only what you would run.

    Raises
    ------
    CallError
        The place is missing or declares nothing, a module fails (named), a name is repeated.
    """
    place = Path(place) if place is not None else default_features()
    if not place.exists():
        raise CallError(f"{place}: no such folder or file of features.")
    folder, files = (place, sorted(place.glob("*.py"))) if place.is_dir() else (place.parent, [place])
    package = types.ModuleType(f"riskmodel_catalogue_{next(_COUNTER)}")
    package.__path__ = [str(folder)]
    sys.modules[package.__name__] = package
    declared: list[Declared] = []
    try:
        for file in files:
            if file.stem.startswith("_"):
                continue
            module = _import(f"{package.__name__}.{file.stem}", file)
            elsewhere = {f"{package.__name__}.{other.stem}" for other in files if other != file}
            mine = [thing for value in vars(module).values() for thing in _declared(value)]
            # What one module takes from another to build on is declared where it is written.
            mine = [thing for thing in mine if thing.function.__module__ not in elsewhere]
            declared.extend(thing for thing in mine if not any(thing is other for other in declared))
    finally:
        for name in [n for n in sys.modules if n.split(".")[0] == package.__name__]:
            del sys.modules[name]
    catalogue = Catalogue.of(declared)
    if not catalogue.features:
        raise CallError(f"{place}: no module there declares a feature with @feature.")
    return catalogue


def _import(name: str, file: Path) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except RiskmodelError as error:
        raise CallError(f"{file}: {error}") from error
    except Exception as error:
        raise CallError(f"{file}: cannot be loaded: {type(error).__name__}: {error}") from error


def _declared(value: object) -> list[Declared]:
    """Return what a module's global declares: one thing, or a tuple or list of them."""
    things = value if isinstance(value, tuple | list) else [value]
    return [thing for thing in things if isinstance(thing, Declared)]


def _check_ideas(features: Iterable[FeatureSpec]) -> None:
    """Refuse an idea of two risk types: its features speak as one reason, which points to one."""
    first: dict[str, FeatureSpec] = {}
    for spec in features:
        other = first.setdefault(spec.idea or spec.name, spec)
        if other.risk_type != spec.risk_type:
            raise CallError(
                f'"{other.name}" and "{spec.name}" are of one idea, "{spec.idea}", but of the risk types '
                f'"{other.risk_type}" and "{spec.risk_type}": give them one, or name another idea.'
            )


def _get(things: dict[str, T], name: str, what: str) -> T:
    if name not in things:
        raise CallError(f'the catalogue has no {what} "{name}".{did_you_mean(name, things)}')
    return things[name]


def _put(things: dict[str, S], thing: S, what: str) -> None:
    if thing.name in things:
        raise CallError(f'two {what}s are called "{thing.name}": each name may be declared once.')
    things[thing.name] = thing
