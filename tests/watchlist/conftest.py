"""Stores to test on: SQLite, and a real PostgreSQL server that the tests start."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import new_database

from riskmodel.policy import default_policy
from riskmodel.watchlist.store import ListStore


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new list may be made, in each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "list.db")
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def store(url: str) -> Iterator[ListStore]:
    """A new list."""
    with ListStore(url, policy=default_policy(), create=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def run(scored_run: Path, once: Callable[..., Path]) -> Path:
    """The simulated county scored, with its report."""
    from riskmodel.report import make_report

    def make(folder: Path) -> None:
        out = shutil.copytree(scored_run, folder / "out")
        make_report(out, out / "report", lang="zh")

    return once("reported", make) / "out"
