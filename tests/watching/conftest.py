"""The county that is watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from watched import Watched, make_watched

from riskmodel.watching.watch import Watch


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A small county and a model of it; tests read it and leave it as it is."""
    return make_watched(tmp_path_factory.mktemp("watched"))


@pytest.fixture(scope="session")
def quiet(watched: Watched) -> Watch:
    """A month in which nothing was planted."""
    return watched.watch()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Where a copy of the registry goes."""
    return tmp_path / "planted"
