"""A case: one household's spell on the list, from its first clue to the end, as plain data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Track = Literal["ordinary", "emergency"]
Level = Literal["green", "yellow", "red"]

# What each step of a procedure leaves the case in.
STATE_AFTER = {
    "visit": "visited",
    "authorise": "authorised",
    "compare": "compared",
    "review": "reviewed",
    "notice": "on_notice",
    "township_review": "township_reviewed",
    "approve": "approved",
    "announce": "listed",
    "exit_visit": "exit_visited",
    "exit_review": "exit_reviewed",
    "exit_notice": "exit_on_notice",
    "exit_approve": "exit_approved",
    "exit_announce": "eliminated",
}
ENTERING = (
    "clue", "visited", "authorised", "compared", "reviewed", "on_notice", "township_reviewed", "approved",
)  # fmt: skip
LEAVING = ("exit_visited", "exit_reviewed", "exit_on_notice", "exit_approved")
ON_LIST = ("listed", *LEAVING)
ENDED = ("closed", "eliminated")
ACTIVE = (*ENTERING, *ON_LIST)
STATES = (*ACTIVE, *ENDED)
LEVELS: tuple[Level, ...] = ("green", "yellow", "red")

_DATES = ("opened_on", "changed_on", "identified_on", "eliminated_on", "notice_until")


@dataclass(frozen=True)
class Given:
    """A measure that a household was given in this spell: its own number there, its kind, from when, until when."""

    number: int
    kind: str
    started_on: date
    amount: float | None = None
    ended_on: date | None = None


@dataclass(frozen=True)
class Case:
    """Where one spell of one household stands.

    Attributes
    ----------
    spell : int
        1 for the household's first; a clue after an end opens the next.
    track : {"ordinary", "emergency"}
        Emergency: measures first, fewer steps before the admission.
    opened_on, changed_on : date
        The day of the first clue, and of the last act; no act may be dated before it.
    level : {"green", "yellow", "red"}
        How soon a visit is due; a new clue can raise it.
    risk : float, optional
        The calibrated risk that the model gave with its newest clue; None where none came from a model.
    sources : tuple of str
        Where clues came from (codes of ``visit_source``), each once.
    steps : tuple of (str, date)
        The steps of the leg under way, entering or leaving, with their days; of an admitted household those of its
        admission.
    entry_steps : tuple of (str, date)
        While it leaves: the steps of its admission.
    tries : int
        Visits that reached nobody.
    notice_until : date, optional
        The first day after the public notice under way.
    identified_on : date, optional
        The day of the county's approval.
    """

    household_id: str
    spell: int
    county_code: str
    township_code: str
    village_code: str
    state: str
    track: Track
    opened_on: date
    changed_on: date
    level: Level = "green"
    risk: float | None = None
    sources: tuple[str, ...] = ()
    steps: tuple[tuple[str, date], ...] = ()
    entry_steps: tuple[tuple[str, date], ...] = ()
    tries: int = 0
    verdict: str | None = None
    notice_until: date | None = None
    category: str | None = None
    risk_types: tuple[str, ...] = ()
    identified_on: date | None = None
    eliminated_on: date | None = None
    elimination_mode: str | None = None
    reason: str | None = None
    measures: tuple[Given, ...] = field(default=())

    @property
    def key(self) -> tuple[str, int]:
        """Household and spell."""
        return self.household_id, self.spell

    @property
    def active(self) -> bool:
        """Whether the spell is still going on."""
        return self.state not in ENDED

    def day_of(self, step: str) -> date | None:
        """Return the day of a step of the leg under way, or of the admission; None when it was not taken."""
        return dict((*self.entry_steps, *self.steps)).get(step)

    def to_json(self) -> str:
        """Return the case as JSON, equal cases as equal text."""
        told = {**vars(self), "measures": [vars(given) for given in self.measures]}
        return json.dumps(told, default=str, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Case:
        """Return the case that :meth:`to_json` wrote."""
        told: dict[str, Any] = json.loads(text)
        for name in _DATES:
            if told[name] is not None:
                told[name] = date.fromisoformat(told[name])
        for name in ("steps", "entry_steps"):
            told[name] = tuple((step, date.fromisoformat(on)) for step, on in told[name])
        for name in ("sources", "risk_types"):
            told[name] = tuple(told[name])
        told["measures"] = tuple(
            Given(**{**one, "started_on": _day(one["started_on"]), "ended_on": _day(one["ended_on"])})
            for one in told["measures"]
        )
        return cls(**told)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
