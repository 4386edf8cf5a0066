"""Runs a plan over a registry's sorted files, a slice of households at a time, slices side by side on the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months, day_number
from riskmodel.engine.fused.arithmetic import Steps
from riskmodel.engine.fused.columns import Coded, as_arrow, frame
from riskmodel.engine.fused.files import SortedFile, stacked
from riskmodel.engine.fused.held import HeldRows
from riskmodel.engine.fused.neighbours import Totals
from riskmodel.engine.fused.passes import run
from riskmodel.engine.fused.program import Program, Stored, Tables, programs, tables
from riskmodel.engine.fused.visible import cut, last_visible
from riskmodel.engine.fused.warm import begin_warming
from riskmodel.parallel import cores, side_by_side

PolicyFigure = Callable[[str, str, date], float]

MEMORY = 1 << 29
_BASE = "household"
_COUNTY = "county_code"
_FEWEST, _MOST = 500, 100_000
# Slices that a worker may have ready while a row group is being written, where memory allows it.
_AHEAD = 8
# Rows of arithmetic at a time: small enough that intermediate values stay in the processor's cache.
_BLOCK = 16_384


@dataclass(frozen=True)
class SortedTable:
    """A table of the registry as this engine reads it."""

    file: SortedFile | HeldRows
    own_date: str

    @property
    def stored(self) -> Stored:
        """What the passes must know of it."""
        return Stored(self.file.kinds, self.own_date, self.file.full())


class FusedRun:
    """A plan made ready: who gets a row, what is worked out, and in how many slices.

    Parameters
    ----------
    outputs
        Column name to household node; a column that reads an absent table is missing throughout.
    present
        What must be above 0 for a household to get a row; None where the household's own row is enough.
    sources
        The tables there are, by name; ``household`` is one of them.
    keep
        Columns of the household's row as seen at as_of to keep beside ``household_id`` and ``as_of``.
    figure
        ``(name, region, day) -> value`` for policy figures.
    memory
        Bytes that the slices in work may take together, roughly.
    workers
        How many slices are in work at a time; as many as there are cores when absent.
    """

    def __init__(
        self,
        outputs: Mapping[str, plan.Household],
        *,
        present: plan.Household | None,
        sources: Mapping[str, SortedTable],
        as_of: Sequence[date],
        keep: Sequence[str],
        figure: PolicyFigure,
        memory: int | None = None,
        workers: int | None = None,
    ) -> None:
        self.sources = dict(sources)
        self.as_of = tuple(as_of)
        self.keep = tuple(keep)
        self.figure = figure
        self.absent = {name for name, node in outputs.items() if not set(plan.tables(node)) <= set(sources)}
        self.names = list(outputs)
        self.steps = Steps(node for name, node in outputs.items() if name not in self.absent)
        self.presence = Steps([present] if present is not None else [])
        self.peers = [leaf for leaf in self.steps.leaves if isinstance(leaf, plan.Peers)]
        self.totals = Totals(self.peers, self.as_of)
        self.parts = Steps(self.totals.parts)
        leaves = dict.fromkeys([*self.presence.leaves, *self.steps.leaves, *self.parts.leaves])
        wanted = [leaf for leaf in leaves if isinstance(leaf, plan.Reduction)]
        stored = {name: table.stored for name, table in self.sources.items()}
        self.figures = [leaf for leaf in leaves if isinstance(leaf, plan.PolicyValue)]
        self.passes = programs(wanted, stored, self.as_of)
        self.base = Program(_BASE, stored[_BASE], plan.HISTORY, self.as_of)
        self.laid: dict[int, Tables] = {id(one): tables(one) for many in self.passes.values() for one in many}
        self.values = {name: self._values_of(name) for name in {_BASE, *self.passes}}
        self.columns = {name: self.values[name] | self._clocks(name) for name in self.values}
        self.workers = workers or cores()
        self._again = (present, memory)
        self.households = _size(
            self.sources, self.columns, len(wanted) + 3 * len(outputs), len(as_of), memory, self.workers
        )
        # What is ready and waits may take a quarter of the budget.
        numbers = len(wanted) + len(outputs)
        waiting = (memory or MEMORY) // 4 // (8 * max(numbers, 1) * len(as_of) * self.households)
        self.ahead = int(np.clip(waiting, self.workers + 1, _AHEAD * self.workers))

    def schema(self) -> pa.Schema:
        """Return the columns of the result."""
        keys = [("household_id", pa.string()), ("as_of", pa.date32()), *((name, pa.string()) for name in self.keep)]
        return pa.schema([*keys, *((name, pa.float64()) for name in self.names)])

    def pieces(self, slices: Sequence[bytes]) -> Iterator[pa.Table]:
        """Yield the result slice by slice, sorted by household and date.

        Parameters
        ----------
        slices
            The first household of each slice, in order; see :func:`starts_of_slices`.
        """
        if self.peers:
            self.totals.gather(self._of_all_places().pieces(slices))
        pasts = [*slices[1:], None]
        calls = (partial(self._piece, low, past) for low, past in zip(slices, pasts, strict=True))
        try:
            yield from side_by_side(calls, workers=self.workers, ahead=self.ahead)
        finally:
            for table in self.sources.values():
                table.file.close()

    def _of_all_places(self) -> FusedRun:
        """Return the run that works out what means over others are made of: it comes first, over all households."""
        present, memory = self._again
        return FusedRun(
            self.totals.outputs,
            present=present,
            sources=self.sources,
            as_of=self.as_of,
            keep=self.totals.columns,
            figure=self.figure,
            memory=memory,
            workers=self.workers,
        )

    def _clocks(self, table: str) -> set[str]:
        return {"household_id", "known_on", "known_until", "withdrawn", self.sources[table].own_date}

    def _values_of(self, table: str) -> set[str]:
        """Return the columns that conditions and reductions read."""
        names: set[str] = set()
        for program in self.passes.get(table, []):
            for reduction in program.reductions:
                names |= plan.columns_read(reduction)
        if table == _BASE:
            names |= {*self.keep, *self.totals.columns, *([_COUNTY] if self.figures else [])}
        return names

    def _piece(self, low: bytes, past: bytes | None) -> pa.Table:
        people = stacked(self.sources[_BASE].file.read(low, past, self.columns[_BASE]))
        ids = pc.unique(people["household_id"].cast(pa.string()))
        parts = {name: [people] if name == _BASE else self._parts(name, low, past) for name in self.passes}
        seen = self._base(people, ids)
        results: dict[plan.Household, np.ndarray] = {}
        for name, many in self.passes.items():
            file, laid = self.sources[name].file, [(program, self.laid[id(program)]) for program in many]
            most = people.num_rows if name == _BASE else file.most_rows(low, past)
            part = cut(parts.pop(name), most, ids, laid, columns=self.values[name], place=str(file.path))
            for program, tables_ in laid:
                out = run(program, tables_, part)
                results |= {r: out[number].reshape(-1) for number, r in enumerate(program.reductions)}
        results |= self._figures(people, seen)
        return self._table(people, ids, seen.reshape(-1), results)

    def _parts(self, name: str, low: bytes, past: bytes | None) -> Iterable[pa.Table]:
        """Return the rows of the slice's households, some at a time."""
        parts = self.sources[name].file.read(low, past, self.columns[name])
        # While what is compiled is being loaded, there is nothing to do but read.
        return list(parts) if begin_warming().is_alive() else parts

    def _base(self, people: pa.Table, ids: pa.Array) -> np.ndarray:
        """Return the position of each household's row as seen at each date, -1 where it is not known yet."""
        laid, place = tables(self.base), str(self.sources[_BASE].file.path)
        part = cut([people], people.num_rows, ids, [(self.base, laid)], columns=(), place=place)
        return last_visible(part, laid)

    def _figures(self, people: pa.Table, seen: np.ndarray) -> dict[plan.Household, np.ndarray]:
        if not self.figures:
            return {}
        county = frame(people.to_batches(), self.sources[_BASE].file.kinds)[_COUNTY]
        assert isinstance(county, Coded)
        place = np.where(seen < 0, 0, county.place[seen])
        found: dict[plan.Household, np.ndarray] = {}
        for value in self.figures:
            table = np.full((len(county.values) + 1, len(self.as_of)), np.nan)
            for code in np.unique(place[place > 0]):
                region = str(county.values[code - 1])
                days = [add_months(day, value.at_months) for day in self.as_of]
                table[code] = [self.figure(value.name, region, day) for day in days]
            found[value] = table[place, np.arange(len(self.as_of))].reshape(-1)
        return found

    def _table(
        self, people: pa.Table, ids: pa.Array, seen: np.ndarray, results: Mapping[plan.Household, np.ndarray]
    ) -> pa.Table:
        kept = np.flatnonzero(seen >= 0)
        if self.presence.leaves:
            [present] = _values(self.presence, results, kept)
            kept = kept[present > 0]
        household, number = np.divmod(kept, len(self.as_of))
        days = np.array([day_number(day) for day in self.as_of], np.int32)
        columns: dict[str, pa.Array] = {
            "household_id": ids.take(as_arrow(household, pa.int64())),
            "as_of": as_arrow(days[number], pa.date32()),
        }
        for name in self.keep:
            columns[name] = people[name].take(as_arrow(seen[kept], pa.int64())).cast(pa.string()).combine_chunks()
        around = self._around(people, seen, results, kept)
        values = iter(_values(self.steps, results, kept, around))
        for name in self.names:
            columns[name] = pa.nulls(len(kept), pa.float64()) if name in self.absent else _array(next(values))
        return pa.table(columns, schema=self.schema())

    def _around(
        self, people: pa.Table, seen: np.ndarray, results: Mapping[plan.Household, np.ndarray], kept: np.ndarray
    ) -> dict[plan.Household, np.ndarray]:
        """Return the means over the other households of each kept row's place and date."""
        if not self.peers:
            return {}
        own = dict(zip(self.totals.parts, _values(self.parts, results, kept), strict=True))
        where = as_arrow(seen[kept], pa.int64())
        places = {name: people[name].take(where) for name in self.totals.columns}
        date_of = kept % len(self.as_of)
        return {p: self.totals.mean(p, own[p.part], places[f"{p.place}_code"], date_of) for p in self.peers}


