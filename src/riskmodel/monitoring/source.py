"""Where a run reads its registry: a folder or file as it lies, a database from a copy made beside the results."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from riskmodel.files import alone_or_refused, remove
from riskmodel.registry.database import address, copy_database, is_database
from riskmodel.registry.registry import Registry

COPY = ".registry"


@contextlib.contextmanager
def source(registry: str, out: Path, *, resume: bool = False, **options: Any) -> Iterator[Registry]:
    """Open the registry of a run.

    Parameters
    ----------
    registry : str
        A folder, a ``.duckdb`` file, or the URL of a PostgreSQL database.
    out : Path
        The folder of the run's results. A database is copied into it; the copy stays where the run is interrupted, so
        that it goes on with the state of the database it began with, and is removed when it is done.
    resume : bool
        Go on with the copy that an interrupted run left of this database.
    **options
        As :meth:`Registry.open` takes them.

    Raises
    ------
    CallError
        Another run reads a database into ``out``.
    """
    if not is_database(registry):
        with Registry.open(Path(registry), **options) as opened:
            yield opened
        return
    with _place_of_copies(out) as place:
        if not resume:
            _clear(place)
        with copy_database(registry, place / _name(registry), resume=resume, **options) as opened:
            yield opened
        _clear(place)


@contextlib.contextmanager
def source_once(registry: str, out: Path, **options: Any) -> Iterator[Registry]:
    """Open the registry as :func:`source` does, for work that cannot be continued: no copy stays, however it ends."""
    if not is_database(registry):
        with Registry.open(Path(registry), **options) as opened:
            yield opened
        return
    with _place_of_copies(out) as place:
        try:
            with copy_database(registry, place / _name(registry), **options) as opened:
                yield opened
        finally:
            _clear(place)


@contextlib.contextmanager
def _place_of_copies(out: Path) -> Iterator[Path]:
    """Hold the folder of copies for as long as they are read; it goes when it is empty, and ``out`` if it is new."""
    made = [folder for folder in (out / COPY, out) if not folder.exists()]
    said = f"{out}: another run is at work in this folder. Wait for it, or name another folder."
    with alone_or_refused(out / COPY, said=said):
        try:
            yield out / COPY
        finally:
            for folder in dict.fromkeys([out / COPY, *made]):
                with contextlib.suppress(OSError):  # not empty
                    folder.rmdir()


def _clear(place: Path) -> None:
    for copy in place.iterdir():
        remove(copy)


def _name(url: str) -> str:
    """Return the name of a database's copy: of another database there is another."""
    return hashlib.sha256(address(url).encode()).hexdigest()[:16]
