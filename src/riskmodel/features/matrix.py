"""A table of features or labels that is ready to be worked out: to pandas, to Arrow, or into a file."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from riskmodel.errors import CallError, DataError
from riskmodel.features.engines import Choice
from riskmodel.files import CODEC, literal, remove, write_aside
from riskmodel.registry.pieces import of_size

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

# The file's row groups do not depend on how the work was cut up: the same rows give the same bytes.
ROW_GROUP = 128_000
# LZ4 as Parquet has it; DuckDB spells it out.
_CODEC_OF_DUCKDB = f"{CODEC}_raw"
# What Spark leaves in a folder of features.
_PART_FILE = re.compile(r"part=\d+/(\d+-)?rows\.parquet")


@dataclass(frozen=True)
class Matrix:
    """One row a household and date, sorted by both; nothing is worked out until it is asked for.

    Attributes
    ----------
    schema : pyarrow.Schema
    choice : Choice
        Which engine works it out, and why.
    pieces : callable
        Gives an iterator over the rows, some at a time; with a household_id, over those of the households after it.
    expression : ibis.Table, optional
        What DuckDB or Spark runs, where it runs the whole.
    save : callable, optional
        How the engine writes it itself, to the path given, and returns the number of rows: DuckDB a file, Spark a
        folder ``part=NN/rows.parquet`` in which a household's rows lie in one part.
    """

    schema: pa.Schema
    choice: Choice
    pieces: Callable[..., Iterator[pa.Table]]
    expression: ir.Table | None = None
    save: Callable[[Path], int] | None = None

    def to_arrow(self) -> pa.Table:
        """Work the table out."""
        return pa.concat_tables([self.schema.empty_table(), *(piece.cast(self.schema) for piece in self.pieces())])

    def to_pandas(self) -> pd.DataFrame:
        """Work the table out; dates are ``datetime.date``, truths pandas' nullable booleans."""
        import pandas as pd

        kinds = {pa.bool_(): pd.BooleanDtype()}
        return self.to_arrow().to_pandas(date_as_object=True, types_mapper=kinds.get)

    def write(self, out: Path) -> int:
        """Work the table out into a Parquet file (by Spark: a folder) that appears whole or not at all.

        Returns
        -------
        int
            The number of rows.

        Raises
        ------
        CallError
            Spark would replace a folder that holds anything but parts.
        """
        if self.choice.engine == "spark":
            check_parts(Path(out))
        with write_aside(Path(out)) as aside:
            return self.save(aside) if self.save is not None else _write(self, aside)

    def write_sorted(self, out: Path, *, memory_limit: str | None = None) -> int:
        """Work the table out into one Parquet file, sorted by household and date, whichever engine runs.

        What Spark leaves in parts is put in order by DuckDB, which sorts on disk what is more than ``memory_limit``
        (by default most of the machine's memory) holds.
        """
        if self.choice.engine != "spark":
            return self.write(out)
        # No temporary folder: those are closed to other users, and executors may be one.
        parts = Path(out).parent / f".parts.{uuid.uuid4().hex[:8]}.partial"
        try:
            rows = self.write(parts)
            with write_aside(Path(out)) as aside:
                _put_in_order(parts, aside, columns=self.schema.names, memory_limit=memory_limit)
        finally:
            remove(parts)
        return rows

    def changed(self, change: Callable[[pa.Table], pa.Table], schema: pa.Schema) -> Matrix:
        """Return the table with ``change`` made to each of its pieces."""

        def pieces(after: str | None = None) -> Iterator[pa.Table]:
            return map(change, self.pieces(after))

        return replace(self, schema=schema, pieces=pieces, expression=None, save=None)


def check_parts(out: Path) -> None:
    """Raise :class:`CallError` where a folder of parts would take the place of one that holds anything else."""
    if not out.is_dir():
        return
    found = (path for path in out.rglob("*") if not path.is_dir())
    places = sorted(path.relative_to(out).as_posix() for path in found)
    others = [place for place in places if not _PART_FILE.fullmatch(place)]
    if others:
        raise CallError(f"{out}: Spark would replace this folder, and it holds {others[0]}. Name a new folder.")


