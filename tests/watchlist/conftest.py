"""Stores to test on: SQLite, and a real PostgreSQL server that the tests start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scored import County
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
def run(scored_county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated county scored, with its report."""
    from riskmodel.report import make_report

    out = tmp_path_factory.mktemp("run") / "out"
    scored_county.score(out)
    make_report(out, out / "report", lang="zh")
    return out
