"""What facts need of a database, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

__all__ = ["LIMIT", "Database", "Named", "Row", "Value", "pieces", "spread", "storable"]

Value: TypeAlias = str | int | float | None
Named: TypeAlias = Mapping[str, Value]
Row: TypeAlias = tuple[Any, ...]

SIZES = tuple(2**power for power in range(10))
LIMIT = SIZES[-1]


class Database(Protocol):
    """One connection to the facts of one home.

    SQL is the part that SQLite and Postgres share, with named parameters (`:name`). A tuple of at most 512 values
    stands for a list in parentheses: `key IN :keys`. Whoever needs a condition to hold writes it into the statement and
    looks at the number of rows, since on Postgres another transaction may commit between two statements.

    Threads: any thread may call any method; calls take turns, and a transaction keeps its turn until it ends. A
    connection does not survive `fork`: in the child every call raises.
    Ownership: whoever opened the database closes it, once; closing again does nothing.
    Atomicity: a `write` outside a transaction happens for all its rows or for none. A transaction happens as a whole,
    when its block ends without an exception; its writers are serialised by SQLite, and by row locks on Postgres.
    Transactions do not nest.
    Errors: `StorageFullError` and `ReadOnlyError` when the disk says so; `DatabaseError` for everything else that the
    database refuses, with what it said. After an error inside a transaction, nothing of the transaction is kept.
    """

    def read(self, sql: str, **named: Value | Sequence[Value]) -> list[Row]:
        """Return all rows of one query, as tuples in the order of its columns."""

    def write(self, sql: str, rows: Sequence[Named]) -> int:
        """Return how many rows the statement changed, executed once with each of `rows`; 0 for no rows."""

    def transaction(self, *, full: bool = False) -> AbstractContextManager[None]:
        """Return a block that is one transaction, under the write lock; `full` also survives a power cut."""

    def now(self) -> float:
        """Return the database's time, in seconds since 1970 UTC: the only clock that facts are compared by."""

    def close(self) -> None:
        """Give the connection back."""


def pieces(values: Sequence[Value]) -> Iterator[tuple[Value, ...]]:
    """Return `values` in tuples that one statement can take.

    >>> list(pieces(["a", "b"]))
    [('a', 'b')]
    """
    for start in range(0, len(values), LIMIT):
        yield tuple(values[start : start + LIMIT])


def spread(sql: str, named: Mapping[str, Value | Sequence[Value]]) -> tuple[str, dict[str, Value]]:
    """Return the statement and its parameters with each tuple written out.

    A list is filled up to one of ten lengths by repeating its last value, so that few different statements are
    prepared. An empty one becomes a list of nothing but null, which nothing equals.

    >>> spread("SELECT 1 WHERE :x IN :y", {"x": 1, "y": (2,)})
    ('SELECT 1 WHERE :x IN (:y_0)', {'x': 1, 'y_0': 2})
    """
    single: dict[str, Value] = {}
    for name, value in named.items():
        if value is None or isinstance(value, (str, int, float)):
            single[name] = value
            continue
        size = next(size for size in SIZES if size >= len(value))
        last = value[-1] if value else None
        names = [f"{name}_{index}" for index in range(size)]
        single.update(zip(names, [*value, *[last] * (size - len(value))], strict=True))
        sql = sql.replace(f" :{name}", f" (:{', :'.join(names)})")
    return sql, single


def storable(text: str) -> str:
    """Return `text` as both databases can hold it: NUL and lone surrogates become the replacement character."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
