"""What files held when they were last read, so that unchanged ones are not read again."""

from collections.abc import Sequence

from mainspring.tracking.database import Database, Value, pieces
from mainspring.tracking.rows import FileRow

__all__ = ["Files", "is_trusted"]

GRANULARITY_NS = 2_000_000_000  # of the coarsest time stamps in use (FAT)
LONGEST_PATH = 1024  # in characters; longer ones do not fit into an index of Postgres

REMEMBER = """
    INSERT INTO files (host, path, inode, size, mtime_ns, ctime_ns, digest, seen_ns)
    VALUES (:host, :path, :inode, :size, :mtime_ns, :ctime_ns, :digest, :seen_ns)
    ON CONFLICT (host, path) DO UPDATE SET inode = excluded.inode, size = excluded.size, mtime_ns = excluded.mtime_ns,
        ctime_ns = excluded.ctime_ns, digest = excluded.digest, seen_ns = excluded.seen_ns
"""
LOOKUP = (
    "SELECT path, inode, size, mtime_ns, ctime_ns, digest, seen_ns FROM files WHERE host = :host AND path IN :paths"
)


class Files:
    """The stat cache of one host.

    An entry says: when `stat` gives these numbers, the content has this digest. The caller compares them with what
    `stat` gives now.
    """

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    def lookup(self, paths: Sequence[str]) -> dict[str, FileRow]:
        """Return what is remembered about these absolute paths; unknown ones are left out."""
        wanted = [path for path in paths if is_plain(path)]
        return {
            path: FileRow(path, int(inode), *rest)
            for piece in pieces(wanted)
            for path, inode, *rest in self._database.read(LOOKUP, host=self._host, paths=piece)
        }

    def remember(self, rows: Sequence[FileRow]) -> int:
        """Return how many of the rows were kept: those that can be trusted. The others are read again next time."""
        kept: list[dict[str, Value]] = [
            {
                "host": self._host,
                "path": row.path,
                "inode": str(row.inode),
                "size": row.size,
                "mtime_ns": row.mtime_ns,
                "ctime_ns": row.ctime_ns,
                "digest": row.digest,
                "seen_ns": row.seen_ns,
            }
            for row in sorted(rows, key=lambda row: row.path)
            if is_trusted(row) and is_plain(row.path)
        ]
        self._database.write(REMEMBER, kept)
        return len(kept)

    def forget(self, before_ns: int) -> int:
        """Return how many entries of this host that were last seen before `before_ns` were removed."""
        return self._database.write(
            "DELETE FROM files WHERE host = :host AND seen_ns < :before", [{"host": self._host, "before": before_ns}]
        )


def is_trusted(row: FileRow) -> bool:
    """Return whether a later change of the file must show in its times (the rule that Git calls racy).

    A change within the granularity of the time stamps after we looked could leave them as they are.
    """
    return max(row.mtime_ns, row.ctime_ns) < row.seen_ns - GRANULARITY_NS


def is_plain(path: str) -> bool:
    """Return whether a path can be a key in both databases; one that cannot is only read more often."""
    return len(path) <= LONGEST_PATH and (
        path.isascii() or not any("\ud800" <= character <= "\udfff" for character in path)
    )
