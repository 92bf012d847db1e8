"""Runs a revision on the connection that app.db.migrate hands over."""

from alembic import context

from app.models import Base

connection = context.config.attributes["connection"]
# Batch mode: SQLite cannot alter most things in place, so alembic rebuilds the table there.
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
