"""Open a registry and give its tables as Ibis expressions over DuckDB."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.files import literal, sha256_of
from riskmodel.parallel import side_by_side
from riskmodel.registry.folder import Files, find_tables, read_description
from riskmodel.registry.known_until import known_until_expression
from riskmodel.registry.schema import SCHEMA_VERSION, TABLES, Column, Table
from riskmodel.registry.schema import table as schema_table
from riskmodel.registry.write import check_columns

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend

_IBIS: dict[str, str] = {
    "id": "string",
    "text": "string",
    "code": "string",
    "codes": "array<string>",
    "date": "date",
    "month": "date",
    "money": "float64",
    "number": "float64",
    "integer": "int64",
    "boolean": "boolean",
}
_POSITION = "__position"
NOT_INDEXED = (
    "does not lie in Parquet files that say until when each row was known. `riskmodel validate REGISTRY --out FOLDER` "
    "writes a registry that does; or build with --engine duckdb."
)
_LOG = logging.getLogger(__name__)


class Registry:
    """The histories of a county's households, read only.

    Open one with :meth:`Registry.open`. Tables come as Ibis expressions with every column of the schema; what was
    known at a day is for the caller to ask (``known_on``, ``known_until`` and the row's own date are there for it).

    Attributes
    ----------
    path : Path
        The folder, or the DuckDB file.
    tables : tuple of str
        Names of the tables that are present, in the schema's order.
    memory_limit : str, optional
        How much memory queries may take.

    Examples
    --------
    >>> import tempfile, pyarrow as pa
    >>> from riskmodel.registry import write_registry
    >>> folder = Path(tempfile.mkdtemp()) / "registry"
    >>> write_registry({"points": pa.table({"household_id": ["H1"], "record_id": ["R1"], "points": [12.0],
    ...     "awarded_on": [date(2023, 5, 4)], "known_on": [date(2023, 5, 6)]})}, folder)
    >>> with Registry.open(folder) as registry:
    ...     registry.tables, registry.cut_on, registry.table("points").points.sum().execute()
    (('points',), datetime.date(2023, 5, 7), 12.0)
    """

    def __init__(
        self,
        path: Path,
        *,
        files: dict[str, Files],
        description: dict[str, Any],
        connect: Callable[[], Backend],
        memory_limit: str | None = None,
        stored: dict[str, dict[str, str]] | None = None,
        read: Callable[[Sequence[Path]], ibis.Table] | None = None,
    ) -> None:
        self.path = path
        self.memory_limit = memory_limit
        self._connect = connect
        self._files = files
        self._description = description
        self._stored = stored or {}
        self._read = read
        self._stands: dict[Path, tuple[int, int] | None] = {}
        self.tables: tuple[str, ...] = tuple(name for name in TABLES if name in files or name in self._stored)
        self._ready: dict[str, ibis.Table] = {}

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        memory_limit: str | None = None,
        temp_folder: Path | None = None,
        threads: int | None = None,
    ) -> Registry:
        """Open the registry at ``path``: a folder of Parquet files, or a ``.duckdb`` file.

        Parameters
        ----------
        memory_limit : str, optional
            How much memory queries may take before they spill to disk, such as ``"8GB"``. Left out: DuckDB's own
            limit (80 % of the machine's).
        temp_folder : Path, optional
            Where they spill to. Left out: the system's temporary folder.
        threads : int, optional
            How many threads queries use. Left out: all cores.

        Raises
        ------
        CallError
            Nothing lies at ``path``, it holds no registry, or a table has a column that the schema does not know.
        DataError
            A file is broken, a column has a type that does not fit, or a newer schema wrote it.
        """
        path = Path(path)
        if not path.exists():
            raise CallError(f"there is no registry at {path}: no such file or folder.{_nearby(path)}")
        if path.is_file():
            return cls._open_duckdb(path, connect(path, memory_limit, temp_folder, threads))
        files = find_tables(path)
        description = read_description(path)
        for entry in files.values():
            for part, schema in zip(entry.paths, entry.schemas, strict=True):
                _check_types(schema, schema_table(entry.table), place=str(part))
        connected = partial(connect, None, memory_limit, temp_folder, threads)
        return cls(path, files=files, description=description, connect=connected, memory_limit=memory_limit)

    @classmethod
    def _open_duckdb(cls, path: Path, connection: Backend) -> Registry:
        names = stored_tables(connection)
        stored = {}
        for name in TABLES:
            if name not in names:
                continue
            schema = connection.table(name).schema().to_pyarrow()
            check_columns(schema.names, TABLES[name], place=f"{path}, table {name},")
            _check_types(schema, TABLES[name], place=f"{path}, table {name}")
            stored[name] = {column: str(kind) for column, kind in zip(schema.names, schema.types, strict=True)}
        if not stored:
            connection.disconnect()
            raise CallError(f"{path} holds none of a registry's tables ({', '.join(TABLES)}).")
        return cls(path, files={}, description={}, connect=lambda: connection, stored=stored)._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; expressions taken from it cannot be run any more."""
        if "connection" in self.__dict__:
            self.connection.disconnect()

    def __getstate__(self) -> dict[str, Any]:
        """Another process gets no connection: it opens its own when it asks for one."""
        return {**{k: v for k, v in self.__dict__.items() if k != "connection"}, "_ready": {}}

    def __repr__(self) -> str:
        return f"Registry({str(self.path)!r}, tables={list(self.tables)})"

    def table(self, name: str) -> ibis.Table:
        """Return a table as an Ibis expression with all columns of the schema, in its order.

        Codes are plain strings, ``withdrawn`` is False where it is absent or missing, optional columns that the files
        lack are missing. Where the files have no ``known_until``, it is worked out now, once, and kept in the
        connection.

        Raises
        ------
        CallError
            The schema has no such table, or this registry does not have it.
        """
        table = schema_table(name)
        if name not in self.tables:
            raise CallError(f'{self.path} has no table "{name}".{did_you_mean(name, self.tables)}')
        if name not in self._ready:
            self._ready[name] = self._prepare(table)
        return self._ready[name]

    def indexed(self, name: str) -> bool | None:
        """Return whether table ``name`` lies in Parquet files whose ``known_until`` can be relied on.

        None when only a look at its values can tell; False too for a table in a DuckDB file.
        """
        return self._files[name].indexed if name in self._files else False

    def read_by(self, read: Callable[[Sequence[Path]], ibis.Table]) -> Registry:
        """Return this registry with its tables as expressions of another engine, over the same Parquet files.

        Parameters
        ----------
        read : callable
            Gives the rows of Parquet files together as an expression.

        Raises
        ------
        CallError
            By :meth:`table`: a table does not lie in Parquet files with ``known_until``; only DuckDB works that out.
        """
        return Registry(
            self.path,
            files=self._files,
            description=self._description,
            connect=self._connect,
            stored=self._stored,
            read=read,
        )

    @cached_property
    def connection(self) -> Backend:
        """The DuckDB connection that expressions run in, opened when the first one is asked for."""
        return self._connect()

    def _connected(self) -> Self:
        """Take the connection over, to be closed with the registry."""
        assert self.connection is not None
        return self

    def files(self, name: str) -> tuple[Path, ...]:
        """Return the Parquet files of table ``name``, in reading order; empty for a registry in a DuckDB file."""
        if name not in self.tables:
            raise CallError(f'{self.path} has no table "{name}".{did_you_mean(name, self.tables)}')
        return self._files[name].paths if name in self._files else ()

    def stamped(self, names: Iterable[str]) -> bool:
        """Tell whether the tables say that this package wrote them; :meth:`sorted_file` tells whether it is so."""
        return all(name in self._files and self._files[name].stamped for name in names)

    def check_digests(self, names: Iterable[str]) -> None:
        """Work out the digests of several tables side by side; they are kept."""
        for _ in side_by_side(partial(getattr, self._files[name], "digests") for name in names):
            pass

    def sorted_file(self, name: str) -> Files | None:
        """Return the one Parquet file of table ``name`` if this package wrote it: sorted, indexed and checked."""
        files = self._files.get(name)
        return files if files is not None and files.written_here else None

    def held(self, name: str) -> pa.Table | None:
        """Return the rows of table ``name`` where they lie in memory, in storage order: of an excerpt."""
        return None

    @cached_property
    def cut_on(self) -> date:
        """The registry holds what was known strictly before this day.

        From registry.json; where that is silent, the day after the last ``known_on`` of any table, with a warning that
        names the table: one mistyped year there would make every open outcome one that did not happen.

        Raises
        ------
        DataError
            The registry says nothing and has no rows to tell it from.
        """
        if self._description.get("cut_on"):
            return date.fromisoformat(self._description["cut_on"])
        last = {name: self.table(name).known_on.max().to_pyarrow().as_py() for name in self.tables}
        known = {name: day for name, day in last.items() if day is not None}
        if not known:
            raise DataError(f"{self.path} holds no rows: there is no telling up to which day it knows.")
        newest = max(known, key=lambda name: known[name])
        cut = known[newest] + timedelta(days=1)
        _LOG.warning(
            "%s does not state up to which day it knows; taken from the last known_on, %s in table %s: cut on %s. "
            "`riskmodel validate` sets aside what cannot be known yet and writes the cut down.",
            self.path,
            known[newest],
            newest,
            cut,
        )
        return cut

    @cached_property
    def fingerprint(self) -> str:
        """A short digest that changes when the registry does: of its schema, cut date and files, not of where it lies.

        From the sha256 of every file as it lies, whatever registry.json says of it: one value changed changes the
        fingerprint. It costs one reading of the files, once for an open registry. Of a DuckDB file, the whole file.
        """
        self._stands = self._stamps()
        digest = hashlib.sha256(f"schema {SCHEMA_VERSION}\ncut_on {self._description.get('cut_on')}\n".encode())
        for name, entry in self._files.items():
            for path, content in zip(entry.paths, entry.digests, strict=True):
                digest.update(f"{name} {path.name} {content}\n".encode())
        if self._stored:
            # What a writer has not yet folded into the file lies beside it.
            pending = self.path.with_name(f"{self.path.name}.wal")
            for part in (self.path, *([pending] if pending.is_file() else [])):
                digest.update(f"{part.suffix} {sha256_of(part)}\n".encode())
        return digest.hexdigest()[:16]

    def digests(self) -> dict[str, tuple[str, ...]]:
        """Return the sha256 of the files of each table, for :meth:`knowing`."""
        return {name: entry.digests for name, entry in self._files.items()}

    def knowing(self, digests: Mapping[str, tuple[str, ...]]) -> Self:
        """Take over what another process found the digests of these files to be, and return the registry.

        Many processes that read a little each would otherwise read every file in full, to make sure of it.
        """
        for name, found in digests.items():
            self._files[name].__dict__["digests"] = tuple(found)
        return self

    def check_unchanged(self) -> None:
        """Make sure that the files are still those that :attr:`fingerprint` is of, by their size and time of change.

        Raises
        ------
        DataError
            One was changed, replaced or removed since; the message names it.
        """
        now = self._stamps()
        for path, stamp in self._stands.items():
            if now[path] != stamp:
                what = "is gone" if now[path] is None else "was changed"
                raise DataError(
                    f"{path} {what} while it was being read: what was worked out since cannot be relied on. Put it "
                    "back and continue (--resume), or start anew on what lies there now."
                )

    def _stamps(self) -> dict[Path, tuple[int, int] | None]:
        paths = [path for entry in self._files.values() for path in entry.paths]
        found: dict[Path, tuple[int, int] | None] = {}
        for path in [*paths, *([self.path] if self._stored else [])]:
            try:
                there = path.stat()
                found[path] = (there.st_size, there.st_mtime_ns)
            except FileNotFoundError:
                found[path] = None
        return found

    def _prepare(self, table: Table) -> ibis.Table:
        import ibis

        files = self._files.get(table.name)
        if files is not None:
            if files.changed:
                _LOG.warning(
                    "%s: table %s is not what registry.json says was written; somebody changed it since. "
                    "`riskmodel validate` checks it and writes it anew.",
                    self.path,
                    table.name,
                )
            if self._read is not None:
                rows = self._read(files.paths)
            else:
                paths = [literal(path) for path in files.paths]
                rows = self.connection.read_parquet(paths, table_name=f"__raw_{table.name}", union_by_name=True)
            clean, indexed = files.written_here, files.indexed
        else:
            rows, clean = self.connection.table(table.name), False
            indexed = None if "known_until" in rows.columns else False
        if indexed is None:
            # Wholly missing may mean "nothing superseded" or "never filled": working it out serves both.
            indexed = rows.known_until.notnull().any().to_pyarrow().as_py()
        columns = {column.name: typed(rows, column, clean=clean) for column in table.columns}
        if indexed:
            return rows.select(**columns)
        if self._read is not None:
            raise CallError(f"{self.path}: table {table.name} {NOT_INDEXED}")
        numbered = rows.mutate(**{_POSITION: ibis.row_number()})
        filled = numbered.select(_POSITION, **columns)
        window = known_until_expression(filled, table, position=_POSITION)
        index = filled.mutate(known_until=window).order_by("household_id", table.own_date, "known_on", _POSITION)
        return self.connection.create_table(f"__indexed_{table.name}", index.drop(_POSITION), temp=True)


def typed(rows: ibis.Table, column: Column, *, clean: bool) -> ibis.Value:
    import ibis

    if column.name not in rows.columns:
        return ibis.literal(False) if column.name == "withdrawn" else ibis.null(_IBIS[column.kind])
    value = rows[column.name]
    if value.type().is_floating() and not clean:
        value = ibis.ifelse(_is_nan(value), ibis.null(value.type()), value)
    if value.type().copy(nullable=True) != ibis.dtype(_IBIS[column.kind]):
        value = value.cast(_IBIS[column.kind])
    return value.fill_null(False) if column.name == "withdrawn" else value


def _is_nan(value: Any) -> ibis.Value:
    """Return whether a number is NaN, asked so that DuckDB looks at the value.

    DuckDB 2 takes the least and the largest value that a Parquet file states for all that is in it, and NaN is neither:
    ``isnan`` is answered without reading.
    """
    import ibis

    return ibis.array([value]).contains(math.nan)


def _check_types(schema: pa.Schema, table: Table, *, place: str) -> None:
    """Refuse columns that the schema does not know, lacks, or whose type can only be a mistake."""
    check_columns(schema.names, table, place=place)
    for field in schema:
        column = table.column(field.name)
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not _fits(kind, column):
            raise DataError(
                f"{place}: {column.name} is stored as {kind}, but the registry wants {_IBIS[column.kind]}. "
                "`riskmodel validate` converts what is well formed and sets the rest aside."
            )


def _fits(kind: pa.DataType, column: Column) -> bool:
    types = pa.types
    if types.is_null(kind):
        return not column.required
    if column.kind in ("id", "text", "code"):
        return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    if column.kind == "codes":
        return types.is_list(kind) or types.is_large_list(kind)
    if column.kind in ("date", "month"):
        return types.is_date(kind) or (types.is_timestamp(kind) and kind.tz is None)
    if column.kind == "boolean":
        return types.is_boolean(kind)
    if column.kind == "integer":
        return types.is_integer(kind)
    return types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)


def connect(
    path: Path | None, memory_limit: str | None = None, temp_folder: Path | None = None, threads: int | None = None
) -> Backend:
    """Connect to DuckDB: in memory, or to the file at ``path``, read only. Nothing is ever fetched."""
    import tempfile

    import duckdb
    import ibis

    settings: dict[str, Any] = {
        # A county's network is cut off, and nothing may be fetched while working anyway.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(temp_folder or Path(tempfile.gettempdir()) / "riskmodel-spill"),
    }
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    if threads is not None:
        settings["threads"] = threads
    try:
        connection = ibis.duckdb.connect(path or ":memory:", read_only=path is not None, **settings)
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0]
        raise DataError(f"{path} is not a DuckDB file that can be read: {first}") from None
    # It would draw into logs: how far a command is, it says itself. (In a notebook it may not be spoken of.)
    with contextlib.suppress(duckdb.InvalidInputException):
        connection.raw_sql("SET enable_progress_bar = false")
    return connection


def stored_tables(connection: Backend) -> list[str]:
    """Return the names of tables and views in the database that ``connection`` is open on."""
    # Ibis asks this in a way that DuckDB 2 no longer answers.
    query = "select table_name from information_schema.tables where table_catalog = current_database()"
    return [name for (name,) in connection.raw_sql(query).fetchall()]


def _nearby(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    hint = did_you_mean(path.name, [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")])
    return hint if hint.startswith(" Did you mean") else ""
