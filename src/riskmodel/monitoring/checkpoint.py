"""Checkpoints of a long run: finished parts in a folder beside the results, valid for one set of inputs only."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskmodel.errors import CallError
from riskmodel.files import alone_or_refused, remove, sha256_of, write_aside

FOLDER = ".work"
_HALF_A_RECORD = ".run.json.*.partial"
_STATE = "inputs.json"
_DONE = ".done.json"


@dataclass(frozen=True)
class Checkpoints:
    """The parts of one run. Each part is written aside and renamed, so a part that is there is whole.

    Attributes
    ----------
    folder : Path
    sizes : dict
        How the run is cut up: what a run that goes on must keep to.
    """

    folder: Path
    sizes: Mapping[str, int]

    @classmethod
    def begin(cls, out: Path, inputs: Mapping[str, str], sizes: Mapping[str, int]) -> Checkpoints:
        """Start anew: parts that an earlier run left behind are removed."""
        sweep(out)
        folder = out / FOLDER
        folder.mkdir(parents=True)
        with write_aside(folder / _STATE) as aside:
            state = {"inputs": dict(inputs), "sizes": dict(sizes)}
            aside.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        return cls(folder, dict(sizes))

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
        state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        check_same(state["inputs"], inputs, place=folder)
        for leftover in (*folder.rglob(".*.partial"), *out.glob(_HALF_A_RECORD)):
            remove(leftover)
        return cls(folder, state["sizes"])

    def path(self, name: str) -> Path:
        """Return where the part ``name`` lies or will lie."""
        return self.folder / name

    def has(self, name: str) -> bool:
        """Say whether the part ``name`` is finished."""
        return self.path(name).is_file()

    def note(self, name: str, told: Mapping[str, Any], *, files: Mapping[str, str]) -> None:
        """Record that the part ``name`` is finished: what is told of it, and the files that it is made of.

        Parameters
        ----------
        files : mapping of str to str
            Names of files that lie here, and the sha256 of each.
        """
        with write_aside(self.path(f"{name}{_DONE}")) as aside:
            aside.write_text(json.dumps({**told, "files": dict(files)}), encoding="utf-8")

    def noted(self, name: str) -> dict[str, Any] | None:
        """Return what was told of the finished part ``name``; None where it, or a file of it, is not as it was."""
        place = self.path(f"{name}{_DONE}")
        if not place.is_file():
            return None
        told: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        for file, digest in told.pop("files").items():
            if not self.has(file) or sha256_of(self.path(file)) != digest:
                return None
        return told

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


def sweep(out: Path) -> None:
    """Remove what a run left that was killed at its very end, or that nobody will go on with: parts, half a record."""
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    for leftover in out.glob(_HALF_A_RECORD):
        remove(leftover)


@contextlib.contextmanager
def one_run(out: Path) -> Iterator[None]:
    """Hold the folder of a run: a second one into it is refused while the first lives, and no longer.

    Raises
    ------
    CallError
        Another run is at work there.
    """
    new = not out.exists()
    said = f"{out}: another run is at work in this folder. Wait for it, or name another folder."
    try:
        with alone_or_refused(out, said=said):
            yield
    finally:
        if new:
            with contextlib.suppress(OSError):
                out.rmdir()


def check_same(before: Mapping[str, str], now: Mapping[str, str], *, place: Path) -> None:
    """Raise :class:`CallError` when two runs' inputs differ, naming what differs and both values."""
    differing = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    if differing:
        told = "; ".join(f"{key} was {before.get(key)}, is {now.get(key)}" for key in differing)
        raise CallError(f"{place}: cannot resume, the inputs differ: {told}. Run without --resume to start anew.")
