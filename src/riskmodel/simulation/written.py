"""The county written down as a registry: blocks lived side by side, written one below the other.

The same call gives the same bytes, whatever the number of workers.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import CallError
from riskmodel.files import write_aside
from riskmodel.parallel import cores, side_by_side
from riskmodel.progress import counting
from riskmodel.simulation.blocks import Block
from riskmodel.simulation.calendar import Calendar
from riskmodel.simulation.county import Plan, live_block, live_one_month, make_plan
from riskmodel.simulation.drivers import MECHANISMS
from riskmodel.simulation.state import County
from riskmodel.simulation.switches import Switches
from riskmodel.simulation.tables import assemble
from riskmodel.simulation.truth import DRIVERS, HORIZON_MONTHS, TRUTH, Truth, dates_of_truth, told_of, told_of_drivers


def simulate_registry(
    out: Path,
    *,
    households: int,
    years: int,
    seed: int,
    until: date,
    switches: Switches | None = None,
    beside: bool = False,
    identity: bool = False,
    dirty: float | None = None,
    replays: int | None = None,
    truth_at: Sequence[date] = (),
    drivers: bool = False,
    workers: int | None = None,
) -> dict[str, int]:
    """Simulate a county and write it as a registry folder; give the number of rows by table.

    Parameters are those of :func:`simulate`; ``beside`` lets it replace a registry that simulate did not make, or lie
    in a folder that holds other files, which stay (:func:`~riskmodel.simulation.room.check_folder`); ``dirty`` is the
    share of rows that get a fault (:func:`~riskmodel.simulation.dirt.make_dirty`), and then the rows counted are those
    before. With ``replays``, each household's true risk at the dates ``truth_at`` lies beside the tables
    (:mod:`riskmodel.simulation.truth`), and with ``drivers`` what drives it (:mod:`riskmodel.simulation.drivers`). With
    ``identity``, names and numbers of people who cannot be real lie in a folder of their own beside the registry
    (:mod:`riskmodel.simulation.identity`).
    ``simulated.json`` says how the county was made (:mod:`riskmodel.simulation.made`). ``workers`` says how many
    blocks are lived at a time, by default as many as there are cores: the bytes do not depend on it, memory does.
    """
    from riskmodel.registry.standing import keep_other_files
    from riskmodel.simulation.dirt import check_share, make_dirty
    from riskmodel.simulation.identity import check_room, forget, place_of, write_identity
    from riskmodel.simulation.made import Made
    from riskmodel.simulation.room import check_folder

    out = Path(out).resolve()
    check_folder(out, beside=beside)
    made = Made(households, years, seed, until, switches or Switches())
    if dirty is not None:
        check_share(dirty)
    if identity:
        check_room(out)
    many = cores() if workers is None else workers
    if many < 1:
        raise CallError(f"--workers is {many}; expected 1 or more. Leave it out to use every core.")
    plan = make_plan(households=households, years=years, seed=seed, until=until, switches=switches)
    dates = [] if replays is None else _dates_of_truth(replays, at=truth_at, calendar=plan.calendar)
    # Left last: whatever fails, no identity lies beside a registry of other people.
    with contextlib.ExitStack() as afterwards, write_aside(out) as aside:
        told = told_of(replays or 0, at=dates, made=made)
        rows = _write(plan, aside, workers=many, replays=replays or 0, dates=dates, told=told, drivers=drivers)
        if identity:
            write_identity(aside, afterwards.enter_context(write_aside(place_of(out))), seed=seed)
        made.write(aside)
        if dirty is not None:
            make_dirty(aside, share=dirty, seed=seed, cut_on=until)
        # What was told of the county that stood here is not true of this one.
        keep_other_files(out, aside)
        forget(out)
    return rows


def _write(
    plan: Plan,
    folder: Path,
    *,
    workers: int,
    replays: int,
    dates: Sequence[date],
    told: pa.Schema,
    drivers: bool,
) -> dict[str, int]:
    """Live the blocks side by side and write them one below the other; give the rows by table."""
    from riskmodel.registry import RegistryWriter
    from riskmodel.registry.schema import TABLES

    rows = dict.fromkeys(TABLES, 0)
    stopped = threading.Event()
    at_a_time = min(workers, len(plan.blocks))
    lives = replays * (1 + len(MECHANISMS) if drivers else 1)
    months = plan.calendar.months + len(dates) * lives * HORIZON_MONTHS
    label = "months lived" if len(plan.blocks) == 1 else "months of blocks lived"
    with counting(label, total=months * len(plan.blocks)) as count, RegistryWriter(folder, cut_on=plan.until) as writer:

        def live(county: County) -> None:
            if stopped.is_set():
                raise InterruptedError("nobody waits for the county any more")
            live_one_month(county)
            count()

        def tables_of(block: Block) -> tuple[dict[str, pa.Table], pa.Table, pa.Table]:
            truth = Truth(replays, plan.seed, dates, live, workers=max(1, workers // at_a_time), drivers=drivers)
            county = live_block(plan, block, before_month=truth.before_month, live=live)
            return dict(assemble(county)), truth.table(), truth.driver_table()

        calls = (partial(tables_of, block) for block in plan.blocks)
        with (
            closing(side_by_side(calls, workers=at_a_time, stopped=stopped)) as lived,
            _file_of(writer.folder / TRUTH if dates else None, told) as add_risks,
            _file_of(writer.folder / DRIVERS if dates and drivers else None, told_of_drivers(told)) as add_drivers,
        ):
            for tables, risks, driven in lived:
                for name in list(tables):
                    # Let go of: what is written need not lie in memory while the rest is.
                    table = tables.pop(name)
                    writer.add(name, table)
                    rows[name] += table.num_rows
                add_risks(risks)
                add_drivers(driven)
    return rows


def _dates_of_truth(replays: int, *, at: Sequence[date], calendar: Calendar) -> list[date]:
    if replays < 1:
        raise CallError(f"--truth is {replays}; expected 1 replay or more.")
    return dates_of_truth(at, calendar=calendar)


@contextlib.contextmanager
def _file_of(place: Path | None, told: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Give a call that adds rows to the file at ``place``; without a place it does nothing."""
    if place is None:
        yield lambda rows: None
        return
    with pq.ParquetWriter(place, told, compression="zstd") as writer:
        yield writer.write_table
