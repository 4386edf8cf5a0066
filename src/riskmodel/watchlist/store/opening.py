"""Opening the store: SQLite in a file, PostgreSQL by its URL; migrations bring its tables up to date."""

from __future__ import annotations

import importlib.util
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from riskmodel.errors import CallError, DataError
from riskmodel.files import check_place

# How long a writer waits for another, in seconds.
PATIENCE = 600
_WRITES = "riskmodel_writes"


def engine_of(url: str, *, create: bool) -> sa.Engine:
    """Return the engine of a store, its tables up to date.

    Parameters
    ----------
    url : str
        A path (SQLite), ``sqlite:///path`` or ``postgresql://user@host/database``.
    create : bool
        Make the file and the tables where there are none.

    Raises
    ------
    CallError
        The URL names no known database, or there is no list yet and ``create`` is False.
    DataError
        The database cannot be reached, or a newer version of this package wrote it.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "")
        if not file.is_file():
            if not create:
                raise CallError(f"{file}: no list there. `riskmodel list update` makes one.")
            check_place(file)
            file.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, connect_args={"timeout": PATIENCE})
        _set_up_sqlite(engine)
    else:
        engine = sa.create_engine(parsed)
    _migrate(engine, place=shown(url), create=create)
    return engine


def shown(url: str) -> str:
    """Return how a store is named in messages: without a password."""
    if "://" not in url:
        return url
    parsed = _parsed(url)
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": "***"})
    return parsed.render_as_string(hide_password=True)


def writes(connection: sa.Connection) -> sa.Connection:
    """Return the connection as one whose transactions write: SQLite then takes its lock when they begin."""
    return connection.execution_options(**{_WRITES: True})


def _parsed(url: str) -> sa.URL:
    if "://" not in url:
        return sa.URL.create("sqlite", database=url)
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise CallError(f"--list: {url.rsplit('@', 1)[-1]} is no URL of a database.") from error
    if parsed.get_backend_name() == "postgresql":
        if importlib.util.find_spec("psycopg") is None:
            raise CallError(
                "--list: PostgreSQL needs the extra postgresql: pip install -r requirements-postgresql.lock. Or name a "
                "file (SQLite)."
            )
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise CallError(
            f"--list: {parsed.drivername} is not known; name a file (SQLite) or postgresql://user@host/database."
        )
    return parsed


def _set_up_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def _(connection: sqlite3.Connection, record: Any) -> None:
        # The driver opens no transactions of its own: BEGIN below says which kind.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @sa.event.listens_for(engine, "begin")
    def _(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _migrate(engine: sa.Engine, *, place: str, create: bool) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    try:
        with writes(engine.connect()) as connection, connection.begin():
            found = MigrationContext.configure(
                connection, opts={"version_table": "list_version"}
            ).get_current_revision()
            if found == newest:
                return
            if found is None and not create:
                raise CallError(f"{place}: no list there. `riskmodel list update` makes one.")
            known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
            if found is not None and found not in known:
                raise DataError(f"{place}: a newer version of riskmodel made this list ({found}): use that one.")
            if connection.dialect.name == "postgresql":
                # Two that open a new store at once: one makes it, the other waits.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7391046)")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except sa.exc.DBAPIError as error:
        raise DataError(f"{place}: cannot be opened ({str(error.orig).splitlines()[0]}).") from error
