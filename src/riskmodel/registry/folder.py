"""Find and open the files of a registry folder; every way in which they can be broken gets its own message."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.files import sha256_of
from riskmodel.registry.schema import SCHEMA_VERSION, TABLES
from riskmodel.registry.standing import DESCRIPTION
from riskmodel.registry.write import VERSION_KEY

# Arrow cannot yet do with views what it can do with the plain types.
_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
# Rows that are read at a time.
PIECE = 128_000


@dataclass(frozen=True)
class Files:
    """The Parquet files of one table, in reading order.

    Attributes
    ----------
    metadata : tuple of pyarrow.parquet.FileMetaData
        One a file, read when the registry was opened.
    schemas : tuple of pyarrow.Schema
        One a file: files may lack optional columns, or type them differently.
    recorded : str or None
        The sha256 that registry.json gives for the table's file.
    """

    table: str
    paths: tuple[Path, ...]
    metadata: tuple[Any, ...]
    schemas: tuple[pa.Schema, ...]
    recorded: str | None = None

    @property
    def columns(self) -> list[str]:
        """What columns the files have together, in order of first appearance."""
        return list(dict.fromkeys(name for schema in self.schemas for name in schema.names))

    @property
    def rows(self) -> int:
        """How many rows the files hold together."""
        return sum(entry.num_rows for entry in self.metadata)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """The sha256 of each file as it lies; reads them in full, once."""
        return tuple(sha256_of(path) for path in self.paths)

    @property
    def changed(self) -> bool:
        """Whether the table is no longer what registry.json says was written."""
        return self.recorded is not None and self.digests != (self.recorded,)

    @property
    def stamped(self) -> bool:
        """Whether the table says that it is one file as this package wrote it."""
        stamp = len(self.metadata) == 1 and VERSION_KEY in (self.metadata[0].metadata or {})
        return stamp and self.recorded is not None

    @property
    def written_here(self) -> bool:
        """Whether the table is one file as this package wrote it, and so checked and indexed as a whole.

        The stamp alone does not tell: pyarrow keeps it when somebody reads the file, adds rows and writes it again.
        """
        return self.stamped and not self.changed

    @property
    def indexed(self) -> bool | None:
        """Whether ``known_until`` can be relied on; None when only a look at its values can tell.

        Files of this package put together or changed by hand were indexed as they were before, and a file without the
        column was not indexed at all: in these cases rows may have been superseded since.
        """
        if self.written_here:
            return True
        stamped = any(VERSION_KEY in (entry.metadata or {}) for entry in self.metadata)
        if stamped or not all("known_until" in schema.names for schema in self.schemas):
            return False
        return None


def find_tables(folder: Path) -> dict[str, Files]:
    """Return the tables that lie in ``folder`` (``NAME.parquet`` or ``NAME/*.parquet``), in the schema's order.

    Raises
    ------
    CallError
        The folder holds none of the tables.
    DataError
        A file is not readable Parquet, was written by a newer schema, or looks like a table's name misspelt.
    """
    found = {}
    recorded = read_description(folder).get("sha256", {})
    for name in TABLES:
        single, many = folder / f"{name}.parquet", folder / name
        if single.is_file() and many.is_dir():
            raise DataError(f"{folder} has both {name}.parquet and {name}/: keep the one that counts.")
        paths = [single] if single.is_file() else sorted(many.glob("*.parquet")) if many.is_dir() else []
        if paths:
            found[name] = _open(name, paths, recorded.get(name))
    _refuse_misspelt(folder, found)
    if not found:
        raise CallError(
            f"{folder} holds none of a registry's tables ({', '.join(f'{name}.parquet' for name in TABLES)}). "
            "Name the folder that `riskmodel import` or `riskmodel simulate` wrote."
        )
    return found


def source_digests(path: Path) -> dict[str, str]:
    """Return the sha256 of every file that a registry consists of, as it lies: of a folder its tables and
    registry.json, of a database the file and what is not yet folded into it.

    Raises
    ------
    CallError, DataError
        As :func:`find_tables`; nothing lies at ``path``.
    """
    if not path.exists():
        raise CallError(f"there is no registry at {path}: no such file or folder.")
    if path.is_file():
        parts = (path, path.with_name(f"{path.name}.wal"))
        return {part.name: sha256_of(part) for part in parts if part.is_file()}
    files = {
        part.relative_to(path).as_posix(): digest
        for entry in find_tables(path).values()
        for part, digest in zip(entry.paths, entry.digests, strict=True)
    }
    described = path / DESCRIPTION
    return files | ({DESCRIPTION: sha256_of(described)} if described.is_file() else {})


def read_description(folder: Path) -> dict[str, Any]:
    """Return what registry.json says (empty where there is none).

    Raises
    ------
    DataError
        It is not JSON, lacks a valid cut date, or was written by a newer schema.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        return {}
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        version = int(description.get("schema_version", SCHEMA_VERSION))
        if description.get("cut_on"):
            date.fromisoformat(description["cut_on"])
        dict(description.get("sha256", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not a registry's description: {error}.") from None
    check_version(version, path)
    return description


def check_version(version: int, place: Path) -> None:
    """Refuse what a newer schema wrote."""
    if version > SCHEMA_VERSION:
        raise DataError(
            f"{place} was written with schema version {version}; this riskmodel reads up to {SCHEMA_VERSION}. "
            "Upgrade riskmodel, or write the registry again with this one."
        )


def read_table(files: Files, *, columns: list[str] | None = None) -> pa.Table:
    """Read a table as it lies, in file order, without any checks of its values.

    Raises
    ------
    DataError
        A page of a file cannot be read; the message names the file.
    """
    parts = []
    for path in files.paths:
        with _as_it_reads(path), pq.ParquetFile(path) as handle:
            wanted = columns and [name for name in columns if name in handle.schema_arrow.names]
            parts.append(handle.read(columns=wanted))
    kinds = _kinds(files, columns)
    return pa.concat_tables(_brought(files.table, part, kinds) for part in parts)


def read_pieces(files: Files, *, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of :func:`read_table` in pieces, at least one.

    Raises
    ------
    DataError
        As :func:`read_table`.
    """
    kinds = _kinds(files, columns)
    for path in files.paths:
        # Not read ahead: what was read stays in memory until the file is closed.
        with _as_it_reads(path), pq.ParquetFile(path, pre_buffer=False) as handle:
            wanted = columns and [name for name in columns if name in handle.schema_arrow.names]
            schema, batches = handle.schema_arrow, handle.iter_batches(PIECE, columns=wanted)
            empty = schema.empty_table()
            yield _brought(files.table, empty if wanted is None else empty.select(wanted), kinds)
            for batch in batches:
                yield _brought(files.table, pa.Table.from_batches([batch]), kinds)


@contextlib.contextmanager
def _as_it_reads(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {_first_line(error)}. Fetch or write it again.") from None


def _kinds(files: Files, columns: list[str] | None) -> dict[str, pa.DataType]:
    """Return the type of each column; where files type it differently, text."""
    kinds = {}
    for name in files.columns:
        if columns is None or name in columns:
            types = {schema.field(name).type for schema in files.schemas if name in schema.names}
            said = [_VIEWS.get(kind, kind) for kind in types if not pa.types.is_null(kind)] or [pa.null()]
            kinds[name] = said[0] if len(said) == 1 else pa.string()
    return kinds


def _brought(table: str, part: pa.Table, kinds: Mapping[str, pa.DataType]) -> pa.Table:
    """Bring a part of a table to the types of all its files."""
    columns = []
    for name, kind in kinds.items():
        values = part[name] if name in part.column_names else pa.chunked_array([pa.nulls(part.num_rows, kind)])
        try:
            columns.append(values if values.type == kind else values.cast(kind))
        except pa.ArrowException:
            raise DataError(f"{table}: {name} has types in different files that do not go together.") from None
    return pa.table(dict(zip(kinds, columns, strict=True)))


def _open(name: str, paths: list[Path], recorded: str | None) -> Files:
    metadata, schemas = [], []
    for path in paths:
        try:
            entry = pq.read_metadata(path)
            arrow = entry.schema.to_arrow_schema()
        except PermissionError:
            raise DataError(f"{path} may not be read: ask whoever owns it for the right to.") from None
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(
                f"{path} is not a whole Parquet file ({_first_line(error)}): it may have been cut off while it was "
                "copied. Fetch or write it again."
            ) from None
        stamped = (entry.metadata or {}).get(VERSION_KEY)
        if stamped is not None:
            check_version(int(stamped), path)
        metadata.append(entry)
        schemas.append(arrow)
    return Files(name, tuple(paths), tuple(metadata), tuple(schemas), recorded)


def _refuse_misspelt(folder: Path, found: dict[str, Files]) -> None:
    absent = [name for name in TABLES if name not in found]
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(".parquet")
        if name in TABLES or not (path.suffix == ".parquet" or path.is_dir()):
            continue
        hint = did_you_mean(name, absent)
        if hint.startswith(" Did you mean"):
            raise DataError(f"{path} is not a registry's table.{hint} Rename it, or move it elsewhere.")


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
