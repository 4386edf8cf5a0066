"""The county that is watched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from watched import Watched, make_watched, watched_in

from riskmodel.watching.watch import Watch


@pytest.fixture(scope="session")
def watched(once: Callable[..., Path]) -> Watched:
    """A small county and a model of it; tests read it and leave it as it is."""
    return watched_in(once("watched", make_watched))


@pytest.fixture(scope="session")
def quiet(watched: Watched) -> Watch:
    """A month in which nothing was planted."""
    return watched.watch()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Where a copy of the registry goes."""
    return tmp_path / "planted"
