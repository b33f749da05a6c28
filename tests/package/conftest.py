import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import package_samples


@pytest.fixture(scope="session")
def forecaster():
    """Six quantile models of a demand forecast between two source stages, fitted once."""
    return package_samples.forecaster()


@pytest.fixture(scope="session")
def built(forecaster, tmp_path_factory):
    """That forecaster as a package."""
    return package_samples.build_forecaster(forecaster, tmp_path_factory.mktemp("forecaster") / "package")


@pytest.fixture
def package(built, tmp_path):
    """A copy of that package that a test may damage."""
    return shutil.copytree(built.package.path, tmp_path / "copy")
