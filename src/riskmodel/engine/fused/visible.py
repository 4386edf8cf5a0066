"""Which rows of a slice any of the dates can see, and whose they are: what else a table holds is left where it lies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.engine.calendar import LATEST
from riskmodel.engine.fused.columns import NO_DAY, Frame, as_arrow, as_numpy, filled, frame, is_there, read_only, truths
from riskmodel.engine.fused.files import OUT_OF_ORDER, count_before
from riskmodel.engine.fused.program import Program, Stored, Tables
from riskmodel.errors import DataError


@dataclass(frozen=True)
class Slice:
    """The rows of one table, for a slice of households, that some date can see, in storage order.

    Attributes
    ----------
    first, past : numpy.ndarray
        Where the rows of each household of the slice begin and end; equal where it has none.
    own, known, until : numpy.ndarray
        The clocks of each row, in days; ``until`` of a row that stands is a day after all others.
    place : numpy.ndarray
        The position of each row in what was read.
    """

    rows: Frame
    first: np.ndarray
    past: np.ndarray
    own: np.ndarray
    known: np.ndarray
    until: np.ndarray
    place: np.ndarray


def cut(
    parts: Iterable[pa.Table],
    most: int,
    ids: pa.Array,
    programs: Sequence[tuple[Program, Tables]],
    *,
    columns: Collection[str],
    place: str,
) -> Slice:
    """Return those rows that one of ``programs`` can see, household by household of ``ids``.

    Parameters
    ----------
    parts
        The rows, some at a time: what cannot be seen of a part is gone before the next is read.
    most
        How many rows there can be.
    columns
        Which columns to keep beside the clocks.

    Raises
    ------
    DataError
        The rows are not sorted by household and own date, though the file says that this package wrote it.
    """
    from riskmodel.engine.fused import scan

    stored, bounds = programs[0][0].stored, _bounds([laid for _, laid in programs])
    ranges = (np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64))
    own, known, until = (np.empty(most, np.int32) for _ in range(3))
    place_of = np.empty(most, np.int64)
    reached = np.array([-1, NO_DAY, 0], np.int64)
    kept: list[pa.RecordBatch] = []
    start = 0
    for batch in (batch for part in parts for batch in part.to_batches()):
        before = int(reached[2])
        household = batch.column("household_id")
        codes = as_numpy(household.indices, np.int32)
        of_slice, clocks, marks = _of_slice(household.dictionary, ids), _clocks(batch, stored), _marks(batch)
        chosen = (place_of, own, known, until)
        if not scan.choose(codes, of_slice, clocks, marks, bounds, reached, ranges, chosen):
            raise DataError(f"{place}: {OUT_OF_ORDER}")
        row_of = place_of[before : reached[2]]
        valued = batch.select([name for name in batch.schema.names if name in columns])
        kept.append(valued if len(row_of) == batch.num_rows else valued.take(as_arrow(row_of, pa.int64())))
        # In what was read, no longer in the batch: place_of is written through.
        row_of += start
        start += batch.num_rows
    many = int(reached[2])
    return Slice(frame(kept, stored.kinds), *ranges, own[:many], known[:many], until[:many], place_of[:many])


def last_visible(part: Slice, laid: Tables) -> np.ndarray:
    """Return the position in what was read of the last row visible of each household at each date, -1 for none."""
    from riskmodel.engine.fused import scan

    known_at, ref, _ = laid.dates
    out = np.empty((len(part.first), len(ref)), np.int64)
    scan.visible_row(part.first, part.past, part.own, part.known, part.until, known_at, ref, out)
    return np.where(out < 0, out, part.place[out]) if len(part.place) else out


def _bounds(many: Sequence[Tables]) -> np.ndarray:
    """Return from which own date on, before which, known before which day and until which day rows can be seen."""
    lows, refs, known_at = [], [], []
    for laid in many:
        learned, ref, bounds = laid.dates
        lows.append(int(bounds[:, laid.earliest - 1].min()) if laid.earliest > 0 else NO_DAY)
        refs.append(int(ref.max()))
        known_at.extend(learned.tolist())
    return np.array([min(lows), max(refs), max(known_at), min(known_at)], np.int64)


def _clocks(batch: pa.RecordBatch, stored: Stored) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    own = filled(batch.column(stored.own_date), np.int32, missing=NO_DAY)
    known = filled(batch.column("known_on"), np.int32, missing=LATEST)
    if "known_until" not in batch.schema.names:
        return own, known, read_only(np.empty(0, np.int32))
    return own, known, as_numpy(batch.column("known_until"), np.int32)


def _marks(batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return where there is a ``known_until``, and which rows are withdrawn; empty where that is all, and none."""
    given = withdrawn = np.empty(0, np.uint8)
    if "known_until" in batch.schema.names and batch.column("known_until").null_count:
        given = is_there(batch.column("known_until")).view(np.uint8)
    if "withdrawn" in batch.schema.names and batch.column("withdrawn").true_count:
        withdrawn = truths(batch.column("withdrawn"))
    return read_only(given), read_only(withdrawn)


def _of_slice(names: pa.Array, ids: pa.Array) -> np.ndarray:
    """Return the number in ``ids`` of each name, -1 where it is not there; mostly the names are a stretch of them."""
    if not pc.all(pc.less(names[:-1], names[1:])).as_py():
        # Out of order: whose rows they are has to be known before that can be told.
        return filled(pc.index_in(names, value_set=ids), np.int32, missing=-1)
    out = np.full(len(names), -1, np.int32)
    before = count_before(names, ids[0].as_py().encode()) if len(ids) else len(names)
    if before < len(names):
        start = count_before(ids, names[before].as_py().encode())
        many = min(len(names) - before, len(ids) - start)
        if not names.slice(before, many).equals(ids.slice(start, many)):
            return filled(pc.index_in(names, value_set=ids), np.int32, missing=-1)
        out[before : before + many] = np.arange(start, start + many, dtype=np.int32)
    return read_only(out)
