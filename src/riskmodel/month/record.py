"""``month.json``: what a month was made from, what each step did and took, and what a resumed run found done.

It is written before and after every step, whole each time, so that it also tells where a run was killed. Nothing
personal stands in it: counts, digests, versions, seconds, memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from riskmodel.errors import DataError
from riskmodel.files import write_aside
from riskmodel.monitoring.record import versions
from riskmodel.month.usage import Usage

NAME = "month.json"
FORMAT = 1
RUNNING, FAILED, DONE = "running", "failed", "done"


@dataclass(frozen=True)
class Done:
    """What a step did.

    Attributes
    ----------
    counts : mapping
        Numbers of rows, households, clues, pages.
    outputs : mapping of str to str
        What it left, each with its digest.
    said : tuple of str
        What to tell whoever waits for it.
    """

    counts: Mapping[str, Any]
    outputs: Mapping[str, str]
    said: tuple[str, ...]


@dataclass
class MonthRecord:
    """The record of one month, kept in its folder as it grows.

    Attributes
    ----------
    told : dict
        The content of ``month.json``.
    """

    folder: Path
    told: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def begin(cls, folder: Path, *, as_of: str, inputs: Mapping[str, str]) -> MonthRecord:
        """Start a month anew; nothing is written yet."""
        told = {"format": FORMAT, "as_of": as_of, "state": RUNNING, "inputs": dict(inputs), "steps": {}, "runs": []}
        return cls(folder, told)

    @classmethod
    def read(cls, folder: Path) -> MonthRecord | None:
        """Return the month that was begun in ``folder``, None where there is none.

        Raises
        ------
        DataError
            What is there is not the record of a month.
        """
        path = folder / NAME
        if not path.is_file():
            return None
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            if told["format"] != FORMAT:
                raise DataError(
                    f"{path}: another version of riskmodel wrote it (format {told['format']}). Use that one, or run "
                    "without --resume to start anew."
                )
            dict(told["inputs"]), dict(told["steps"]), list(told["runs"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: not the record of a month. Run without --resume to start anew.") from error
        return cls(folder, told)

    @property
    def inputs(self) -> dict[str, str]:
        """What the month was begun with."""
        return dict(self.told["inputs"])

    def outputs(self, step: str) -> dict[str, str]:
        """Return what a step left, by name with its digest; empty where it is not done."""
        entry = self.told["steps"].get(step, {})
        return dict(entry.get("outputs", {})) if entry.get("state") == DONE else {}

    def is_done(self, step: str, inputs: Mapping[str, str]) -> bool:
        """Whether a step was done from the same inputs."""
        entry = self.told["steps"].get(step, {})
        return entry.get("state") == DONE and entry.get("inputs") == dict(inputs)

    def run_began(self) -> None:
        """Note that a run of the command begins."""
        self.told["state"] = RUNNING
        self.told.pop("failed", None)
        self.told["runs"].append({"started_at": _now(), "did": [], "skipped": [], "versions": versions()})
        self._write()

    def step_began(self, step: str, inputs: Mapping[str, str]) -> None:
        """Note that a step begins; what an earlier run told of it is forgotten."""
        self.told["steps"][step] = {"state": RUNNING, "inputs": dict(inputs), "started_at": _now()}
        self._write()

    def step_skipped(self, step: str) -> None:
        """Note that a step was found done."""
        self._run["skipped"].append(step)
        self._write()

    def step_ended(self, step: str, done: Done, usage: Usage) -> None:
        """Note what a step did and took."""
        self.told["steps"][step] |= {
            "state": DONE,
            "finished_at": _now(),
            **usage.to_dict(),
            "counts": dict(done.counts),
            "outputs": dict(done.outputs),
        }
        self._run["did"].append(step)
        self._write()

    def step_failed(self, step: str, why: str, usage: Usage | None) -> None:
        """Note that a step fell short, and with it the run; one that was done and cannot be looked at stays done."""
        entry = self.told["steps"].setdefault(step, {})
        if entry.get("state") != DONE:
            entry |= {"state": FAILED, "finished_at": _now(), **(usage.to_dict() if usage is not None else {})}
        self.told |= {"state": FAILED, "failed": {"step": step, "why": why}}
        self._run["failed"] = step
        self._run_ended()

    def done(self) -> None:
        """Note that the month is done."""
        self.told["state"] = DONE
        self._run_ended()

    def _run_ended(self) -> None:
        self._run["finished_at"] = _now()
        self._write()

    @property
    def _run(self) -> dict[str, Any]:
        run: dict[str, Any] = self.told["runs"][-1]
        return run

    def _write(self) -> None:
        with write_aside(self.folder / NAME) as aside:
            aside.write_text(json.dumps(self.told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
