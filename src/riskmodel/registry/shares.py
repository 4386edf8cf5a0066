"""A registry's rows as they lie, the households of a share at a time, whatever order the files have.

Several households' rows of all tables are needed together, and no registry need fit in memory. So each table is read
once, in pieces, and laid out on disk by share: ranges of ``household_id``, one after another.
"""

from __future__ import annotations

import bisect
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.errors import CallError
from riskmodel.files import remove
from riskmodel.progress import counting
from riskmodel.registry.coerce import coerce
from riskmodel.registry.folder import PIECE, find_tables, read_description, read_pieces
from riskmodel.registry.limits import region_of
from riskmodel.registry.rejects import REJECTS
from riskmodel.registry.schema import TABLES
from riskmodel.registry.write import check_columns

# Rows of all tables that are held at a time. A share is larger where there were more of them than files can be open.
SHARE_ROWS = 2_000_000
_MOST_SHARES = 200
_AT = "__at"


@dataclass(frozen=True)
class Source:
    """Where tables are read from, as they lie: no column's type is taken on trust.

    Attributes
    ----------
    names : tuple of str
        The tables that are there, in the schema's order.
    read : callable
        Gives the rows of a table in pieces, at least one; with a list of names, of these columns.
    rows : mapping of str to int
    columns : mapping of str to list of str
    places : mapping of str to str
        By table, how its source is called in messages.
    folder : bool
        Whether it is a folder, which can be rewritten.
    """

    names: tuple[str, ...]
    read: Callable[[str, list[str] | None], Iterator[pa.Table]]
    rows: Mapping[str, int]
    columns: Mapping[str, list[str]]
    places: Mapping[str, str]
    folder: bool
    cut_on: date | None = None
    rejects: Path | None = None

    @property
    def region(self) -> str:
        """The county code of all households; "" where they are of several counties, or none is said."""
        if "county_code" not in self.columns.get("household", []):
            return ""
        column = TABLES["household"].column("county_code")
        pieces = self.read("household", ["county_code"])
        found = {code for piece in pieces for code in pc.unique(coerce(piece["county_code"], column)[0]).to_pylist()}
        return region_of(pa.array(sorted(found - {None}), pa.string()))


@dataclass(frozen=True)
class Share:
    """The rows of some households, of every table.

    Attributes
    ----------
    read : callable
        From a table's name to its rows as they lie, and where each stands in the table, from 0, ascending.
    """

    read: Callable[[str], tuple[pa.Table, np.ndarray]]


def open_source(path: Path) -> Source:
    """Open a registry for validation.

    Raises
    ------
    CallError, DataError
        As :func:`~riskmodel.registry.validate.validate`.
    """
    if not path.exists():
        raise CallError(f"there is no registry at {path}: no such file or folder.")
    source = _database(path) if path.is_file() else _folder(path)
    for name in source.names:
        check_columns(source.columns[name], TABLES[name], place=source.places[name])
    return source


def _folder(path: Path) -> Source:
    files = find_tables(path)
    cut_on = read_description(path).get("cut_on")
    return Source(
        names=tuple(files),
        read=lambda name, columns: read_pieces(files[name], columns=columns),
        rows={name: entry.rows for name, entry in files.items()},
        columns={name: entry.columns for name, entry in files.items()},
        # Rows of a table in many files are counted through all of them.
        places={n: entry.paths[0].name if len(entry.paths) == 1 else f"{n}/*.parquet" for n, entry in files.items()},
        folder=True,
        cut_on=date.fromisoformat(cut_on) if cut_on else None,
        rejects=path / REJECTS if (path / REJECTS).is_file() else None,
    )


def _database(path: Path) -> Source:
    from riskmodel.registry.registry import connect, stored_tables

    connection = connect(path)
    present = stored_tables(connection)
    names = tuple(name for name in TABLES if name in present)
    if not names:
        raise CallError(f"{path} holds none of a registry's tables ({', '.join(TABLES)}).")

    def read(name: str, columns: list[str] | None) -> Iterator[pa.Table]:
        rows = connection.table(name)
        query = connection.compile(rows if columns is None else rows.select(columns))
        reader = connection.con.sql(query).to_arrow_reader(PIECE)
        yield reader.schema.empty_table()
        for batch in reader:
            yield pa.Table.from_batches([batch])

    return Source(
        names=names,
        read=read,
        rows={name: int(connection.table(name).count().to_pyarrow().as_py()) for name in names},
        columns={name: list(connection.table(name).columns) for name in names},
        places={name: f"{path.name}, table {name}" for name in names},
        folder=False,
    )


