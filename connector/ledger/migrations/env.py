"""Alembic's entry: runs the revisions on the connection that `database.migrate` hands over."""

from __future__ import annotations

from alembic import context
from connector.ledger import schema_cart, schema_hub, schema_warehouse  # noqa: F401 - their tables belong to the metadata
from connector.ledger.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
