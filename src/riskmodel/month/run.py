"""A month from the registry to the pages: alone in its folder, whole in its record, resumed where it stopped."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from riskmodel.errors import CallError
from riskmodel.files import alone_or_refused, remove
from riskmodel.monitoring.checkpoint import check_same
from riskmodel.monitoring.record import read_record
from riskmodel.month.asked import COPY, REGISTRY, REPORT, Asked
from riskmodel.month.record import NAME, MonthRecord
from riskmodel.month.running import run_steps
from riskmodel.month.steps import steps_of
from riskmodel.registry.database import refuse_password
from riskmodel.report.make import check_replaceable

_LOG = logging.getLogger(__name__)


def run_month(asked: Asked, *, resume: bool = False, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Validate, score, update the list and make the report, with ``month.json`` as the record of it all.

    Parameters
    ----------
    resume : bool
        Leave what was done from the same inputs, and go on from there; where nothing was begun, start anew.
    say : callable
        Told a line at a time what steps did.

    Returns
    -------
    dict
        The content of ``month.json``.

    Raises
    ------
    CallError
        Another run is at work in the folder; an input differs from that of the month to resume, which the message
        names; the source lies in the month's folder; the earlier run is not earlier; a report that visits were
        written into would be replaced.
    DataError
        What a step found to fall short. The record names the step.
    """
    _check_places(asked)
    said = f"{asked.out}: another run is at work there. Wait until it has ended, or name another folder with --out."
    with _made(asked), alone_or_refused(asked.out, said=said):
        record = MonthRecord.read(asked.out) if resume else None
        inputs = asked.inputs()
        if record is not None:
            check_same(record.inputs, inputs, place=asked.out / NAME)
        else:
            check_replaceable(asked.report)
            record = MonthRecord.begin(asked.out, as_of=asked.as_of.isoformat(), inputs=inputs)
            resume = False
        _clear_leftovers(asked)
        record.run_began()
        if asked.list_url is None:
            _LOG.info("no list: the step is left out (--list list.db begins one)")
        run_steps(steps_of(asked, resume=resume), record, resume=resume, say=say)
        record.done()
    return record.told


def _check_places(asked: Asked) -> None:
    source, out = asked.source.resolve(), asked.out.resolve()
    if asked.in_database:
        refuse_password(asked.registry)
    elif source == out or out in source.parents:
        raise CallError(
            f"{asked.registry} lies in the month's folder {asked.out}, which holds what the month makes of it: name "
            "another folder with --out."
        )
    if asked.previous is not None:
        before = read_record(asked.previous)["as_of"]
        if before >= asked.as_of.isoformat():
            raise CallError(
                f"--previous {asked.previous}: its run is of {before}, this month of {asked.as_of}; expected an "
                "earlier one."
            )


@contextlib.contextmanager
def _made(asked: Asked) -> Iterator[None]:
    """Take away again the folders made for a month that nothing came of."""
    made = [folder for folder in (asked.out, *asked.out.parents) if not folder.exists()]
    try:
        yield
    finally:
        for folder in made:
            with contextlib.suppress(OSError):  # not empty
                folder.rmdir()


def _clear_leftovers(asked: Asked) -> None:
    """Remove what a killed run was writing aside: no name of it counts."""
    for name in (COPY, REGISTRY, REPORT, NAME):
        for left in asked.out.glob(f".{name}.*"):
            if left.suffix in (".partial", ".old"):
                remove(left)
