"""What the county is held against: read from ``targets.yaml``, each figure with its band, source and certainty."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from riskmodel.policy.record import Certainty


class Target(BaseModel):
    """One figure as sources give it.

    Attributes
    ----------
    low, high : float
        The band, ends included, in which the simulated figure should lie.
    certainty : str
        Of the value: A official, B secondary, C general knowledge, D arithmetic, S assumed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    high: float
    unit: str
    source: str
    certainty: Certainty

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} lies outside its band {self.low:g} to {self.high:g}")
        return self


@cache
def load_targets() -> dict[str, Target]:
    """Read the targets that travel with the package, by ``theme.figure``."""
    text = resources.files("riskmodel.simulation").joinpath("targets.yaml").read_text(encoding="utf-8")
    return {
        f"{theme}.{name}": Target.model_validate(entry)
        for theme, entries in yaml.safe_load(text).items()
        for name, entry in entries.items()
    }
