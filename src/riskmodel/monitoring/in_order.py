"""Rows that come in one order and leave in another, a piece at a time: neither order is ever in memory as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.files import sha256_of, write_aside
from riskmodel.registry.pieces import of_size

if TYPE_CHECKING:
    from riskmodel.monitoring.checkpoint import Checkpoints

_NUMBER = "_number"
_ROW_GROUP = 16_000


@dataclass(frozen=True)
class Pile:
    """Rows that are numbered from 1, on their way into one file in the order of their numbers.

    Attributes
    ----------
    work : Checkpoints
        Where the rows wait.
    name : str
        The file that they will make.
    schema : pyarrow.Schema
    size : int
        Rows that are put in order at a time.
    """

    work: Checkpoints
    name: str
    schema: pa.Schema
    size: int

    def add(self, part: int, rows: pa.Table, numbers: np.ndarray) -> dict[str, str]:
        """Lay the rows of one part down where their numbers belong; return the files, with the sha256 of each."""
        rows = rows.append_column(_NUMBER, pa.array(numbers, pa.int64()))
        pieces = (numbers - 1) // self.size
        files = {}
        for piece in np.unique(pieces):
            file = self._file(int(piece), part)
            self.work.path(file).parent.mkdir(parents=True, exist_ok=True)
            with write_aside(self.work.path(file)) as aside:
                pq.write_table(rows.filter(pa.array(pieces == piece)), aside, compression="lz4")
            files[file] = sha256_of(self.work.path(file))
        return files

    def put_in_order(self, *, many: int) -> None:
        """Write the file of all ``many`` rows."""
        with (
            write_aside(self.work.path(self.name)) as aside,
            pq.ParquetWriter(aside, self.schema, compression="zstd") as out,
        ):
            pieces = (self._sorted(piece) for piece in range(-(-many // self.size)))
            for rows in of_size(pieces, _ROW_GROUP):
                out.write_table(rows, row_group_size=_ROW_GROUP)

    def _sorted(self, piece: int) -> pa.Table:
        files = sorted(self.work.path(self._folder(piece)).glob("*.parquet"))
        rows = pa.concat_tables(pq.read_table(file) for file in files)
        order = np.argsort(rows[_NUMBER].to_numpy(), kind="stable")
        return rows.select(self.schema.names).take(pa.array(order)).cast(self.schema)

    def _folder(self, piece: int) -> str:
        return f"{self.name}.pieces/{piece:05d}"

    def _file(self, piece: int, part: int) -> str:
        return f"{self._folder(piece)}/{part:05d}.parquet"
