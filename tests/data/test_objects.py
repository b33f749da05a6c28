"""Objects of a real S3 server, and what it answers when something is wrong."""

import fsspec
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from mainspring.data import current, fetch, read
from mainspring.errors import InputError, SourceDownError

SALES = b"day,shop,units\n2024-03-01,north,3\n2024-03-02,north,4\n"


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def store(server, monkeypatch):
    for name, value in {"ENDPOINT_URL_S3": server, "ACCESS_KEY_ID": "anna", "SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    store = fsspec.filesystem("s3")
    if not store.exists("shop"):
        store.mkdir("shop")
    store.pipe("shop/sales.csv", SALES)
    yield store
    s3fs.S3FileSystem.clear_instance_cache()


def test_an_object_is_read(store, tmp_path):
    assert fetch("s3://shop/sales.csv", tmp_path).read_bytes() == SALES
    assert read("s3://shop/sales.csv", columns=["units"])["units"].to_list() == [3, 4]


def test_a_new_object_has_a_new_stamp(store):
    before = current("s3://shop/sales.csv")
    assert before == current("s3://shop/sales.csv")
    store.pipe("shop/sales.csv", SALES + b"2024-03-03,north,5\n")
    assert current("s3://shop/sales.csv").__identity__() != before.__identity__()


def test_what_is_not_there_is_told_at_once(store, tmp_path):
    for uri in ("s3://shop/none.csv", "s3://shops/sales.csv"):
        with pytest.raises(InputError, match="no such object") as caught:
            fetch(uri, tmp_path)
        assert not isinstance(caught.value, SourceDownError)
        assert not list(tmp_path.iterdir())


def test_a_store_that_is_down_is_tried_again(store, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.2:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    waits = []
    with pytest.raises(SourceDownError, match="tried 4 times"):
        fetch("s3://shop/sales.csv", tmp_path, sleep=waits.append)
    assert waits == [0.5, 1.0, 2.0]
    assert not list(tmp_path.iterdir())
