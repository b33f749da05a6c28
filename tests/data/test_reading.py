"""Tables from files: every format, several files, and what is wrong with a file that cannot be read."""

import gzip
from datetime import date
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mainspring.data import csvtypes, read, scan
from mainspring.errors import InputError

TABLE = pl.DataFrame({"day": [date(2024, 3, 1), date(2024, 3, 2)], "shop": ["north", "süd"], "units": [3, None]})
WRITERS = {
    "csv": pl.DataFrame.write_csv,
    "tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "parquet": pl.DataFrame.write_parquet,
    "arrow": pl.DataFrame.write_ipc,
    "jsonl": pl.DataFrame.write_ndjson,
}


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format_is_read(tmp_path, ending):
    path = tmp_path / f"sales.{ending}"
    WRITERS[ending](TABLE, path)
    wanted = TABLE if ending != "jsonl" else TABLE.with_columns(pl.col("day").cast(pl.String))
    assert_frame_equal(read(path), wanted)
    assert_frame_equal(read(path, columns=["units", "shop"]), wanted.select("units", "shop"))
    assert_frame_equal(scan(path).select("units").collect(), wanted.select("units"))
    bare = path.rename(tmp_path / "sales")
    assert_frame_equal(read(bare, format=ending), wanted)
    with pytest.raises(InputError, match="tells no format"):
        read(bare)
    with pytest.raises(InputError, match=r"no format 'parket'.*Did you mean 'parquet'"):
        read(bare, format="parket")
    with pytest.raises(InputError, match=r"no column 'unit'.*Did you mean 'units'"):
        read(bare, columns=["unit"], format=ending)


def test_types_may_be_named_for_text_alone(tmp_path):
    (tmp_path / "sales.csv").write_text("store,units\n007,3\n")
    assert read(tmp_path / "sales.csv", types={"store": pl.String})["store"].to_list() == ["007"]
    TABLE.write_parquet(tmp_path / "sales.parquet")
    with pytest.raises(InputError, match="has types of its own"):
        read(tmp_path / "sales.parquet", types={"shop": pl.String})


HUGE = "99999999999999999999"
FRACTIONS = {"2.5", "1e5", "NaN"}
VALUES = ("1", "-3", *sorted(FRACTIONS), HUGE, "x", "", "true", "False", "2024-03-01", "2024-13-01")
VALUES += ("01/02/2024", "10:30:00", "2024-03-01T10:00:00", "2024-03-01 10:00:00", "2024-03-01T10:00:00Z", "0x1")


@settings(max_examples=60)
@given(st.data())
def test_types_are_told_by_the_whole_file(tmp_path_factory, data):
    """Whatever the first rows look like: the table is the one that Polars gives when it tries every row."""
    first = [data.draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=2), "first") for _ in range(3)]
    later = [data.draw(st.lists(st.sampled_from(VALUES), max_size=3), "later") for _ in range(3)]
    columns = [
        [*(start * 20)[:20], *end, *((3 - len(end)) * [start[0]])] for start, end in zip(first, later, strict=True)
    ]
    assume(not any(HUGE in column and not FRACTIONS.isdisjoint(column) for column in columns))
    path = tmp_path_factory.mktemp("table") / "sales.csv"
    path.write_text("a,b,c,row\n" + "".join(f"{','.join(row)},1\n" for row in zip(*columns, strict=True)))
    try:
        wanted = pl.read_csv(path, infer_schema_length=None, try_parse_dates=True)
    except pl.exceptions.ComputeError:  # days in two ways of writing them, of which it takes the first
        with pytest.raises(InputError, match="is no date"):
            read(path)
        return
    with patch.object(csvtypes, "FIRST", 10):
        assert_frame_equal(read(path), wanted)
        assert_frame_equal(scan(path).collect(), wanted)


def test_how_types_are_guessed_may_be_said(tmp_path):
    (tmp_path / "sales.csv").write_text("units\n" + "1\n" * 2000 + "1.5\n")
    with pytest.raises(InputError, match=r"1\.5"):
        read(tmp_path / "sales.csv", options={"infer_schema_length": 10})
    assert scan(tmp_path / "sales.csv", types={"units": pl.String}).collect()["units"].dtype == pl.String
    assert scan(tmp_path / "sales.csv", options={"infer_schema_length": 0}).collect()["units"].dtype == pl.String


def test_compressed_text_is_read(tmp_path):
    (tmp_path / "sales.csv.gz").write_bytes(gzip.compress(b"units\n3\n"))
    assert read(tmp_path / "sales.csv.gz")["units"].to_list() == [3]


