"""All facts of one home, over one database."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import TracebackType

from mainspring.errors import DatabaseError
from mainspring.tracking import owners
from mainspring.tracking.alerts import Alerts
from mainspring.tracking.database import Database
from mainspring.tracking.evidence import Attestations, Evidence
from mainspring.tracking.files import Files
from mainspring.tracking.leases import Leases
from mainspring.tracking.measures import Measures
from mainspring.tracking.memo import Memo
from mainspring.tracking.proofs import Proofs
from mainspring.tracking.results import Results
from mainspring.tracking.rows import Owner
from mainspring.tracking.runs import Runs
from mainspring.tracking.sqlite import open_sqlite
from mainspring.tracking.steps import Steps

__all__ = ["Facts", "open_database", "open_facts"]


class Facts:
    """What is known about runs, steps, results, leases, measures, evidence, alerts and files.

    Threads, atomicity and errors are those of `Database`. Facts own their database: closing them closes it.

    Args:
        database: Where they are.
        alive: Whether the process of an owner lives; None when it cannot be known from here.
        host: Whose files the stat cache is about.
    """

    def __init__(
        self, database: Database, *, alive: Callable[[Owner], bool | None] = owners.alive, host: str | None = None
    ) -> None:
        self.database = database
        self.runs = Runs(database)
        self.steps = Steps(database)
        self.results = Results(database)
        self.leases = Leases(database, alive)
        self.measures = Measures(database)
        self.evidence = Evidence(database)
        self.attestations = Attestations(database)
        self.files = Files(database, os.uname().nodename if host is None else host)
        self.memo = Memo(database)
        self.proofs = Proofs(database)
        self.alerts = Alerts(database)

    def now(self) -> float:
        """Return the database's time, in seconds since 1970 UTC."""
        return self.database.now()

    def close(self) -> None:
        """Close the database; again does nothing."""
        self.database.close()

    def __enter__(self) -> "Facts":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_facts(target: Path | str) -> Facts:
    """Return the facts in a home directory (a `Path`) or on a server (a `postgresql://` URL); new ones are created.

    Raises:
        NetworkFilesystemError: The directory is on a network file system.
        NewerFormatError: A newer version of Mainspring wrote them.
        DatabaseError: The database is damaged, not ours, or cannot be reached.
        ReadOnlyError: The directory cannot be written to.
        StorageFullError: The disk is full.
    """
    return Facts(open_database(target))


def open_database(target: Path | str) -> Database:
    """Return the database that `open_facts` would use, for facts that other units keep beside these."""
    if isinstance(target, Path):
        return open_sqlite(target)
    if not target.startswith("postgresql://"):
        scheme = target.partition(":")[0]
        raise DatabaseError(
            f"There is no database for URLs that begin with {scheme!r}",
            None,
            "Write a postgresql:// URL, or leave it out for SQLite.",
        )
    try:
        adapter = import_module("mainspring.tracking.postgres")
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"Postgres needs the package {error.name!r}, which is not installed",
            None,
            "Run: pip install 'mainspring[postgres]'",
        ) from error
    database: Database = adapter.open_postgres(target)
    return database
