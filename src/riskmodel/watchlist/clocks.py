"""What is due on a case: the next step, until when, and whether it is late. Every clock is a policy figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from riskmodel.monitoring.measures import DEVELOPING
from riskmodel.registry.codes import Lang
from riskmodel.watchlist.act import ACTIONS
from riskmodel.watchlist.case import ENTERING, LEAVING, Case, Level
from riskmodel.watchlist.elimination import earliest_exit

if TYPE_CHECKING:
    from riskmodel.watchlist.rulebook import Rulebook

# What is due, in words; a step of the procedure has those of its action.
_WORDS = {
    "recognition": ("完成认定", "recognition complete"),
    "measure": ("落实帮扶措施", "a measure given"),
    "developing_measure": ("落实开发式帮扶措施", "a developing measure given"),
    "may_leave": ("可核查风险消除", "may be visited for leaving"),
}


@dataclass(frozen=True)
class Due:
    """One thing that is due.

    Attributes
    ----------
    what : str
        A step of the procedure, or ``recognition``, ``measure``, ``developing_measure``, ``may_leave``.
    since : date
        The day its clock started.
    until : date, optional
        The last day in time; None where no clock runs.
    """

    what: str
    since: date
    until: date | None

    def overdue(self, on: date) -> bool:
        """Whether the last day in time has passed."""
        return self.until is not None and on > self.until

    def days_left(self, on: date) -> int | None:
        """Days left on ``on``; negative when overdue."""
        return None if self.until is None else (self.until - on).days

    def words(self, lang: Lang) -> str:
        """Return what is due, in words."""
        return (_WORDS.get(self.what) or ACTIONS[self.what])[0 if lang == "zh" else 1]


def due(case: Case, *, rules: Rulebook, members_able: float | None = None) -> list[Due]:
    """Return what is due on a case, what ends first first.

    Parameters
    ----------
    rules : Rulebook
        In the case's county on the day that is asked about.
    members_able : float, optional
        Members able to work, where known: a household that has some needs a developing measure.
    """
    if case.state in ENTERING:
        found = _entering(case, rules)
    elif case.state in ("listed", *LEAVING):
        found = _on_list(case, rules, members_able)
    else:
        found = []
    return sorted(found, key=lambda one: (one.until or date.max, one.what))


def signal(case: Case, dues: list[Due], *, on: date) -> Level | str:
    """Return the lamp a case shows: ``orange`` when something is overdue, else its level."""
    return "orange" if any(one.overdue(on) for one in dues) else case.level


def _entering(case: Case, rules: Rulebook) -> list[Due]:
    procedure = rules.procedure(case.track)
    done = () if case.state == "clue" else tuple(step for step, _ in case.steps)
    following = procedure.after(done, known=frozenset())
    found = [Due("recognition", case.opened_on, rules.after(case.opened_on, "clock.recognition_days"))]
    for step in following[:1]:
        until = None
        if step.step == "visit":
            until = rules.after(case.opened_on, "clock.visit_days")
        elif step.step == "compare":
            until = rules.after(case.changed_on, "clock.compare_days")
        since = case.notice_until if case.notice_until is not None else case.changed_on
        found.append(Due(step.step, since, until))
    return found


def _on_list(case: Case, rules: Rulebook, members_able: float | None) -> list[Due]:
    found = []
    identified = case.identified_on
    assert identified is not None
    if case.state in LEAVING:
        following = rules.procedure("exit").after(tuple(step for step, _ in case.steps), known=frozenset())
        found = [Due(step.step, case.notice_until or case.changed_on, None) for step in following[:1]]
    if not case.measures:
        found.append(Due("measure", identified, rules.after(identified, "clock.measure_months")))
    elif members_able and not any(given.kind in DEVELOPING for given in case.measures):
        found.append(Due("developing_measure", identified, rules.after(identified, "clock.developing_months")))
    earliest = earliest_exit(case, rules)
    if case.state == "listed" and earliest is not None and earliest <= rules.on:
        found.append(Due("may_leave", earliest, None))
    return found
