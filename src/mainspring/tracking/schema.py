"""The schema of the facts, its revisions, and what to do with one that is met."""

from pathlib import Path

from mainspring.errors import DatabaseError, NewerFormatError

__all__ = ["HEAD", "REVISIONS", "is_head", "schema"]

# Oldest first. Each has a file in migrations/versions; a test holds the two together.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
HEAD = REVISIONS[-1]


def schema() -> str:
    """Return the statements that create an empty database at the newest revision, and record it."""
    statements = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    return "\n".join([statements, "INSERT INTO alembic_version (version_num)", f"VALUES ('{HEAD}');", ""])


def is_head(found: list[str], where: str) -> bool:
    """Return whether a database that records the revisions `found` is at the newest; if not, a migration is pending.

    Raises:
        NewerFormatError: The revision is not one that this version knows.
        DatabaseError: There is no revision, or more than one.
    """
    if len(found) != 1:
        raise DatabaseError(
            f"The database records {len(found)} revisions of its schema instead of one",
            where,
            "Restore it from a backup, or move it away to start anew.",
        )
    if found[0] not in REVISIONS:
        raise NewerFormatError(
            f"The database has revision {found[0]!r} of the schema; this version of Mainspring knows up to {HEAD!r}",
            where,
            "Install the version of Mainspring that wrote it, or a newer one.",
        )
    return found[0] == HEAD