def test_another_encoding_has_to_be_named(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes("shop,units\nnorth,1\nsüd,2\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"not UTF-8 from end to end: byte 0xFC in line 3.*encoding='cp1252'"):
        read(path)
    assert read(path, encoding="cp1252")["shop"].to_list() == ["north", "süd"]
    path.write_bytes("shop,units\nsüd,2\n".encode("utf-16"))
    with pytest.raises(InputError, match=r"is UTF-16, not UTF-8.*encoding='utf-16'"):
        read(path)
    assert read(path, encoding="utf-16")["units"].to_list() == [2]


@pytest.mark.parametrize("line", [2, 70_001])
def test_mixed_encodings_are_told_with_the_line(tmp_path, line):
    lines = ["shop,units", *["süd,1"] * 100_000]
    coded = [text.encode() for text in lines]
    coded[line - 1] = "süd,1".encode("cp1252")
    (tmp_path / "sales.csv").write_bytes(b"\n".join(coded))
    with pytest.raises(InputError, match=f"byte 0xFC in line {line:,}.*several encodings has to be mended"):
        read(tmp_path / "sales.csv")


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_file_that_ends_early_is_told(tmp_path, ending, share):
    path = tmp_path / f"sales.{ending}"
    WRITERS[ending](pl.DataFrame({"units": range(5000)}), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(
        InputError, match=f"'sales.{ending}' (ends early|is damaged), or is no {ending.capitalize()} file"
    ):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n", "cannot be read|no header"),
        ("a.csv", b"a,b\n1,2,3\n", "cannot be read as CSV: found more fields"),
        ("a.csv", b'a,b\n1,"x\n2,3\n', "A quote in column 'b' of 'a.csv' is never closed"),
        ("a.csv", b"a,a\n1,2\n", "Column 'a' is there twice"),
        ("a.csv", b"a\n1\n" + b"9" * 60 + b"\n", r"'9{40}…' in column 'a' is no i128.*types=\{'a': pl.String\}"),
        ("a.csv.gz", gzip.compress(b"a\n" + bytes(range(48, 58)) * 5000, mtime=0)[:60], "cannot be read as CSV"),
        ("a.jsonl", b'{"a": 1}\n{"a":', "cannot be read as jsonl"),
        ("a.parquet", b"day,units\n", "ends early, or is no Parquet file"),
    ],
)
def test_what_is_no_table_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told):
        read(tmp_path / name)


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(InputError, match=r"is a folder.*Name its files"):
        read(tmp_path)


class TestSeveralFiles:
    def write(self, folder, **texts):
        for name, text in texts.items():
            (folder / f"{name}.csv").write_text(text)
        return f"{folder}/*.csv"

    def test_they_are_one_table_in_the_order_of_their_names(self, tmp_path):
        found = read(self.write(tmp_path, b="units,shop\n2,s\n", a="shop,units\nn,1.5\n", c="shop,units\nw,\n"))
        assert_frame_equal(found, pl.DataFrame({"shop": ["n", "s", "w"], "units": [1.5, 2.0, None]}))

    def test_a_column_that_one_lacks_is_told(self, tmp_path):
        glob = self.write(tmp_path, a="shop,units\nn,1\n", b="shop,unit\nn,1\n")
        with pytest.raises(InputError, match=r"no column 'unit' in 'a.csv', and there is one in 'b.csv'.*mean 'units'"):
            read(glob)
        glob = self.write(tmp_path, b="shop\nn\n")
        with pytest.raises(InputError, match=r"no column 'units' in 'b.csv', and there is one in 'a.csv'"):
            read(glob)

    def test_a_column_of_another_type_is_told(self, tmp_path):
        glob = self.write(tmp_path, a="shop,units\nn,1\n", b="shop,units\nn,many\n")
        with pytest.raises(InputError, match=r"'units' is Int64 in 'a.csv' and String in 'b.csv'.*types="):
            read(glob)
        assert read(glob, types={"units": pl.String})["units"].to_list() == ["1", "many"]

    def test_one_that_is_damaged_is_named(self, tmp_path):
        TABLE.write_parquet(tmp_path / "a.parquet")
        (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-20])
        with pytest.raises(InputError, match=r"'b.parquet' ends early"):
            read(f"{tmp_path}/*.parquet")

    def test_they_are_scanned_together(self, tmp_path):
        glob = self.write(tmp_path, a="units\n1\n", b="units\n2\n")
        assert scan(glob).sum().collect().item() == 3
        with pytest.raises(InputError, match="Only local files"):
            scan("http://example.org/a.csv")
