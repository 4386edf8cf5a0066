"""Models by name and version, and who made which one the champion, when and why.

``models/NAME/1``, ``models/NAME/2``, … are folders that never change once they appear; ``models/NAME/aliases.json``
says which version an alias stands for; ``models/NAME/promotions.jsonl`` only ever grows.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.files import write_aside

CHAMPION = "champion"

_NAME = re.compile(r"[^\W_][\w.-]*")


@dataclass(frozen=True)
class Promotion:
    """One line of the log: ``alias`` went from one version (None at first) to another."""

    at: str
    who: str
    why: str
    alias: str
    from_version: int | None
    to_version: int


class ModelStore:
    """A folder of models.

    Parameters
    ----------
    root : Path
        Usually a workspace's ``models/``. Made when the first model is added.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def names(self) -> list[str]:
        """Models that have at least one version."""
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if path.is_dir() and self.versions(path.name))

    def versions(self, name: str) -> list[int]:
        """Versions of ``name``, oldest first; empty when there are none."""
        home = self.root / name
        if not home.is_dir():
            return []
        return sorted(int(path.name) for path in home.iterdir() if path.name.isdecimal() and path.is_dir())

    def aliases(self, name: str) -> dict[str, int]:
        """What each alias of ``name`` stands for."""
        path = self.root / name / "aliases.json"
        if not path.is_file():
            return {}
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            return {str(alias): int(version) for alias, version in given.items()}
        except (ValueError, AttributeError, TypeError):
            raise DataError(f"{path}: expected alias names and version numbers, as JSON. Restore it.") from None

    def promotions(self, name: str) -> list[Promotion]:
        """Every promotion of ``name``, oldest first."""
        path = self.root / name / "promotions.jsonl"
        if not path.is_file():
            return []
        out = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                given = json.loads(line)
                out.append(
                    Promotion(given["at"], given["who"], given["why"], given["alias"], given["from"], given["to"])
                )
            except (ValueError, KeyError, TypeError):
                raise DataError(f"{path}, line {number}: not a promotion. Restore the line.") from None
        return out

    def add(self, name: str, build: Callable[[Path], None]) -> int:
        """Give ``build`` a path to write a folder at; it becomes the next version, whole or not at all.

        Parameters
        ----------
        name : str
            Letters, digits, ``_``, ``-``, ``.``.
        build : callable
            Writes the folder (for instance with `save_bundle`). What it raises is passed on, and nothing stays.

        Returns
        -------
        int
            The version: 1, 2, …
        """
        self._check_name(name)
        home = self.root / name
        made = [folder for folder in (home, *home.parents) if not folder.exists()]
        aside = home / f".{uuid.uuid4().hex[:8]}.partial"
        try:
            home.mkdir(parents=True, exist_ok=True)
            build(aside)
            if not aside.is_dir():
                raise CallError(f'adding to "{name}": build made no folder at the path it was given.')
            return self._settle(home, aside)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            for folder in made:
                with contextlib.suppress(OSError):  # not empty: another run has put something there
                    folder.rmdir()
            raise

    def resolve(self, reference: str) -> Path:
        """The folder of ``NAME@VERSION`` or ``NAME@ALIAS``.

        Raises
        ------
        CallError
            Naming the nearest known model, or the known versions and aliases.
        """
        name, at, which = reference.partition("@")
        if not at or not which:
            raise CallError(
                f'"{reference}": expected NAME@VERSION or NAME@{CHAMPION}, for instance {name or "need"}@1.'
            )
        self._check_known(name)
        versions = self.versions(name)
        if which.isdecimal():
            version = int(which)
        else:
            aliases = self.aliases(name)
            if which not in aliases:
                hint = did_you_mean(which, aliases) or f" Nothing has been promoted: riskmodel promote {name} VERSION."
                raise CallError(f'"{name}" has no alias "{which}".{hint}')
            version = aliases[which]
        if version not in versions:
            raise CallError(f'"{name}" has no version {version}. Known: {_listed(versions)}.')
        return self.root / name / str(version)

    def promote(self, name: str, version: int, *, who: str, why: str) -> Promotion:
        """Let the champion alias of ``name`` stand for ``version``, and write down who did it, when and why.

        Parameters
        ----------
        name : str
        version : int
            A known one; the champion itself again is refused, so that each line of the log says something.
        who, why : str
            Not empty; kept in the log for good.

        Returns
        -------
        Promotion

        Raises
        ------
        CallError
            For an unknown name or version (naming known ones), or an empty ``who`` or ``why``.
        """
        for label, text in (("who", who), ("why", why)):
            if not text.strip():
                raise CallError(f"{label} is empty: a promotion is kept with who decided it and why.")
        self._check_known(name)
        versions = self.versions(name)
        if version not in versions:
            raise CallError(f'"{name}" has no version {version}. Known: {_listed(versions)}.')
        aliases = self.aliases(name)
        before = aliases.get(CHAMPION)
        if before == version:
            raise CallError(f'"{name}": version {version} is the champion already.')
        moved = Promotion(
            datetime.now(UTC).isoformat(timespec="seconds"), who.strip(), why.strip(), CHAMPION, before, version
        )
        # The log first: a champion that nobody answers for must not exist.
        self._append(name, moved)
        with write_aside(self.root / name / "aliases.json") as aside:
            aside.write_text(json.dumps({**aliases, CHAMPION: version}, indent=1) + "\n", encoding="utf-8")
        return moved

    def _append(self, name: str, moved: Promotion) -> None:
        line = {
            "at": moved.at,
            "who": moved.who,
            "why": moved.why,
            "alias": moved.alias,
            "from": moved.from_version,
            "to": moved.to_version,
        }
        with (self.root / name / "promotions.jsonl").open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line, ensure_ascii=False) + "\n")
            handle.flush()
            os.fsync(handle.fileno())

    def _settle(self, home: Path, aside: Path) -> int:
        """Rename to the first free number; a rename onto a folder that another run has just filled fails."""
        version = max(self.versions(home.name), default=0) + 1
        while True:
            try:
                aside.rename(home / str(version))
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                version += 1
            else:
                return version

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise CallError(f'"{name}" cannot name a model: use letters, digits, "_", "-", ".", no other signs.')

    def _check_known(self, name: str) -> None:
        known = self.names()
        if name not in known:
            hint = did_you_mean(name, known) or " It holds none yet: riskmodel train makes one."
            raise CallError(f'{self.root}: no model named "{name}".{hint}')


def _listed(versions: list[int]) -> str:
    return ", ".join(map(str, versions)) if versions else "none"