def cut(source: Source, folder: Path, *, most: int | None = None) -> list[Share]:
    """Cut the tables into shares of whole households, in the order of their ids.

    Parameters
    ----------
    folder : Path
        Where rows are laid out, where there is more than one share; each table's of a share go once they are read.
    most : int, optional
        Rows in a share, about; :data:`SHARE_ROWS` when left out.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    rows = sum(source.rows.values())
    many = min(-(-rows // (most or SHARE_ROWS)), _MOST_SHARES)
    bounds = _bounds(source, many) if many > 1 else []
    if not bounds:
        return [Share(partial(_whole, source))]
    folder.mkdir()
    kinds = {}
    with counting("laying rows out by household", total=rows) as count:
        for name in source.names:
            kinds[name] = _lay_out(source, name, bounds, folder, count)
    return [Share(partial(_read, folder, kinds, number)) for number in range(len(bounds) + 1)]


def _whole(source: Source, name: str) -> tuple[pa.Table, np.ndarray]:
    rows = pa.concat_tables(source.read(name, None))
    return rows, np.arange(rows.num_rows)


def _bounds(source: Source, many: int) -> list[bytes]:
    """Return the first household of each share but the first, of about as many households each."""
    name = "household" if source.rows.get("household") else max(source.names, key=lambda name: source.rows[name])
    found: set[str] = set()
    for piece in source.read(name, ["household_id"]):
        found.update(pc.unique(_ids(piece, name)).to_pylist())
    known = sorted(household.encode() for household in found - {None})
    return sorted({known[len(known) * share // many] for share in range(1, many)} - {known[0]}) if known else []


def _ids(piece: pa.Table, name: str) -> pa.ChunkedArray:
    return coerce(piece["household_id"], TABLES[name].column("household_id"))[0]


def _lay_out(source: Source, name: str, bounds: Sequence[bytes], folder: Path, count: Callable[..., None]) -> pa.Schema:
    """Append the rows of a table to the files of their shares; return the schema of these files."""
    schema, begun = pa.schema([]), 0
    with contextlib.ExitStack() as stack:
        open_now: dict[int, pa.RecordBatchStreamWriter] = {}
        for piece in source.read(name, None):
            of_share = _shares_of(_ids(piece, name), bounds)
            at = np.arange(begun, begun + piece.num_rows)
            begun += piece.num_rows
            rows = piece.append_column(_AT, pa.array(at))
            schema = rows.schema
            for number, own in _apart(rows, of_share):
                if number not in open_now:
                    sink = stack.enter_context(pa.OSFile(str(_file(folder, number, name)), "wb"))
                    options = pa.ipc.IpcWriteOptions(compression="zstd")
                    open_now[number] = stack.enter_context(pa.ipc.new_stream(sink, schema, options=options))
                open_now[number].write_table(own)
            count(piece.num_rows)
    return schema


def _shares_of(ids: pa.ChunkedArray, bounds: Sequence[bytes]) -> np.ndarray:
    """Return the number of each household's share; rows without one go with the first."""
    coded = ids.combine_chunks().dictionary_encode()
    numbers = [bisect.bisect_right(bounds, household.encode()) for household in coded.dictionary.to_pylist()]
    return np.array([*numbers, 0], dtype=np.int32)[coded.indices.fill_null(len(numbers)).to_numpy()]


def _apart(rows: pa.Table, of_share: np.ndarray) -> Iterator[tuple[int, pa.Table]]:
    """Yield each share's rows, in their order."""
    if np.any(of_share[1:] < of_share[:-1]):
        order = np.argsort(of_share, kind="stable")
        rows, of_share = rows.take(pa.array(order)), of_share[order]
    ends = np.append(np.flatnonzero(of_share[1:] != of_share[:-1]) + 1, len(of_share))
    start = 0
    for end in ends.tolist():
        if end > start:
            yield int(of_share[start]), rows.slice(start, end - start)
        start = end


def _read(folder: Path, kinds: Mapping[str, pa.Schema], number: int, name: str) -> tuple[pa.Table, np.ndarray]:
    path = _file(folder, number, name)
    if path.is_file():
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
            rows = reader.read_all()
        remove(path)
    else:
        rows = kinds[name].empty_table()
    return rows.drop_columns([_AT]), rows[_AT].to_numpy()


def _file(folder: Path, number: int, name: str) -> Path:
    return folder / f"{name}-{number:03d}.arrows"
