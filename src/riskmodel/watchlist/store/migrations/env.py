"""Runs the migrations over the connection that the store hands in."""

from __future__ import annotations

from alembic import context

from riskmodel.watchlist.store.tables import METADATA

# Imported by itself there is no migration under way, and nothing to do.
if getattr(context, "config", None) is not None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=METADATA, version_table="list_version")
    with context.begin_transaction():
        context.run_migrations()
