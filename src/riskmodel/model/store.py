"""Models by name and version, and who made which one the champion, when and why.

``models/NAME/1``, ``models/NAME/2``, … are folders that never change once they appear; ``models/NAME/aliases.json``
says which version an alias stands for; ``models/NAME/promotions.jsonl`` only ever grows. What changes them holds the
lock of ``models/NAME``.
"""

from __future__ import annotations

import contextlib
import errno
import json
import re
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.files import alone, write_aside
from riskmodel.model.promotions import LOG, Promotion, append, headline, read_log

CHAMPION, CHALLENGER = "champion", "challenger"
ALIASES = (CHAMPION, CHALLENGER)

_NAME = re.compile(r"[^\W_][\w.-]*")


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
        return read_log(self.root / name / LOG)

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
            with alone(home):
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
        self.check_known(name)
        versions = self.versions(name)
        if which.isdecimal():
            version = int(which)
        else:
            aliases = self.aliases(name)
            if which not in aliases:
                hint = did_you_mean(which, aliases) or (
                    f" Nothing has been promoted: riskmodel promote {name} VERSION. Versions: {_listed(versions)}."
                )
                raise CallError(f'"{name}" has no alias "{which}".{hint}')
            version = aliases[which]
        if version not in versions:
            raise CallError(f'"{name}" has no version {version}. Known: {_listed(versions)}.')
        return self.root / name / str(version)

    def promote(self, name: str, version: int, *, who: str, why: str, alias: str = CHAMPION) -> Promotion:
        """Let an alias of ``name`` stand for ``version``, and write down who did it, when and why.

        A challenger that becomes the champion is the challenger no longer.

        Parameters
        ----------
        name : str
        version : int
            A known one; what the alias stands for already is refused, so that each line of the log says something.
        who, why : str
            Not empty; kept in the log for good.
        alias : {"champion", "challenger"}

        Returns
        -------
        Promotion

        Raises
        ------
        CallError
            For an unknown name, version or alias (naming known ones), an empty ``who`` or ``why``, a champion that
            shall be its own challenger, or a challenger where there is no champion.
        """
        for label, text in (("who", who), ("why", why)):
            if not text.strip():
                raise CallError(f"{label} is empty: a promotion is kept with who decided it and why.")
        if alias not in ALIASES:
            raise CallError(f'there is no alias "{alias}".{did_you_mean(alias, ALIASES)}')
        self.check_known(name)
        with alone(self.root / name):
            return self._promote(name, version, who=who, why=why, alias=alias)

    def promote_first(self, name: str, version: int, *, who: str, why: str) -> bool:
        """Let ``version`` be the champion where there is none; see :meth:`promote`.

        Returns
        -------
        bool
            Whether it is now the champion; of several that ask at once, one is.
        """
        self.check_known(name)
        with alone(self.root / name):
            if CHAMPION in self.aliases(name):
                return False
            self._promote(name, version, who=who, why=why, alias=CHAMPION)
            return True

    def _promote(self, name: str, version: int, *, who: str, why: str, alias: str) -> Promotion:
        versions = self.versions(name)
        if version not in versions:
            raise CallError(f'"{name}" has no version {version}. Known: {_listed(versions)}.')
        aliases = self.aliases(name)
        if aliases.get(alias) == version:
            raise CallError(f'"{name}": version {version} is the {alias} already.')
        if alias == CHALLENGER and CHAMPION not in aliases:
            raise CallError(f'"{name}" has no champion to challenge: promote a version to champion first.')
        if alias == CHALLENGER and aliases[CHAMPION] == version:
            raise CallError(f'"{name}": version {version} is the champion; a challenger is scored beside it.')
        moved = self._log(name, alias, before=aliases.get(alias), after=version, who=who, why=why)
        if alias == CHAMPION and aliases.get(CHALLENGER) == version:
            del aliases[CHALLENGER]
            self._log(name, CHALLENGER, before=version, after=None, who=who, why="became the champion")
        with write_aside(self.root / name / "aliases.json") as aside:
            aside.write_text(json.dumps({**aliases, alias: version}, indent=1) + "\n", encoding="utf-8")
        return moved

    def _log(self, name: str, alias: str, *, before: int | None, after: int | None, who: str, why: str) -> Promotion:
        """The log comes first: a champion that nobody answers for must not exist."""
        figures = {str(v): headline(self.root / name / str(v)) for v in (before, after) if v is not None}
        at = datetime.now(UTC).isoformat(timespec="seconds")
        moved = Promotion(at, who.strip(), why.strip(), alias, before, after, figures)
        append(self.root / name / LOG, moved)
        return moved

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

    def check_known(self, name: str) -> None:
        """Raise :class:`CallError`, with the nearest name, where there is no model of this name."""
        known = self.names()
        if name not in known:
            hint = did_you_mean(name, known) or " It holds none yet: riskmodel train makes one."
            raise CallError(f'{self.root}: no model named "{name}".{hint}')


def _listed(versions: list[int]) -> str:
    return ", ".join(map(str, versions)) if versions else "none"
