import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import serving_samples


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """A package with fields of every type."""
    return serving_samples.package(tmp_path_factory.mktemp("shop") / "shop")


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A package of one ONNX graph."""
    return serving_samples.plain_package(tmp_path_factory.mktemp("plain") / "plain")


@pytest.fixture(scope="session")
def app(shop, tmp_path_factory):
    """A service of the package with fields of every type, in this process, with its log."""
    with serving_samples.service(shop, tmp_path_factory.mktemp("home")) as opened:
        yield opened.app


@pytest.fixture(scope="session")
def live(shop, tmp_path_factory):
    """The address of that service in a process of its own."""
    folder = tmp_path_factory.mktemp("live")
    with serving_samples.running(
        str(shop.package.path),
        *serving_samples.trusted(shop),
        "--max-rows",
        "20000",
        "--max-body",
        "40000000",
        folder=folder,
    ) as (_, url):
        yield url
