"""Dirt on request: faults planted in a simulated registry, each noted, so that validation can be held to account.

A dirty registry is what arrives from outside before validation: every column is text, ``known_until`` is not there
yet, and ``registry.json`` states the cut. The rows without a fault say what they said. What was planted, and by which
rule it should be found, lies in ``dirt.parquet``, counted in ``dirt.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import CallError
from riskmodel.policy import default_policy
from riskmodel.progress import track
from riskmodel.registry.limits import limits_of
from riskmodel.registry.rules import person
from riskmodel.registry.schema import SCHEMA_VERSION, TABLES, Table
from riskmodel.registry.standing import DESCRIPTION
from riskmodel.simulation.faults import DUPLICATE, KINDS, SWAPPED_UNIT, Fault, faults_of, repeat_rule, said_otherwise
from riskmodel.simulation.geography import COUNTY_CODE

DIRT, COUNTS = "dirt.parquet", "dirt.json"
SCHEMA = pa.schema(
    [
        pa.field("table", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("column", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
    ]
)
# A stream of its own beside those of the county's mechanisms.
_STREAM = 0xD127


def check_share(share: float) -> None:
    """Refuse a share of rows that is none, or all: a fault needs sound rows to be told from."""
    if not 0 < share < 1:
        raise CallError(f"--dirty is {share:g}; expected a share of rows between 0 and 1, such as 0.01.")


def make_dirty(folder: Path, *, share: float, seed: int, cut_on: date) -> dict[str, dict[str, int]]:
    """Plant faults in the registry in ``folder``, which nobody reads meanwhile.

    Parameters
    ----------
    folder : Path
        A registry as :class:`~riskmodel.registry.RegistryWriter` wrote it.
    share : float
        Of each table's rows, above 0 and below 1. Every kind of fault is planted at least once where a row can take it.
    seed : int
        The same registry, share and seed give the same bytes.

    Returns
    -------
    counts : dict of str to dict of str to int
        Planted faults by table and kind, as ``dirt.json`` holds them.

    Raises
    ------
    CallError
        ``share`` is not between 0 and 1.
    """
    check_share(share)
    session = _Session(share=share, seed=seed, cut_on=cut_on)
    names = [name for name in TABLES if (folder / f"{name}.parquet").is_file()]
    for name in track(names, label="tables made dirty"):
        session.spoil(folder / f"{name}.parquet", TABLES[name])
    planted = pa.Table.from_batches(session.planted, schema=SCHEMA)
    planted = planted.sort_by([("table", "ascending"), ("row", "ascending")])
    pq.write_table(planted, folder / DIRT, compression="zstd")
    counts = _counted(planted, names)
    told: dict[str, Any] = {"share": share, "seed": seed, "planted": planted.num_rows, "tables": counts}
    (folder / COUNTS).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    described = {"schema_version": SCHEMA_VERSION, "cut_on": cut_on.isoformat(), "tables": session.rows}
    (folder / DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    return counts


@dataclass(frozen=True)
class _Choice:
    """Which rows of a table take which fault; no row takes two.

    Attributes
    ----------
    repeated : numpy.ndarray of int64
        Rows that get a second row of their key below them.
    """

    spoilt: list[tuple[Fault, np.ndarray]]
    repeated: np.ndarray

    def kinds(self) -> set[str]:
        """Give the kinds that some row takes."""
        return {fault.kind for fault, at in self.spoilt if len(at)} | ({DUPLICATE} if len(self.repeated) else set())


@dataclass
class _Session:
    """One registry being made dirty, table after table in the schema's order."""

    share: float
    seed: int
    cut_on: date
    planted: list[pa.RecordBatch] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    # Households and persons with a fault: their rows elsewhere may fall with them, so none of those is repeated.
    unsafe: dict[str, list[pa.Array]] = field(default_factory=lambda: {"household": [], "member": []})

    def spoil(self, path: Path, table: Table) -> None:
        """Rewrite a table's file as text with faults in it, a row group at a time."""
        names = [column.name for column in table.columns if column.name != "known_until"]
        faults = faults_of(table, cut_on=self.cut_on, limits=limits_of(default_policy(), region=COUNTY_CODE))
        wanted = {DUPLICATE, *(fault.kind for fault in faults)}
        number, written = list(TABLES).index(table.name), 0
        dirty = path.with_suffix(".dirty")
        schema = pa.schema([(name, pa.string()) for name in names])
        with pq.ParquetFile(path) as source, pq.ParquetWriter(dirty, schema, compression="zstd") as writer:
            for group in range(source.num_row_groups):
                rows = written_out(source.read_row_group(group, columns=names))
                rng = np.random.default_rng([self.seed, _STREAM, number, group])
                choice = _choose(faults, rows, share=self.share, wanted=wanted, safe=self._safe(rows, table), rng=rng)
                wanted -= choice.kinds()
                rows = self._carry_out(choice, rows, table, rng, above=written)
                writer.write_table(rows)
                written += rows.num_rows
        dirty.replace(path)
        self.rows[table.name] = written

    def _safe(self, rows: pa.Table, table: Table) -> np.ndarray:
        """Say which rows stand as long as they have no fault themselves."""
        safe = np.ones(rows.num_rows, dtype=bool)
        if table.name != "household":
            safe &= ~_among(rows["household_id"], self.unsafe["household"])
        if table.name == "job":
            safe &= ~_among(person(rows), self.unsafe["member"])
        return safe

    def _carry_out(
        self, choice: _Choice, rows: pa.Table, table: Table, rng: np.random.Generator, *, above: int
    ) -> pa.Table:
        """Give the rows with their faults in place, and note each; ``above`` rows of the table come before them."""
        said = [(fault, at, fault.spoil(rows.take(pa.array(at)), rng)) for fault, at in choice.spoilt if len(at)]
        if table.name in self.unsafe:
            hit = rows.take(pa.array(np.concatenate([at for _, at, _ in said] or [np.empty(0, np.int64)])))
            whom = hit["household_id"] if table.name == "household" else person(hit)
            self.unsafe[table.name].append(whom.combine_chunks())
        again = choice.repeated
        repeats = said_otherwise(rows.take(pa.array(again)), table)
        # Each repeat stands right below the row that it repeats; rows further down move on.
        lower = np.arange(rows.num_rows) + np.searchsorted(again, np.arange(rows.num_rows), side="left")
        for fault, at, values in said:
            self._note(table, above + lower[at], fault.column, values, fault.kind, fault.rule)
        self._note(table, above + lower[again] + 1, "known_on", repeats["known_on"], DUPLICATE, repeat_rule(table))
        both = pa.concat_tables([_replaced(rows, said), repeats])
        order = np.argsort(np.concatenate([lower, lower[again] + 1]), kind="stable")
        return both.take(pa.array(order))

    def _note(self, table: Table, at: np.ndarray, column: str, values: pa.Array, kind: str, rule: str) -> None:
        n = len(at)
        columns = [[table.name] * n, at + 1, [column] * n, values.to_pylist(), [kind] * n, [rule] * n]
        arrays = [pa.array(entry, kind_) for entry, kind_ in zip(columns, SCHEMA.types, strict=True)]
        self.planted.append(pa.record_batch(arrays, schema=SCHEMA))


