"""Makes the compiled pass ready in a thread of its own, while files are still being looked at."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import cache

import pyarrow as pa

from riskmodel.engine import plan
from riskmodel.engine.fused.passes import run
from riskmodel.engine.fused.program import Program, Stored, tables
from riskmodel.engine.fused.visible import cut, last_visible


@cache
def begin_warming() -> threading.Thread:
    """Begin to import and load what is compiled, once a process; nobody need wait for it."""
    # Not a daemon: a process must not end in the middle of a compilation.
    thread = threading.Thread(target=_warm, name="riskmodel-warm")
    thread.start()
    return thread


def _warm() -> None:
    # What fails here fails again, and is told, where the pass is run.
    with suppress(Exception), _no_collection():
        _run_a_row()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from going through what is being imported, again and again: all of it stays."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _run_a_row() -> None:
    """Run the whole pass over one row, so that each compiled function is loaded for the types that it gets."""
    stored = Stored({"happened_on": "date", "amount": "money"}, "happened_on", frozenset({"amount"}))
    program = Program("event", stored, plan.HISTORY, (date(2020, 1, 1),))
    program.add(plan.Reduction("event", "sum", column=plan.Field("amount")))
    laid = tables(program)
    day = pa.array([date(2019, 1, 1)])
    household = pa.array(["H"]).dictionary_encode()
    rows = pa.table({"household_id": household, "happened_on": day, "amount": [1.0], "known_on": day})
    part = cut([rows], 1, pa.array(["H"]), [(program, laid)], columns={"amount"}, place="a row")
    last_visible(part, laid)
    run(program, laid, part)
