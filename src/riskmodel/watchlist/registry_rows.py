"""What the list teaches: its visits, listings and measures as rows of the registry, each with the day it became known.

A row is known on the day on which it was entered, so a training set sees it from the day after, and none before. What
was corrected later (a category, an end, a roll-back) is a new row with the same key and a later day, as everywhere in a
registry. Notes stay in the list: they are people's words, and no table of a registry needs them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.files import write_aside
from riskmodel.registry import schema
from riskmodel.watchlist.advancing import advance, opened
from riskmodel.watchlist.case import Case
from riskmodel.watchlist.log import LogEntry

TABLES = ("visit", "listing", "measure")
# Before the numbers of the list's own records, so that they correct nobody else's.
_OURS = "list"


def registry_rows(entries: Iterable[LogEntry]) -> dict[str, pa.Table]:
    """Return the rows of ``visit``, ``listing`` and ``measure`` that the log amounts to, as the registry keeps them."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    cases: dict[tuple[str, int], Case] = {}
    for entry in entries:
        key = (entry.household_id, entry.spell)
        before = cases.get(key)
        after = _after(before, entry)
        cases[key] = after
        known_on = date.fromisoformat(entry.recorded_at[:10])
        rows["visit"] += _visits(entry, after, known_on)
        rows["measure"] += _measures(before, after, known_on)
        rows["listing"] += _listings(before, after, known_on)
    return {name: _table(name, found) for name, found in rows.items()}


def write_registry_rows(entries: Iterable[LogEntry], out: Path) -> dict[str, int]:
    """Write the rows into a folder, a Parquet file a table, and return how many there are of each."""
    tables = registry_rows(entries)
    with write_aside(out) as aside:
        aside.mkdir()
        for name, table in tables.items():
            pq.write_table(table, aside / f"{name}.parquet")
    return {name: table.num_rows for name, table in tables.items()}


def _after(before: Case | None, entry: LogEntry) -> Case:
    if before is not None:
        return advance(before, entry.act, to=entry.to_state)
    county, township, village = entry.place.split("|")
    return opened(household_id=entry.household_id, spell=entry.spell, place=(county, township, village), act=entry.act)


def _visits(entry: LogEntry, case: Case, known_on: date) -> list[dict[str, Any]]:
    if entry.action not in ("visit", "exit_visit"):
        return []
    return [
        {
            "household_id": entry.household_id,
            "record_id": f"{_OURS}-{entry.seq}",
            "visited_on": date.fromisoformat(entry.day),
            "source": case.sources[0],
            "verdict": json.loads(entry.data)["verdict"],
            "known_on": known_on,
        }
    ]


def _measures(before: Case | None, after: Case, known_on: date) -> list[dict[str, Any]]:
    had = () if before is None else before.measures
    return [
        {
            "household_id": after.household_id,
            "record_id": f"{_OURS}-{after.spell}-{given.number}",
            "kind": given.kind,
            "started_on": given.started_on,
            "ended_on": given.ended_on,
            "amount": given.amount,
            "known_on": known_on,
        }
        for given in after.measures
        if given not in had
    ]


def _listings(before: Case | None, after: Case, known_on: date) -> list[dict[str, Any]]:
    old, new = (None if case is None else _listing(case) for case in (before, after))
    if old == new:
        return []
    rows = []
    if old is not None and (new is None or new["identified_on"] != old["identified_on"]):
        rows.append(old | {"known_on": known_on, "withdrawn": True})
    if new is not None:
        rows.append(new | {"known_on": known_on})
    return rows


def _listing(case: Case) -> dict[str, Any] | None:
    """Return the listing that a case amounts to; None while it is not admitted."""
    if case.identified_on is None or case.state == "closed":
        return None
    gone = case.state == "eliminated"
    return {
        "household_id": case.household_id,
        "identified_on": case.identified_on,
        "category": case.category,
        "risk_types": list(case.risk_types),
        "eliminated_on": case.eliminated_on if gone else None,
        "elimination_mode": case.elimination_mode if gone else None,
    }


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Give the rows the registry's types; of several of one key entered on one day the last counts."""
    of = schema.table(name)
    last: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        last[(row["household_id"], *(row[key] for key in of.key), row["known_on"])] = row
    kept = [{column.name: row.get(column.name) for column in of.columns} for row in last.values()]
    for row in kept:
        row["withdrawn"] = bool(row["withdrawn"])
    return pa.Table.from_pylist(kept, schema=of.arrow_schema).sort_by(
        [("household_id", "ascending"), (of.own_date, "ascending"), ("known_on", "ascending")]
    )
