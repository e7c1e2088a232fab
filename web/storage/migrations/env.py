"""Alembic's entry: runs the migrations on the connection that `database.py` hands over."""

from alembic import context

from web.storage.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite changes a table by making a new one.
    render_as_batch=True,
    # Alembic believes that SQLite cannot; it can, and a migration that breaks off has then changed nothing.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
