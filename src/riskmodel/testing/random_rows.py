"""Small registries of random rows: late, corrected, withdrawn, contradictory; nothing a county would have typed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from riskmodel.registry import Registry, schema, write_registry
from riskmodel.registry.codes import codes

FIRST, LAST = date(2019, 1, 1), date(2024, 12, 31)
# Income items that features ask for by name, and one that nobody knows.
ITEMS = ("pension", "dibao", "family_support", "crops", "livestock", "business", "land_rent", "asset_dividend", "odd")

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]


def random_rows(seed: int, *, households: int = 6, rows: int = 25) -> dict[str, list[Row]]:
    """Rows of all twelve tables; every household has its household row and a head from the start.

    Parameters
    ----------
    rows
        At most so many a household and table; their own dates lie from 2019 to 2024.
    """
    rng = random.Random(seed)
    ids = [f"H{n:03d}" for n in range(households)]
    made: dict[str, list[Row]] = {name: [] for name in schema.TABLES}
    for household in ids:
        first = {"known_on": date(2018, 6, 2), "withdrawn": False}
        made["household"].append(random_row(rng, "household", household) | first | {"registered_on": date(2018, 6, 1)})
        head = {"birth_date": date(1975, 2, 3), "left_on": None, "relation": "head"}
        made["member"].append(random_row(rng, "member", household) | first | head)
        for table in schema.TABLES:
            made[table].extend(random_row(rng, table, household) for _ in range(rng.randrange(rows)))
    return made


def random_row(rng: random.Random, table: str, household: str) -> Row:
    """One row of a table: known on its own date or up to two years later, one in twelve a withdrawal."""
    spec = schema.TABLES[table]
    row = {column.name: random_value(rng, column) for column in spec.columns}
    row["household_id"] = household
    row["known_on"] = row[spec.own_date] + timedelta(days=rng.choice([0, 1, 5, 40, 200, 700]))
    row["known_until"] = None
    row["withdrawn"] = rng.random() < 0.08
    return row


def random_value(rng: random.Random, column: schema.Column) -> Any:
    """A value that the column may hold; missing now and then where that is allowed."""
    if not column.required and rng.random() < 0.15:
        return None
    match column.kind:
        case "id" | "text":
            # Few different values, so that keys meet and rows correct each other.
            return rng.choice(ITEMS) if column.name == "item" else f"{column.name[:1]}{rng.randrange(6)}"
        case "code":
            return rng.choice(codes(column.codes))
        case "codes":
            return rng.sample(codes(column.codes), rng.randrange(3))
        case "date" | "month":
            if column.name == "birth_date":
                return date(rng.randrange(1935, 2024), rng.randrange(1, 13), rng.randrange(1, 29))
            day = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days))
            return day.replace(day=1) if column.kind == "month" or rng.random() < 0.3 else day
        case "boolean":
            return rng.random() < 0.5
        case "integer":
            return rng.randrange(int(column.low or 0), int(column.low or 0) + 4)
    low = -3000 if (column.low or 0) < 0 else 0
    return 0.0 if rng.random() < 0.05 else round(rng.uniform(low, 3000), 2)


def in_the_future(table: str, row: Row, as_of: date) -> bool:
    """Whether a row may have no influence at as_of: not known before it, or not true before it."""
    return bool(row["known_on"] >= as_of or row[schema.TABLES[table].own_date] >= as_of)


def as_tables(rows: Rows) -> dict[str, pa.Table]:
    """Return rows as Arrow tables in the schema's types."""
    tables = {}
    for name, given in rows.items():
        wanted = schema.table(name).arrow_schema
        tables[name] = pa.Table.from_pylist(list(given), schema=pa.schema([pa.field(f.name, f.type) for f in wanted]))
    return tables


def write_rows(rows: Rows, folder: Path) -> Registry:
    """Write rows as a registry folder and open it; ``known_until`` is worked out anew."""
    write_registry(as_tables(rows), folder)
    return Registry.open(folder)
