"""What is particular to a server."""

import sys

import psycopg
import pytest

from mainspring.errors import DatabaseError, NewerFormatError, ReadOnlyError
from mainspring.tracking import open_database, open_facts, this_process
from mainspring.tracking.postgres import open_postgres

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mainspring'"


@pytest.fixture
def admin(empty_postgres):
    with psycopg.connect(empty_postgres, autocommit=True, options="-c client_min_messages=warning") as connection:
        yield connection


def test_tables_of_other_programs_beside_ours_do_not_matter(admin, empty_postgres):
    admin.execute("CREATE TABLE IF NOT EXISTS public.runs (id INTEGER)")
    admin.execute("CREATE TABLE IF NOT EXISTS public.alembic_version (version_num VARCHAR(32))")
    with open_facts(empty_postgres) as facts:
        assert facts.runs.list() == []
    admin.execute("DROP TABLE public.runs, public.alembic_version")


def test_tables_of_another_program_in_our_place_are_refused(admin, empty_postgres):
    admin.execute("CREATE SCHEMA mainspring CREATE TABLE tables (id INTEGER)")
    with pytest.raises(DatabaseError, match="The schema 'mainspring' has tables of another program, such as 'tables'"):
        open_facts(empty_postgres)
    assert admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'mainspring'").fetchall() == [("tables",)]


def test_a_newer_version_is_refused(admin, empty_postgres):
    open_facts(empty_postgres).close()
    admin.execute("UPDATE mainspring.alembic_version SET version_num = '0999'")
    with pytest.raises(NewerFormatError, match="The database has revision '0999' of the schema"):
        open_facts(empty_postgres)


def test_a_schema_that_someone_made_for_us_is_used(admin, empty_postgres):
    admin.execute("CREATE SCHEMA mainspring")
    with open_facts(empty_postgres) as facts:
        assert facts.memo.get("a") is None


def test_a_server_that_cannot_be_reached_is_named_without_the_password():
    with pytest.raises(DatabaseError) as caught:
        open_facts("postgresql://ann:secret@127.0.0.1:1/facts")
    assert "ann:***@127.0.0.1:1/facts" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "refused" in str(caught.value)


def test_a_url_that_cannot_be_read_is_refused():
    with pytest.raises(DatabaseError, match=r"The URL of the database cannot be read\. Write postgresql://user"):
        open_facts("postgresql://host:port/x")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mainspring.tracking.postgres", None)
    with pytest.raises(DatabaseError, match=r"is not installed\. Run: pip install 'mainspring\[postgres\]'"):
        open_database("postgresql://host/x")


def test_a_connection_that_broke_is_opened_anew(admin, empty_postgres):
    with open_facts(empty_postgres) as facts:
        facts.memo.set("a", "1")
        admin.execute(TERMINATE)
        with pytest.raises(DatabaseError, match="The database refused an operation"):
            facts.memo.get("a")
        assert facts.memo.get("a") == "1"
        admin.execute(TERMINATE)
        with pytest.raises(DatabaseError, match="refused"):
            facts.leases.beat(this_process(), 60)
        facts.memo.set("b", "2")
        assert facts.memo.find(["a", "b"]) == {"a": "1", "b": "2"}


def test_a_connection_that_breaks_inside_a_transaction_keeps_nothing(admin, empty_postgres):
    insert = "INSERT INTO memo (name, value) VALUES (:name, :name)"

    def write_on_a_line_that_is_cut(database):
        with database.transaction():
            database.write(insert, [{"name": "a"}])
            admin.execute(TERMINATE)
            database.write(insert, [{"name": "b"}])

    with open_facts(empty_postgres) as facts:
        with pytest.raises(DatabaseError, match="refused"):
            write_on_a_line_that_is_cut(facts.database)
        assert facts.memo.find(["a", "b"]) == {}


def test_a_read_only_server_is_named(admin, empty_postgres):
    open_facts(empty_postgres).close()
    admin.execute("ALTER ROLE postgres SET default_transaction_read_only = on")
    try:
        with (
            open_facts(empty_postgres) as facts,
            pytest.raises(ReadOnlyError, match="The database server is read-only"),
        ):
            facts.memo.set("a", "1")
    finally:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute("ALTER ROLE postgres RESET default_transaction_read_only")


def test_times_are_the_servers(empty_postgres, admin):
    database = open_postgres(empty_postgres)
    [(before,)] = admin.execute("SELECT CAST(extract(epoch FROM clock_timestamp()) AS FLOAT8)").fetchall()
    with database.transaction():
        first, second = database.now(), database.now()
    assert before < first < second
    database.close()


def test_text_is_ordered_by_its_bytes(empty_postgres):
    with open_facts(empty_postgres) as facts:
        facts.memo.update(dict.fromkeys(["a", "B", "é", "Z", "_"], "1"))
        rows = facts.database.read("SELECT name FROM memo ORDER BY name")
    assert [name for (name,) in rows] == ["B", "Z", "_", "a", "é"]
