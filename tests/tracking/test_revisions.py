"""The schema, its revisions, and the road from one to the next."""

import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from mainspring.errors import DatabaseError
from mainspring.tracking import migrate, open_facts, schema
from mainspring.tracking.postgres import PostgresDatabase, open_postgres

# The statements of each revision, without comments and layout. Another digest means another revision.
DIGESTS = {
    "0001": "5043cc20d26fe57c33a4e8818c04928b8e2234ef1b5a0ecbce94a60392eae204",
    "0002": "d105fc1a23bcd90c1e892f33fcf7bd33f1b9e2187beeaa04717cc6cb00858f63",
    "0003": "3e43b336f882ac25474a7707141b319fd762204503fae947894a84c29004b6b2",
    "0004": "3ac24aad5b2e981c674416fca4ec832eccd9d54089d250008a29326161e93bad",
    "0005": "0dd13b91f995f3a321f0d5cd87b8ec92b8090f40926eee292bfd31a7504b06cb",
    "0006": "8dfc4134a7037748a9f382625b4892f722bdb184982bbb334806bb36bbbf59ca",
    "0007": "46620d39bcd5daa41abab221673326a998ca463cc7fb315f418872844065237f",
}
# What a revision added: taken away again, it leaves a database as the revision before made it.
ADDED = {
    "0002": ("models", "versions", "aliases", "alias_moves"),
    "0003": ("training", "gate_reports", "gate_answers", "decisions", "sign_offs"),
    "0004": ("evidence", "attestations"),
    "0005": ("proofs",),
    "0006": ("alerts", "alert_changes", "alert_windows"),
    "0007": ("trigger_decisions", "loop_actions", "loop_events", "loop_marks", "watches"),
}

NEXT = f"{len(schema.REVISIONS) + 1:04}"
SECOND = '''"""A column more."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


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
    (versions / "later.py").write_text(SECOND.format(revision=NEXT, before=[*DIGESTS][-1], then=then))


@pytest.fixture
def newer(monkeypatch, versions):
    """A version of the package that knows one revision more than its schema file."""
    add_revision(versions)
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, NEXT))
    monkeypatch.setattr(schema, "HEAD", NEXT)
    monkeypatch.setattr(migrate.upgrade, "__defaults__", (versions,))
    monkeypatch.setattr(migrate.migrate_sqlite, "__defaults__", (versions,))


def test_a_schema_is_changed_only_with_a_new_revision():
    assert hashlib.sha256(statements().encode()).hexdigest() == DIGESTS[schema.HEAD]


def test_every_revision_has_its_file_in_one_line():
    script = ScriptDirectory.from_config(migrate.settings())
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == schema.REVISIONS


def test_an_older_database_is_brought_to_the_newest_revision(target, newer, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(schema, "REVISIONS", schema.REVISIONS[:-1])
        older.setattr(schema, "HEAD", schema.REVISIONS[-1])
        with open_facts(target) as facts:
            facts.memo.set("a", "1")
    for _ in range(2):
        with open_facts(target) as facts:
            assert facts.database.read("SELECT name, value, note FROM memo") == [("a", "1", "seen")]
            assert facts.database.read("SELECT version_num FROM alembic_version") == [(NEXT,)]


def test_a_migration_that_fails_changes_nothing(target, versions, newer, monkeypatch):
    add_revision(versions, then='op.execute("SELECT * FROM nothing")')
    with monkeypatch.context() as older:
        older.setattr(schema, "REVISIONS", schema.REVISIONS[:-1])
        older.setattr(schema, "HEAD", schema.REVISIONS[-1])
        open_facts(target).close()
    with pytest.raises(DatabaseError, match="nothing"):
        open_facts(target)
    with monkeypatch.context() as older:
        older.setattr(schema, "REVISIONS", schema.REVISIONS[:-1])
        older.setattr(schema, "HEAD", schema.REVISIONS[-1])
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


def shape(database) -> set[tuple]:
    """Every column and index of a database, in its own words."""
    if isinstance(database, PostgresDatabase):
        columns = database.read(
            """SELECT table_name, column_name, data_type, is_nullable, collation_name, is_identity
            FROM information_schema.columns WHERE table_schema = 'mainspring'"""
        )
        return {*columns, *database.read("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'mainspring'")}
    tables = [name for (name,) in database.read("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = database.read(
        """SELECT t.name, c.name, upper(replace(c.type, 'DOUBLE PRECISION', 'DOUBLE')), c."notnull" OR c.pk, c.pk
        FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'"""
    )
    indexed = database.read(
        """SELECT i.name, t.name, c.name, i."unique" FROM sqlite_master AS t JOIN pragma_index_list(t.name) AS i
        JOIN pragma_index_info(i.name) AS c WHERE t.type = 'table'"""
    )
    return {*columns, *indexed, *tables}


@pytest.mark.parametrize("revision", list(ADDED))
def test_a_revision_makes_the_tables_of_the_schema(target, revision):
    later = [tables for number, tables in ADDED.items() if number >= revision]
    before = schema.REVISIONS[schema.REVISIONS.index(revision) - 1]
    with open_facts(target) as facts:
        fresh = shape(facts.database)
        facts.memo.set("a", "1")
        with facts.database.transaction():
            for table in (table for tables in later for table in tables):
                facts.database.write(f"DROP TABLE {table}", [{}])
            facts.database.write("UPDATE alembic_version SET version_num = :before", [{"before": before}])
        assert shape(facts.database) < fresh
    with open_facts(target) as facts:
        assert shape(facts.database) == fresh
        assert facts.memo.find(["a"]) == {"a": "1"}
