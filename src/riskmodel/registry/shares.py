"""A registry's rows as they lie, the households of a share at a time, whatever order the files have.

A household's rows of all tables are needed together, and no registry need fit in memory. So each table is read in
pieces and laid out on disk by share: ranges of ``household_id``. A share that is still too large is laid out again.
"""

from __future__ import annotations

import bisect
import contextlib
from collections import Counter
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

# Rows of all tables in a share, about. One is checked while another is written.
SHARE_ROWS = 2_000_000
# Files that are written at the same time: systems let a process open a few hundred.
_FILES = 200
# Rows whose ids say where to cut.
_LOOKED_AT = 200_000
_AT = "__at"


@dataclass(frozen=True)
class Source:
    """Where tables are read from, as they lie: no column's type is taken on trust.

    Attributes
    ----------
    names : tuple of str
        The tables that are there, in the schema's order.
    read : callable
        Gives the rows of a table in pieces of bounded size, at least one; with a list of names, of these columns.
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
    """All rows of some households, of every table.

    Attributes
    ----------
    rows : int
    read : callable
        From a table's name to its rows as they lie, and where each stands in the table, from 0, ascending; once.
    """

    rows: int
    read: Callable[[str], tuple[pa.Table, np.ndarray]]


def open_source(path: Path) -> Source:
    """Open a registry for validation.

    Raises
    ------
    CallError
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
        columns={name: [*entry.columns, *_twice(entry.schemas)] for name, entry in files.items()},
        # Rows of a table in many files are counted through all of them.
        places={n: entry.paths[0].name if len(entry.paths) == 1 else f"{n}/*.parquet" for n, entry in files.items()},
        folder=True,
        cut_on=date.fromisoformat(cut_on) if cut_on else None,
        rejects=path / REJECTS if (path / REJECTS).is_file() else None,
    )


def _twice(schemas: Sequence[pa.Schema]) -> list[str]:
    """Return the columns that a file has more than once."""
    return [name for schema in schemas for name, many in Counter(schema.names).items() if many > 1]


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


