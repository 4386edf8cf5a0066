"""The policy record at one place on one day, as the list reads it; it remembers which entries were asked for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, RootModel, model_validator

from riskmodel.engine.calendar import add_months
from riskmodel.policy import Policy
from riskmodel.watchlist.case import STATE_AFTER

Role = Literal["system", "household", "village", "department", "township", "county"]
_Kind = TypeVar("_Kind", bound=BaseModel)


class Step(BaseModel):
    """One step of a procedure: who may take it, and the fact that lets it be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    by: tuple[Role, ...]
    unless_known: Literal["already_compared"] | None = None


class Procedure(BaseModel):
    """The steps of a track, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Step, ...]
    measures_first: bool = False
    _found: dict[tuple[tuple[str, ...], frozenset[str]], tuple[Step, ...]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Procedure:
        names = [step.step for step in self.steps]
        unknown = [name for name in names if name not in STATE_AFTER]
        if unknown:
            raise ValueError(f"unknown step {unknown[0]}; known: {', '.join(STATE_AFTER)}")
        if len(set(names)) != len(names):
            raise ValueError("a step stands twice")
        begins, decides = ("exit_visit", "exit_approve") if names[0].startswith("exit_") else ("visit", "approve")
        if names[0] != begins or decides not in names:
            raise ValueError(f"a procedure begins with {begins} and holds {decides}")
        order = list(STATE_AFTER)
        if names != sorted(names, key=order.index):
            raise ValueError(f"the steps' order is {', '.join(order)}; some may be left out")
        if "compare" in names and "authorise" not in names:
            raise ValueError("compare asks for authorise before it")
        return self

    def after(self, done: tuple[str, ...], *, known: frozenset[str]) -> tuple[Step, ...]:
        """Return which steps may come next: the first not done, and what follows where that one may be left out."""
        key = (done, known)
        if key not in self._found:
            self._found[key] = self._after(done, known)
        return self._found[key]

    def _after(self, done: tuple[str, ...], known: frozenset[str]) -> tuple[Step, ...]:
        left = [step for step in self.steps if step.step not in done]
        if done:
            last = max(position for position, step in enumerate(self.steps) if step.step in done)
            left = list(self.steps[last + 1 :])
        allowed = []
        for step in left:
            allowed.append(step)
            if step.unless_known is None or step.unless_known not in known:
                break
        return tuple(allowed)


class _Lists(RootModel[dict[str, tuple[str, ...]]]):
    """Codes by code: roles by action, measures by risk type."""


class Rulebook:
    """What is in force in a region on a day.

    Parameters
    ----------
    policy : Policy
    region : str
        A county code.
    on : date
    """

    def __init__(self, policy: Policy, *, region: str, on: date) -> None:
        self.policy, self.region, self.on = policy, region, on
        self._read: dict[str, BaseModel] = {}
        self._figures: dict[str, float] = {}
        self._keys: dict[str, str] = {}
        self._units: dict[str, str] = {}
        self._used: dict[str, None] = {}

    def figure(self, name: str) -> float:
        """Return a figure in force, and remember that it was asked for."""
        self._ask(name)
        if name not in self._figures:
            self._figures[name] = self.policy.value(name, region=self.region, on=self.on)
        return self._figures[name]

    def procedure(self, name: str) -> Procedure:
        """Return the steps of ``ordinary``, ``emergency`` or ``exit``."""
        return self._provision(f"procedure.{name}", Procedure)

    def roles_of(self, action: str) -> tuple[str, ...]:
        """Return who may take an action that is no step."""
        return self._provision("procedure.roles", _Lists).root.get(action, ())

    def emergency_risks(self) -> tuple[str, ...]:
        """Return the risk types that may take the emergency track."""
        return self._provision("procedure.emergency_risks", _Lists).root.get("risk_types", ())

    def measures_asked(self, risk_type: str) -> tuple[str, ...]:
        """Return the measure groups of which an elimination by assistance must have had one; empty: none is asked."""
        return self._provision("elimination.measures_by_risk", _Lists).root.get(risk_type, ())

    def after(self, day: date, clock: str) -> date:
        """Return the day on which a clock that starts on ``day`` runs out, by its unit: the last day in time.

        Days are calendar days; working days leave out Saturdays and Sundays; months are calendar months.
        """
        count = int(self.figure(clock))
        if clock not in self._units:
            self._units[clock] = self.policy.entry(clock, region=self.region, on=self.on).unit
        if self._units[clock] == "month":
            return add_months(day, count)
        if self._units[clock] == "working_day":
            return _working_days_after(day, count)
        return day + timedelta(days=count)

    def used(self) -> list[str]:
        """Return the entries asked for since the last call, and forget them."""
        found = list(self._used)
        self._used.clear()
        return found

    def _ask(self, name: str) -> None:
        if name not in self._keys:
            self._keys[name] = self.policy.entry(name, region=self.region, on=self.on).key
        self._used[self._keys[name]] = None

    def _provision(self, name: str, kind: type[_Kind]) -> _Kind:
        self._ask(name)
        if name not in self._read:
            self._read[name] = self.policy.provision(name, kind, region=self.region, on=self.on)
        found = self._read[name]
        assert isinstance(found, kind)
        return found


def _working_days_after(day: date, count: int) -> date:
    """Return the ``count``-th working day after ``day``.

    >>> _working_days_after(date(2024, 3, 1), 2)  # a Friday
    datetime.date(2024, 3, 5)
    """
    while count > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            count -= 1
    return day