def over_expression(expression: ir.Table, choice: Choice, save: Callable[[Path], int] | None = None) -> Matrix:
    """Return what an Ibis expression gives; by default, its engine writes one Parquet file."""

    def to_file(path: Path) -> int:
        import pyarrow.parquet as pq

        expression.to_parquet(path, compression=_CODEC_OF_DUCKDB)
        return int(pq.read_metadata(path).num_rows)

    def pieces(after: str | None = None) -> Iterator[pa.Table]:
        rows = expression if after is None else expression.filter(expression.household_id > after)
        yield rows.to_pyarrow()

    return Matrix(expression.schema().to_pyarrow(), choice, pieces, expression, save or to_file)


def side_by_side(left: Matrix, right: Matrix, *, columns: list[str]) -> Matrix:
    """Return the columns of two tables over the same households and dates, in the order of ``columns``.

    Raises
    ------
    DataError
        While it is worked out: the two do not have the same rows.
    """
    fields = {field.name: field for field in (*right.schema, *left.schema)}
    schema = pa.schema([fields[name] for name in columns])

    def pieces(after: str | None = None) -> Iterator[pa.Table]:
        others = _Reader(right.pieces(after))
        for piece in left.pieces(after):
            other = others.take(piece.num_rows)
            if not all(_same(piece[key], other[key]) for key in ("household_id", "as_of")):
                raise DataError("the engines do not agree on who is present: build with --engine duckdb.")
            source = {**{name: other[name] for name in other.column_names}, **dict(_columns(piece))}
            yield pa.table({name: source[name] for name in columns}, schema=schema)

    return Matrix(schema, left.choice, pieces)


class _Reader:
    """Gives as many rows at a time as are asked for."""

    def __init__(self, pieces: Iterator[pa.Table]) -> None:
        self._pieces = pieces
        self._rest: pa.Table | None = None

    def take(self, rows: int) -> pa.Table:
        """Return the next ``rows`` rows, fewer at the end."""
        parts = [] if self._rest is None else [self._rest]
        while sum(part.num_rows for part in parts) < rows or not parts:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece)
        whole = pa.concat_tables(parts)
        self._rest = whole.slice(rows)
        return whole.slice(0, rows)


def _columns(piece: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    return zip(piece.column_names, piece.columns, strict=True)


def _same(left: pa.ChunkedArray, right: pa.ChunkedArray) -> bool:
    return bool(left.cast(right.type).equals(right))


def _write(matrix: Matrix, path: Path) -> int:
    import pyarrow.parquet as pq

    codes = [field.name for field in matrix.schema if pa.types.is_string(field.type) or pa.types.is_date(field.type)]
    rows = 0
    with pq.ParquetWriter(path, matrix.schema, compression=CODEC, use_dictionary=codes) as writer:
        for group in of_size((piece.cast(matrix.schema) for piece in matrix.pieces()), ROW_GROUP):
            writer.write_table(group, row_group_size=ROW_GROUP)
            rows += group.num_rows
    return rows


def _put_in_order(parts: Path, out: Path, *, columns: list[str], memory_limit: str | None) -> None:
    import duckdb

    from riskmodel.engine.spark import part_files

    def quoted(text: str, mark: str) -> str:
        return mark + text.replace(mark, 2 * mark) + mark

    names = ", ".join(quoted(name, '"') for name in columns)
    files = ", ".join(quoted(literal(file), "'") for file in part_files(parts))
    limits = {} if memory_limit is None else {"memory_limit": memory_limit}
    with duckdb.connect(config={"temp_directory": str(parts / "spill"), **limits}) as connection:
        connection.execute(
            f"COPY (SELECT {names} FROM read_parquet([{files}], hive_partitioning = false) "
            f"ORDER BY household_id, as_of) TO {quoted(str(out), chr(39))} "
            f"(FORMAT parquet, COMPRESSION {_CODEC_OF_DUCKDB})"
        )
