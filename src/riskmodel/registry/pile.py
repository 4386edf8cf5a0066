"""Rows that were set aside, however many: on disk until they are put in order, behind those of earlier validations."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.files import literal, write_aside
from riskmodel.registry.pieces import of_size
from riskmodel.registry.rejects import SCHEMA, Rejects, in_words

_MEMORY = "512MB"
_ROW_GROUP = 128_000
_IN_MEMORY = 50_000
_ORDER = ("table", "row", "rule")


@dataclass
class Pile:
    """Rejects that come some at a time.

    Attributes
    ----------
    folder : Path
        Where they lie meanwhile; made when it is needed.
    """

    folder: Path
    _now: Rejects = field(default_factory=Rejects)
    _files: list[Path] = field(default_factory=list)
    _first: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._files) or len(self._now) > 0

    def add(self, rejects: Rejects) -> None:
        """Take over all lines of ``rejects``."""
        for rule, line in rejects.first_of_rules().items():
            before = self._first.get(rule)
            self._first[rule] = line if before is None or line["row"] < before["row"] else before
        self._now.extend(rejects)
        if len(self._now) > _IN_MEMORY:
            self._put_down()

    def _put_down(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._files.append(self.folder / f"{len(self._files):06d}.parquet")
        self._now.write(self._files[-1])
        self._now = Rejects()

    def describe(self, *, limit: int, places: Mapping[str, str]) -> list[str]:
        """Put the first row that breaks each rule in words: see :meth:`Rejects.describe`."""
        lines = sorted(self._first.items(), key=lambda entry: tuple(entry[1][name] for name in _ORDER))
        return in_words(dict(lines), limit=limit, places=places)

    def write(self, path: Path, *, behind: Path | None = None) -> None:
        """Write all lines, sorted by table, row and rule.

        Parameters
        ----------
        behind : Path, optional
            Earlier rejects, which stand before them: none is lost. It may be ``path``.

        Raises
        ------
        DataError
            What stands at ``behind`` is not a rejects file.
        """
        with write_aside(Path(path)) as aside, pq.ParquetWriter(aside, SCHEMA, compression="zstd") as writer:
            for rows in of_size(self._all(behind), _ROW_GROUP):
                writer.write_table(rows)

    def _all(self, behind: Path | None) -> Iterator[pa.Table]:
        if behind is not None:
            yield from _earlier(behind)
        if not self._files:
            yield self._now.to_arrow()
            return
        import duckdb

        self._put_down()
        spill = {"memory_limit": _MEMORY, "threads": 1, "temp_directory": str(self.folder / "spill")}
        # Rows are ordered in any case; to keep them in the order of the files as well takes all the memory there is.
        with duckdb.connect(config={**spill, "preserve_insertion_order": False}) as connection:
            try:
                lines = connection.read_parquet([literal(file) for file in self._files])
                for batch in lines.order(", ".join(f'"{name}"' for name in _ORDER)).to_arrow_reader(_ROW_GROUP):
                    yield pa.Table.from_batches([batch]).cast(SCHEMA)
            except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
                # What does not fit in memory goes to the disk: there was no room there either.
                raise OSError(errno.ENOSPC, str(error).splitlines()[0]) from error


def _earlier(path: Path) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROW_GROUP):
                yield pa.Table.from_batches([batch]).select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is not a rejects file that can be added to ({error}): move it elsewhere.") from None
