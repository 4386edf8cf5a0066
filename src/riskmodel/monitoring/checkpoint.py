"""Checkpoints of a long run: finished parts in a folder beside the results, valid for one set of inputs only."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from riskmodel.errors import CallError
from riskmodel.files import remove, write_aside

FOLDER = ".work"
_STATE = "inputs.json"


@dataclass(frozen=True)
class Checkpoints:
    """The parts of one run. Each part is written aside and renamed, so a part that is there is whole."""

    folder: Path

    @classmethod
    def begin(cls, out: Path, inputs: Mapping[str, str]) -> Checkpoints:
        """Start anew: parts that an earlier run left behind are removed."""
        folder = out / FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with write_aside(folder / _STATE) as aside:
            aside.write_text(json.dumps(dict(inputs), indent=1, sort_keys=True), encoding="utf-8")
        return cls(folder)

    @classmethod
    def resume(cls, out: Path, inputs: Mapping[str, str]) -> Checkpoints | None:
        """Continue the run that was interrupted in ``out``; None when there is nothing to continue.

        Raises
        ------
        CallError
            The interrupted run had other inputs; the message names them.
        """
        folder = out / FOLDER
        if not (folder / _STATE).is_file():
            return None
        check_same(json.loads((folder / _STATE).read_text(encoding="utf-8")), inputs, place=folder)
        for leftover in folder.glob(".*.partial"):
            remove(leftover)
        return cls(folder)

    def path(self, name: str) -> Path:
        """Return where the part ``name`` lies or will lie."""
        return self.folder / name

    def has(self, name: str) -> bool:
        """Say whether the part ``name`` is finished."""
        return self.path(name).is_file()

    @property
    def empty(self) -> bool:
        """Whether no part is finished."""
        return not any(path.name != _STATE and not path.name.startswith(".") for path in self.folder.iterdir())

    def abandon(self) -> None:
        """Remove all parts, and the folder of the results where nothing else lies in it."""
        self.close()
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()

    def close(self) -> None:
        """Remove all parts: the results stand."""
        shutil.rmtree(self.folder)


def check_same(before: Mapping[str, str], now: Mapping[str, str], *, place: Path) -> None:
    """Raise :class:`CallError` when two runs' inputs differ, naming what differs and both values."""
    differing = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    if differing:
        told = "; ".join(f"{key} was {before.get(key)}, is {now.get(key)}" for key in differing)
        raise CallError(f"{place}: cannot resume, the inputs differ: {told}. Run without --resume to start anew.")
