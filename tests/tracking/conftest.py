"""Real databases: SQLite in a temporary home, and one PostgreSQL server a session."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mainspring.tracking import Database, open_database


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """What `open_facts` takes, for each kind of database, with nothing there yet."""
    if request.param == "sqlite":
        return tmp_path / "home"
    return request.getfixturevalue("empty_postgres")


@pytest.fixture
def connect(target: Path | str) -> Callable[[], Database]:
    return lambda: open_database(target)
