"""Turn one piece of a source into rows of one registry table, counting what becomes of every row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.coerce import FAULT
from riskmodel.registry.importing.columns import (
    Built,
    Fault,
    build_column,
    cell_reader,
    compose,
    siblings_known,
)
from riskmodel.registry.importing.mapping import Block, ColumnSpec, KnownOn
from riskmodel.registry.importing.piece import Piece
from riskmodel.registry.importing.reshape import Grid, lay_out, satisfies
from riskmodel.registry.importing.set_aside import set_aside
from riskmodel.registry.rejects import Rejects
from riskmodel.registry.schema import TABLES, Table

if TYPE_CHECKING:
    import pandas as pd

_KNOWN_ON = "known_on"


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one block: ``seen`` is the sum of the others.

    Attributes
    ----------
    seen : int
        Rows below the heading; where wide becomes long, cells.
    kept, rejected, filtered, blank, repeated : int
        Became a registry row; set aside; left out by ``where``; empty; the same registry row again (``distinct``).
    """

    seen: int = 0
    kept: int = 0
    rejected: int = 0
    filtered: int = 0
    blank: int = 0
    repeated: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Add up, place by place."""
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def adds_up(self) -> bool:
        """Whether every row seen is accounted for."""
        return self.seen == self.kept + self.rejected + self.filtered + self.blank + self.repeated


@dataclass(frozen=True)
class Made:
    """Registry rows made from one piece, and where each came from."""

    rows: pa.Table
    origin: np.ndarray
    counts: Counts


def make_rows(
    block: Block, piece: Piece, *, id_suffix: str, rejects: Rejects, secret: bytes | None, several: str
) -> Made:
    """Make rows of ``block.table`` from ``piece``.

    Parameters
    ----------
    block : Block
        With its ``known_on`` filled in.
    id_suffix : str
        Ends generated record ids, so that two blocks that read the same rows do not clash.
    rejects : Rejects
        Receives the rows set aside.
    secret : bytes, optional
        The key of pseudonyms.
    several : str
        Begins generated record ids: the source, and its file and sheet where it has several.

    Returns
    -------
    Made
        Columns in schema order, those only that the block gives; ``origin`` is the row in the file.
    """
    table = TABLES[block.table]
    grid = lay_out(block, piece)
    seen, blank = grid.seen + len(piece.broken), grid.blank
    for row, said in piece.broken:
        rejects.add(
            table=table.name,
            row=row,
            column="",
            value=None,
            rule=f"{table.name}.row.columns",
            message=f"{piece.place}, row {row:,}: has {said}",
            original={},
        )
    keep = np.ones(len(grid.rows), dtype=bool)
    faulty: list[tuple[str, str, str, tuple[Fault, ...]]] = []
    for heading, condition in block.where.items():
        passed, faults = satisfies(grid.cells(heading), condition)
        keep &= passed
        faulty.append((heading, heading, "numeric", faults))
    filtered = int((~keep).sum())
    positions = np.cumsum(keep) - 1
    faulty = [(c, h, r, tuple(_shifted(faults, keep, positions))) for c, h, r, faults in faulty]
    grid = grid.keep(keep)

    built = _columns(block, table, grid, piece, secret=secret, record_prefix=several, id_suffix=id_suffix)
    for column in table.columns:
        if column.name in built:
            heading = _heading(block, column.name)
            faulty.append((column.name, heading, FAULT[column.kind], built[column.name].faults))
            if column.required:
                faulty.append((column.name, heading, "required", _missing(built[column.name])))
    bad = set_aside(faulty, block=block, grid=grid, piece=piece, rejects=rejects, built=built)
    good = pa.array(~bad)
    rows = pa.table({c.name: built[c.name].values for c in table.columns if c.name in built}).filter(good)
    counts = Counts(
        seen=seen, kept=rows.num_rows, rejected=int(bad.sum()) + len(piece.broken), filtered=filtered, blank=blank
    )
    return Made(rows, grid.rows[~bad], counts)


def drop_repeated(block: Block, rows: pa.Table, *, generated_id: bool) -> np.ndarray:
    """Return which of a block's rows to keep under ``distinct``.

    ``true`` keeps the first of rows that are alike in all columns (a generated record id aside); ``first`` keeps,
    of rows with the same key, the one known first.
    """
    import pandas as pd

    table = TABLES[block.table]
    if not block.distinct or rows.num_rows == 0:
        return np.ones(rows.num_rows, dtype=bool)
    if block.distinct == "first":
        names = [name for name in ("household_id", *table.key) if name in rows.column_names]
        known = rows[_KNOWN_ON].cast(pa.int32()).to_numpy()
        order = np.argsort(known, kind="stable")
        frame = pd.DataFrame({name: _numbered(rows[name])[order] for name in names})
        keep = np.empty(len(order), dtype=bool)
        keep[order] = ~frame.duplicated().to_numpy()
        return keep
    names = [name for name in rows.column_names if not (generated_id and name == "record_id")]
    return ~pd.DataFrame({name: _numbered(rows[name]) for name in names}).duplicated().to_numpy()


def _numbered(values: pa.ChunkedArray) -> np.ndarray:
    """Return a number for each different value, -1 where missing."""
    if pa.types.is_list(values.type):
        values = pc.binary_join(values, "\x1f")
    coded = values.combine_chunks().dictionary_encode()
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def _columns(
    block: Block, table: Table, grid: Grid, piece: Piece, *, secret: bytes | None, record_prefix: str, id_suffix: str
) -> dict[str, Built]:
    count = len(grid.rows)
    built: dict[str, Built] = {}
    for name, spec in block.columns.items():
        column = table.column(name)
        read = cell_reader(column, spec, known=siblings_known(block.columns, spec), secret=secret)
        built[name] = build_column(column, spec, _cells(spec, grid, piece), rows=count, read=read)
    if "record_id" in {column.name for column in table.columns} and "record_id" not in built:
        built["record_id"] = Built(_record_ids(grid, record_prefix, id_suffix))
    assert block.known_on is not None
    built[_KNOWN_ON] = _known_on(block.known_on, table, grid, built)
    return built


def _cells(spec: ColumnSpec, grid: Grid, piece: Piece) -> pd.Series | None:
    import pandas as pd

    if spec.from_ is not None:
        return grid.cells(spec.from_)
    if spec.template is None:
        return None
    own = {"source": piece.source, "file": piece.file, "sheet": piece.sheet or ""}
    index = grid.frame.index if len(grid.frame.columns) else pd.RangeIndex(len(grid.rows))
    parts = {name: pd.Series(text, index=index, dtype="str") for name, text in own.items()}
    parts["row"] = pd.Series(grid.rows, index=index)
    parts |= {name: grid.cells(name) for name in spec.outside}
    return compose(spec.template, parts)


def _record_ids(grid: Grid, prefix: str, suffix: str) -> pa.Array:
    numbers = pa.array(grid.rows).cast(pa.string())
    parts = [pa.scalar(prefix), numbers]
    if grid.melted_from is not None:
        parts.append(pa.array(grid.melted_from, type=pa.string()))
    if suffix:
        parts.append(pa.scalar(suffix))
    joined = pc.binary_join_element_wise(*parts, "-")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _known_on(known_on: KnownOn, table: Table, grid: Grid, built: dict[str, Built]) -> Built:
    if known_on.own_date_plus_days is not None:
        own = built[table.own_date].values.cast(pa.int32())
        return Built(pc.add(own, pa.scalar(known_on.own_date_plus_days, pa.int32())).cast(pa.date32()))
    spec = known_on_spec(known_on)
    column = table.column(_KNOWN_ON)
    cells = None if known_on.column is None else grid.cells(known_on.column)
    return build_column(column, spec, cells, rows=len(grid.rows), read=cell_reader(column, spec, known=()))


def known_on_spec(known_on: KnownOn) -> ColumnSpec:
    """Return ``known_on`` as the column that it is."""
    given: dict[str, object] = {"format": known_on.format, "month": known_on.month, "day": known_on.day}
    given |= {"from": known_on.column} if known_on.column is not None else {"constant": known_on.constant}
    return ColumnSpec.model_validate(given)


def _heading(block: Block, name: str) -> str:
    if name == _KNOWN_ON and block.known_on is not None:
        return block.known_on.column or ""
    spec = block.columns.get(name)
    return (spec.from_ or spec.template or "") if spec is not None else ""


def _missing(built: Built) -> tuple[Fault, ...]:
    absent = built.values.is_null().to_numpy(zero_copy_only=False).copy()
    for fault in built.faults:
        absent[fault.positions] = False
    return (Fault(np.flatnonzero(absent), None, "a value"),) if absent.any() else ()


def _shifted(faults: Iterable[Fault], keep: np.ndarray, positions: np.ndarray) -> Iterable[Fault]:
    """Move faults to the positions that their rows have once the filtered ones are gone."""
    for fault in faults:
        yield Fault(positions[fault.positions[keep[fault.positions]]], fault.value, fault.expected)
