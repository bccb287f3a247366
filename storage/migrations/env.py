"""Alembic's entry: migrate over the connection that the Database hands over."""

from alembic import context
from sqlmodel import SQLModel

from storage import council_tables, log_tables, tables

_ = (tables, log_tables, council_tables)  # the imports fill SQLModel.metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
