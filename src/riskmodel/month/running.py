"""Steps one after another: one that was done from the same inputs is left, one that fails is named."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from riskmodel.errors import RiskmodelError
from riskmodel.month.record import Done, MonthRecord
from riskmodel.month.usage import Usage, measured

_LOG = logging.getLogger(__name__)

Left = Callable[[str], Mapping[str, str]]


class Step(Protocol):
    """A step of the month."""

    @property
    def name(self) -> str:
        """How the record and messages call it."""

    def inputs(self, left: Left) -> dict[str, str]:
        """What it depends on, as strings to compare; ``left`` gives what an earlier step left, with digests."""

    def stands(self, left: Left) -> bool:
        """Whether what it left is still there, unchanged; or what a later step made of it."""

    def run(self) -> Done:
        """Do it."""


def run_steps(steps: Sequence[Step], record: MonthRecord, *, resume: bool, say: Callable[[str], None]) -> None:
    """Do the steps in their order, and keep the record.

    Parameters
    ----------
    resume : bool
        Leave a step that the record says was done from the same inputs, and whose results still stand.
    say : callable
        Told a line at a time what steps did.

    Raises
    ------
    BaseException
        What a step raised, once the record names the step. What earlier steps left stays.
    """
    for number, step in enumerate(steps, start=1):
        usage: Usage | None = None
        try:
            inputs = step.inputs(record.outputs)
            if resume and _is_done(step, inputs, record):
                record.step_skipped(step.name)
                say(f"{step.name}: done before from the same inputs, skipped")
                continue
            _LOG.info("step %d of %d: %s", number, len(steps), step.name)
            record.step_began(step.name, inputs)
            with measured() as usage:
                done = step.run()
        except BaseException as error:
            # A full disk may refuse the record too: the step's own error is the one to tell.
            with contextlib.suppress(OSError):
                record.step_failed(step.name, _why(error), usage)
            _LOG.error(
                "step %d of %d, %s, was not done. What was done before it stays: the same call with --resume goes on "
                "from here",
                number,
                len(steps),
                step.name,
            )
            raise
        record.step_ended(step.name, done, usage)
        for line in done.said:
            say(f"{step.name}: {line}")
        _LOG.info("%s: done in %.1f s", step.name, usage.seconds)


def _is_done(step: Step, inputs: Mapping[str, str], record: MonthRecord) -> bool:
    if not record.is_done(step.name, inputs):
        return False
    if step.stands(record.outputs):
        return True
    _LOG.warning("%s was done, but what it left is gone or was changed since: it is done again", step.name)
    return False


def _why(error: BaseException) -> str:
    """Say what went wrong, without the values that a library's own message may hold."""
    if isinstance(error, RiskmodelError):
        return str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    return "stopped" if isinstance(error, KeyboardInterrupt) else type(error).__name__
