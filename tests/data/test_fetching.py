"""Data brought here: from real servers, wheels, databases and object stores, whole or not at all."""

import sqlite3
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import date

import fsspec
import polars as pl
import psycopg
import pytest
from polars.testing import assert_frame_equal

from mainspring.data import Source, current, fetch, read
from mainspring.errors import InputError, SourceDownError

SALES = b"day,shop,units\n2024-03-01,north,3\n2024-03-02,north,4\n"


@pytest.fixture
def sales_sha():
    import hashlib

    return hashlib.sha256(SALES).hexdigest()


def left(folder):
    return sorted(path.name for path in folder.iterdir())


class TestWeb:
    def test_a_file_is_brought_whole(self, web, tmp_path):
        path = fetch(f"{web.url}/a/sales.csv", tmp_path / "new")
        assert (path.name, path.read_bytes()) == ("sales.csv", SALES)
        assert left(tmp_path / "new") == ["sales.csv"]
        assert read(f"{web.url}/sales.csv")["units"].to_list() == [3, 4]

    @pytest.mark.parametrize("failures", [[503], ["close", 500, 429], ["half", "half"]])
    def test_a_server_that_recovers_is_read(self, web, tmp_path, waits, failures):
        web.next = list(failures)
        path = fetch(f"{web.url}/sales.csv", tmp_path, sleep=waits.append)
        assert path.read_bytes() == SALES
        assert waits == [0.5, 1.0, 2.0][: len(failures)]
        assert left(tmp_path) == ["sales.csv"]

    @pytest.mark.parametrize(
        ("failure", "told"),
        [(503, "answered 503"), ("half", "broke off after 26 of 53 bytes"), ("close", "closed connection")],
    )
    def test_a_server_that_stays_down_is_told_with_what_was_tried(self, web, tmp_path, waits, failure, told):
        web.next = [failure] * 9
        with pytest.raises(SourceDownError, match=f"tried 3 times: .*{told}") as caught:
            fetch(Source(f"{web.url}/sales.csv", retries=2), tmp_path, sleep=waits.append)
        assert f"{web.url}/sales.csv" in str(caught.value)
        assert (len(web.seen), waits, left(tmp_path)) == (3, [0.5, 1.0], [])

    def test_a_server_that_is_not_there_is_told(self, tmp_path, waits, web):
        closed = web.url.replace("127.0.0.1", "127.0.0.2")
        with pytest.raises(SourceDownError, match="Connection refused"):
            fetch(Source(f"{closed}/sales.csv", retries=1), tmp_path, sleep=waits.append)
        with pytest.raises(SourceDownError, match="tried once"):
            read(Source(f"{closed}/sales.csv", retries=0))

    @pytest.mark.parametrize("code", [401, 403, 404, 410])
    def test_a_refusal_is_told_at_once(self, web, tmp_path, waits, code):
        web.next = [code] * 2
        with pytest.raises(InputError, match=f"answered {code}.*Check the address") as caught:
            fetch(f"{web.url}/sales.csv?token=abc", tmp_path, sleep=waits.append)
        assert not isinstance(caught.value, SourceDownError)
        assert "abc" not in str(caught.value)
        assert waits == []

    def test_what_is_pinned_is_checked_and_never_replaces_what_was_right(self, web, tmp_path, sales_sha):
        source = Source(f"{web.url}/sales.csv", sales_sha)
        path = fetch(source, tmp_path)
        fetch(source, tmp_path)
        assert len(web.seen) == 1
        web.body = b"day\n1\n"
        path.write_bytes(b"old")
        with pytest.raises(InputError, match=f"has SHA-256 [0-9a-f]{{64}}, and {sales_sha} is pinned"):
            fetch(source, tmp_path)
        assert (left(tmp_path), path.read_bytes()) == (["sales.csv"], b"old")

    def test_secrets_come_from_the_environment_and_stay_with_their_server(self, web, tmp_path, monkeypatch):
        source = Source(f"{web.url.replace('//', '//anna:{env:SHOP_PASSWORD}@')}/sales.csv", retries=0)
        with pytest.raises(InputError, match="variable 'SHOP_PASSWORD' is not set"):
            fetch(source, tmp_path)
        monkeypatch.setenv("SHOP_PASSWORD", "s3cret")
        other = web.url.replace("127.0.0.1", "localhost")
        web.next = [(302, f"{other}/moved.csv")]
        fetch(source, tmp_path)
        (first, asked), (second, then) = web.seen
        assert (first, second) == ("/sales.csv", "/moved.csv")
        assert asked["Authorization"] == f"Basic {b64encode(b'anna:s3cret').decode()}"
        assert "Authorization" not in then
        web.next = [404]
        with pytest.raises(InputError, match="404") as caught:
            fetch(source, tmp_path)
        assert "s3cret" not in str(caught.value)

    def test_the_version_that_a_server_tells_is_a_stamp(self, web):
        source = Source(f"{web.url}/sales.csv")
        with pytest.raises(InputError, match="does not tell its version"):
            current(source)
        web.headers = {"Last-Modified": "Fri, 01 Mar 2024 00:00:00 GMT"}
        dated = current(source)
        web.headers["ETag"] = '"v2"'
        assert current(source) == replace(source, stamp='"v2"')
        assert dated.stamp.startswith("Fri, 01 Mar 2024")
        assert len({source.__identity__(), dated.__identity__(), current(source).__identity__()}) == 3


