"""Bringing an older database to the newest revision, through Alembic; loaded only when one is met."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from mainspring.errors import DatabaseError

__all__ = ["VERSIONS", "migrate_sqlite", "settings", "upgrade"]

MIGRATIONS = Path(__file__).with_name("migrations")
VERSIONS = MIGRATIONS / "versions"


def upgrade(connection: Connection, versions: Path = VERSIONS) -> None:
    """Bring the schema to the newest revision in `versions`; the caller began the transaction and ends it."""
    config = settings(versions)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def migrate_sqlite(path: Path, versions: Path = VERSIONS) -> None:
    """Bring the SQLite file at `path` to the newest revision in one transaction; the caller keeps others away.

    Raises:
        DatabaseError: A revision could not be applied; nothing of it was kept.
    """
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(path, timeout=30.0, isolation_level=None), poolclass=NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        try:
            upgrade(connection, versions)
        except SQLAlchemyError as error:
            connection.exec_driver_sql("ROLLBACK")
            raise DatabaseError(f"The database could not be migrated ({error})", str(path)) from error
        connection.exec_driver_sql("COMMIT")


def settings(versions: Path = VERSIONS) -> Config:
    """Return Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config
