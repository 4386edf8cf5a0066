"""The rows of some households in a Parquet file sorted by household: only the row groups that can hold them."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.engine.fused.columns import as_numpy
from riskmodel.errors import DataError
from riskmodel.parallel import cores

# Read as codes rather than as texts.
_AS_CODES = frozenset({"id", "text", "code"})
# Row groups of a table that are kept for the slice after: as many as slices may be in work at once, and one more.
_KEPT = cores() + 1

OUT_OF_ORDER = (
    "rows do not lie in the order in which a registry is written (by household, then own date). "
    "Write the registry again, or use --engine duckdb."
)


@dataclass
class SortedFile:
    """One table's Parquet file, sorted by household_id, and which column is what.

    Attributes
    ----------
    lows, highs : list of bytes
        The first and last household of each row group.
    """

    path: Path
    metadata: Any
    kinds: Mapping[str, str]
    lows: list[bytes] = field(default_factory=list)
    highs: list[bytes] = field(default_factory=list)
    _open: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: dict[tuple[int | str, ...], Future[pa.Table]] = field(default_factory=dict)

    @classmethod
    def over(cls, path: Path, metadata: Any, kinds: Mapping[str, str]) -> SortedFile | None:
        """Return the file with the households of each row group; None where they are not told or not in order."""
        found = cls(path, metadata, kinds)
        number = metadata.schema.names.index("household_id")
        for group in range(metadata.num_row_groups):
            facts = metadata.row_group(group).column(number).statistics
            if facts is None or not facts.has_min_max:
                return None
            found.lows.append(facts.min.encode())
            found.highs.append(facts.max.encode())
        ordered = all(a <= b for a, b in zip(found.highs, found.lows[1:], strict=False))
        return found if ordered else None

    @cached_property
    def columns(self) -> list[str]:
        """The columns that the file has."""
        return list(dict.fromkeys(self.metadata.schema.to_arrow_schema().names))

    @property
    def num_rows(self) -> int:
        """How many rows the file has."""
        return int(self.metadata.num_rows)

    def full(self) -> frozenset[str]:
        """Return the columns in which no value is missing, as far as the file tells."""
        names = self.metadata.schema.names
        found = set(self.columns) & set(names)
        for group in range(self.metadata.num_row_groups):
            entry = self.metadata.row_group(group)
            for name in list(found):
                facts = entry.column(names.index(name)).statistics
                if facts is None or not facts.has_null_count or facts.null_count:
                    found.remove(name)
        return frozenset(found)

    def most_rows(self, low: bytes, past: bytes | None) -> int:
        """Return how many rows :meth:`read` can give at most."""
        return sum(self.metadata.row_group(group).num_rows for group in self._groups(low, past))

    def read(self, low: bytes, past: bytes | None, wanted: Iterable[str]) -> Iterator[pa.Table]:
        """Read some columns of the households from ``low`` to before ``past`` (None: to the end), by row group.

        Clocks that say nothing in a row group are left out. A row group in which the slice begins or ends is kept for
        the slice that goes on from it.

        Raises
        ------
        DataError
            The file cannot be read, or the households do not lie in order.
        """
        names = [name for name in self.columns if name in set(wanted)]
        for group in self._groups(low, past):
            if self.lows[group] >= low and (past is None or self.highs[group] < past):
                yield self.read_groups([group], names)
            else:
                yield self._part(self._shared(group, names), low, past)

    def _groups(self, low: bytes, past: bytes | None) -> range:
        return range(bisect_left(self.highs, low), len(self.lows) if past is None else bisect_left(self.lows, past))

    def read_groups(self, groups: Sequence[int], wanted: Iterable[str]) -> pa.Table:
        """Read some columns of whole row groups; clocks that say nothing there are left out."""
        names = [name for name in self.columns if name in set(wanted) and not self._says_nothing(name, groups)]
        try:
            return self._handle().read_row_groups(list(groups), columns=names, use_threads=False)
        except (pa.ArrowException, OSError, ValueError) as error:
            first = str(error).strip().splitlines()[0].rstrip(".")
            raise DataError(
                f"{self.path} cannot be read: {first}. Fetch or write it again; `riskmodel validate REGISTRY --check` "
                "looks at the others."
            ) from None

    def _shared(self, group: int, names: list[str]) -> pa.Table:
        """Return a row group that neighbouring slices read; one thread reads it, the others wait for that."""
        with self._lock:
            mine = (group, *names) not in self._kept
            read = self._kept.setdefault((group, *names), Future())
            while len(self._kept) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
        if mine:
            try:
                read.set_result(self.read_groups([group], names))
            except BaseException as error:
                read.set_exception(error)
                raise
        return read.result()

    def _part(self, rows: pa.Table, low: bytes, past: bytes | None) -> pa.Table:
        """Return the rows of the slice's households: one run of the row group, found by halving."""
        chunks = rows["household_id"].unify_dictionaries().chunks
        if not chunks:
            return rows
        ids = chunks[0].dictionary
        places = np.concatenate([as_numpy(chunk.indices, np.int32) for chunk in chunks])
        if len(ids) > 1 and not (
            pc.all(pc.less(ids[:-1], ids[1:])).as_py() and bool(np.all(places[1:] >= places[:-1]))
        ):
            raise DataError(f"{self.path}: {OUT_OF_ORDER}")
        ends = [count_before(ids, low), len(ids) if past is None else count_before(ids, past)]
        first, stop = np.searchsorted(places, ends)
        return rows.slice(int(first), int(stop - first))

    def close(self) -> None:
        """Close what this thread has open, and forget what was kept."""
        self._kept.clear()
        if hasattr(self._open, "handle"):
            self._open.handle.close()
            del self._open.handle

    def _handle(self) -> pq.ParquetFile:
        """Each thread has its own handle: a Parquet reader is not to be shared."""
        if not hasattr(self._open, "handle"):
            codes = [name for name in self.columns if self.kinds.get(name) in _AS_CODES]
            self._open.handle = pq.ParquetFile(
                self.path, metadata=self.metadata, read_dictionary=codes, pre_buffer=False
            )
        return self._open.handle

    def _says_nothing(self, name: str, groups: Sequence[int]) -> bool:
        """Tell whether nothing is superseded, or nothing withdrawn, in all of ``groups``."""
        if name not in {"known_until", "withdrawn"}:
            return False
        number = self.metadata.schema.names.index(name)
        for group in groups:
            entry = self.metadata.row_group(group)
            facts = entry.column(number).statistics
            if facts is None:
                return False
            missing = facts.has_null_count and facts.null_count == entry.num_rows
            if not missing and not (name == "withdrawn" and facts.has_min_max and facts.max is False):
                return False
        return True


def count_before(ids: pa.Array, household: bytes) -> int:
    """Return how many of ``ids``, which ascend, come before ``household``."""
    return bisect_left(range(len(ids)), household, key=lambda place: ids[place].as_py().encode())


def stacked(parts: Iterable[pa.Table]) -> pa.Table:
    """Put parts on top of each other; a clock that only some of them have is missing in the others."""
    return pa.concat_tables(parts, promote_options="default")
