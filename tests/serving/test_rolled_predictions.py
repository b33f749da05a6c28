"""Predictions as Parquet: the same answers as in the log, each once whatever is killed; erased, pruned, damaged."""

import os

import numpy as np
import polars as pl
import pytest
from test_prediction_log import IDS, MODEL, answers, entry

from mainspring.errors import ServingError
from mainspring.serving.predlog import ColumnRow, ModelRow, PredictionLog, segments
from mainspring.serving.predlog.writer import Entry
from mainspring.workspace import rolled
from mainspring.workspace.predictions import erase_key, find_answers, prune_older
from mainspring.workspace.rolled import find_rolled, roll, tables

KINDS = ("bool", "int32", "int64", "float32", "float64", "string", "date", "datetime")
WIDE = ModelRow(
    0,
    "e" * 64,
    "wide",
    "4",
    None,
    None,
    (*[ColumnRow(kind, kind) for kind in KINDS], ColumnRow("week", "float64", (7,))),
    (ColumnRow("low", "float32"), ColumnRow("both", "float64", (2,))),
)


def wide(rows: int) -> Entry:
    random = np.random.default_rng(rows)
    given = {
        "bool": random.random(rows) < 0.5,
        "int32": random.integers(-9, 9, rows).astype(np.int32),
        "int64": random.integers(-(2**60), 2**60, rows),
        "float32": random.normal(size=rows).astype(np.float32),
        "float64": np.where(random.random(rows) < 0.5, np.nan, random.normal(size=rows)),
        "string": np.array([None if row % 2 else f"c{row}" for row in range(rows)], object),
        "date": np.datetime64("1969-12-30") + random.integers(0, 9, rows),
        "datetime": np.datetime64("2026-01-01T00:00:00.000001", "us") + random.integers(0, 10**12, rows),
        "week": random.normal(size=(rows, 7)),
    }
    made = {"low": random.normal(size=rows).astype(np.float32), "both": random.normal(size=(rows, 2))}
    return Entry(IDS.make(), WIDE, rows, 90, given, made)


def logged(folder, *entries: Entry) -> None:
    log = PredictionLog(folder, 7)
    for one in entries:
        log.add(one)
    log.close()


@pytest.fixture
def folder(tmp_path):
    """A log of two models and a shadow, in one closed file."""
    first = entry(3, level=1, reason="shop 2 failed", marks=(("rows[0].price", "range"),), overridden=({"who": "ada"},))
    logged(tmp_path, first, wide(5), entry(2, shadow=True)._replace(id=first.id), wide(1), entry(1))
    return tmp_path


def test_answers_are_the_same_in_both_forms(folder):
    before = answers(folder)
    done = roll(folder)
    assert (done.files, done.rows, done.damaged, answers(folder)) == (1, 12, (), [])
    for one in before:
        assert one in find_answers(folder, one.row.id)
    assert [one.row.shadow for one in find_answers(folder, before[0].row.id)] == [False, True]
    assert roll(folder) == rolled.Rolled(0, 0, ())
    with pytest.raises(ServingError, match="Nothing is logged under"):
        find_answers(folder, IDS.make())


def test_other_programs_read_the_table(folder):
    first = answers(folder)[0]
    roll(folder)
    table = pl.read_parquet(next(one.path for one in tables(folder)))
    row = table.filter(pl.col("id") == first.row.id, ~pl.col("shadow")).row(0, named=True)
    assert (row["model"], row["version"], row["alias"], row["input.price"], row["output.low"]) == (
        "shop",
        "3",
        "champion",
        0.0,
        0.0,
    )
    assert row["time"].timestamp() == pytest.approx(first.time)
    assert (row["marks"], row["level"], row["erased"]) == ('[["rows[0].price","range"]]', 1, False)
    assert "input.memo" not in table.columns


def test_what_is_written_to_stays(tmp_path):
    log = PredictionLog(tmp_path, 7)
    log.add(entry())
    log.flush()
    assert roll(tmp_path).files == 0
    log.close()
    assert roll(tmp_path).rows == 1


@pytest.mark.parametrize("at", ["before the table", "after one table", "before the file goes"])
def test_killed_at_any_moment_each_answer_is_there_once(at, folder, monkeypatch):
    before, calls = answers(folder), []

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    def write(*given: object) -> None:
        if len(calls) == (at == "after one table"):
            stop()
        calls.append(real(*given))

    real = rolled._write
    with monkeypatch.context() as patched:
        patched.setattr(rolled, "_write", write if at != "before the file goes" else real)
        patched.setattr("pathlib.Path.unlink", stop)
        with pytest.raises(KeyboardInterrupt):
            roll(folder)
    assert answers(folder) == before
    assert tables(folder) == []
    assert roll(folder).rows == 12
    assert sum(pl.read_parquet(one.path).height for one in tables(folder)) == 12


def test_a_key_is_erased_in_both_forms(folder):
    roll(folder)
    log = PredictionLog(folder, 8)
    log.add(entry(2))
    log.close()
    ages = [one.path.stat().st_mtime_ns for one in tables(folder)]
    done = erase_key(folder, "customer", "c1")
    assert (done.rows, done.files, done.open) == (3, 2, ())
    assert [one.path.stat().st_mtime_ns for one in tables(folder)] == ages
    assert erase_key(folder, "customer", "c1").rows == 0
    found = [pl.read_parquet(one.path) for one in tables(folder)]
    [table] = [one for one in found if "input.customer" in one.columns]
    assert table.filter("erased").select("input.customer", "input.day").null_count().row(0) == (2, 2)
    assert table.filter("erased").select(pl.col("input.price", "output.low").is_nan().all()).row(0) == (True, True)
    assert erase_key(folder, "string", "c0").rows == 2
    roll(folder)
    assert erase_key(folder, "customer", "c1").rows == 0
    again = find_rolled(folder, table["id"][0])[0]
    assert (again.row.erased, again.inputs["customer"].tolist()) == ((1,), ["c0", None, "c2"])
    with pytest.raises(ServingError, match="No answer in the log has a column 'memo'"):
        erase_key(folder, "memo", "secret")


def test_what_is_old_is_pruned_in_both_forms(folder):
    os.utime(segments(folder)[0].path, (1000, 1000))
    roll(folder)
    assert prune_older(folder, 999) == []
    old = [one.path for one in tables(folder)]
    assert prune_older(folder, 1001) == old
    assert tables(folder) == []


def test_a_damaged_file_is_left_and_told(folder):
    path = segments(folder)[0].path
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    assert roll(folder).damaged == (path,)
    assert path.exists()


def test_a_file_of_a_killed_process_is_rolled_up_to_what_is_unfinished(folder):
    path = segments(folder)[0].path
    data = path.read_bytes()
    path.write_bytes(data + (500).to_bytes(4, "little") + b"12345678 and then nothing")
    killed = path.rename(path.with_suffix(".open"))
    assert roll(folder).rows == 12
    assert not killed.exists()


def test_tables_of_another_version_are_refused(folder):
    made = next(iter(answers(folder)))
    roll(folder)
    for one in tables(folder):
        pl.read_parquet(one.path).write_parquet(one.path)
    with pytest.raises(ServingError, match="These rolled predictions have the version None"):
        find_answers(folder, made.row.id)
    assert MODEL.version == made.model.version
