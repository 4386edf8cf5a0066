"""Registries written row by row, for follow-ups that can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from riskmodel.engine.calendar import add_months
from riskmodel.registry import write_registry

MONTH = date(2023, 3, 1)
LONG_AGO = date(2019, 1, 1)


def household(name: str, *, village: str = "V1", township: str = "T1", **more: Any) -> dict[str, Any]:
    """A lifted household, known long ago."""
    return {
        "household_id": name,
        "county_code": "369901",
        "township_code": township,
        "village_code": village,
        "registered_on": LONG_AGO,
        "household_type": "lifted",
        "cropland_mu": 2.0,
        "known_on": LONG_AGO,
    } | more


def member(name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A member of working age, able to work."""
    return {
        "household_id": name,
        "member_id": f"{name}-{number}",
        "birth_date": date(1985, 6, 1),
        "labour_skill": "ordinary",
        "known_on": LONG_AGO,
        "left_on": None,
    } | more


def measure(name: str, started_on: date, *, ended_on: date | None = None, kind: str = "industry") -> dict[str, Any]:
    """A measure, known two days after it began."""
    return {
        "household_id": name,
        "record_id": f"{name}-{kind}-{started_on}",
        "kind": kind,
        "started_on": started_on,
        "ended_on": ended_on,
        "known_on": started_on + timedelta(days=2),
    }


def income(name: str, first: date, amounts: Iterable[float], *, source: str = "wage", late: int = 35) -> list[dict]:
    """An amount a month from ``first`` on, each known ``late`` days after the month's first day."""
    return [
        {
            "household_id": name,
            "month": (month := add_months(first, number)),
            "source": source,
            "item": "some",
            "amount": float(amount),
            "known_on": month + timedelta(days=late),
        }
        for number, amount in enumerate(amounts)
    ]


def write(folder: Path, *, cut_on: date, **tables: list[dict[str, Any]]) -> Path:
    """Write rows as a registry; what becomes known on or after the cut is not in it."""
    made = {}
    for name, rows in tables.items():
        frame = pd.DataFrame(rows, dtype=object)
        made[name] = pa.Table.from_pylist(frame[frame.known_on < cut_on].to_dict("records"))
    write_registry(made, folder, cut_on=cut_on)
    return folder
