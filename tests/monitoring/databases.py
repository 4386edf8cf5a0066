"""A registry written into a PostgreSQL database, as a county's own system would hold it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pyarrow.parquet as pq
from psycopg import sql

from riskmodel import Registry
from riskmodel.registry import schema

KINDS = {"date": "date", "month": "date", "money": "float8", "number": "float8", "integer": "bigint"}
KINDS |= {"boolean": "boolean", "codes": "text[]"}


def load(url: str, registry: Path, *, but: tuple[str, ...] = ()) -> None:
    """Write a registry's tables into a database, the rows out of order."""
    with Registry.open(registry) as opened, psycopg.connect(url) as connection:
        for name in opened.tables:
            columns = [column for column in schema.table(name).columns if column.name not in {"known_until", *but}]
            kinds = [
                sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(KINDS.get(c.kind, "text"))) for c in columns
            ]
            table = sql.Identifier(name)
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(kinds)))
            rows = pq.read_table(registry / f"{name}.parquet").select([c.name for c in columns]).to_pylist()
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copied:
                for row in reversed(rows):
                    copied.write_row(list(row.values()))
