"""Until when each row is the newest word on its key: ``known_until``.

A row is seen at ``as_of`` if and only if ``known_on < as_of``, its own date is before ``as_of``, and
``known_until`` is missing or ``known_until >= as_of``. It is worked out once, when tables are written, so that a
question about the past costs a comparison instead of a sort.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.schema import Table

if TYPE_CHECKING:
    import ibis

# Days are 32 bits wide; a step of this size keeps the days of one key apart from those of the next.
_STEP = 1 << 33
_BITS = 62


class Keys:
    """The columns that order a table's rows, as whole numbers, and the orders they give, each worked out once."""

    def __init__(self, rows: pa.Table, table: Table) -> None:
        self._rows = rows
        self._table = table
        self._ranks: dict[str, np.ndarray] = {}
        self._orders: dict[tuple[str, ...], np.ndarray] = {}

    def rank(self, name: str) -> np.ndarray:
        """Return the ranks of column ``name``."""
        if name not in self._ranks:
            self._ranks[name] = ranks(self._rows[name])
        return self._ranks[name]

    @property
    def key(self) -> tuple[str, ...]:
        """What a correction repeats, in storage order as far as that goes."""
        own = (self._table.own_date,) if self._table.own_date in self._table.key else ()
        return tuple(dict.fromkeys(("household_id", *own, *self._table.key)))

    def by_key(self) -> np.ndarray:
        """Return positions that put the rows of each key together, in the order in which they became known."""
        return self._order((*self.key, "known_on"))

    def by_storage(self) -> np.ndarray:
        """Return positions in storage order: household, own date, key columns, known_on, then as given."""
        return self._order(tuple(dict.fromkeys(("household_id", self._table.own_date, *self._table.key, "known_on"))))

    def _order(self, names: tuple[str, ...]) -> np.ndarray:
        if names not in self._orders:
            self._orders[names] = stable_order([self.rank(name) for name in names])
        return self._orders[names]


def known_until(rows: pa.Table, table: Table, keys: Keys | None = None) -> pa.Array:
    """Work out ``known_until`` of every row of ``rows``.

    It is the earliest day on which a row of the same key that was known later takes over: the smallest
    ``max(known_on, own date)`` among rows of the same ``household_id`` and key with a later ``known_on`` (with the
    same ``known_on``: further down in ``rows``). Missing while the row stands. In a valid registry, where nothing
    is known before it happens, this is simply the next ``known_on``.

    Parameters
    ----------
    rows : pyarrow.Table
        Typed as the schema says; order matters only among rows of one key known on the same day.
    table : Table
        Says what the key and the row's own date are.
    keys : Keys, optional
        Of ``rows``, where they are at hand.

    Returns
    -------
    pyarrow.Array of date32
        One value a row, in the order of ``rows``.
    """
    keys = keys or Keys(rows, table)
    order = keys.by_key()
    known = days(rows["known_on"])[order]
    takes_over = np.maximum(known, days(rows[table.own_date].take(pa.array(order)), missing=known))
    group = group_numbers([column[order] for column in pack([keys.rank(name) for name in keys.key])])
    # Walking backwards, every new group lies a whole step below the one before it, so a plain running minimum
    # never carries a day from one key into another.
    running = np.minimum.accumulate((takes_over + group * _STEP)[::-1])[::-1]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = group[1:] != group[:-1]
    following = np.zeros(len(order), dtype=np.int64)
    following[:-1] = running[1:] - group[1:] * _STEP
    out, missing = np.empty(len(order), dtype=np.int32), np.empty(len(order), dtype=bool)
    out[order], missing[order] = np.where(last, 0, following), last
    return pa.array(out, mask=missing).cast(pa.date32())


def known_until_expression(rows: ibis.Table, table: Table, *, position: str) -> ibis.Value:
    """Give the same as :func:`known_until` as an Ibis window expression.

    Parameters
    ----------
    rows : ibis.Table
        All columns of the table's schema, and ``position``.
    position : str
        The column that numbers rows in file order, for ties.
    """
    import ibis

    later = ibis.window(
        rows=(1, None),
        group_by=[rows[name] for name in ("household_id", *table.key)],
        order_by=[rows["known_on"], rows[position]],
    )
    return ibis.greatest(rows["known_on"], rows[table.own_date]).min().over(later)


def days(column: pa.ChunkedArray, *, missing: np.ndarray | int = 0) -> np.ndarray:
    """Return dates as days since 1970 (int64), ``missing`` where there is none."""
    numbers = column.cast(pa.int32())
    filled = pc.fill_null(numbers, 0).to_numpy().astype(np.int64)
    return np.where(column.is_null().to_numpy(), missing, filled) if column.null_count else filled


def ranks(column: pa.ChunkedArray) -> np.ndarray:
    """Return whole numbers (int64) that sort as the values of ``column`` do; missing values come first, as -1.

    Codes sort by their place in the code book, text by its bytes, dates by day.
    """
    kind = column.type
    if pa.types.is_date32(kind):
        return days(column, missing=np.iinfo(np.int32).min)
    if pa.types.is_dictionary(kind):
        places = pa.chunked_array([chunk.indices for chunk in column.chunks], type=kind.index_type)
        return pc.fill_null(places, -1).to_numpy().astype(np.int64)
    if pa.types.is_boolean(kind):
        return pc.fill_null(column.cast(pa.int8()), -1).to_numpy().astype(np.int64)
    whole = contiguous(column)
    encoded = whole.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    place = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return np.where(place < 0, -1, rank[place]) if len(rank) else np.full(len(place), -1, dtype=np.int64)


def contiguous(column: pa.ChunkedArray) -> pa.Array:
    """Return ``column`` as one array; text as large_string, which has room for more than 2 GB."""
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_string())
    if column.num_chunks == 0:
        return pa.array([], type=column.type)
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


def pack(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Fold neighbouring whole-number columns into as few 64-bit ones as hold them; the order stays the same."""
    packed: list[np.ndarray] = []
    used = _BITS + 1
    for column in columns:
        low = int(column.min()) if len(column) else 0
        bits = max(1, (int(column.max()) - low if len(column) else 0).bit_length())
        if used + bits <= _BITS:
            packed[-1] = (packed[-1] << bits) | (column - low)
            used += bits
        else:
            packed.append(column - low)
            used = bits
    return packed


def stable_order(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return positions that sort by ``columns``, the first one first; equals keep their order."""
    packed = pack(columns)
    if len(packed) == 1:
        if np.all(packed[0][1:] >= packed[0][:-1]):
            return np.arange(len(packed[0]))
        return np.argsort(packed[0], kind="stable")
    return np.lexsort(packed[::-1])


def group_numbers(ordered: Sequence[np.ndarray]) -> np.ndarray:
    """Number the runs of equal rows in columns that are already in order: 0, 0, 1, 2, 2, …"""
    if not len(ordered[0]):
        return np.empty(0, dtype=np.int64)
    new = np.zeros(len(ordered[0]), dtype=np.int64)
    for column in ordered:
        new[1:] |= column[1:] != column[:-1]
    return np.cumsum(new)
