"""Makes the compiled pass ready in a thread of its own, while files are still being looked at."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

import pyarrow as pa

from riskmodel.engine import plan
from riskmodel.engine.fused.passes import run
from riskmodel.engine.fused.program import Program, Stored, tables
from riskmodel.engine.fused.visible import cut, last_visible

_BEGUN: list[threading.Thread] = []
_LOCK = threading.Lock()


def begin_warming() -> threading.Thread:
    """Begin to import and load what is compiled, once a process; nobody need wait for it.

    On a machine where nothing is compiled yet this compiles, for some seconds: a process that ends before waits for it.
    """
    with _LOCK:
        if not _BEGUN:
            # Not a daemon: a process must not end in the middle of a compilation.
            _BEGUN.append(threading.Thread(target=_warm, name="riskmodel-warm"))
            _BEGUN[0].start()
            # A child forked in the middle of it would wait for ever for locks that the thread holds.
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(before=_BEGUN[0].join)
        return _BEGUN[0]


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
    """Run the whole pass over one row, so that the compiled loops are loaded for the types that they get."""
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
