"""From the scored slices to ``scores.parquet`` and the flagged households: DuckDB sorts, on disk where it must."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.features.matrix import ROW_GROUP
from riskmodel.files import literal, write_aside
from riskmodel.monitoring.challenger import RISK as OF_CHALLENGER
from riskmodel.monitoring.challenger import beside
from riskmodel.monitoring.choosing import choose, of_choice
from riskmodel.monitoring.flags import SCORES
from riskmodel.monitoring.scoring import PLACES
from riskmodel.registry.pieces import of_size
from riskmodel.registry.registry import connect

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run
    from riskmodel.monitoring.slices import Slice

SCORES_FILE = "scores.parquet"
CHOSEN_FILE = "chosen.parquet"

# The flagged households, in the order of their ids; ``number`` counts them in the order of the queue, from 1.
CHOSEN = pa.schema(
    [
        pa.field("household_id", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in PLACES),
        pa.field("risk", pa.float64(), nullable=False),
        pa.field("margin", pa.float64(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("number", pa.int64(), nullable=False),
        pa.field("flagged_by", pa.string(), nullable=False),
        pa.field("rules", pa.list_(pa.string()), nullable=False),
    ]
)
# What is asked of the choice.
_CHOICE = ("household_id", "rank", "number", "by_model", "by_rule", "left_out")


@dataclass
class Selected:
    """What became of everyone.

    Attributes
    ----------
    counts : dict
        Households present, on the list, outside the cohort, in the queue (``eligible``), flagged, and by what.
    places : int
        What the model's capacity came to, over all units.
    left_out : int
        Households that a rule named beyond its capacity.
    queue : list of float arrays
        The risks of those in the queue.
    """

    counts: dict[str, int]
    places: int = 0
    left_out: int = 0
    queue: list[np.ndarray] = field(default_factory=list)


def select_flags(run: Run, work: Checkpoints, slices: Sequence[Slice]) -> tuple[Selected, dict[str, Any] | None]:
    """Choose whom to flag; leave :data:`SCORES_FILE` and :data:`CHOSEN_FILE` among the parts of the run.

    Returns
    -------
    selected : Selected
    challenger : dict or None
        How the challenger's list would be another one, where there is one.
    """
    with _everyone(run, work, slices) as scored:
        chosen = choose(of_choice(scored, run.selection), run.selection, as_of=run.as_of)
        selected = _write(run, work, slices, chosen.select(*_CHOICE).order_by("household_id"))
        other = None
        if run.challenger is not None:
            other = beside(run.challenger, scored, chosen, run.selection, as_of=run.as_of)
    return selected, other


@contextlib.contextmanager
def _everyone(run: Run, work: Checkpoints, slices: Sequence[Slice]) -> Iterator[ir.Table]:
    connection = connect(None, run.budget.of_queries, work.path("spill"), run.budget.workers)
    try:
        yield connection.read_parquet([literal(part.scored) for part in slices], table_name="scored")
    finally:
        connection.disconnect()


def _streamed(rows: ir.Table) -> Iterator[pa.RecordBatch]:
    """Give the rows as DuckDB hands them over; Ibis's own way asks for a method that DuckDB 2 has no more."""
    connection = rows.get_backend()
    reader: Iterator[pa.RecordBatch] = connection.con.sql(connection.compile(rows)).to_arrow_reader(ROW_GROUP)
    return reader


def _scored(slices: Sequence[Slice]) -> Iterator[pa.RecordBatch]:
    for part in slices:
        with pq.ParquetFile(part.scored) as file:
            yield from file.iter_batches(ROW_GROUP)


def _everyone_chosen(slices: Sequence[Slice], chosen: ir.Table) -> Iterator[pa.Table]:
    """Give all households as they were scored, with what the choice says of them, some at a time.

    Both are in the order of ids, so that what nobody sorts by need not go through DuckDB's sorting.
    """
    # Whole row groups: the bytes must not depend on how DuckDB hands its result over.
    scored, choices = (of_size(map(_table, batches), ROW_GROUP) for batches in (_scored(slices), _streamed(chosen)))
    for households, choice in zip(scored, choices, strict=True):
        if not households["household_id"].equals(choice["household_id"]):
            raise AssertionError("the slices of a run are not in the order of household_id.")
        chosen_of = choice.drop_columns("household_id")
        yield pa.table(
            [*households.columns, *chosen_of.columns], names=[*households.column_names, *chosen_of.column_names]
        )


def _table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])


def _write(run: Run, work: Checkpoints, slices: Sequence[Slice], chosen: ir.Table) -> Selected:
    schema = SCORES if run.challenger is None else SCORES.append(OF_CHALLENGER)
    found = Selected(dict.fromkeys(_COUNTED, 0))
    with (
        write_aside(work.path(SCORES_FILE)) as scores,
        write_aside(work.path(CHOSEN_FILE)) as flagged,
        pq.ParquetWriter(scores, schema, compression="zstd") as everyone,
        pq.ParquetWriter(flagged, CHOSEN, compression="zstd") as few,
    ):
        for rows in _everyone_chosen(slices, chosen):
            by = _flagged_by(rows)
            day = pa.repeat(pa.scalar(run.as_of, pa.date32()), rows.num_rows)
            told = rows.append_column("flagged_by", by).append_column("as_of", day)
            everyone.write_table(told.select(schema.names).cast(schema), row_group_size=ROW_GROUP)
            few.write_table(told.filter(pc.not_equal(by, "")).select(CHOSEN.names).cast(CHOSEN))
            _count(found, rows, by)
    return found


_COUNTED = ("present", "on_list", "outside_cohort", "eligible", "flagged", "by_model", "by_rule", "by_both")


def _count(found: Selected, rows: pa.Table, by: pa.Array) -> None:
    on_list, asked = (rows[name].to_numpy().astype(bool) for name in ("on_list", "in_cohort"))
    rank = rows["rank"]
    many = {entry["values"]: entry["counts"] for entry in pc.value_counts(by).to_pylist()}
    found.queue.append(rows["risk"].filter(pc.is_valid(rank)).to_numpy())
    now = {
        "present": rows.num_rows,
        "on_list": int(on_list.sum()),
        "outside_cohort": int((~on_list & ~asked).sum()),
        "eligible": rows.num_rows - rank.null_count,
        "flagged": rows.num_rows - many.get("", 0),
        "by_model": many.get("model", 0),
        "by_rule": many.get("rule", 0),
        "by_both": many.get("both", 0),
    }
    for name, number in now.items():
        found.counts[name] += number
    found.places += int(rows["by_model"].to_numpy().sum())
    found.left_out += int(rows["left_out"].to_numpy().sum())


def _flagged_by(rows: pa.Table) -> pa.Array:
    model, rule = (rows[name].to_numpy().astype(bool) for name in ("by_model", "by_rule"))
    words = np.select([model & rule, model, rule], ["both", "model", "rule"], default="")
    return pa.array(words, pa.string())
