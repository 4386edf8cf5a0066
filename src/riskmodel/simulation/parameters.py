"""The simulator's figures: read from ``parameters.yaml``, each with its unit, source and certainty."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from riskmodel.errors import CallError, did_you_mean

CERTAINTIES = ("A", "B", "C", "D", "S")


@dataclass(frozen=True)
class Parameter:
    """One figure.

    Attributes
    ----------
    certainty : str
        A official, B secondary, C general knowledge, D arithmetic from A or B, S assumed for simulation.
    """

    value: Any
    unit: str
    source: str
    certainty: str


@dataclass(frozen=True)
class Section:
    """The figures of one mechanism; ``section["name"]`` gives the value."""

    name: str
    parameters: Mapping[str, Parameter]

    def __getitem__(self, name: str) -> Any:
        if name not in self.parameters:
            raise CallError(
                f'parameters.yaml: section "{self.name}" has no "{name}".{did_you_mean(name, self.parameters)}'
            )
        return self.parameters[name].value


@dataclass(frozen=True)
class Parameters:
    """All figures; ``parameters["health"]["major_onset"]`` gives one value."""

    sections: Mapping[str, Section]

    def __getitem__(self, name: str) -> Section:
        if name not in self.sections:
            raise CallError(f'parameters.yaml has no section "{name}".{did_you_mean(name, self.sections)}')
        return self.sections[name]


@cache
def load_parameters() -> Parameters:
    """Read the figures that travel with the package."""
    text = resources.files("riskmodel.simulation").joinpath("parameters.yaml").read_text(encoding="utf-8")
    raw = yaml.safe_load(text)
    sections = {}
    for name, entries in raw.items():
        parameters = {key: Parameter(**entry) for key, entry in entries.items()}
        for key, parameter in parameters.items():
            _check(f"parameters.yaml: {name}.{key}", parameter)
        sections[name] = Section(name, parameters)
    return Parameters(sections)


def _check(place: str, parameter: Parameter) -> None:
    """Refuse what cannot be: an unknown certainty, a share above 1, a rate or an amount below 0."""
    if parameter.certainty not in CERTAINTIES:
        raise CallError(f"{place}: certainty is {parameter.certainty!r}, not one of A-D, S")
    most = 1.0 if parameter.unit.startswith(("share", "chance")) else math.inf
    # Logarithms and normal scores have a sign; nothing else has.
    least = -math.inf if parameter.unit.startswith(("log", "cuts of")) else 0.0
    for number in _numbers(parameter.value):
        if not least <= number <= most:
            raise CallError(
                f"{place} is {number:g} ({parameter.unit}); expected {least:g} to {most:g}."
                if math.isfinite(most)
                else f"{place} is {number:g} ({parameter.unit}); expected a number of {least:g} or more."
            )


def _numbers(value: Any) -> Iterator[float]:
    """Give every number of a value, which may be a list or a mapping of them."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
