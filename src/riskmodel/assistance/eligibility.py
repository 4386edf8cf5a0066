"""Whether a measure fits a household: each condition of the policy record checked against the facts, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from riskmodel.assistance.household import FACTS, Household
from riskmodel.errors import CallError, did_you_mean
from riskmodel.policy import Policy
from riskmodel.registry.codes import Lang, codes, label

PREFIX = "measure."
Orientation = Literal["developing", "safety_net", "guarantee"]
Status = Literal["eligible", "evidence_missing", "not_eligible", "has_it"]


class Condition(BaseModel):
    """A fact that must hold: at least or at most a number, a code, below or above a figure, or one of several.

    With the fact alone it is one that no registry holds: evidence that people bring.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    fact: str = ""
    at_least: float | None = None
    at_most: float | None = None
    code: str | None = Field(default=None, alias="is")
    below_figure: str | None = None
    above_figure: str | None = None
    one_of: tuple[Condition, ...] = Field(default=(), alias="any")

    @model_validator(mode="after")
    def _one_thing(self) -> Condition:
        compared = (self.at_least, self.at_most, self.code, self.below_figure, self.above_figure)
        asked = [value for value in compared if value is not None]
        if self.one_of:
            if self.fact or asked:
                raise ValueError("any stands by itself")
        elif self.fact not in FACTS:
            raise ValueError(f'there is no fact "{self.fact}".{did_you_mean(self.fact, FACTS)}')
        elif len(asked) > 1:
            raise ValueError("compare a fact with one thing")
        return self


class Amount(BaseModel):
    """What a measure gives where that is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least: float | None = None
    most: float
    unit: str
    per_fact: str = ""
    note_zh: str = ""
    note_en: str = ""


class Measure(BaseModel):
    """A measure as the policy record has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: str
    orientation: Orientation
    zh: str
    en: str
    risk_types: tuple[str, ...]
    conditions: tuple[Condition, ...]
    amount: Amount | None = None
    scarce: bool = False

    @model_validator(mode="after")
    def _known(self) -> Measure:
        for value, book in ((self.group, "measure_kind"), *((kind, "risk_type") for kind in self.risk_types)):
            if value not in codes(book):
                raise ValueError(f'"{value}" is no {book} of the code book')
        return self


@dataclass(frozen=True)
class Checked:
    """One condition held against the facts: met, not met, or not known."""

    zh: str
    en: str
    met: bool | None

    def words(self, lang: Lang) -> str:
        """Return it with its sign."""
        sign = {True: "✓", False: "✗", None: "?"}[self.met]
        return f"{sign} {self.zh if lang == 'zh' else self.en}"


@dataclass(frozen=True)
class Eligibility:
    """A measure held against a household."""

    measure: str
    rule: Measure
    status: Status
    conditions: tuple[Checked, ...]
    policy: str


def measures_in_force(policy: Policy, *, region: str, on: date) -> dict[str, tuple[Measure, str]]:
    """Return the measures in force in a county on a day, each with the entry of the policy record."""
    found = {}
    for name in policy.names(PREFIX):
        entries = [entry for entry in policy.entries if entry.name == name and entry.in_force(region=region, on=on)]
        if not entries or isinstance(entries[0].value, float):
            continue
        found[name.removeprefix(PREFIX)] = (
            policy.provision(name, Measure, region=region, on=on),
            policy.entry(name, region=region, on=on).key,
        )
    return found


def check(household: Household, name: str, measure: Measure, key: str, *, policy: Policy, on: date) -> Eligibility:
    """Hold a measure against a household, condition by condition.

    Who has a measure of the group is told so, though a condition asks that there be none (one loan a household): that
    condition speaks of the same fact. Only where another one fails too are the conditions not met.
    """
    checked = tuple(_check(condition, household, policy, on) for condition in measure.conditions)
    own = f"{measure.group}_in_force"
    in_force = household.fact(own)
    # A guarantee that is not held is mended whatever was given before.
    has = isinstance(in_force, float) and in_force > 0 and measure.orientation != "guarantee"
    others = [one for asked, one in zip(measure.conditions, checked, strict=True) if asked.fact != own]
    status: Status = "eligible"
    if any(one.met is False for one in (others if has else checked)):
        status = "not_eligible"
    elif has:
        status = "has_it"
    elif any(one.met is None for one in checked):
        status = "evidence_missing"
    return Eligibility(name, measure, status, checked, key)


def _check(condition: Condition, household: Household, policy: Policy, on: date) -> Checked:
    if condition.one_of:
        parts = [_check(part, household, policy, on) for part in condition.one_of]
        known = [part.met for part in parts]
        met = True if True in known else (None if None in known else False)
        return Checked(
            "任一：" + "；或".join(part.zh for part in parts), "either " + " or ".join(part.en for part in parts), met
        )
    zh, en = FACTS[condition.fact]
    value = household.fact(condition.fact)
    if condition.code is not None:
        return _coded(condition, value, zh, en)
    if condition.below_figure is not None:
        figure = policy.value(condition.below_figure, region=household.county_code, on=on)
        return _compared(value, zh, en, "低于", "below", figure, lambda number: number < figure)
    if condition.above_figure is not None:
        figure = policy.value(condition.above_figure, region=household.county_code, on=on)
        return _compared(value, zh, en, "高于", "above", figure, lambda number: number > figure)
    for limit, words, holds in (
        (condition.at_least, ("不少于", "at least"), lambda number, limit: number >= limit),
        (condition.at_most, ("不多于", "at most"), lambda number, limit: number <= limit),
    ):
        if limit is not None:
            return _compared(
                value, zh, en, *words, limit, lambda number, limit=limit, holds=holds: holds(number, limit)
            )
    return Checked(f"{zh}：需核实", f"{en}: to be found out", None)


def _coded(condition: Condition, value: float | str | None, zh: str, en: str) -> Checked:
    book = {"household_type": "household_type", "housing_grade": "housing_grade"}.get(condition.fact)
    if book is None:
        raise CallError(f'the fact "{condition.fact}" is a number, not a code.')
    wanted = str(condition.code)
    found_zh, found_en = (
        (label(book, str(value), "zh"), label(book, str(value), "en")) if value is not None else ("不明", "not known")
    )
    return Checked(
        f"{zh}：{found_zh}（需为{label(book, wanted, 'zh')}）",
        f"{en}: {found_en} (must be {label(book, wanted, 'en')})",
        None if value is None else value == wanted,
    )


def _compared(value: object, zh: str, en: str, word_zh: str, word_en: str, limit: float, holds: object) -> Checked:
    if not isinstance(value, float):
        return Checked(f"{zh}：不明（需{word_zh}{limit:,g}）", f"{en}: not known (must be {word_en} {limit:,g})", None)
    assert callable(holds)
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.4g}"
    return Checked(
        f"{zh}：{shown}（需{word_zh}{limit:,g}）",
        f"{en}: {shown} (must be {word_en} {limit:,g})",
        bool(holds(value)),
    )
