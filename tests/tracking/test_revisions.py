"""The schema, its revisions, and the road from one to the next."""

import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from mainspring.errors import DatabaseError
from mainspring.tracking import migrate, open_facts, schema
from mainspring.tracking.postgres import open_postgres

# The statements of each revision, without comments and layout. Another digest means another revision.
DIGESTS = {"0001": "5043cc20d26fe57c33a4e8818c04928b8e2234ef1b5a0ecbce94a60392eae204"}

SECOND = '''"""A column more."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("memo", sa.Column("note", sa.Text))
    op.execute("UPDATE memo SET note = 'seen'")
    {then}
'''


def statements() -> str:
    lines = (line.partition("--")[0] for line in schema.schema().splitlines())
    return " ".join(" ".join(lines).split())


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """The revisions that there are, and room for one more."""
    copy = tmp_path / "versions"
    shutil.copytree(migrate.VERSIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def add_revision(versions: Path, then: str = "") -> None:
    (versions / "r0002_note.py").write_text(SECOND.format(then=then))


@pytest.fixture
def newer(monkeypatch, versions):
    """A version of the package that knows one revision more than its schema file."""
    add_revision(versions)
    monkeypatch.setattr(schema, "REVISIONS", ("0001", "0002"))
    monkeypatch.setattr(schema, "HEAD", "0002")
    monkeypatch.setattr(migrate.upgrade, "__defaults__", (versions,))
    monkeypatch.setattr(migrate.migrate_sqlite, "__defaults__", (versions,))


def test_a_schema_is_changed_only_with_a_new_revision():
    assert hashlib.sha256(statements().encode()).hexdigest() == DIGESTS[schema.HEAD]


def test_every_revision_has_its_file_in_one_line():
    script = ScriptDirectory.from_config(migrate.settings())
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == schema.REVISIONS


def test_an_older_database_is_brought_to_the_newest_revision(target, newer, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(schema, "REVISIONS", ("0001",))
        older.setattr(schema, "HEAD", "0001")
        with open_facts(target) as facts:
            facts.memo.set("a", "1")
    for _ in range(2):
        with open_facts(target) as facts:
            assert facts.database.read("SELECT name, value, note FROM memo") == [("a", "1", "seen")]
            assert facts.database.read("SELECT version_num FROM alembic_version") == [("0002",)]


def test_a_migration_that_fails_changes_nothing(target, versions, newer, monkeypatch):
    add_revision(versions, then='op.execute("SELECT * FROM nothing")')
    with monkeypatch.context() as older:
        older.setattr(schema, "REVISIONS", ("0001",))
        older.setattr(schema, "HEAD", "0001")
        open_facts(target).close()
    with pytest.raises(DatabaseError, match="nothing"):
        open_facts(target)
    with monkeypatch.context() as older:
        older.setattr(schema, "REVISIONS", ("0001",))
        older.setattr(schema, "HEAD", "0001")
        with open_facts(target) as facts:
            assert facts.memo.find(["a"]) == {}
            with pytest.raises(DatabaseError, match="note"):
                facts.database.read("SELECT note FROM memo")


def test_the_tables_are_the_same_in_both(tmp_path, empty_postgres):
    open_facts(tmp_path / "home").close()
    connection = sqlite3.connect(tmp_path / "home" / "mainspring.db")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    ours = {
        (table, column, bool(required) or bool(key))
        for table in tables
        for _, column, _, required, _, key in connection.execute(f"PRAGMA table_info({table})")
    }
    connection.close()
    database = open_postgres(empty_postgres)
    theirs = {
        (table, column, nullable == "NO")
        for table, column, nullable in database.read(
            """SELECT table_name, column_name, is_nullable FROM information_schema.columns
            WHERE table_schema = 'mainspring'"""
        )
    }
    database.close()
    assert theirs == ours
