"""Where a run reads its registry: a folder or file as it lies, a database from a copy made beside the results."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from riskmodel.files import remove
from riskmodel.monitoring.checkpoint import one_run
from riskmodel.registry.database import copy_database, is_database
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
        Go on with the copy that an interrupted run left.
    **options
        As :meth:`Registry.open` takes them.
    """
    if not is_database(registry):
        with Registry.open(Path(registry), **options) as opened:
            yield opened
        return
    copy = out / COPY
    with one_run(out):
        opened = copy_database(registry, copy, resume=resume, **options)
    with opened:
        yield opened
    remove(copy)
