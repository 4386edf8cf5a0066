"""Small registries of random rows: late, corrected, withdrawn, contradictory; nothing a county would have typed."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from riskmodel.registry import schema
from riskmodel.registry.codes import codes

FIRST, LAST = date(2019, 1, 1), date(2024, 12, 31)
# Income items that features ask for by name, and one that nobody knows.
ITEMS = ["pension", "dibao", "family_support", "crops", "livestock", "business", "land_rent", "asset_dividend", "odd"]


def random_rows(seed: int, *, households: int = 6, rows: int = 25) -> dict[str, list[dict[str, Any]]]:
    """Rows of all twelve tables; every household has its household row and a head from the start."""
    rng = random.Random(seed)
    ids = [f"H{n:03d}" for n in range(households)]
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in schema.TABLES}
    for household in ids:
        made["household"].append(_row(rng, "household", household, known_on=date(2018, 6, 2)))
        made["household"][-1]["registered_on"] = date(2018, 6, 1)
        made["member"].append(_row(rng, "member", household, known_on=date(2018, 6, 2)))
        made["member"][-1] |= {"birth_date": date(1975, 2, 3), "left_on": None, "relation": "head"}
        for table in schema.TABLES:
            made[table].extend(_row(rng, table, household) for _ in range(rng.randrange(rows)))
    return made


def as_tables(made: dict[str, list[dict[str, Any]]]) -> dict[str, pa.Table]:
    """The rows as Arrow tables in the schema's types."""
    tables = {}
    for name, rows in made.items():
        wanted = schema.TABLES[name].arrow_schema
        tables[name] = pa.Table.from_pylist(rows, schema=pa.schema([pa.field(f.name, f.type) for f in wanted]))
    return tables


def in_the_future(table: str, row: dict[str, Any], as_of: date) -> bool:
    """Whether a row may have no influence at as_of."""
    return row["known_on"] >= as_of or row[schema.TABLES[table].own_date] >= as_of


def random_row(rng: random.Random, table: str, household: str) -> dict[str, Any]:
    """One more row of a table."""
    return _row(rng, table, household)


def _row(rng: random.Random, table: str, household: str, *, known_on: date | None = None) -> dict[str, Any]:
    spec = schema.TABLES[table]
    row = {column.name: _value(rng, column) for column in spec.columns}
    own = row[spec.own_date]
    row["household_id"] = household
    row["known_on"] = known_on or own + timedelta(days=rng.choice([0, 1, 5, 40, 200, 700]))
    row["known_until"] = None
    row["withdrawn"] = rng.random() < 0.08
    if known_on:
        row["withdrawn"] = False
    return row


def _value(rng: random.Random, column: schema.Column) -> Any:
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
