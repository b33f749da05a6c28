from pathlib import Path

import pytest

import mainspring
from linear_packages import linear


@pytest.fixture(scope="session")
def package(tmp_path_factory) -> Path:
    return linear(tmp_path_factory.mktemp("package") / "linear").package.path


@pytest.fixture(scope="session")
def loaded(package):
    return mainspring.load(package)
