"""A place to follow pages in."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def desk() -> Iterator[Path]:
    """A folder with a short path: long ones are cut in what commands print."""
    with TemporaryDirectory() as folder:
        yield Path(folder)
