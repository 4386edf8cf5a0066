"""The rows of some households that lie in memory, given as a sorted file gives its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.engine.fused.columns import as_numpy
from riskmodel.engine.fused.files import count_before


@dataclass(frozen=True)
class HeldRows:
    """One table's rows, sorted by household_id and own date, and which column is what.

    Attributes
    ----------
    rows : pyarrow.Table
        One chunk a column; ``household_id`` as codes of the households that are there, in their order.
    path : Path
        What they are an excerpt of, for messages.
    """

    rows: pa.Table
    kinds: Mapping[str, str]
    path: Path

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return self.rows.num_rows

    @cached_property
    def households(self) -> pa.Array:
        """The households that are there, in order."""
        chunks = self.rows["household_id"].chunks
        return chunks[0].dictionary if chunks else pa.array([], pa.string())

    @property
    def lows(self) -> list[bytes]:
        """The first household, where there is any: all lie together, as if in one row group."""
        return [self.households[0].as_py().encode()] if self.num_rows else []

    @property
    def highs(self) -> list[bytes]:
        """The last household, where there is any."""
        return [self.households[-1].as_py().encode()] if self.num_rows else []

    def full(self) -> frozenset[str]:
        """Return the columns in which no value is missing."""
        return frozenset(name for name in self.rows.column_names if not self.rows[name].null_count)

    def most_rows(self, low: bytes, past: bytes | None) -> int:
        """Return how many rows :meth:`read` can give at most."""
        return self.num_rows

    def read(self, low: bytes, past: bytes | None, wanted: Iterable[str]) -> Iterator[pa.Table]:
        """Give some columns of the households from ``low`` to before ``past`` (None: to the end)."""
        if not self.num_rows:
            return
        ends = [count_before(self.households, low), len(self.households)]
        if past is not None:
            ends[1] = count_before(self.households, past)
        first, stop = np.searchsorted(self._places, ends)
        yield self._columns(wanted).slice(int(first), int(stop - first))

    def read_groups(self, groups: Sequence[int], wanted: Iterable[str]) -> pa.Table:
        """Give some columns of all rows; ``groups`` is there because a file has several."""
        return self._columns(wanted)

    def close(self) -> None:
        """Do nothing: there is nothing to be closed."""

    @cached_property
    def _places(self) -> np.ndarray:
        return as_numpy(self.rows["household_id"].chunk(0).indices, np.int32)

    @cached_property
    def _silent(self) -> frozenset[str]:
        """The clocks that say nothing: nothing is superseded, or nothing withdrawn."""
        found = set()
        if self.rows["known_until"].null_count == self.num_rows:
            found.add("known_until")
        if not pc.any(self.rows["withdrawn"]).as_py():
            found.add("withdrawn")
        return frozenset(found)

    def _columns(self, wanted: Iterable[str]) -> pa.Table:
        asked = set(wanted) - self._silent
        return self.rows.select([name for name in self.rows.column_names if name in asked])
