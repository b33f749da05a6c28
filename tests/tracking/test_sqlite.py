"""A home's database file: how it comes to be, and what is refused."""

import os
import shutil
import sqlite3
import sys
import threading
from pathlib import Path
from subprocess import run

import pytest

from mainspring.errors import (
    DatabaseError,
    NetworkFilesystemError,
    NewerFormatError,
    StorageFullError,
)
from mainspring.tracking import MetricRow, filesystems, open_database, open_facts
from mainspring.tracking.schema import HEAD
from mainspring.tracking.sqlite import SqliteDatabase, connect, open_sqlite

ACTORS = Path(__file__).with_name("actors.py")
NOBODY = 65534


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def created(home: Path) -> Path:
    open_facts(home).close()
    return home / "mainspring.db"


def test_a_new_home_holds_one_file_when_it_is_closed(home):
    created(home)
    assert [path.name for path in home.iterdir()] == ["mainspring.db"]


def test_the_file_says_whose_it_is_and_logs_ahead(home):
    with sqlite3.connect(created(home)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x4D535052,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    connection.close()


def test_full_transactions_sync_and_others_do_not(home):
    database = open_sqlite(home)
    level = "PRAGMA synchronous"
    assert database.read(level) == [(1,)]
    with database.transaction(full=True):
        assert database.read(level) == [(2,)]
    assert database.read(level) == [(1,)]
    with pytest.raises(DatabaseError, match="no such table"), database.transaction(full=True):
        database.write("DELETE FROM missing", [{}])
    assert database.read(level) == [(1,)]
    database.close()


def test_a_draft_that_a_killed_process_left_is_replaced(home):
    home.mkdir()
    for suffix in ("", "-wal", "-shm", "-journal"):
        (home / f"mainspring.db.new{suffix}").write_bytes(b"half")
    created(home)
    assert [path.name for path in home.iterdir()] == ["mainspring.db"]


def test_an_empty_file_is_taken_for_none(home):
    home.mkdir()
    (home / "mainspring.db").touch()
    assert created(home).stat().st_size > 0


def test_a_newer_version_is_refused_and_left_alone(home):
    path = created(home)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(
        NewerFormatError,
        match=rf"The database has revision '0999' of the schema; this version of Mainspring knows up to '{HEAD}' "
        r"\(.*mainspring\.db\)\. Install the version of Mainspring that wrote it, or a newer one\.",
    ):
        open_facts(home)
    assert path.read_bytes() == before


def test_a_database_without_a_revision_is_refused(home):
    path = created(home)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM alembic_version")
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseError, match="records 0 revisions of its schema instead of one"):
        open_facts(home)


def test_a_file_that_is_no_database_is_refused(home):
    home.mkdir()
    (home / "mainspring.db").write_text("these are my notes\n" * 100)
    with pytest.raises(DatabaseError, match=r"The file is not a database .*Move it away"):
        open_facts(home)
    assert (home / "mainspring.db").read_text().startswith("these are my notes")


def test_a_database_of_another_program_is_refused(home):
    home.mkdir()
    connection = sqlite3.connect(home / "mainspring.db")
    connection.execute("CREATE TABLE runs (id TEXT)")
    connection.close()
    with pytest.raises(DatabaseError, match="a SQLite database of another program"):
        open_facts(home)


def test_a_directory_in_its_place_is_refused(home):
    (home / "mainspring.db").mkdir(parents=True)
    with pytest.raises(DatabaseError, match="unable to open database file"):
        open_facts(home)


def test_a_file_in_place_of_the_home_is_refused(home):
    home.write_text("")
    with pytest.raises(DatabaseError, match="cannot be created"):
        open_facts(home)


