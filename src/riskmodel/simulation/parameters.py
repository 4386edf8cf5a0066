"""The simulator's figures: read from ``parameters.yaml``, each with its unit, source and certainty."""

from __future__ import annotations

from collections.abc import Mapping
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
            if parameter.certainty not in CERTAINTIES:
                raise CallError(
                    f"parameters.yaml: {name}.{key}: certainty is {parameter.certainty!r}, not one of A-D, S"
                )
        sections[name] = Section(name, parameters)
    return Parameters(sections)
