"""Sources as values: what a URI names, what is refused at once, what identifies the data."""

import hashlib
import pickle
import re
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.config import load_config
from mainspring.config.listing import as_json
from mainspring.data import Source, read
from mainspring.digest import File, canonical, restore
from mainspring.errors import ConfigError, InputError

ZEROS = "0" * 64


@pytest.mark.parametrize(
    ("uri", "kind", "name"),
    [
        ("data/sales.csv", "path", "sales.csv"),
        ("file:///data/sales.csv", "path", "sales.csv"),
        ("https://example.org/a/sales.parquet?day=1", "http", "sales.parquet"),
        ("http://example.org", "http", "download"),
        ("http://example.org/a/..", "http", "download"),
        ("wheel:shopdata==1.2!shopdata/sales.csv", "wheel", "sales.csv"),
        ("sql:postgresql://reader:{env:PASSWORD}@host/shop!select 1", "sql", "sql.parquet"),
        ("s3://bucket/deep/sales.csv.gz", "object", "sales.csv.gz"),
        ("memory://sales.csv/part.csv", "object", "part.csv"),
    ],
)
def test_a_uri_says_where_data_are(uri, kind, name):
    source = Source(uri)
    assert (source.kind, source.name, str(source)) == (kind, name, uri)


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("", "empty"),
        ("whel:shopdata==1.2!sales.csv", "no kind of source 'whel:'.*Did you mean 'wheel:'"),
        ("wheel:shopdata!sales.csv", "is no wheel source.*wheel:NAME==VERSION"),
        ("sql:select 1", "is no sql source.*Write sql:"),
        ("synthetic:module", "is no synthetic source"),
        ("synthetic:no_such_module_at_all:make", "no module 'no_such_module_at_all'"),
        ("https://anna:secret@example.org/a.csv", "holds a password"),
        ("sql:postgresql://anna:secret@host/shop!select 1", "holds a password"),
        ("nothing/*.csv", "No file matches"),
        ("sales.csv#sha256=abc", "'abc' is no SHA-256"),
        (f"sql:sqlite:///a.db!select 1#sha256={ZEROS}", "no bytes to pin"),
    ],
)
def test_what_cannot_be_a_source_is_told_at_once(uri, told):
    with pytest.raises(InputError, match=told):
        Source(uri)


@pytest.mark.parametrize("wrong", [{"retries": -1}, {"timeout": 0}, {"sha256": "ABC"}])
def test_settings_out_of_range_are_told(wrong):
    with pytest.raises(InputError, match=r"retries=|no SHA-256"):
        Source("sales.csv", **wrong)


def test_a_pin_is_a_part_of_the_text():
    source = Source(f"sales.csv#sha256={ZEROS}")
    assert (source.uri, source.sha256) == ("sales.csv", ZEROS)
    assert ZEROS not in repr(source)


def test_a_glob_pins_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(InputError, match="one SHA-256 pins one"):
        Source(f"{tmp_path}/*.csv", sha256=ZEROS)


def test_a_glob_names_its_files_in_order(tmp_path):
    for name in ("b.csv", "a.csv", "deep/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n1\n")
    (tmp_path / "d.csv").mkdir()
    assert [file.path.name for file in Source(f"{tmp_path}/*.csv").files] == ["a.csv", "b.csv"]
    assert [file.path.name for file in Source(f"{tmp_path}/**/*.csv").files] == ["a.csv", "b.csv", "c.csv"]


def test_sources_survive_pickling_and_the_canonical_form(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    for source in (Source(f"{tmp_path}/*.csv"), Source("s3://b/k.csv", ZEROS, stamp="1", timeout=2.5)):
        assert pickle.loads(pickle.dumps(source)) == source
        again = restore(canonical(source, lambda leaf: str(leaf).encode()), lambda data: File(bytes(data).decode()))
        assert again == source


def test_a_source_does_not_keep_the_files_of_another(tmp_path):
    for name in ("a.csv", "b.parquet"):
        (tmp_path / name).write_text("x\n1\n")
    source = Source(f"{tmp_path}/a.csv")
    assert replace(source, stamp="new").files == source.files
    assert replace(source, stamp="new").__identity__() != source.__identity__()
    with pytest.raises(InputError, match="files are not those of the URI"):
        replace(source, uri=f"{tmp_path}/*.parquet")


def test_how_often_it_is_tried_does_not_tell_data_apart():
    one = Source("https://example.org/a.csv")
    assert one.__identity__() == replace(one, retries=9, timeout=1.0).__identity__()
    assert one.__identity__() != replace(one, stamp="new").__identity__()
    assert one.__identity__() != Source("https://example.org/b.csv").__identity__()


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_what_is_pinned_is_known_by_its_bytes_wherever_it_is(first, second):
    pins = [hashlib.sha256(data).hexdigest() for data in (first, second)]
    here, there = Source("https://a.org/x.csv", pins[0]), Source("s3://b/deep/x.csv", pins[1])
    assert (here.__identity__() == there.__identity__()) == (first == second)


@dataclass(frozen=True)
class Shop:
    sales: Source
    more: list[Source] | None = None


def config(folder, text):
    (folder / "config.toml").write_text(text)
    return load_config(Shop, folder / "config.toml", base=folder)


def test_a_source_is_a_text_of_the_configuration(tmp_path):
    (tmp_path / "sales.csv").write_text("x\n1\n")
    sha = hashlib.sha256(b"x\n1\n").hexdigest()
    found = config(tmp_path, f'sales = "sales.csv#sha256={sha}"\nmore = ["*.csv", "s3://bucket/key.csv"]\n').value
    assert found.sales.sha256 == sha
    assert found.sales.files == (File(tmp_path / "sales.csv"),)
    assert found.more[0].files == found.sales.files
    assert found.more[1] == Source("s3://bucket/key.csv")
    assert read(found.sales).equals(pl.DataFrame({"x": [1]}))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('sales = "wheel:shopdata!x"', r"config.toml:1.*is no wheel source"),
        ('sales = "*.csv"', "No file matches"),
        ("sales = 3", "expected the text of a Source"),
        ('sales = ""', "expected the text of a Source"),
        ('sales = "ftp2:x"', "no kind of source 'ftp2:'"),
    ],
)
def test_a_wrong_text_is_told_with_its_line(tmp_path, text, told):
    with pytest.raises(ConfigError, match="problem") as caught:
        config(tmp_path, text)
    (problem,) = caught.value.problems
    assert re.search(told, f"{problem.where} {problem}")


@pytest.mark.parametrize("text", ["sales.csv", f"sales.csv#sha256={ZEROS}", f"wheel:a==1.0!b/c.csv#sha256={ZEROS}"])
def test_what_is_recorded_of_a_source_is_what_its_configuration_says(text):
    assert as_json(Source(text), Path()) == text