def test_a_damaged_database_is_named(home):
    with open_facts(home) as facts:
        facts.measures.metrics([MetricRow("r", "s", f"loss {number}", 1.0, None, 1.0) for number in range(5000)])
    path = home / "mainspring.db"
    content = bytearray(path.read_bytes())
    for page in range(len(content) // 2 // 4096, len(content) // 4096):
        content[page * 4096 : page * 4096 + 512] = b"\xff" * 512
    path.write_bytes(content)
    with (
        pytest.raises(DatabaseError, match=r"The database is damaged .*Restore it from a backup"),
        open_facts(home) as facts,
    ):
        facts.measures.of_run("r")


def test_a_truncated_database_is_named(home):
    path = created(home)
    os.truncate(path, 4096 * 2)
    with pytest.raises(DatabaseError, match="is damaged"):
        open_facts(home)


def test_a_log_without_its_database_is_not_replayed_into_a_new_one(home):
    facts = open_facts(home)
    facts.memo.set("a", "1")
    log = (home / "mainspring.db-wal").read_bytes()
    facts.close()
    (home / "mainspring.db").unlink()
    (home / "mainspring.db-wal").write_bytes(log)
    with pytest.raises(DatabaseError, match="a write-ahead log without its database"):
        open_facts(home)
    assert (home / "mainspring.db-wal").read_bytes() == log


def test_a_full_disk_is_named_and_nothing_is_half_written(home):
    database = open_sqlite(home)
    [(pages,)] = database.read("PRAGMA page_count")
    database.read(f"PRAGMA max_page_count = {pages + 4}")
    insert = "INSERT INTO memo (name, value) VALUES (:name, :value)"
    database.write(insert, [{"name": "small", "value": "1"}])
    with pytest.raises(StorageFullError, match="The disk is full; the facts were not written and nothing half-written"):
        database.write(insert, [{"name": str(number), "value": "x" * 1000} for number in range(50)])
    assert database.read("SELECT name FROM memo") == [("small",)]
    database.read("PRAGMA max_page_count = 10000")
    database.write(insert, [{"name": "after", "value": "x" * 9000}])
    database.close()


@pytest.mark.parametrize("there", [False, True], ids=["empty", "existing"])
def test_a_home_that_cannot_be_written_to_is_named(there):
    # Not in pytest's directory, which another user cannot even see.
    home = Path("/var/tmp" if Path("/var/tmp").is_dir() else "/tmp") / f"mainspring-read-only-{os.getpid()}"
    home.mkdir()
    try:
        if there:
            created(home)
        home.chmod(0o555)
        said = run(
            [sys.executable, ACTORS, "reader", home, str(NOBODY)], capture_output=True, text=True, check=True
        ).stdout
        assert said.startswith(f"ReadOnlyError The home cannot be written to ({home}). Give write access to it")
    finally:
        home.chmod(0o755)
        shutil.rmtree(home)


def test_a_network_file_system_is_refused_before_anything_is_written(home, monkeypatch, tmp_path):
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / {tmp_path} rw - nfs4 server:/home rw\n")
    monkeypatch.setattr(filesystems, "MOUNTINFO", table)
    monkeypatch.setattr(filesystems.sys, "platform", "linux")
    with pytest.raises(NetworkFilesystemError, match=r"cannot live on a network file system \(nfs4\).*postgresql://"):
        open_facts(home)
    assert not home.exists()


def test_a_connection_does_not_survive_a_fork(home):
    database = open_sqlite(home)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            database.read("SELECT 1")
        except DatabaseError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert f"that process {os.getpid()} opened was used in process {child}" in said.read()
    assert database.read("SELECT 1") == [(1,)]
    database.close()


def test_a_lock_that_is_held_for_too_long_is_named(home):
    holder = open_sqlite(home)
    connection = connect(home / "mainspring.db")
    connection.execute("PRAGMA busy_timeout = 50")
    waiting = SqliteDatabase(home / "mainspring.db", connection)
    with holder.transaction(), pytest.raises(DatabaseError, match=r"was locked for 30 seconds .*Find the process"):
        waiting.write("DELETE FROM memo", [{}])
    assert waiting.write("DELETE FROM memo", [{}]) == 0
    waiting.close()
    holder.close()


def test_a_writer_waits_for_another(home):
    first, second = open_sqlite(home), open_sqlite(home)
    entered, done = threading.Event(), threading.Event()

    def write():
        entered.wait()
        second.write("INSERT INTO memo (name, value) VALUES ('b', '2')", [{}])
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    with first.transaction():
        entered.set()
        assert not done.wait(0.2)
    thread.join()
    assert first.read("SELECT name FROM memo") == [("b",)]
    first.close()
    second.close()


def test_a_relative_home_is_kept_when_the_working_directory_changes(home, monkeypatch):
    monkeypatch.chdir(home.parent)
    with open_facts(Path("home")) as facts:
        monkeypatch.chdir("/")
        facts.memo.set("a", "1")
    assert (home / "mainspring.db").exists()


def test_an_unknown_kind_of_url_is_refused():
    with pytest.raises(
        DatabaseError, match=r"no database for URLs that begin with 'mysql'\. Write a postgresql:// URL"
    ):
        open_database("mysql://host/x")
