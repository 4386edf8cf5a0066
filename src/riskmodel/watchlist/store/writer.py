"""One transaction of the list: acts are judged against the cases as they stand, and written together or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from riskmodel.policy import Policy
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.advancing import advance, opened
from riskmodel.watchlist.case import ACTIVE, Case
from riskmodel.watchlist.facts import UNKNOWN, Facts
from riskmodel.watchlist.judging import judge, judge_opening
from riskmodel.watchlist.log import Head, LogEntry, bound, plain_json
from riskmodel.watchlist.refusal import Failure, RefusedError
from riskmodel.watchlist.rulebook import Rulebook
from riskmodel.watchlist.store.tables import CASE, CLUE, HEAD, LOG, OPENING, RUN

_MANY = 500


@dataclass(frozen=True)
class Outcome:
    """What became of an act."""

    status: Literal["done", "refused"]
    case: Case | None
    failures: tuple[Failure, ...] = ()


@dataclass
class Writer:
    """Acts of one transaction. What it is given is kept until :meth:`flush`, then written in bulk."""

    connection: sa.Connection
    policy: Policy
    today: date
    recorded_at: datetime
    head: Head
    _cases: dict[str, Case] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _new: set[tuple[str, int]] = field(default_factory=set)
    _changed: dict[tuple[str, int], Case] = field(default_factory=dict)
    _entries: list[LogEntry] = field(default_factory=list)
    _clues: list[dict[str, Any]] = field(default_factory=list)
    _runs: list[dict[str, Any]] = field(default_factory=list)
    _books: dict[tuple[str, date], Rulebook] = field(default_factory=dict)
    _digest: str = ""

    def load(self, households: Iterable[str]) -> None:
        """Read the latest spell of households that are going to be asked about, many at a time."""
        wanted = sorted(set(households) - self._asked)
        for start in range(0, len(wanted), _MANY):
            some = wanted[start : start + _MANY]
            rows = self.connection.execute(
                sa.select(CASE.c.body).where(CASE.c.household_id.in_(some)).order_by(CASE.c.spell)
            )
            for (body,) in rows:
                case = Case.from_json(body)
                self._cases[case.household_id] = case
        self._asked.update(wanted)

    def case(self, household_id: str) -> Case | None:
        """Return the household's latest spell, as it stands after what was done so far; None when it has none."""
        if household_id not in self._asked:
            self.load([household_id])
        return self._cases.get(household_id)

    def act(
        self,
        household_id: str,
        act: Act,
        *,
        facts: Facts = UNKNOWN,
        place: tuple[str, str, str] | None = None,
        model: str = "",
        explanation: str = "",
    ) -> Outcome:
        """Do an act, if it may be done.

        Parameters
        ----------
        place : tuple of str, optional
            County, township, village: for a clue that may open a spell.
        model, explanation : str
            What the clue behind the act came from.
        """
        case = self.case(household_id)
        if act.action == "clue" and (case is None or not case.active):
            return self._open(household_id, act, case, place, model=model, explanation=explanation, facts=facts)
        if case is None:
            failure = Failure(
                "household_known", "名单中没有该户", f"{household_id} is not on the list and never gave a clue"
            )
            return Outcome("refused", None, (failure,))
        rules = self.rules(case.county_code, act.day)
        judged = judge(case, act, facts=facts, rules=rules, today=self.today)
        if judged.failures:
            return Outcome("refused", case, judged.failures)
        after = advance(case, act, to=judged.to)
        self._enter(after, act, case.state, facts, judged.policy, place="", model=model, explanation=explanation)
        return Outcome("done", after)

    def must(self, household_id: str, act: Act, **known: Any) -> Case:
        """Do an act, as :meth:`act`; a refusal raises :class:`~riskmodel.watchlist.refusal.RefusedError`."""
        outcome = self.act(household_id, act, **known)
        if outcome.status == "refused" or outcome.case is None:
            raise RefusedError(outcome.failures, about=f"{household_id}, {act.action} of {act.day}")
        return outcome.case

    def add_clues(self, clues: Sequence[Mapping[str, Any]]) -> None:
        """Keep clues, rows of the table of clues."""
        self._clues.extend(dict(clue) for clue in clues)

    def add_run(self, *, run: str, as_of: date, model: str, counts: Mapping[str, int]) -> None:
        """Note that a scoring run was taken in."""
        self._runs.append(
            {"run": run, "as_of": as_of, "model": model, "counts": plain_json(counts), "recorded_at": self._now}
        )

    def add_opening(self, *, actor: str, purpose: str, what: str, households: int) -> None:
        """Note that somebody opens the identity table for an export."""
        number = self.connection.execute(sa.select(sa.func.coalesce(sa.func.max(OPENING.c.number), 0))).scalar_one()
        told = {"actor": actor, "purpose": purpose, "what": what, "households": households}
        _insert(self.connection, OPENING, [{"number": number + 1, **told, "recorded_at": self._now}])

    def visits(self, households: Iterable[str]) -> dict[tuple[str, date], set[str]]:
        """Return the verdicts that the log has of households, by household and day."""
        found: dict[tuple[str, date], set[str]] = {}
        wanted = sorted(set(households))
        for start in range(0, len(wanted), _MANY):
            rows = self.connection.execute(
                sa.select(LOG.c.household_id, LOG.c.day, LOG.c.data).where(
                    LOG.c.action == "visit", LOG.c.household_id.in_(wanted[start : start + _MANY])
                )
            )
            for household, day, data in rows:
                found.setdefault((household, date.fromisoformat(day)), set()).add(json.loads(data)["verdict"])
        return found

    def active(self) -> set[str]:
        """Return the households that have a spell going on."""
        rows = self.connection.execute(sa.select(CASE.c.household_id).where(CASE.c.state.in_(ACTIVE)))
        return {household for (household,) in rows}

    def has_run(self, run: str) -> bool:
        """Whether a scoring run was taken in already."""
        return self.connection.execute(sa.select(RUN.c.run).where(RUN.c.run == run)).first() is not None

    def rules(self, county: str, day: date) -> Rulebook:
        """Return the rulebook of a county and a day."""
        key = (county, day)
        if key not in self._books:
            self._books[key] = Rulebook(self.policy, region=county, on=day)
        return self._books[key]

    def flush(self) -> None:
        """Write what was gathered."""
        new = [_row(case) for key, case in self._changed.items() if key in self._new]
        changed = [_row(case) for key, case in self._changed.items() if key not in self._new]
        _insert(self.connection, CASE, new)
        if changed:
            self.connection.execute(
                sa.update(CASE)
                .where(CASE.c.household_id == sa.bindparam("of"), CASE.c.spell == sa.bindparam("at"))
                .values({name: sa.bindparam(name) for name in ("state", "level", "changed_on", "body")}),
                [
                    {"of": row["household_id"], "at": row["spell"]}
                    | {name: row[name] for name in ("state", "level", "changed_on", "body")}
                    for row in changed
                ],
            )
        _insert(self.connection, LOG, [vars(entry) for entry in self._entries])
        _insert(self.connection, CLUE, self._clues)
        _insert(self.connection, RUN, self._runs)
        if self._entries:
            self.connection.execute(sa.update(HEAD).values(seq=self.head.seq, hash=self.head.hash))
        self._new.clear()
        self._changed.clear()
        self._entries.clear()
        self._clues.clear()
        self._runs.clear()

    def restore(self, cases: Mapping[tuple[str, int], Case]) -> None:
        """Take cases as the log makes them; nothing is entered in it."""
        self._new.update(cases)
        self._changed.update(cases)

    @property
    def _now(self) -> str:
        return self.recorded_at.isoformat(timespec="seconds")

    def _open(
        self,
        household_id: str,
        act: Act,
        before: Case | None,
        place: tuple[str, str, str] | None,
        *,
        model: str,
        explanation: str,
        facts: Facts,
    ) -> Outcome:
        if place is None and before is not None:
            place = (before.county_code, before.township_code, before.village_code)
        if place is None:
            failure = Failure("place_known", "需写明所在县、乡、村", "say where the household lives")
            return Outcome("refused", None, (failure,))
        judged = judge_opening(before, act, rules=self.rules(place[0], act.day), today=self.today)
        if judged.failures:
            return Outcome("refused", before, judged.failures)
        spell = 1 if before is None else before.spell + 1
        case = opened(household_id=household_id, spell=spell, place=place, act=act)
        self._new.add(case.key)
        self._enter(case, act, "", facts, judged.policy, place="|".join(place), model=model, explanation=explanation)
        return Outcome("done", case)

    def _enter(
        self,
        case: Case,
        act: Act,
        before: str,
        facts: Facts,
        policy: tuple[str, ...],
        *,
        place: str,
        model: str,
        explanation: str,
    ) -> None:
        self._digest = self._digest or self.policy.whole_digest
        entry = bound(
            self.head,
            household_id=case.household_id,
            spell=case.spell,
            action=act.action,
            day=act.day.isoformat(),
            from_state=before,
            to_state=case.state,
            actor=act.actor,
            role=act.role,
            place=place,
            data=plain_json(dict(act.data)),
            facts=plain_json(facts.to_dict()),
            policy=plain_json({"digest": self._digest, "entries": policy}),
            model=model,
            explanation=explanation,
            recorded_at=self._now,
        )
        self.head = Head(entry.seq, entry.hash)
        self._entries.append(entry)
        self._cases[case.household_id] = case
        self._changed[case.key] = case


def _row(case: Case) -> dict[str, Any]:
    names = ("household_id", "spell", "county_code", "township_code", "village_code")
    shown = ("state", "level", "opened_on", "changed_on")
    return {name: getattr(case, name) for name in (*names, *shown)} | {"body": case.to_json()}


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
