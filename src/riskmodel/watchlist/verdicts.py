"""Verdicts of visits come back: each row is taken or rejected with its reason, all that are taken at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from riskmodel.errors import DataError
from riskmodel.watchlist.act import Act

if TYPE_CHECKING:
    from riskmodel.watchlist.store import ListStore


@dataclass(frozen=True)
class Verdict:
    """What a visit found.

    Attributes
    ----------
    place : str
        Where it came from, for messages: a sheet and a row.
    verdict : str
        A code of ``visit_verdict``.
    """

    place: str
    household_id: str
    verdict: str
    visited_on: date
    note: str = ""


@dataclass(frozen=True)
class Reject:
    """A verdict that was not taken, and why."""

    place: str
    household_id: str
    why_zh: str
    why_en: str


@dataclass
class Imported:
    """What became of the verdicts: how many were taken, were there already, and which were rejected."""

    taken: int = 0
    already: int = 0
    rejects: list[Reject] = field(default_factory=list)


def import_verdicts(
    store: ListStore,
    verdicts: Sequence[Verdict],
    *,
    run: str,
    now: datetime,
    actor: str,
    role: str = "village",
) -> Imported:
    """Enter the verdicts of a run's visits in one transaction.

    A verdict that is there already, of the same day and the same finding, is left alone: the same workbook may come
    twice. A second finding for one visit is rejected.

    Parameters
    ----------
    run : str
        The sha256 of the flags that the visits were made for.
    actor, role : str
        The account that enters them, and for whom.

    Raises
    ------
    DataError
        The list never took in that run.
    """
    imported = Imported()
    with store.writing(now=now) as writer:
        if not writer.has_run(run):
            raise DataError(
                f"{store.place}: the list knows no run with the flags {run[:12]}…: `riskmodel list update` takes it in."
            )
        writer.load(verdict.household_id for verdict in verdicts)
        known = writer.visits(verdict.household_id for verdict in verdicts)
        for verdict in verdicts:
            if verdict.verdict in known.get((verdict.household_id, verdict.visited_on), ()):
                imported.already += 1
                continue
            data = {"verdict": verdict.verdict, "sheet": run}
            if verdict.note:
                data["note"] = verdict.note
            outcome = writer.act(verdict.household_id, Act("visit", verdict.visited_on, actor, role, data))
            if outcome.status == "done":
                imported.taken += 1
                known.setdefault((verdict.household_id, verdict.visited_on), set()).add(verdict.verdict)
                continue
            imported.rejects.append(
                Reject(
                    verdict.place,
                    verdict.household_id,
                    "；".join(failure.zh for failure in outcome.failures),
                    "; ".join(failure.en for failure in outcome.failures),
                )
            )
    return imported
