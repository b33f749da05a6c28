"""Three packages, and registries over real databases."""

from pathlib import Path

import pytest

from linear_packages import linear
from mainspring.registry import Registry
from mainspring.tracking import open_database


@pytest.fixture(scope="session")
def packages(tmp_path_factory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("packages")
    return tuple(linear(folder / f"p{number}", (float(number), 3.0)).package.path for number in (1, 2, 3))


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """What `open_database` takes, for each kind of database, with nothing there yet."""
    return tmp_path / "home" if request.param == "sqlite" else request.getfixturevalue("empty_postgres")


@pytest.fixture
def connect(database, tmp_path):
    return lambda: Registry(open_database(database), tmp_path / "kept")
