"""The list's store: one place to write through, and what people ask of it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from riskmodel.errors import DataError
from riskmodel.policy import Policy
from riskmodel.watchlist.case import Case
from riskmodel.watchlist.log import Head, LogEntry, check_chain, content_digest, replay
from riskmodel.watchlist.rulebook import Rulebook
from riskmodel.watchlist.store.opening import engine_of, shown, writes
from riskmodel.watchlist.store.tables import CASE, CLUE, HEAD, LOG, RUN
from riskmodel.watchlist.store.writer import Writer

_PAGE = 10_000


class ListStore:
    """The monitoring list in a database.

    Parameters
    ----------
    url : str
        A path (SQLite) or ``postgresql://user@host/database``.
    policy : Policy
        The dated figures and provisions that acts are judged by.
    create : bool
        Make the list where there is none.

    Examples
    --------
    >>> import tempfile
    >>> from riskmodel.policy import default_policy
    >>> with ListStore(tempfile.mkdtemp() + "/list.db", policy=default_policy(), create=True) as store:
    ...     store.head.seq
    0
    """

    def __init__(self, url: str, *, policy: Policy, create: bool = False) -> None:
        self.place = shown(url)
        self.policy = policy
        self.engine = engine_of(url, create=create)
        self._books: dict[tuple[str, date], Rulebook] = {}

    def __enter__(self) -> ListStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextlib.contextmanager
    def writing(self, *, now: datetime, today: date | None = None) -> Iterator[Writer]:
        """Give a writer whose acts are written together when the block ends, and not at all when it raises.

        Writers come one after the other: each waits for the one before.

        Parameters
        ----------
        now : datetime
            With its time zone: when the acts are entered.
        today : date, optional
            The day of entry, which no act may be dated after; by default that of ``now``.
        """
        with self._connected() as connection, writes(connection).begin():
            head = connection.execute(sa.select(HEAD.c.seq, HEAD.c.hash).with_for_update()).one()
            writer = Writer(
                connection=connection,
                policy=self.policy,
                today=today or now.date(),
                recorded_at=now,
                head=Head(head.seq, head.hash),
            )
            yield writer
            writer.flush()

    def rules(self, county: str, on: date) -> Rulebook:
        """Return the rulebook of a county and a day."""
        if (county, on) not in self._books:
            self._books[county, on] = Rulebook(self.policy, region=county, on=on)
        return self._books[county, on]

    @property
    def head(self) -> Head:
        """The end of the log."""
        with self._connected() as connection:
            row = connection.execute(sa.select(HEAD.c.seq, HEAD.c.hash)).one()
        return Head(row.seq, row.hash)

    def cases(
        self,
        *,
        county: str | None = None,
        township: str | None = None,
        village: str | None = None,
        states: Sequence[str] | None = None,
        household_id: str | None = None,
    ) -> list[Case]:
        """Return cases, those that ended too unless ``states`` says otherwise, by household and spell."""
        asked = sa.select(CASE.c.body)
        for column, value in (
            (CASE.c.county_code, county),
            (CASE.c.township_code, township),
            (CASE.c.village_code, village),
            (CASE.c.household_id, household_id),
        ):
            if value is not None:
                asked = asked.where(column == value)
        if states is not None:
            asked = asked.where(CASE.c.state.in_(states))
        with self._connected() as connection:
            found = [Case.from_json(body) for (body,) in connection.execute(asked)]
        return sorted(found, key=lambda case: case.key)

    def counts(self) -> dict[str, int]:
        """Return how many cases are in each state."""
        with self._connected() as connection:
            rows = connection.execute(sa.select(CASE.c.state, sa.func.count()).group_by(CASE.c.state))
            return {state: int(count) for state, count in rows}

    def clues(self, household_ids: Sequence[str], *, spell: int | None = None) -> dict[str, list[dict[str, Any]]]:
        """Return the clues of households, the newest first."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self._connected() as connection:
            for start in range(0, len(household_ids), 500):
                asked = sa.select(CLUE).where(CLUE.c.household_id.in_(household_ids[start : start + 500]))
                if spell is not None:
                    asked = asked.where(CLUE.c.spell == spell)
                for row in connection.execute(asked.order_by(CLUE.c.arrived_on.desc(), CLUE.c.clue_id)):
                    found.setdefault(row.household_id, []).append(dict(row._mapping))
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Return the scoring runs that were taken in, by date."""
        with self._connected() as connection:
            rows = connection.execute(sa.select(RUN).order_by(RUN.c.as_of, RUN.c.run))
            return [dict(row._mapping) for row in rows]

    def log(self, *, household_id: str | None = None) -> Iterator[LogEntry]:
        """Yield the log's entries in order, all or one household's."""
        with self._connected() as connection:
            last = 0
            while True:
                asked = sa.select(LOG).where(LOG.c.seq > last).order_by(LOG.c.seq).limit(_PAGE)
                if household_id is not None:
                    asked = asked.where(LOG.c.household_id == household_id)
                rows = connection.execute(asked).all()
                if not rows:
                    return
                for row in rows:
                    yield LogEntry(**row._mapping)
                last = rows[-1].seq

    def verify(self, *, expected: Head | None = None) -> Head:
        """Check the whole log and that the cases are what it amounts to; return its head.

        Parameters
        ----------
        expected : Head, optional
            An earlier head that somebody noted: the log must still hold that entry with that hash.

        Raises
        ------
        DataError
            An entry was edited, is missing or was put in, the log is shorter than its head or than ``expected``, or a
            case differs from what the log makes of it. The message names the first such entry or case.
        """
        head = self.head
        if expected is not None and expected.seq > head.seq:
            raise DataError(
                f"{self.place}: the log has {head.seq:,} entries; the head noted speaks of {expected.seq:,}."
            )
        told: dict[str, str] = {}
        made = replay(self._checked(head, expected, told))
        for case in self._all_cases():
            if made.pop(case.key, None) != case:
                raise DataError(
                    f"{self.place}: the case of household {case.household_id}, spell {case.spell}, is not what the "
                    "log makes of it. `riskmodel list verify-log --rebuild` makes the cases anew from the log."
                )
        if made:
            household, spell = min(made)
            raise DataError(
                f"{self.place}: the case of household {household}, spell {spell}, is in the log and not in the list. "
                "`riskmodel list verify-log --rebuild` makes the cases anew from the log."
            )
        self._check_clues(told)
        return head

    def _checked(self, head: Head, expected: Head | None, told: dict[str, str]) -> Iterator[LogEntry]:
        """Yield the log's entries, checked, and gather what they say of clues."""
        for entry in check_chain(self.log(), head=head, place=self.place):
            if expected is not None and entry.seq == expected.seq and entry.hash != expected.hash:
                raise DataError(f"{self.place}: entry {entry.seq:,} is not the one that was noted ({expected.hash}).")
            if entry.action == "clue":
                told.update(json.loads(entry.data).get("clues", {}))
            yield entry

    def _check_clues(self, told: dict[str, str]) -> None:
        """Hold the clues that opened or joined a spell against what the log says of their content."""
        with self._connected() as connection:
            rows = connection.execution_options(yield_per=_PAGE).execute(
                sa.select(CLUE.c.clue_id, CLUE.c.household_id, CLUE.c.risk, CLUE.c.rank, CLUE.c.body).where(
                    CLUE.c.spell > 0
                )
            )
            for row in rows:
                if told.pop(row.clue_id, None) != content_digest(row.risk, row.rank, row.body):
                    raise DataError(
                        f"{self.place}: clue {row.clue_id} of household {row.household_id} is not the one that the "
                        "log speaks of: it was changed or put in."
                    )
        if told:
            raise DataError(f"{self.place}: clue {min(told)} is in the log and not among the clues.")

    def _all_cases(self) -> Iterator[Case]:
        with self._connected() as connection:
            for (body,) in connection.execution_options(yield_per=_PAGE).execute(sa.select(CASE.c.body)):
                yield Case.from_json(body)

    def rebuild(self) -> int:
        """Make the cases anew from the log, after checking it, and return how many there are."""
        with self._connected() as connection, writes(connection).begin():
            row = connection.execute(sa.select(HEAD.c.seq, HEAD.c.hash).with_for_update()).one()
            rows = connection.execute(sa.select(LOG).order_by(LOG.c.seq))
            entries = (LogEntry(**one._mapping) for one in rows)
            made = replay(check_chain(entries, head=Head(row.seq, row.hash), place=self.place))
            connection.execute(sa.delete(CASE))
            writer = Writer(
                connection, self.policy, date.max, datetime.max.replace(tzinfo=UTC), Head(row.seq, row.hash)
            )
            writer.restore(made)
            writer.flush()
        return len(made)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            told = re.sub(r"\s+", " ", str(error.orig))
            raise DataError(f"{self.place}: the database refused ({told}).") from error
