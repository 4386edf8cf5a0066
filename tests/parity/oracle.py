"""A slow reading of a registry in plain Python, row by row, apart from the builder, which must equal it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq

KEYS = {
    "household": (),
    "member": ("member_id",),
    "income": ("month", "source", "item"),
    "spending": ("record_id",),
    "event": ("record_id",),
    "guarantee": ("checked_on", "item"),
    "listing": ("identified_on",),
}
OWN = {
    "household": "registered_on",
    "member": "birth_date",
    "income": "month",
    "spending": "spent_on",
    "event": "happened_on",
    "guarantee": "checked_on",
    "listing": "identified_on",
}
LINES = {2019: 3218, 2020: 5000, 2021: 6000, 2022: 6740, 2023: 7570, 2024: 8500}


def line_on(day: date) -> float:
    """The line of the simulated county (in Jiangxi) on a day."""
    return LINES.get(day.year, 9000)


def months_before(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    last = [31, 29 if (index // 12) % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][index % 12]
    return date(index // 12, index % 12 + 1, min(day.day, last))


def completed_years(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


@dataclass
class Oracle:
    """All rows of a registry as dictionaries, by table and household."""

    rows: dict[str, dict[str, list[dict]]]

    @classmethod
    def read(cls, folder: Path, households: set[str] | None = None) -> Oracle:
        rows: dict[str, dict[str, list[dict]]] = {}
        for table in KEYS:
            by_household = defaultdict(list)
            for row in pq.read_table(folder / f"{table}.parquet").to_pylist():
                if households is None or row["household_id"] in households:
                    by_household[row["household_id"]].append(row)
            rows[table] = by_household
        return cls(rows)

    def seen(self, table: str, household: str, *, known_before: date, own_before: date) -> list[dict]:
        """The newest row of each key that was known before, if it was true before and does not take its key away."""
        newest: dict[tuple, dict] = {}
        for row in self.rows[table].get(household, ()):
            if row["known_on"] < known_before:
                key = tuple(row[k] for k in KEYS[table])
                if key not in newest or newest[key]["known_on"] <= row["known_on"]:
                    newest[key] = row
        return [row for row in newest.values() if not row.get("withdrawn") and row[OWN[table]] < own_before]

    def members(self, household: str, *, on: date, known_before: date) -> list[dict]:
        rows = self.seen("member", household, known_before=known_before, own_before=on)
        return [row for row in rows if row["left_on"] is None or row["left_on"] >= on]

    def present(self, household: str, as_of: date) -> bool:
        household_rows = self.seen("household", household, known_before=as_of, own_before=as_of)
        return bool(household_rows) and bool(self.members(household, on=as_of, known_before=as_of))

    def features(self, household: str, as_of: date) -> dict[str, float | None]:
        """The twelve features that every default catalogue has."""
        start = months_before(as_of, 12)
        members = self.members(household, on=as_of, known_before=as_of)
        able = [
            m
            for m in members
            if 16 <= completed_years(m["birth_date"], as_of) <= 59 and m["labour_skill"] in ("skilled", "ordinary")
        ]
        year = [r for r in self.seen("income", household, known_before=as_of, own_before=as_of) if r["month"] >= start]
        by_source: dict[str, float] = defaultdict(float)
        for row in year:
            by_source[row["source"]] += row["amount"]
        gross = sum(by_source[s] for s in ("wage", "operating", "property", "transfer"))
        net_pc = (gross - by_source["operating_cost"]) / len(members)
        spending = self.seen("spending", household, known_before=as_of, own_before=as_of)
        events = self.seen("event", household, known_before=as_of, own_before=as_of)
        illnesses = [e["happened_on"] for e in events if e["kind"] == "illness"]
        since = None
        if illnesses:
            last = max(illnesses)
            since = (as_of.year - last.year) * 12 + as_of.month - last.month - (last.day > as_of.day)
        latest: dict[str, dict] = {}
        for check in self.seen("guarantee", household, known_before=as_of, own_before=as_of):
            if check["item"] not in latest or latest[check["item"]]["checked_on"] < check["checked_on"]:
                latest[check["item"]] = check
        return {
            "members": len(members),
            "members_disabled": sum(bool(m["disabled"]) for m in members),
            "members_able": len(able),
            "dependency_ratio": (len(members) - len(able)) / len(members),
            "net_income_pc_12m": net_pc,
            "wage_income_pc_12m": by_source["wage"] / len(members),
            "transfer_share_12m": by_source["transfer"] / gross if gross else None,
            "medical_oop_12m": sum(
                s["amount"] for s in spending if s["kind"] == "medical_oop" and s["spent_on"] >= start
            ),
            "disaster_events_12m": sum(e["kind"] == "disaster" and e["happened_on"] >= start for e in events),
            "months_since_illness": since,
            "line_gap_12m": net_pc / line_on(as_of) - 1,
            "guarantees_unmet": sum(not check["met"] for check in latest.values()),
        }

    def outcomes(self, household: str, as_of: date, *, lag_days: int = 90) -> dict[str, bool | None]:
        """The three outcomes over the 12 months after as_of, from what was known when the lag had passed."""
        end = months_before(as_of, -12)
        known = end + timedelta(days=lag_days)

        def ahead(table: str) -> list[dict]:
            seen = self.seen(table, household, known_before=known, own_before=end)
            return [row for row in seen if row[OWN[table]] >= as_of]

        members = self.members(household, on=end, known_before=known)
        sums: dict[str, float] = defaultdict(float)
        for row in ahead("income"):
            sums[row["source"]] += row["amount"]
        oop = sum(row["amount"] for row in ahead("spending") if row["kind"] == "medical_oop")
        net = sums["wage"] + sums["operating"] + sums["property"] + sums["transfer"] - sums["operating_cost"]
        below = (net - oop + sums["claims"]) / len(members) < line_on(end) if members else None
        failed = any(not row["met"] for row in ahead("guarantee"))
        # Of a household that is gone at the end (nobody left, or its row taken away), only what came true is known.
        there = bool(members and self.seen("household", household, known_before=known, own_before=end))
        listed = bool(ahead("listing")) or (False if there else None)
        need = True if failed else below
        need = need or (False if there and need is not None else None)
        return {"need": need, "admitted": listed, "need_or_admitted": True if listed else need}