class TestWheels:
    def test_a_member_of_a_wheel_is_read(self, wheels, tmp_path, sales_sha):
        source = Source(f"wheel:shopdata==1.2!shopdata/sales.csv#sha256={sales_sha}")
        assert fetch(source, tmp_path).read_bytes() == SALES
        assert current(source) is source

    @pytest.mark.parametrize(
        ("uri", "told"),
        [
            ("wheel:shopdata==1.2!shopdata/sale.csv", "has no member.*Did you mean 'shopdata/sales.csv'"),
            ("wheel:shopdata==1.3!shopdata/sales.csv", "no wheel of 'shopdata' in version 1.3.*Did you mean 1.2"),
        ],
    )
    def test_what_the_index_does_not_have_is_told(self, wheels, tmp_path, waits, uri, told):
        with pytest.raises(InputError, match=told) as caught:
            fetch(uri, tmp_path, sleep=waits.append)
        assert not isinstance(caught.value, SourceDownError)
        assert (waits, left(tmp_path)) == ([], [])

    def test_an_index_that_is_down_is_tried_again(self, tmp_path, waits, monkeypatch):
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.2:9/simple")
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        source = Source("wheel:shopdata==1.2!shopdata/sales.csv", retries=1, timeout=2.0)
        with pytest.raises(SourceDownError, match="tried 2 times: pip's index does not answer, or has no 'shopdata'"):
            fetch(source, tmp_path, sleep=waits.append)


class TestDatabases:
    @pytest.fixture
    def shop(self, tmp_path):
        path = tmp_path / "shop.db"
        with sqlite3.connect(path) as connection:
            connection.execute("create table sales (day text, units integer, price real)")
            connection.executemany(
                "insert into sales values (?, ?, ?)", [("2024-03-01", 3, None), ("2024-03-02", 4, 1.5)]
            )
        connection.close()
        return path

    def test_sqlite(self, shop, tmp_path):
        source = Source(f"sql:sqlite:///{shop}!select units, price from sales where units > 3 order by day")
        wanted = pl.DataFrame({"units": [4], "price": [1.5]})
        assert_frame_equal(read(source), wanted)
        assert_frame_equal(pl.read_parquet(fetch(source, tmp_path / "new")), wanted)
        assert read(source, columns=["price"]).columns == ["price"]
        assert source.files[0].path == shop

    @pytest.mark.parametrize(
        ("query", "told"),
        [("select units from sale", "no such table: sale"), ("selec 1", "syntax error")],
    )
    def test_a_query_that_is_refused_is_told(self, shop, query, told):
        with pytest.raises(InputError, match=f"query is refused: .*{told}"):
            read(f"sql:sqlite:///{shop}!{query}")

    def test_a_missing_file_is_not_made(self, tmp_path):
        with pytest.raises(InputError, match=r"There is no file '.*none.db'"):
            read(f"sql:sqlite:///{tmp_path}/none.db!select 1")
        assert left(tmp_path) == []

    def test_nothing_is_written(self, shop):
        with pytest.raises(InputError, match="query gives no table"):
            read(f"sql:sqlite:///{shop}!delete from sales")
        assert read(f"sql:sqlite:///{shop}!select * from sales").height == 2

    def test_an_address_that_nobody_knows_is_told(self):
        with pytest.raises(InputError, match="cannot open the address"):
            read("sql:nosuch://host/shop!select 1")

    def test_postgres(self, postgres_url, tmp_path):
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("drop table if exists source_sales")
            connection.execute(
                "create table source_sales as select date '2024-03-01' as day, 3 as units, 1.5::float8 as price"
            )
        query = "select day, units, price::float8 as price from source_sales"
        found = read(f"sql:{postgres_url}!{query}")
        assert_frame_equal(found, pl.DataFrame({"day": [date(2024, 3, 1)], "units": [3], "price": [1.5]}))
        with pytest.raises(InputError, match='query is refused: column "nothing" does not exist'):
            read(f"sql:{postgres_url}!select nothing from source_sales")
        with pytest.raises(InputError, match=r"does not tell its version.*Give a stamp"):
            current(f"sql:{postgres_url}!{query}")

    def test_a_database_that_is_down_is_tried_again(self, tmp_path, waits):
        source = Source("sql:postgresql://reader@127.0.0.2:9/shop!select 1", retries=1, timeout=2)
        with pytest.raises(SourceDownError, match=r"tried 2 times: .*[Cc]onnection"):
            fetch(source, tmp_path, sleep=waits.append)
        assert waits == [0.5]


