"""Runs the migrations over the connection that the store hands in."""

from __future__ import annotations

from alembic import context

from riskmodel.watchlist.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, version_table="list_version")
with context.begin_transaction():
    context.run_migrations()
