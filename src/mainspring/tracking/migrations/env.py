"""Alembic's environment: the connection is given, and its transaction is ended by whoever gave it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
