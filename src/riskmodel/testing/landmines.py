"""Landmines: changes to a registry that no feature at as_of may feel. Each check steps on one and says what moved.

They work on whole villages of a registry until enough households are gathered, rewrite it with rows deleted, changed
or added, build the features anew, and compare bit for bit. What is wrong with a feature of a history cannot be much,
since a history cannot look ahead; what is made around it (SQL or pandas of one's own, a registry filled in later) can.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from riskmodel.errors import DataError
from riskmodel.features import Catalogue, build_features
from riskmodel.policy import Policy
from riskmodel.registry import Registry, schema
from riskmodel.registry.codes import codes
from riskmodel.testing.moves import KEYS, Move, Report, moves_between
from riskmodel.testing.random_rows import Row, Rows, in_the_future, random_row, random_value, write_rows

Builder = Callable[[Registry, date], pd.DataFrame]
Meddled = tuple[str, dict[str, list[Row]], int]
Meddler = Callable[[Rows, date, random.Random], Iterator[Meddled]]

_ADDED = 6


@dataclass(frozen=True)
class Landmine:
    """A change to a registry that no feature at as_of may feel. Call it to step on it.

    Attributes
    ----------
    name : str
        What nothing may depend on.
    meddle : callable
        Given the rows of a registry, the date and a source of chance, gives what was done, the rows now, and how many
        it was done to; once or several times.
    """

    name: str
    meddle: Meddler

    def __call__(
        self,
        registry: Registry,
        *,
        as_of: date,
        catalogue: Catalogue | None = None,
        build: Builder | None = None,
        policy: Policy | None = None,
        households: int = 60,
        seed: int = 0,
    ) -> Report:
        """Build the features with the registry as it is and meddled with, and report what moved.

        Parameters
        ----------
        registry
            Is read only; the meddling is done to a copy of some of its villages.
        as_of
            The date of the features.
        catalogue
            The features to watch; by default the workspace's.
        build
            Instead of a catalogue: a function of a registry and a date that gives ``household_id``, ``as_of`` and one
            numeric column a feature, for features made in some other way.
        households
            Whole villages are taken until there are so many.
        seed
            Of the rows made up.

        Raises
        ------
        DataError
            Nobody is known before as_of.
        """
        given = {"catalogue": catalogue, "build": build, "policy": policy, "households": households, "seed": seed}
        return all_landmines(registry, as_of=as_of, mines=[self], **given)[0]  # type: ignore[arg-type]


def all_landmines(
    registry: Registry,
    *,
    as_of: date,
    mines: Sequence[Landmine] | None = None,
    catalogue: Catalogue | None = None,
    build: Builder | None = None,
    policy: Policy | None = None,
    households: int = 60,
    seed: int = 0,
) -> list[Report]:
    """Step on several landmines with the same households; a report each.

    Parameters
    ----------
    mines
        By default all of :data:`LANDMINES`; the other arguments are those of a :class:`Landmine`.
    """

    def built(given: Registry, day: date) -> pd.DataFrame:
        return build_features(given, as_of=day, catalogue=catalogue, policy=policy)

    made = build or built
    rows = _sample(registry, households)
    before = _matrix(rows, as_of, made)
    reports = []
    for mine in LANDMINES if mines is None else mines:
        moves: list[Move] = []
        done = []
        for what, meddled, many in mine.meddle(rows, as_of, random.Random(seed)):
            moves += moves_between(before, _matrix(meddled, as_of, made), by=what)
            done.append((what, many))
        watched = len(before.columns) - len(KEYS)
        people = before["household_id"].nunique()
        reports.append(Report(mine.name, as_of, watched, people, tuple(done), tuple(moves)))
    return reports


def _matrix(rows: Rows, as_of: date, build: Builder) -> pd.DataFrame:
    with _written(rows) as registry:
        return build(registry, as_of)


@contextmanager
def _written(rows: Rows) -> Iterator[Registry]:
    with tempfile.TemporaryDirectory(prefix="riskmodel-landmine-") as folder:
        registry = write_rows(rows, Path(folder) / "registry")
        try:
            yield registry
        finally:
            registry.close()


def _sample(registry: Registry, households: int) -> dict[str, list[Row]]:
    """Return the rows of whole villages, so that features of neighbours have neighbours."""
    table = registry.table("household")
    villages = table.select("household_id", "village_code").distinct().execute().sort_values("village_code")
    ids: set[str] = set()
    for _, village in villages.groupby("village_code", sort=True):
        if len(ids) < households:
            ids |= set(village["household_id"])
    if not ids:
        raise DataError(f"{registry.path}: there is no household to check features of.")
    found = {}
    for name in registry.tables:
        rows = registry.table(name)
        found[name] = rows.filter(rows.household_id.isin(sorted(ids))).to_pyarrow().to_pylist()
    return found


def _meddle_with_the_future(rows: Rows, as_of: date, rng: random.Random) -> Iterator[Meddled]:
    """Delete, change and add rows that are not known, or not true, before as_of."""
    past = {name: [row for row in given if not in_the_future(name, row, as_of)] for name, given in rows.items()}
    future = {name: [row for row in given if in_the_future(name, row, as_of)] for name, given in rows.items()}
    yield "future rows deleted", past, _many(future)
    # One household of which nothing at all was known.
    ids = [*sorted({row["household_id"] for row in rows["household"]}), "unheard-of"]
    other = {
        name: [_changed(rng, name, row, as_of) for row in given]
        + [_future_row(rng, name, rng.choice(ids), as_of) for _ in range(_ADDED * len(ids))]
        for name, given in future.items()
    }
    yield "future rows changed and added", _joined(past, other), _many(other)


def _changed(rng: random.Random, name: str, row: Row, as_of: date) -> Row:
    """Return the row with about half of its values made up, so long as it stays in the future."""
    other = random_row(rng, name, row["household_id"])
    new = row | {key: value for key, value in other.items() if rng.random() < 0.5}
    return new if in_the_future(name, new, as_of) else row


def _future_row(rng: random.Random, name: str, household: str, as_of: date) -> Row:
    """Return a row about the past that becomes known later, or one about the future."""
    own = as_of + timedelta(days=rng.randrange(-300, 300))
    if schema.TABLES[name].column(schema.TABLES[name].own_date).kind == "month":
        own = own.replace(day=1)
    known = max(own, as_of) + timedelta(days=rng.randrange(60))
    return random_row(rng, name, household) | {schema.TABLES[name].own_date: own, "known_on": known}


def _correct_later(rows: Rows, as_of: date, rng: random.Random) -> Iterator[Meddled]:
    """Correct and withdraw rows of the past by rows known only later: a registry filled in afterwards."""
    past = {name: [row for row in given if not in_the_future(name, row, as_of)] for name, given in rows.items()}
    corrected = {name: [_correction(rng, name, row, as_of) for row in given] for name, given in past.items()}
    yield "corrections and withdrawals known from as_of on", _joined(rows, corrected), _many(corrected)


def _correction(rng: random.Random, name: str, row: Row, as_of: date) -> Row:
    table = schema.TABLES[name]
    kept = {"household_id", *table.key, table.own_date, "known_on", "known_until", "withdrawn"}
    values = {column.name: random_value(rng, column) for column in table.columns if column.name not in kept}
    known = as_of + timedelta(days=rng.choice([0, 1, 30, 80]))
    return row | values | {"known_on": known, "withdrawn": rng.random() < 0.25}


def _write_twice(rows: Rows, as_of: date, rng: random.Random) -> Iterator[Meddled]:
    """Write every row twice: with the same key it counts once."""
    yield "every row written twice", _joined(rows, rows), _many(rows)


def _assist_after(rows: Rows, as_of: date, rng: random.Random) -> Iterator[Meddled]:
    """Write the measures, the visit and the listing that follow a flag, on its day and dated back before it."""
    made: dict[str, list[Row]] = {name: [] for name in ("measure", "visit", "listing") if name in rows}
    for household in sorted({row["household_id"] for row in rows["household"]}):
        for own in (as_of, as_of - timedelta(days=20)):
            known = {"household_id": household, "known_on": as_of + timedelta(days=rng.randrange(30))}
            for name, given in _assistance(household, own).items():
                if name in made:
                    made[name] += [known | row | {"withdrawn": False} for row in given]
    yield "what follows a flag, on its day and dated back", _joined(rows, made), _many(made)


def _assistance(household: str, own: date) -> dict[str, list[Row]]:
    mark = f"flag-{household}-{own}"
    measure = {"started_on": own, "amount": 1000.0}
    return {
        "measure": [measure | {"record_id": f"{mark}-{kind}", "kind": kind} for kind in codes("measure_kind")],
        "visit": [{"record_id": mark, "visited_on": own, "source": "model"}],
        "listing": [{"identified_on": own, "category": codes("listing_category")[0], "risk_types": ["illness"]}],
    }


def _many(rows: Rows) -> int:
    return sum(map(len, rows.values()))


def _joined(rows: Rows, more: Rows) -> dict[str, list[Row]]:
    return {name: [*given, *more.get(name, [])] for name, given in rows.items()}


future_rows = Landmine("future rows", _meddle_with_the_future)
later_corrections = Landmine("later corrections", _correct_later)
duplicates = Landmine("duplicates", _write_twice)
assistance_after_a_flag = Landmine("assistance after a flag", _assist_after)
LANDMINES = (future_rows, later_corrections, duplicates, assistance_after_a_flag)
