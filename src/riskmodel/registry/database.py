"""A registry that lies in PostgreSQL: copied once, in one state of the database, into sorted files.

A scoring that takes an hour must not see the first table as it was and the last as it has become, and its windows need
a household's rows together. So every table is read in one transaction, sorted by the server, and written here a slice
of households at a time; all that follows reads files.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from riskmodel.errors import CallError, DataError
from riskmodel.files import remove
from riskmodel.progress import step
from riskmodel.registry.registry import Registry
from riskmodel.registry.schema import TABLES, Column, Table
from riskmodel.registry.standing import DESCRIPTION
from riskmodel.registry.write import RegistryWriter, check_columns

if TYPE_CHECKING:
    import psycopg

_LOG = logging.getLogger(__name__)

SCHEMES = ("postgresql://", "postgres://")
# Rows that are checked and written at a time, with the rest of the last household's.
_ROWS = 250_000
_BLOCK = 8 << 20
# Of the options of a URL, those that say which tables are read.
_WHERE = {"host", "hostaddr", "port", "dbname", "service", "options"}
_LISTED = "\x1f"
_TYPES = {"date": pa.date32(), "month": pa.date32(), "money": pa.float64(), "number": pa.float64()}
_TYPES |= {"integer": pa.int64(), "boolean": pa.bool_()}


def is_database(source: str) -> bool:
    """Tell whether a registry is named by the URL of a database."""
    return source.startswith(SCHEMES)


def copy_database(url: str, out: Path, *, resume: bool = False, **options: Any) -> Registry:
    """Copy the registry's tables of a PostgreSQL database into the registry ``out``, and open it.

    Parameters
    ----------
    url : str
        ``postgresql://user@host/database``, with ``?options=-csearch_path%3Dschema`` where the tables do not lie in
        the first schema of the search path. The password comes from the environment (``PGPASSWORD``, ``PGPASSFILE``).
    out : Path
        The folder; it appears whole or not at all.
    resume : bool
        Open the copy that lies there, where there is one: what goes on must go on with the state it began with.
    **options
        As :meth:`Registry.open` takes them.

    Raises
    ------
    CallError
        The URL has a password in it, or the database none of the tables, or one with a column that is not known.
    DataError
        The database cannot be reached or drops the connection; a value that a registry cannot hold.
    """
    if resume and (out / DESCRIPTION).is_file():
        return Registry.open(out, **options)
    psycopg = _driver()
    refuse_password(url)
    remove(out)
    try:
        with psycopg.connect(url, application_name="riskmodel") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            _copy(connection, out, place=shown(url))
    except psycopg.Error as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"{shown(url)}: the database could not be read ({first}). Nothing was left of the copy; run the command "
            "again (--resume keeps what was finished before)."
        ) from error
    return Registry.open(out, **options)


def shown(url: str) -> str:
    """Return how a database is named in messages: host and database, nobody's name.

    >>> shown("postgresql://anna@db.example:5432/county?sslmode=require")
    'postgresql://db.example:5432/county'
    """
    place = url.split("://", 1)[1].split("?", 1)[0].rsplit("@", 1)[-1]
    return f"postgresql://{place}"


def address(url: str) -> str:
    """Return which tables a URL names: where the database lies and in which schema, whoever asks.

    >>> address("postgresql://anna@db/county?sslmode=require&options=-csearch_path%3Dspring")
    'postgresql://db/county?options=-csearch_path=spring'
    """
    asked = parse_qsl(url.partition("?")[2])
    where = "&".join(sorted(f"{name}={value}" for name, value in asked if name in _WHERE))
    return f"{shown(url)}?{where}" if where else shown(url)


def refuse_password(url: str) -> None:
    """Refuse a URL with a password in it; the message has none.

    Raises
    ------
    CallError
        It has one.
    """
    account = url.split("://", 1)[1].split("/", 1)[0].rpartition("@")[0]
    if account.partition(":")[2] or "password=" in url:
        raise CallError(
            f"{shown(url)}: the URL has a password in it, which anyone who lists the processes can read. Leave it out "
            "and set PGPASSWORD or PGPASSFILE."
        )


def _driver() -> Any:
    try:
        import psycopg
    except ImportError:
        raise CallError(
            'a registry in PostgreSQL needs the extra "postgresql": python -m pip install ".[postgresql]".'
        ) from None
    return psycopg


def _copy(connection: psycopg.Connection[Any], out: Path, *, place: str) -> None:
    found = {name: _columns(connection, name) for name in TABLES}
    there = {name: columns for name, columns in found.items() if columns}
    if not there:
        raise CallError(f"{place} holds none of a registry's tables ({', '.join(TABLES)}).")
    with RegistryWriter(out) as writer:
        for name, columns in there.items():
            check_columns(columns, TABLES[name], place=f"{place}, table {name},")
            with step(f"copying {name}"):
                for rows in _by_household(_read(connection, TABLES[name], columns)):
                    writer.add(name, rows)


def _columns(connection: psycopg.Connection[Any], name: str) -> list[str]:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped "
        "ORDER BY attnum",
        [name],
    )
    return [column for (column,) in found.fetchall()]


def _read(connection: psycopg.Connection[Any], table: Table, columns: list[str]) -> Iterator[pa.Table]:
    """Yield a table's rows, in the order of their household's id, as PostgreSQL's own CSV gives them."""
    from psycopg import sql

    kinds = {name: table.column(name) for name in columns if name != "known_until"}
    asked = sql.SQL("COPY (SELECT {} FROM {} ORDER BY household_id COLLATE {}) TO STDOUT (FORMAT csv)").format(
        sql.SQL(", ").join(_asked(name, column) for name, column in kinds.items()),
        sql.Identifier(table.name),
        sql.Identifier("C"),
    )
    convert = pyarrow.csv.ConvertOptions(
        column_types={name: _TYPES.get(column.kind, pa.string()) for name, column in kinds.items()},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    with connection.cursor() as cursor, cursor.copy(asked) as copied:
        stream = io.BufferedReader(_Stream(iter(copied)), _BLOCK)
        if not stream.peek(1):
            yield pa.table({name: pa.array([], _TYPES.get(column.kind, pa.string())) for name, column in kinds.items()})
            return
        try:
            reader = pyarrow.csv.open_csv(
                stream,
                read_options=pyarrow.csv.ReadOptions(column_names=list(kinds), block_size=_BLOCK),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=convert,
            )
            for batch in reader:
                yield _listed(pa.Table.from_batches([batch]), kinds)
        except pa.ArrowInvalid as error:
            raise DataError(f"table {table.name}: a value is not what the registry expects ({error}).") from None


def _asked(name: str, column: Column) -> Any:
    from psycopg import sql

    named = sql.Identifier(name)
    if column.kind == "codes":
        return sql.SQL("array_to_string({}, {})").format(named, sql.Literal(_LISTED))
    return named


def _listed(rows: pa.Table, kinds: dict[str, Column]) -> pa.Table:
    for name, column in kinds.items():
        if column.kind == "codes":
            text = rows[name]
            # An empty list is one empty text to split.
            several = pc.split_pattern(pc.if_else(pc.equal(text, ""), None, text), _LISTED)
            empty = pa.scalar([], pa.list_(pa.string()))
            told = pc.if_else(pc.fill_null(pc.equal(text, ""), False), empty, several)
            rows = rows.set_column(rows.column_names.index(name), name, told)
    return rows


def _by_household(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield rows in such pieces that a household's lie in one; a piece without rows where there are none."""
    waiting: list[pa.Table] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) < _ROWS:
            continue
        rows = pa.concat_tables(waiting)
        ids = rows["household_id"]
        last = ids[len(ids) - 1]
        begins = pc.index(ids, last).as_py() if last.is_valid else 0
        if begins:
            yield rows.slice(0, begins)
            waiting = [rows.slice(begins)]
    if waiting:
        yield pa.concat_tables(waiting)


class _Stream(io.RawIOBase):
    """What PostgreSQL sends, as a file to read."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(bytes(piece))
        many = min(len(buffer), len(self._rest))
        buffer[:many] = self._rest[:many]
        self._rest = self._rest[many:]
        return many
