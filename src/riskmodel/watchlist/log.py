"""The audit log: what happened, entry by entry, each bound to the one before by a hash, and the list as it follows.

The log is the list: cases are what its entries amount to, and replaying it gives them anew. An entry that was edited,
taken out or put in breaks the chain from there on; entries missing from the end are told by the head kept apart from
them, and by a head that somebody noted elsewhere (every notice and export carries it).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from riskmodel.errors import DataError
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.advancing import advance, opened
from riskmodel.watchlist.case import Case

# What the first entry is bound to.
START = "0" * 64


@dataclass(frozen=True)
class LogEntry:
    """One entry of the log.

    Attributes
    ----------
    seq : int
        From 1, without gaps.
    day : str
        When it happened; ``recorded_at`` says when it was entered (UTC).
    place : str
        County, township and village, joined by ``|``; of a clue that opens a spell, else empty.
    data, facts : str
        What the act carried and what was known of the household, as JSON.
    policy : str
        The entries of the policy record that were asked, as JSON, and the digest of the whole record.
    model, explanation : str
        Which model, and which flags file (sha256), the clue behind it came from; empty where there was none.
    prev, hash : str
        The hash of the entry before, and of this one.
    """

    seq: int
    household_id: str
    spell: int
    action: str
    day: str
    from_state: str
    to_state: str
    actor: str
    role: str
    place: str
    data: str
    facts: str
    policy: str
    model: str
    explanation: str
    recorded_at: str
    prev: str
    hash: str

    @property
    def act(self) -> Act:
        """The act that it records."""
        return Act(self.action, date.fromisoformat(self.day), self.actor, self.role, json.loads(self.data))


@dataclass(frozen=True)
class Head:
    """The end of the log: how many entries it has, and the hash of the last."""

    seq: int = 0
    hash: str = START


def plain_json(value: Any) -> str:
    """Return JSON that is the same for equal content."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def content_digest(risk: float | None, rank: int | None, body: str) -> str:
    """Return what the log keeps of a clue's content, so that a changed one is found."""
    return hashlib.sha256(f"{risk!r}|{rank!r}|{body}".encode()).hexdigest()[:24]


def bound(head: Head, **content: Any) -> LogEntry:
    """Return the entry that follows ``head``: numbered, and bound to it by its hash."""
    told = {"seq": head.seq + 1, **content, "prev": head.hash}
    return LogEntry(**told, hash=_hash(told))


def check_chain(entries: Iterable[LogEntry], *, head: Head, place: str) -> Iterator[LogEntry]:
    """Yield the entries, each checked against the one before, and the last against the head.

    Raises
    ------
    DataError
        An entry was edited, is missing or was put in, or the log ends before its head; the message names the entry.
    """
    last = Head()
    for entry in entries:
        if entry.seq != last.seq + 1:
            raise DataError(f"{place}: entry {last.seq + 1:,} of the log is missing (the next one is {entry.seq:,}).")
        if entry.prev != last.hash:
            raise DataError(
                f"{place}: entry {entry.seq:,} of the log does not follow the one before it: one of the two was "
                f"changed or replaced (household {entry.household_id}, {entry.action} of {entry.day})."
            )
        if _hash({name: value for name, value in vars(entry).items() if name != "hash"}) != entry.hash:
            raise DataError(
                f"{place}: entry {entry.seq:,} of the log was changed after it was written "
                f"(household {entry.household_id}, {entry.action} of {entry.day})."
            )
        last = Head(entry.seq, entry.hash)
        yield entry
    if last != head:
        raise DataError(
            f"{place}: the log ends with entry {last.seq:,}, its head speaks of {head.seq:,}: entries were taken from "
            "its end, or put there."
        )


def replay(entries: Iterable[LogEntry]) -> dict[tuple[str, int], Case]:
    """Return every case as the log's entries make it, by household and spell."""
    cases: dict[tuple[str, int], Case] = {}
    for entry in entries:
        key = (entry.household_id, entry.spell)
        if key in cases:
            cases[key] = advance(cases[key], entry.act, to=entry.to_state)
        else:
            county, township, village = entry.place.split("|")
            cases[key] = opened(
                household_id=entry.household_id, spell=entry.spell, place=(county, township, village), act=entry.act
            )
    return cases


def _hash(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(plain_json(told).encode()).hexdigest()
