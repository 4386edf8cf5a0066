"""Clues by rule: what a department's push, or a rule, names a household for, read from features at a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from riskmodel.evaluation.baselines import COMPARISONS
from riskmodel.explain import format_value
from riskmodel.monitoring.standing import standing
from riskmodel.registry.codes import codes

if TYPE_CHECKING:
    from riskmodel.features import Catalogue, FeatureSpec
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

PREFIX = "trigger."


class Condition(BaseModel):
    """A feature compared with a number; a missing value does not meet it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str
    below: float | None = None
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one(self) -> Condition:
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(COMPARISONS)}; given: {', '.join(given) or 'none'}")
        return self

    @property
    def comparison(self) -> tuple[str, float]:
        """How it compares, and with what."""
        return next((name, getattr(self, name)) for name in COMPARISONS if getattr(self, name) is not None)

    def met(self, values: pd.Series) -> np.ndarray:
        """Say, row by row, whether it is met."""
        word, threshold = self.comparison
        numbers = values.to_numpy(dtype=float)
        return np.asarray(COMPARISONS[word].holds(numbers, threshold) & ~np.isnan(numbers))

    def words(self, spec: FeatureSpec, value: float) -> tuple[str, str]:
        """Return what was found and against what, in Chinese and English."""
        word, threshold = self.comparison
        zh_found, zh_asked = (format_value(number, spec.unit, "zh") for number in (value, threshold))
        en_found, en_asked = (format_value(number, spec.unit, "en") for number in (value, threshold))
        zh = f"{spec.zh}：{zh_found}（{COMPARISONS[word].zh}{zh_asked}）"
        en = f"{spec.en}: {en_found} ({word.replace('_', ' ')} {en_asked})"
        return zh, en


class Trigger(BaseModel):
    """One rule that gives a clue, as the policy record has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["department", "rule"]
    risk_type: str
    level: Literal["green", "yellow", "red"]
    track: Literal["ordinary", "emergency"] = "ordinary"
    household_types: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = Field(alias="all", min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Trigger:
        for name, book in ((self.risk_type, "risk_type"), *((kind, "household_type") for kind in self.household_types)):
            if name not in codes(book):
                raise ValueError(f'"{name}" is no {book} of the code book')
        return self


@dataclass(frozen=True)
class Named:
    """A household that a trigger names.

    Attributes
    ----------
    policy : str
        The entry of the policy record.
    reasons : tuple of (str, str)
        What was found, in Chinese and English.
    """

    household_id: str
    place: tuple[str, str, str]
    trigger: str
    rule: Trigger
    policy: str
    reasons: tuple[tuple[str, str], ...]


def named_by_triggers(
    registry: Registry, *, as_of: date, policy: Policy, catalogue: Catalogue, engine: str = "auto"
) -> list[Named]:
    """Return the households, not on the list, that a trigger in force in their county names at ``as_of``.

    Sorted by household, then trigger. What features say is bound to what was known, and true, strictly before.

    Raises
    ------
    CallError
        A trigger reads a feature that the catalogue does not have, or is not what it should be.
    """
    from riskmodel.features import build_features

    people = standing(registry, as_of=as_of)
    people = people[~people["on_list"].astype(bool)]
    counties = sorted(people["county_code"].dropna().unique())
    in_force = {county: triggers_in_force(policy, county=county, on=as_of) for county in counties}
    rules = [rule for found in in_force.values() for rule, _ in found.values()]
    wanted = sorted({condition.feature for rule in rules for condition in rule.conditions})
    specs = {name: catalogue.feature(name) for name in wanted}
    if not wanted:
        return []
    features = build_features(registry, as_of=as_of, catalogue=catalogue, only=wanted, policy=policy, engine=engine)
    frame = features.set_index("household_id")[wanted].join(people, how="inner")
    named: list[Named] = []
    for county, found in in_force.items():
        named += named_among(frame[frame["county_code"] == county], found, specs=specs)
    return sorted(named, key=lambda one: (one.household_id, one.trigger))


def named_among(
    frame: pd.DataFrame, rules: Mapping[str, tuple[Trigger, str]], *, specs: Mapping[str, FeatureSpec]
) -> list[Named]:
    """Return whom triggers name among households of one county.

    Parameters
    ----------
    frame : DataFrame
        Indexed by household: the features that the triggers read, the place and ``household_type``.
    rules : mapping
        As :func:`triggers_in_force` gives them.
    """
    return [one for name, (rule, key) in rules.items() for one in _named(frame, name, rule, key, specs)]


def triggers_in_force(policy: Policy, *, county: str, on: date) -> dict[str, tuple[Trigger, str]]:
    """Return the triggers in force in a county on a day, each with its entry of the policy record."""
    found = {}
    for name in policy.names(PREFIX):
        if not any(entry.in_force(region=county, on=on) for entry in policy.entries if entry.name == name):
            continue
        rule = policy.provision(name, Trigger, region=county, on=on)
        found[name.removeprefix(PREFIX)] = (rule, policy.entry(name, region=county, on=on).key)
    return found


def triggers_digest(policy: Policy) -> str:
    """Return a digest of all triggers of the record, wherever they are in force."""
    from riskmodel.policy import Policy as Record

    return Record(tuple(entry for entry in policy.entries if entry.name.startswith(PREFIX))).whole_digest


def _named(frame: pd.DataFrame, name: str, rule: Trigger, key: str, specs: Mapping[str, FeatureSpec]) -> list[Named]:
    hit = np.ones(len(frame), dtype=bool)
    if rule.household_types:
        hit &= frame["household_type"].isin(rule.household_types).to_numpy()
    for condition in rule.conditions:
        hit &= condition.met(frame[condition.feature])
    return [
        Named(
            household_id=str(household),
            place=(str(row["county_code"]), str(row["township_code"]), str(row["village_code"])),
            trigger=name,
            rule=rule,
            policy=key,
            reasons=tuple(
                condition.words(specs[condition.feature], float(row[condition.feature]))
                for condition in rule.conditions
            ),
        )
        for household, row in frame[hit].iterrows()
    ]