def _values(
    steps: Steps,
    results: Mapping[plan.Household, np.ndarray],
    kept: np.ndarray,
    of_kept: Mapping[plan.Household, np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Work out nodes for the rows ``kept`` of ``results``; what ``of_kept`` holds is given for these rows already."""
    ready = of_kept or {}
    everyone = len(kept) == max(map(len, results.values()), default=0)
    blocks = []
    for start in range(0, max(len(kept), 1), _BLOCK):
        block = slice(start, start + _BLOCK)
        # Where nobody is left out, what was worked out is taken as it lies.
        rows = block if everyone else kept[block]
        given = {at: ready[leaf][block] if leaf in ready else results[leaf][rows] for leaf, at in steps.leaves.items()}
        blocks.append(steps.work_out(given, len(kept[block])))
    return blocks[0] if len(blocks) == 1 else [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def dates_before_all(table: SortedTable, as_of: Sequence[date]) -> list[date]:
    """Return the dates at which no row of the household table is seen."""
    waiting = list(as_of)
    for group in range(len(table.file.lows)):
        if not waiting:
            break
        rows = table.file.read_groups([group], [table.own_date, "known_on", "known_until", "withdrawn"])
        waiting = [day for day in waiting if not pc.any(_seen(rows, table.own_date, day)).as_py()]
    return waiting


def _seen(rows: pa.Table, own_date: str, day: date) -> pa.ChunkedArray:
    """Say which rows are seen at a day; missing where a clock is."""
    seen = pc.and_(pc.less(rows[own_date], day), pc.less(rows["known_on"], day))
    if "known_until" in rows.column_names:
        until = rows["known_until"]
        seen = pc.and_(seen, pc.or_kleene(pc.is_null(until), pc.greater_equal(until, day)))
    if "withdrawn" in rows.column_names:
        seen = pc.and_(seen, pc.invert(pc.coalesce(rows["withdrawn"], pa.scalar(False))))
    return seen


def starts_of_slices(table: SortedTable, households: int) -> list[bytes]:
    """Return the first household of each slice of so many."""
    starts: list[bytes] = []
    last: bytes | None = None
    met = 0
    for group, high in enumerate(table.file.highs):
        ids = _dictionary(table.file.read_groups([group], ["household_id"])["household_id"])
        # A household's rows may go on from one row group to the next.
        ids = ids.slice(1) if len(ids) and ids[0].as_py().encode() == last else ids
        starts.extend(ids[place].as_py().encode() for place in range(-met % households, len(ids), households))
        met += len(ids)
        last = high
    return starts


def _dictionary(column: pa.ChunkedArray) -> pa.Array:
    """Return the distinct households of a sorted column, in order."""
    chunks = column.unify_dictionaries().chunks
    return chunks[0].dictionary if chunks else pa.array([], pa.string())


def _array(values: np.ndarray) -> pa.Array:
    return as_arrow(values, pa.float64(), np.isnan(values))


def _size(
    sources: Mapping[str, SortedTable],
    columns: Mapping[str, set[str]],
    numbers: int,
    dates: int,
    memory: int | None,
    workers: int,
) -> int:
    """Return how many households a slice may have; a row takes 8 bytes a column and 48 for its clocks and bits."""
    people = max(sources[_BASE].file.num_rows, 1)
    rows = sum(sources[name].file.num_rows / people * (48 + 8 * len(columns[name])) for name in columns)
    a_household = rows + 8 * numbers * dates
    # Half of the budget: the other half is what reading, and the result on its way out, take for a moment.
    return int(np.clip((memory or MEMORY) / 2 / workers / a_household, _FEWEST, _MOST))