class TestObjects:
    @pytest.fixture
    def store(self):
        memory = fsspec.filesystem("memory")
        memory.pipe("/shop/sales.csv", SALES)
        yield memory
        memory.rm("/shop", recursive=True)

    def test_an_object_is_read(self, store, tmp_path):
        assert fetch("memory://shop/sales.csv", tmp_path).read_bytes() == SALES
        assert read("memory://shop/sales.csv", columns=["units"])["units"].to_list() == [3, 4]

    def test_a_new_object_has_a_new_stamp(self, store):
        before = current("memory://shop/sales.csv")
        assert before == current("memory://shop/sales.csv")
        store.pipe("/shop/sales.csv", SALES + b"2024-03-03,north,5\n")
        assert current("memory://shop/sales.csv").__identity__() != before.__identity__()

    def test_a_file_url_is_a_path(self, tmp_path):
        (tmp_path / "sales.csv").write_bytes(SALES)
        assert read(f"file://{tmp_path}/sales.csv").height == 2

    @pytest.mark.parametrize(
        ("uri", "told"),
        [
            ("memory://shop/none.csv", "no such object"),
            ("memry://shop/sales.csv", "fsspec does not open it.*Did you mean 'memory://'"),
            ("s3://bucket/sales.csv", "s3fs"),
        ],
    )
    def test_what_is_not_there_is_told(self, store, uri, told, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "s3fs", None)
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)  # of a test that had it
        with pytest.raises(InputError, match=told) as caught:
            fetch(uri, tmp_path)
        assert not isinstance(caught.value, SourceDownError)

    @pytest.mark.parametrize("error", [TimeoutError(), OSError(104, "Connection reset"), RuntimeError("no endpoint")])
    def test_a_store_that_is_down_is_tried_again(self, store, tmp_path, waits, monkeypatch, error):
        def down(*_args, **_options):
            raise error

        monkeypatch.setattr(type(store), "open", down)
        with pytest.raises(SourceDownError, match=type(error).__name__):
            fetch(Source("memory://shop/sales.csv", retries=1), tmp_path, sleep=waits.append)
        assert (waits, left(tmp_path)) == ([0.5], [])

    def test_denied_access_is_told_at_once(self, store, tmp_path, waits, monkeypatch):
        def denied(*_args, **_options):
            raise PermissionError

        monkeypatch.setattr(type(store), "open", denied)
        with pytest.raises(InputError, match="denies access"):
            fetch("memory://shop/sales.csv", tmp_path, sleep=waits.append)
        assert waits == []


class TestGenerators:
    @pytest.fixture(autouse=True)
    def module(self, tmp_path, monkeypatch):
        (tmp_path / "made_up_sales.py").write_text(
            "import polars as pl\n"
            "def sales(days=3, shop='north'):\n"
            "    return pl.LazyFrame({'day': range(days), 'shop': shop})\n"
            "def number():\n"
            "    return 3\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        yield
        sys.modules.pop("made_up_sales", None)

    def test_a_function_makes_the_table(self, tmp_path):
        assert read("synthetic:made_up_sales:sales").height == 3
        found = read("synthetic:made_up_sales:sales?days=5&shop=south")
        assert (found.height, found["shop"][0]) == (5, "south")
        assert pl.read_parquet(fetch("synthetic:made_up_sales:sales", tmp_path / "new")).height == 3

    def test_its_module_is_tracked_by_content(self, tmp_path):
        assert Source("synthetic:made_up_sales:sales").files[0].path == tmp_path / "made_up_sales.py"

    @pytest.mark.parametrize(
        ("place", "told"),
        [
            ("sale", "no function 'sale'.*Did you mean 'sales'"),
            ("sales?dys=3", "'sales' cannot be called: .*dys"),
            ("number", "A int is no frame"),
        ],
    )
    def test_what_makes_no_table_is_told(self, place, told):
        with pytest.raises(InputError, match=told):
            read(f"synthetic:made_up_sales:{place}")


class TestLocal:
    def test_a_local_file_stays_where_it_is(self, tmp_path, sales_sha):
        path = tmp_path / "sales.csv"
        path.write_bytes(SALES)
        assert fetch(str(path), tmp_path / "never") == path
        assert fetch(Source(str(path), sales_sha), tmp_path / "never") == path
        assert left(tmp_path) == ["sales.csv"]
        path.write_bytes(b"x")
        with pytest.raises(InputError, match="is pinned"):
            read(Source(str(path), sales_sha))

    def test_several_files_are_not_one(self, tmp_path):
        for name in "ab":
            (tmp_path / f"{name}.csv").write_bytes(SALES)
        with pytest.raises(InputError, match="It names 2 files"):
            fetch(f"{tmp_path}/*.csv", tmp_path)

    def test_a_missing_file_is_told(self, tmp_path):
        for act in (lambda uri: fetch(uri, tmp_path), read):
            with pytest.raises(InputError, match=r"none.csv"):
                act(f"{tmp_path}/none.csv")
