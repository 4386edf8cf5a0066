"""The rows of some households in a Parquet file sorted by household: only the row groups that can hold them."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError

# Read as codes rather than as texts.
_AS_CODES = frozenset({"id", "text", "code"})


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

    @property
    def columns(self) -> list[str]:
        """The columns that the file has."""
        return list(dict.fromkeys(self.metadata.schema.to_arrow_schema().names))

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

    def groups(self, low: bytes, past: bytes | None) -> range:
        """Return the row groups that can hold households from ``low`` to before ``past`` (None: to the end)."""
        return range(bisect_left(self.highs, low), len(self.lows) if past is None else bisect_left(self.lows, past))

    def read(self, groups: Sequence[int], wanted: Iterable[str]) -> pa.Table:
        """Read some columns of some row groups. Clocks that say nothing there are left out.

        Raises
        ------
        DataError
            The file cannot be read.
        """
        names = [name for name in self.columns if name in set(wanted) and not self._says_nothing(name, groups)]
        try:
            return self._handle().read_row_groups(list(groups), columns=names, use_threads=False)
        except (pa.ArrowException, OSError, ValueError) as error:
            first = str(error).strip().splitlines()[0].rstrip(".")
            raise DataError(f"{self.path} cannot be read: {first}. Fetch or write it again.") from None

    def close(self) -> None:
        """Close what this thread has open."""
        if hasattr(self._open, "handle"):
            self._open.handle.close()
            del self._open.handle

    def _handle(self) -> pq.ParquetFile:
        """Each thread has its own handle: a Parquet reader is not to be shared."""
        if not hasattr(self._open, "handle"):
            codes = [name for name in self.columns if self.kinds.get(name) in _AS_CODES]
            self._open.handle = pq.ParquetFile(
                self.path, metadata=self.metadata, read_dictionary=codes, memory_map=True
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
