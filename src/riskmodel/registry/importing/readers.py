"""Read CSV, workbooks, Stata and Parquet files; only the columns that the mapping asks for are kept."""

from __future__ import annotations

import fnmatch
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.registry.importing.encoding import find_encoding, records
from riskmodel.registry.importing.mapping import Source
from riskmodel.registry.importing.piece import Piece, Wanted, choose, column_letters, tidy
from riskmodel.registry.importing.text import header

_FORMATS = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv",
    ".xlsx": "workbook", ".xlsm": "workbook", ".xls": "workbook", ".xlsb": "workbook", ".ods": "workbook",
    ".dta": "stata",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


def read_pieces(name: str, source: Source, path: Path, wanted: Wanted, *, shown: str) -> Iterator[Piece]:
    """Yield what ``wanted`` asks for of the file ``path``, a piece a sheet.

    Parameters
    ----------
    name : str
        The source's name in the mapping.
    shown : str
        The file's name as messages give it.

    Raises
    ------
    CallError
        A heading or sheet that is not there, a format that is not known.
    DataError
        The file cannot be read.
    """
    kind = source.format or _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise CallError(f"{shown}: not a format that is read ({', '.join(_FORMATS)}). Name it: sources.{name}.format.")
    if path.stat().st_size == 0:
        raise DataError(f"{shown}: the file is empty.")
    if kind == "workbook":
        yield from _workbook(name, source, path, wanted, shown)
    else:
        yield {"csv": _csv, "stata": _stata, "parquet": _parquet}[kind](name, source, path, wanted, shown)


def _csv(name: str, source: Source, path: Path, wanted: Wanted, shown: str) -> Piece:
    import pyarrow as pa
    from pyarrow import csv as pacsv

    def fits(encoding: str) -> bool:
        first, _, _ = records(path, encoding=encoding, delimiter=source.delimiter, count=source.header_row)
        given = {header(cell) for cell in first[-1]} if first else set()
        return all(header(heading) in given for heading in wanted.headings)

    encoding = find_encoding(path, fits=fits, named=source.encoding)
    first, lines, delimiter = records(path, encoding=encoding, delimiter=source.delimiter, count=source.header_row)
    headings = _heading_row(first, source, shown)
    positions, names, named = choose(headings, wanted, place=shown)
    keys = [column_letters(position) for position in range(len(headings))]
    broken: list[tuple[int, str]] = []

    def note(row: pacsv.InvalidRow) -> str:
        # The text of the row is not kept: it may hold columns that the mapping leaves out on purpose.
        # Records are counted after the lines that were skipped.
        seen = row.number - lines + source.header_row
        broken.append((seen, f"{row.actual_columns} columns, the heading has {row.expected_columns}"))
        return "skip"

    chosen = [keys[position] for position in positions]
    try:
        read = pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(
                use_threads=False, encoding=encoding, skip_rows=lines, column_names=keys, block_size=1 << 24
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=chosen, column_types=dict.fromkeys(chosen, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise DataError(f"{shown}: cannot be read as CSV: {error}") from None
        read = pa.table({key: pa.array([], pa.string()) for key in chosen})
    frame = read.to_pandas()
    frame.columns = names
    numbers = np.arange(len(frame) + len(broken), dtype=np.int64) + source.header_row + 1
    frame.index = np.delete(numbers, [row - source.header_row - 1 for row, _ in broken])
    frame, blank = tidy(frame, source, named)
    return Piece(name, shown, None, frame, named, blank, tuple(broken), encoding)


def _workbook(name: str, source: Source, path: Path, wanted: Wanted, shown: str) -> Iterator[Piece]:
    import pandas as pd
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_path(str(path))
    except PasswordError:
        raise DataError(f"{shown}: the workbook has a password. Save it without one.") from None
    except (CalamineError, OSError, ValueError) as error:
        raise DataError(f"{shown}: cannot be read as a workbook: {error}") from None
    for sheet in _sheets(source, book.sheet_names, shown):
        place = f"{shown}, sheet {sheet}"
        try:
            # A sheet can only be read whole.
            cells = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        except (CalamineError, OSError, ValueError) as error:
            raise DataError(f"{place}: cannot be read: {error}") from None
        headings = _heading_row(cells[: source.header_row], source, place)
        positions, names, named = choose(headings, wanted, place=place)
        body = cells[source.header_row :]
        columns = {i: [row[position] for row in body] for i, position in enumerate(positions)}
        frame = pd.DataFrame(
            {i: pd.Series(values, dtype=object) for i, values in columns.items()},
            index=range(len(body)),
        )
        frame.columns = names
        frame.index = np.arange(len(body), dtype=np.int64) + source.header_row + 1
        frame, blank = tidy(frame, source, named)
        # Nothing of the columns that the mapping leaves out on purpose outlives the reading.
        del cells, body
        yield Piece(name, shown, sheet, frame, named, blank)


def _sheets(source: Source, given: list[str], shown: str) -> list[str]:
    if not source.sheet:
        return given[:1]
    chosen: dict[str, None] = {}
    for wish in source.sheet:
        found = [sheet for sheet in given if fnmatch.fnmatchcase(header(sheet), header(wish))]
        if not found:
            raise CallError(f'{shown}: there is no sheet "{wish}".{did_you_mean(wish, given)}')
        chosen |= dict.fromkeys(found)
    return list(chosen)


def _stata(name: str, source: Source, path: Path, wanted: Wanted, shown: str) -> Piece:
    import pandas as pd

    try:
        opened: Any = pd.io.stata.StataReader(path, convert_categoricals=False)
        with opened as reader:
            labels = reader.variable_labels()
            headings = list(labels)
            positions, names, named = choose(headings, wanted, place=shown, labels=list(labels.values()))
            chosen = [headings[position] for position in positions]
            frame = reader.read(columns=chosen, convert_categoricals=source.labels)
    except (ValueError, OSError, KeyError, EOFError, IndexError, struct.error) as error:
        raise DataError(f"{shown}: cannot be read as a Stata file: {error}") from None
    frame = frame[chosen]
    for column in frame.columns[frame.dtypes == "category"]:
        frame[column] = frame[column].astype(object)
    frame.columns = names
    # A Stata file has no heading row: its first observation is row 1.
    frame.index = np.arange(len(frame), dtype=np.int64) + 1
    frame, blank = tidy(frame, source, named)
    return Piece(
        name, shown, None, frame, named, blank, labels={n: labels[c] for n, c in zip(names, chosen, strict=True)}
    )


def _parquet(name: str, source: Source, path: Path, wanted: Wanted, shown: str) -> Piece:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            headings = file.schema_arrow.names
            positions, names, named = choose(headings, wanted, place=shown)
            frame = file.read(columns=[headings[position] for position in positions]).to_pandas(ignore_metadata=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{shown}: cannot be read as Parquet: {error}") from None
    frame = frame[[headings[position] for position in positions]]
    frame.columns = names
    frame.index = np.arange(len(frame), dtype=np.int64) + 1
    frame, blank = tidy(frame, source, named)
    return Piece(name, shown, None, frame, named, blank)


def _heading_row(first: list[list[object]] | list[list[str]], source: Source, place: str) -> list[object]:
    if len(first) < source.header_row:
        raise DataError(f"{place}: has {len(first)} rows, the mapping expects the headings in row {source.header_row}.")
    return list(first[source.header_row - 1])
