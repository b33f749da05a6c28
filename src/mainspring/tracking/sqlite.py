"""Facts in one SQLite file, through the standard library."""

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import RLock

from mainspring.disk import flush
from mainspring.errors import DatabaseError, MainspringError, ReadOnlyError, StorageFullError
from mainspring.tracking.database import Named, Row, Value, spread
from mainspring.tracking.filesystems import refuse_network
from mainspring.tracking.schema import is_head, schema

__all__ = ["SqliteDatabase", "open_sqlite"]

NAME = "mainspring.db"
APPLICATION = 0x4D53_5052  # "MSPR", in the header of every file that we made
BUSY_SECONDS = 30.0
REFUSED = (sqlite3.Error, OverflowError, UnicodeEncodeError)
LEFTOVERS = ("", "-wal", "-shm", "-journal")
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class SqliteDatabase:
    """A `Database` over one connection to one file; `clock` is the host's."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._connection = connection
        self._clock = clock
        self._turn = RLock()
        self._process = os.getpid()

    def read(self, sql: str, **named: Value | Sequence[Value]) -> list[Row]:
        """Return all rows of one query."""
        sql, single = spread(sql, named)
        with self._turn:
            self._refuse_fork()
            try:
                return self._connection.execute(sql, single).fetchall()
            except REFUSED as error:
                raise fault(error, self.path) from error

    def write(self, sql: str, rows: Sequence[Named]) -> int:
        """Return how many rows the statement changed."""
        if not rows:
            return 0
        with self._turn:
            if len(rows) > 1 and not self._is_open():
                with self.transaction():
                    return self._write(sql, rows)
            return self._write(sql, rows)

    def _write(self, sql: str, rows: Sequence[Named]) -> int:
        self._refuse_fork()
        try:
            if len(rows) == 1:
                return self._connection.execute(sql, rows[0]).rowcount
            return self._connection.executemany(sql, rows).rowcount
        except REFUSED as error:
            raise fault(error, self.path) from error

    @contextmanager
    def transaction(self, *, full: bool = False) -> Iterator[None]:
        """Return a block that is one transaction, begun with the write lock."""
        with self._turn:
            if self._is_open():
                raise DatabaseError("A transaction was begun inside another", str(self.path), "Pass the open one on.")
            if full:
                self._execute("PRAGMA synchronous=FULL")
            try:
                self._execute("BEGIN IMMEDIATE")
                yield
                self._execute("COMMIT")
            finally:
                if self._is_open():
                    self._execute("ROLLBACK")
                if full:
                    self._execute("PRAGMA synchronous=NORMAL")

    def now(self) -> float:
        """Return the host's time."""
        return self._clock()

    def close(self) -> None:
        """Close the file; the last connection to it also folds its log in."""
        with self._turn:
            if os.getpid() == self._process:
                self._connection.close()

    def _is_open(self) -> bool:
        return self._connection.in_transaction

    def _execute(self, sql: str) -> None:
        self._refuse_fork()
        try:
            self._connection.execute(sql)
        except REFUSED as error:
            raise fault(error, self.path) from error

    def _refuse_fork(self) -> None:
        if os.getpid() != self._process:
            raise DatabaseError(
                f"A database that process {self._process} opened was used in process {os.getpid()}",
                str(self.path),
                "Open it again in the new process.",
            )