def written_out(rows: pa.Table) -> pa.Table:
    """Give rows as text, cell by cell as a spreadsheet holds them; what was missing is missing."""

    def text(values: pa.ChunkedArray) -> pa.ChunkedArray:
        if pa.types.is_list(values.type):
            return pc.binary_join(values, ",")
        if pa.types.is_dictionary(values.type):
            return values.cast(values.type.value_type).cast(pa.string())
        return values.cast(pa.string())

    return pa.table({name: text(rows[name]) for name in rows.column_names})


def _choose(
    faults: list[Fault], rows: pa.Table, *, share: float, wanted: set[str], safe: np.ndarray, rng: np.random.Generator
) -> _Choice:
    """Choose rows for every kind alike; a kind in ``wanted`` gets one at least."""
    taken = {DUPLICATE, *(fault.kind for fault in faults)}
    # Those that the fewest rows can take choose first.
    kinds = sorted(taken, key=[SWAPPED_UNIT, DUPLICATE, *KINDS].index)
    total = int(share * rows.num_rows)
    free = np.ones(rows.num_rows, dtype=bool)
    repeated, spoilt = np.empty(0, dtype=np.int64), []
    for number, kind in enumerate(kinds):
        left = max(total // len(kinds) + (number < total % len(kinds)), int(kind in wanted))
        if kind == DUPLICATE:
            repeated = np.sort(_pick(free & safe, left, rng))
            free[repeated] = False
            continue
        mine = [fault for fault in faults if fault.kind == kind]
        for turn, which in enumerate(rng.permutation(len(mine))):
            at = _pick(free & mine[which].fits(rows), -(-left // (len(mine) - turn)), rng)
            free[at] = False
            left -= len(at)
            spoilt.append((mine[which], at))
    return _Choice(spoilt, repeated)


def _pick(among: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    places = np.flatnonzero(among)
    return np.sort(rng.choice(places, min(count, len(places)), replace=False))


def _replaced(rows: pa.Table, said: list[tuple[Fault, np.ndarray, pa.Array]]) -> pa.Table:
    """Put what is said instead into the cells that have a fault."""
    for number, name in enumerate(rows.column_names):
        mine = [(at, values) for fault, at, values in said if fault.column == name]
        if not mine:
            continue
        at = np.concatenate([places for places, _ in mine])
        values = pa.concat_arrays([values for _, values in mine]).take(pa.array(np.argsort(at, kind="stable")))
        mask = np.zeros(rows.num_rows, dtype=bool)
        mask[at] = True
        rows = rows.set_column(number, name, pc.replace_with_mask(rows[name].combine_chunks(), pa.array(mask), values))
    return rows


def _among(values: pa.ChunkedArray, named: list[pa.Array]) -> np.ndarray:
    known = pa.concat_arrays(named) if named else pa.array([], pa.string())
    return pc.is_in(values, value_set=known).to_numpy(zero_copy_only=False)


def _counted(planted: pa.Table, names: list[str]) -> dict[str, dict[str, int]]:
    by = planted.group_by(["table", "kind"]).aggregate([([], "count_all")]).to_pylist()
    found = {(line["table"], line["kind"]): line["count_all"] for line in by}
    return {name: {kind: found[name, kind] for kind in KINDS if (name, kind) in found} for name in names}
