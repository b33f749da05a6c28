"""The part of the conformance of facts that is about transactions, threads and connections alone."""

from threading import Thread

from mainspring.errors import DatabaseError
from mainspring.testing.worlds import Case, Connect, refused, same, world
from mainspring.tracking import Database
from mainspring.tracking.database import Named

__all__ = ["CASES"]


def transactions_happen_as_a_whole(connect: Connect) -> None:
    """A transaction is seen by others when it ended, and not at all when it raised; many rows are one transaction."""
    insert = "INSERT INTO memo (name, value) VALUES (:name, :value)"
    rows: list[Named] = [{"name": name, "value": name} for name in ("a", "b", "a")]
    with world(connect) as w:
        mine, other = w.facts.database, w.other.database
        refused(DatabaseError, "", lambda: mine.write(insert, rows))
        same(other.read("SELECT * FROM memo"), [])
        try:
            write_and_stop(mine, other, insert, rows[:2])
        except KeyError:
            same([mine.read("SELECT * FROM memo"), other.read("SELECT * FROM memo")], [[], []])
        with mine.transaction():
            same(mine.write(insert, rows[:2]), 2)
            refused(DatabaseError, "inside another", lambda: mine.transaction().__enter__())
        same(other.read("SELECT name FROM memo ORDER BY name"), [("a",), ("b",)])
        same([mine.write(insert, []), other.write("DELETE FROM memo WHERE name = :name", [{"name": "x"}])], [0, 0])


def write_and_stop(mine: Database, other: Database, statement: str, rows: list[Named]) -> None:
    """Write in a transaction that raises at its end."""
    with mine.transaction(full=True):
        mine.write(statement, rows)
        same(other.read("SELECT * FROM memo"), [])
        raise KeyError("stop")


def connections_are_closed_once(connect: Connect) -> None:
    """Closing again does nothing; a database that is closed stays so."""
    database = connect()
    database.read("SELECT 1")
    database.close()
    database.close()
    refused(DatabaseError, "closed", lambda: database.read("SELECT 1"))
    refused(DatabaseError, "closed", lambda: database.write("DELETE FROM memo", [{}]))


def threads_take_turns(connect: Connect) -> None:
    """Threads share one connection: each transaction is whole, and none is lost."""
    add = "UPDATE memo SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = :name"
    with world(connect) as w:
        database = w.facts.database
        w.facts.memo.update({"a": "0", "b": "0"})

        def count() -> None:
            for _ in range(50):
                with database.transaction():
                    database.write(add, [{"name": "a"}])
                    database.write(add, [{"name": "b"}])

        threads = [Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        same(w.other.memo.find(["a", "b"]), {"a": "200", "b": "200"})


CASES: tuple[Case, ...] = (
    transactions_happen_as_a_whole,
    connections_are_closed_once,
    threads_take_turns,
)