def open_sqlite(home: Path, *, clock: Callable[[], float] = time.time) -> SqliteDatabase:
    """Return the database in the directory `home`; directory and database are created when they are missing.

    Raises:
        NetworkFilesystemError: `home` is on a network file system.
        NewerFormatError: A newer version of Mainspring wrote the database.
        DatabaseError: The file is damaged, or is not ours.
        ReadOnlyError: `home` cannot be written to.
        StorageFullError: There is no space for it.
    """
    home = home.absolute()
    refuse_network(home)
    path = home / NAME
    try:
        if not has_content(path):
            create(home, path)
    except OSError as error:
        raise disk_fault(error, path) from error
    connection = connect(path)
    try:
        if not check(connection, path):
            migrate(home, path)
    except BaseException:
        connection.close()
        raise
    return SqliteDatabase(path, connection, clock=clock)


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection in autocommit mode that waits for locks and syncs at checkpoints."""
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
    except sqlite3.Error as error:
        raise fault(error, path) from error
    try:
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error as error:
        connection.close()
        raise fault(error, path) from error
    return connection


def check(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether the open file is ours and at the newest revision; False means a migration is pending."""
    try:
        [(application,)] = connection.execute("PRAGMA application_id")
        if application != APPLICATION:
            raise DatabaseError(
                "The file is a SQLite database of another program",
                str(path),
                "Move it away, or choose another home.",
            )
        found = [str(revision) for (revision,) in connection.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.Error as error:
        raise fault(error, path) from error
    return is_head(found, str(path))


def create(home: Path, path: Path) -> None:
    """Make an empty database at the newest revision; when several processes try, one does and the others find it done.

    It is built beside its place and renamed, so that a kill at any moment leaves nothing at all or all of it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with locked(home):
        if has_content(path):
            return
        refuse_orphaned_log(path)
        draft = path.with_name(f"{NAME}.new")
        discard(draft)
        try:
            build(draft)
            flush(draft)
            draft.replace(path)
            flush(home)
        finally:
            discard(draft)


def build(draft: Path) -> None:
    """Write an empty database to `draft`, with no log left beside it."""
    with closing(connect(draft)) as connection:
        try:
            connection.execute(f"PRAGMA application_id={APPLICATION}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(f"BEGIN IMMEDIATE;\n{schema()}COMMIT;")
        except sqlite3.Error as error:
            raise fault(error, draft) from error


def migrate(home: Path, path: Path) -> None:
    """Bring the database to the newest revision; only then Alembic is loaded."""
    with locked(home):
        import_module("mainspring.tracking.migrate").migrate_sqlite(path)


def refuse_orphaned_log(path: Path) -> None:
    """Return nothing unless a log waits for a database that is gone: SQLite would replay it into a new one."""
    log = path.with_name(f"{NAME}-wal")
    if has_content(log):
        raise DatabaseError(
            "There is a write-ahead log without its database, with facts that are in no other place",
            str(log),
            f"Put {NAME} back beside it, or delete the log to start anew.",
        )
    discard(path)


def has_content(path: Path) -> bool:
    """Return whether `path` is there with at least one byte; an empty file is what an interrupted copy leaves."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def discard(path: Path) -> None:
    """Remove a database file and whatever SQLite keeps beside it."""
    for suffix in LEFTOVERS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Return a block that one process at a time may be in; the lock ends with its process."""
    descriptor = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def fault(error: Exception, path: Path) -> MainspringError:
    """Return our error for what SQLite said about the file at `path`."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    where = str(path)
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and is_full(path)):
        return disk_full(path)
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return read_only(path)
    if primary == sqlite3.SQLITE_CANTOPEN and not os.access(path.parent, os.W_OK):
        return read_only(path)
    if primary == sqlite3.SQLITE_NOTADB:
        return DatabaseError("The file is not a database", where, "Move it away, or choose another home.")
    if primary == sqlite3.SQLITE_CORRUPT:
        return DatabaseError(
            f"The database is damaged ({error})", where, "Restore it from a backup, or move it away to start anew."
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseError(
            f"The database was locked for {BUSY_SECONDS:.0f} seconds", where, "Find the process that holds it open."
        )
    return DatabaseError(f"The database refused an operation ({error})", where)


def disk_fault(error: OSError, path: Path) -> MainspringError:
    """Return our error for a file operation that failed while the database was created."""
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return read_only(path)
    if error.errno in NO_SPACE:
        return disk_full(path)
    return DatabaseError(f"The database cannot be created ({error.strerror})", str(path))


def disk_full(path: Path) -> StorageFullError:
    """Return the error of a full disk."""
    return StorageFullError(
        "The disk is full; the facts were not written and nothing half-written was left",
        str(path),
        "Free some space (`mainspring gc` removes results that nothing uses) and run again.",
    )


def read_only(path: Path) -> ReadOnlyError:
    """Return the error of a home that cannot be written to."""
    return ReadOnlyError(
        "The home cannot be written to", str(path.parent), "Give write access to it, or choose another home."
    )


def is_full(path: Path) -> bool:
    """Return whether the disk of `path` has no block left for us."""
    with suppress(OSError):
        return os.statvfs(path.parent).f_bavail == 0
    return False