def shares(source: Source, folder: Path, *, most: int | None = None) -> Iterator[Share]:
    """Cut the tables into shares of whole households, in the order of their ids.

    Parameters
    ----------
    folder : Path
        Where rows are laid out, where there is more than one share: twice the space of the registry's files, about.
        What was read of it is removed.
    most : int, optional
        Rows in a share, about; :data:`SHARE_ROWS` when left out. More only where one household has them.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    lying = _Lying(
        source.names, lambda name: _numbered(source.read(name, None)), partial(_ids_of, source), dict(source.rows)
    )
    with counting("laying rows out by household", total=lying.all_rows) as count:
        cut = _shares(lying, folder, most or SHARE_ROWS, count)
        first = next(cut)
    yield first
    yield from cut


@dataclass(frozen=True)
class _Lying:
    """Tables that may have to be cut, or cut again.

    Attributes
    ----------
    read : callable
        From a table's name to its rows, in pieces, with the column :data:`_AT`.
    ids : callable
        From a table's name to the household of each row, in pieces.
    """

    names: tuple[str, ...]
    read: Callable[[str], Iterator[pa.Table]]
    ids: Callable[[str], Iterator[pa.ChunkedArray]]
    rows: Mapping[str, int]

    @property
    def all_rows(self) -> int:
        return sum(self.rows.values())


def _shares(lying: _Lying, folder: Path, most: int, count: Callable[[int], None]) -> Iterator[Share]:
    many = min(-(-lying.all_rows // most), _FILES)
    if many < 2:
        yield Share(lying.all_rows, partial(_whole, lying))
        return
    bounds = _bounds(lying, many)
    parts = _lay_out(lying, bounds, many, folder, count)
    for number, part in enumerate(parts):
        if not part.all_rows and number:
            continue
        # Never again and again: what did not shrink is one household.
        if 2 * most < part.all_rows < lying.all_rows:
            yield from _shares(part, folder / f"{number:03d}", most, lambda rows: None)
        else:
            yield Share(part.all_rows, partial(_whole, part))
        for name in part.names:
            remove(_file(folder, number, name))


def _whole(lying: _Lying, name: str) -> tuple[pa.Table, np.ndarray]:
    rows = pa.concat_tables(lying.read(name))
    return rows.drop_columns([_AT]), rows[_AT].to_numpy()


def _numbered(pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
    begun = 0
    for piece in pieces:
        yield piece.append_column(_AT, pa.array(np.arange(begun, begun + piece.num_rows)))
        begun += piece.num_rows


def _ids_of(source: Source, name: str) -> Iterator[pa.ChunkedArray]:
    for piece in source.read(name, ["household_id"]):
        yield _ids(piece, name)


def _bounds(lying: _Lying, many: int) -> list[bytes]:
    """Return the first household of each share but the first, so that shares have about as many rows.

    Told from a sample of the rows of all tables, at even steps: a table may speak of households that no other knows.
    """
    step = max(1, lying.all_rows // _LOOKED_AT)
    seen: list[str] = []
    for name in lying.names:
        begun = 0
        for ids in lying.ids(name):
            picked = np.arange(-begun % step, len(ids), step)
            seen += ids.take(pa.array(picked)).drop_null().to_pylist()
            begun += len(ids)
    known = sorted(household.encode() for household in seen)
    cuts = Counter(known[len(known) * share // many] for share in range(1, many)) if known else Counter()
    # A household that is a share, or several, is cut off from those after it.
    return sorted([*cuts, *(household + b"\0" for household, times in cuts.items() if times > 1)])


def _lay_out(
    lying: _Lying, bounds: Sequence[bytes], many: int, folder: Path, count: Callable[[int], None]
) -> list[_Lying]:
    """Lay the rows of all tables out by share; rows that name no household are spread over all of them."""
    counts: list[Counter[str]] = [Counter() for _ in range(many)]
    kinds: dict[str, pa.Schema] = {}
    folder.mkdir()
    for name in lying.names:
        with contextlib.ExitStack() as stack:
            open_now: dict[int, pa.RecordBatchStreamWriter] = {}
            nobodys = 0
            for piece in (_plain(piece, name) for piece in lying.read(name)):
                kinds[name] = piece.schema
                of_share = _shares_of(_ids(piece, name), bounds)
                nobody = np.flatnonzero(of_share < 0)
                of_share[nobody] = np.arange(nobodys, nobodys + len(nobody)) % many
                nobodys += len(nobody)
                for number, rows in _apart(piece, of_share):
                    if number not in open_now:
                        sink = stack.enter_context(pa.OSFile(str(_file(folder, number, name)), "wb"))
                        options = pa.ipc.IpcWriteOptions(compression="zstd")
                        open_now[number] = stack.enter_context(pa.ipc.new_stream(sink, piece.schema, options=options))
                    open_now[number].write_table(rows)
                    counts[number][name] += rows.num_rows
                count(piece.num_rows)
    return [_part(lying.names, folder, kinds, number, rows) for number, rows in enumerate(counts)]


def _part(
    names: tuple[str, ...], folder: Path, kinds: Mapping[str, pa.Schema], number: int, rows: Mapping[str, int]
) -> _Lying:
    read = partial(_read, folder, kinds, number)
    return _Lying(names, read, lambda name: (_ids(piece, name) for piece in read(name)), rows)


def _plain(piece: pa.Table, name: str) -> pa.Table:
    """Take ids and free words out of dictionaries: a part of the rows would bring all of its dictionary along."""
    for at, field in enumerate(piece.schema):
        if pa.types.is_dictionary(field.type) and TABLES[name].column(field.name).kind in ("id", "text"):
            piece = piece.set_column(at, field.name, piece[at].cast(field.type.value_type))
    return piece


def _shares_of(ids: pa.ChunkedArray, bounds: Sequence[bytes]) -> np.ndarray:
    """Return the number of each household's share; -1 where no household is named."""
    coded = ids.combine_chunks().dictionary_encode()
    of_id = [bisect.bisect_right(bounds, household.encode()) for household in coded.dictionary.to_pylist()]
    return np.array([*of_id, -1], dtype=np.int32)[coded.indices.fill_null(len(of_id)).to_numpy()]


def _ids(piece: pa.Table, name: str) -> pa.ChunkedArray:
    return coerce(piece["household_id"], TABLES[name].column("household_id"))[0]


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


def _read(folder: Path, kinds: Mapping[str, pa.Schema], number: int, name: str) -> Iterator[pa.Table]:
    yield kinds[name].empty_table()
    path = _file(folder, number, name)
    if path.is_file():
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])


def _file(folder: Path, number: int, name: str) -> Path:
    return folder / f"{name}-{number:03d}.arrows"
