"""Batches over real files: every format, refused rows, resuming, and what is refused as a whole."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date

import numpy as np
import polars as pl
import pytest

import mainspring
from linear_packages import KEEP, SIGNATURE, linear, rows
from mainspring.batch import Options, predict_batch
from mainspring.errors import BatchError, InputError, SignatureError
from mainspring.package import Field, Policy, Signature


def table(count: int = 1000, seed: int = 3) -> pl.DataFrame:
    made = rows(count, seed)
    kinds = {"price": pl.Float64, "weekday": pl.Int64, "shop": pl.String, "customer": pl.String}
    return pl.DataFrame({name: values.tolist() for name, values in made.items()}, schema=kinds)


def expected(frame: pl.DataFrame) -> np.ndarray:
    price = frame["price"].to_numpy().astype(np.float32)
    return (price * 2 + frame["weekday"].to_numpy().astype(np.float32) * 3).astype(np.float64)


WRITERS = {
    "parquet": pl.DataFrame.write_parquet,
    "csv": pl.DataFrame.write_csv,
    "tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "arrow": pl.DataFrame.write_ipc,
}
READERS = {"parquet": pl.read_parquet, "csv": pl.read_csv, "arrow": pl.read_ipc}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("result", [".parquet", ".csv", ".arrow", ""])
def test_every_format_gives_the_same_predictions(kind, result, loaded, tmp_path):
    frame = table(257)
    WRITERS[kind](frame, tmp_path / f"in.{kind}")
    out = tmp_path / f"out{result}"
    report = predict_batch(loaded, tmp_path / f"in.{kind}", out, Options(part_rows=100, keep=("customer",)))
    made = READERS[result[1:] or "parquet"](out)
    assert made.columns == ["row", "customer", "y"]
    assert made["row"].to_list() == list(range(257))
    assert made["customer"].to_list() == frame["customer"].to_list()
    assert np.array_equal(made["y"].to_numpy(), loaded.predict(frame)["y"])
    assert np.allclose(made["y"].to_numpy(), expected(frame))
    assert (report.rows, report.rejected, report.parts, report.rejects) == (257, 0, 3, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [f"in.{kind}", out.name, f"{out.name}.batch.json"]
    )


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200])
def test_parts_end_where_the_rows_end(count, loaded, tmp_path):
    table(count).write_parquet(tmp_path / "in.parquet", row_group_size=33)
    report = predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out", Options(part_rows=100))
    assert (report.rows, report.parts) == (count, max(1, -(-count // 100)))
    made = pl.read_parquet(tmp_path / "out")
    assert made.schema == {"row": pl.Int64, "y": pl.Float64}
    assert made["row"].to_list() == list(range(count))


def test_a_folder_and_a_glob_are_read_in_the_order_of_their_paths(loaded, tmp_path):
    for name, count in (("b/2.parquet", 30), ("a/1.parquet", 50), ("a/3.csv", 20), ("_tmp/4.parquet", 9)):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[path.suffix[1:]](table(count, count), path)
    predict_batch(loaded, tmp_path / "in", tmp_path / "out.parquet", Options(part_rows=16))
    made = pl.read_parquet(tmp_path / "out.parquet")
    assert made.group_by("file", maintain_order=True).agg(pl.len()).rows() == [
        ("a/1.parquet", 50),
        ("a/3.csv", 20),
        ("b/2.parquet", 30),
    ]
    whole = pl.concat([table(count, count) for count in (50, 20, 30)])
    assert np.array_equal(made["y"].to_numpy(), loaded.predict(whole)["y"])
    predict_batch(loaded, f"{tmp_path}/in/*/*.parquet", tmp_path / "glob.parquet")
    assert set(pl.read_parquet(tmp_path / "glob.parquet")["file"]) == {"a/1.parquet", "b/2.parquet", "_tmp/4.parquet"}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_rows_that_do_not_fit_are_kept_apart_with_the_reasons(kind, loaded, tmp_path):
    frame = (
        table(300)
        .with_row_index("at")
        .with_columns(
            price=pl.when(pl.col("at") == 7).then(-1.0).when(pl.col("at") == 250).then(None).otherwise("price"),
            shop=pl.when(pl.col("at").is_in([7, 120])).then(pl.lit("east")).otherwise("shop"),
            weekday=pl.when(pl.col("at") == 299).then(9).otherwise("weekday"),
        )
    )
    WRITERS[kind](frame.drop("at"), tmp_path / f"in.{kind}")
    out = tmp_path / "out.parquet"
    report = predict_batch(loaded, tmp_path / f"in.{kind}", out, Options(part_rows=100))
    bad = [7, 120, 250, 299]
    made = pl.read_parquet(out)
    assert made["row"].to_list() == [row for row in range(300) if row not in bad]
    assert np.allclose(made["y"].to_numpy(), expected(frame.filter(~pl.col("at").is_in(bad))))
    lines = [json.loads(line) for line in (tmp_path / "out.parquet.rejects.ndjson").read_text().splitlines()]
    assert [line["row"] for line in lines] == bad
    assert [[why["what"] for why in line["why"]] for line in lines] == [
        ["'price' is below 0", "'shop' is none of its categories"],
        ["'shop' is none of its categories"],
        ["'price' is null"],
        ["'weekday' is above 6"],
    ]
    assert lines[0]["file"] == f"in.{kind}"
    assert lines[1]["input"]["shop"] == "east"
    assert "customer" not in lines[0]["input"]  # sensitive
    assert (report.rows, report.predicted, report.rejected) == (300, 296, 4)
    assert report.rejects == str(tmp_path / "out.parquet.rejects.ndjson")


def test_a_part_of_which_no_row_fits_is_empty(loaded, tmp_path):
    table(20).with_columns(price=pl.lit(-1.0)).write_parquet(tmp_path / "in.parquet")
    report = predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out", Options(part_rows=10))
    assert (report.predicted, report.rejected) == (0, 20)
    assert pl.read_parquet(tmp_path / "out").schema == {"row": pl.Int64, "y": pl.Float64}


def test_texts_of_csv_are_what_their_field_says_or_the_row_is_refused(tmp_path):
    signature = Signature(
        (
            Field("price"),
            Field("weekday", "int64", policy=KEEP),
            Field("open", "bool"),
            Field("day", "date", policy=KEEP),
            Field("at", "datetime"),
            Field("code", "string"),
        ),
        Policy(extra="drop"),
    )
    given = {
        "price": [1.5], "weekday": [1], "open": [True], "day": [date(2026, 1, 2)], "at": ["2026-01-02T03:04:05"],
        "code": ["007"],
    }  # fmt: skip
    from linear_packages import graph
    from mainspring.package import Graph, Pipeline, Spec, build

    pipeline = Pipeline(signature, {"model": Graph(("price", "weekday"), ("y",), graph((2.0, 3.0)))})
    loaded = mainspring.load(build(pipeline, Spec("typed"), given, tmp_path / "typed").package.path)
    (tmp_path / "in.csv").write_text(
        "price,weekday,open,day,at,code\n"
        " 1.5 ,2,true,2026-01-02,2026-01-02T03:04:05,007\n"
        "1e3,0,FALSE,,2026-01-02 03:04:05.25,x\n"
        "cheap,1,1,2026-01-02,2026-01-02T03:04:05,y\n"
        "2,1.5,0,02.01.2026,yesterday,z\n"
        "2,1,maybe,2026-01-02,2026-01-02T03:04:05,z\n"
    )
    predict_batch(loaded, tmp_path / "in.csv", tmp_path / "out.csv", Options(keep=("code",)))
    assert (tmp_path / "out.csv").read_text() == "row,code,y\n0,007,9.0\n1,x,2000.0\n"
    lines = [json.loads(line) for line in (tmp_path / "out.csv.rejects.ndjson").read_text().splitlines()]
    assert [[why["column"] for why in line["why"]] for line in lines] == [["price"], ["weekday", "day", "at"], ["open"]]
    assert lines[0]["input"]["price"] == "cheap"


def test_what_the_policy_lets_pass_is_marked(tmp_path):
    marking = Policy(null="impute", range="clip")
    signature = Signature(
        (Field("price", minimum=0, policy=marking, impute=5.0), *SIGNATURE.fields[1:]), SIGNATURE.policy
    )
    loaded = mainspring.load(linear(tmp_path / "marking", signature=signature).package.path)
    frame = table(4).with_columns(price=pl.Series([1.0, None, -3.0, 2.0]), weekday=pl.lit(0))
    frame.write_parquet(tmp_path / "in.parquet")
    report = predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.parquet")
    made = pl.read_parquet(tmp_path / "out.parquet")
    assert made["y"].to_list() == [2.0, 10.0, 0.0, 4.0]
    assert made["marks"].to_list() == [None, "'price' is null: imputed", "'price' is below 0: clipped", None]
    assert (report.marked, report.rejected) == (2, 0)


def test_a_vector_is_a_column_of_arrays(tmp_path):
    from linear_packages import graph

    class Both:
        pass

    from onnx import TensorProto, helper, load_model_from_string

    model = load_model_from_string(graph((1.0, 1.0), ("a", "b")))
    joined = helper.make_node("Concat", ["y0", "y1"], ["p"], axis=1)
    model.graph.node.append(joined)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, 2]))
    from mainspring.package import Graph, Pipeline, Spec, build

    pipeline = Pipeline(SIGNATURE, {"model": Graph(("price", "weekday"), ("p",), model.SerializeToString())})
    loaded = mainspring.load(build(pipeline, Spec("wide"), rows(8), tmp_path / "wide").package.path)
    table(10).write_parquet(tmp_path / "in.parquet")
    predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.parquet")
    made = pl.read_parquet(tmp_path / "out.parquet")
    assert made.schema["p"] == pl.Array(pl.Float64, 2)
    assert np.array_equal(made["p"].to_numpy(), loaded.predict(table(10))["p"])
    with pytest.raises(BatchError, match="'p' is a vector"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.csv")


def test_a_column_that_does_not_fit_as_a_whole_ends_the_batch(loaded, tmp_path):
    table(10).drop("shop").rename({"price": "prize"}).write_parquet(tmp_path / "in.parquet")
    with pytest.raises(SignatureError, match="column 'price' is missing") as error:
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert "in.parquet" in error.value.where
    table(10).with_columns(price=pl.col("price").cast(pl.String)).write_parquet(tmp_path / "in.parquet")
    with pytest.raises(BatchError, match="input is not the same"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.parquet")
    with pytest.raises(SignatureError, match="price"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.parquet", Options(overwrite=True))
    assert not (tmp_path / "out.parquet").exists()


def test_what_cannot_be_read_or_written_is_told(loaded, tmp_path):
    with pytest.raises(InputError, match="There is no input"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out")
    table(10).write_parquet(tmp_path / "in.parquet")
    with pytest.raises(InputError, match="Did you mean"):
        predict_batch(loaded, tmp_path / "im.parquet", tmp_path / "out")
    with pytest.raises(InputError, match="holds no table"):
        predict_batch(loaded, f"{tmp_path}/*.xlsx", tmp_path / "out")
    with pytest.raises(BatchError, match="names no kind of table"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.xlsx")
    with pytest.raises(BatchError, match=r"no column 'custmer' to keep.*Did you mean 'customer'"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out", Options(keep=("custmer",)))
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "in.parquet").read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        predict_batch(loaded, tmp_path / "cut.parquet", tmp_path / "cut")


def test_an_output_that_is_there_is_not_replaced_unless_told(loaded, tmp_path):
    table(10).write_parquet(tmp_path / "in.parquet")
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(BatchError, match="is there already"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert not (tmp_path / ".out.csv.batch").exists()
    predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out.csv", Options(overwrite=True))
    assert pl.read_csv(tmp_path / "out.csv").height == 10


def test_a_batch_that_is_over_is_not_done_again(loaded, tmp_path):
    table(10).write_parquet(tmp_path / "in.parquet")
    first = predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out")
    changed = (tmp_path / "out").stat().st_mtime_ns
    again = predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out")
    assert (first.already, again.already, again.rows) == (False, True, 10)
    assert (tmp_path / "out").stat().st_mtime_ns == changed
    table(11).write_parquet(tmp_path / "in.parquet")
    with pytest.raises(BatchError, match="is not of this batch"):
        predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out")


BATCH = """
import sys
import mainspring
from mainspring.batch import Options, predict_batch
loaded = mainspring.load(sys.argv[1])
def told(progress):
    print(progress.rows, flush=True)
predict_batch(loaded, sys.argv[2], sys.argv[3], Options(part_rows=500, keep=("customer",)), told)
"""


@pytest.mark.parametrize(
    ("kind", "name", "moments"),
    [
        ("parquet", "out", (2_000, 15_000)),
        ("csv", "out.parquet", (9_000,)),
        pytest.param("csv", "out", (500, 2_000, 9_000, 15_000, 19_000), marks=pytest.mark.prove),
    ],
)
def test_killed_and_started_again_it_ends_with_the_same_output(kind, name, moments, package, loaded, tmp_path):
    frame = table(20_000).with_columns(price=pl.when(pl.int_range(pl.len()) % 997 == 3).then(-1.0).otherwise("price"))
    WRITERS[kind](frame, tmp_path / f"in.{kind}")
    options = Options(part_rows=500, keep=("customer",))
    predict_batch(loaded, tmp_path / f"in.{kind}", tmp_path / "whole.parquet", options)
    whole = pl.read_parquet(tmp_path / "whole.parquet")
    call = [sys.executable, "-c", BATCH, str(package), str(tmp_path / f"in.{kind}"), str(tmp_path / name)]
    for moment in moments:
        with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
            while int(process.stdout.readline()) < moment:
                pass
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / name).exists()
    report = predict_batch(loaded, tmp_path / f"in.{kind}", tmp_path / name, options)
    assert moments[-1] // 500 <= report.resumed < 40 == report.parts
    made = pl.read_parquet(tmp_path / name)
    assert made.equals(whole)
    assert (tmp_path / f"{name}.rejects.ndjson").read_bytes() == (
        tmp_path / "whole.parquet.rejects.ndjson"
    ).read_bytes()


@pytest.mark.parametrize("name", ["out", "out.parquet"])
@pytest.mark.parametrize("step", range(6))
def test_killed_while_the_output_is_put_in_its_place(step, name, loaded, tmp_path, monkeypatch):
    """Whatever was done of the end, doing it again ends it."""
    from mainspring.batch import work

    table(1000).with_columns(price=pl.int_range(pl.len()) - 5.0).write_parquet(tmp_path / "in.parquet")
    options = Options(part_rows=300)
    calls = []

    def dies(function):
        def called(*args, **kwargs):
            calls.append(function)
            if armed and len(calls) > step:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return called

    armed = True
    with monkeypatch.context() as patched:
        original = work.Work.finish

        def finish(self, report):
            for function in ("_write_with", "flush"):
                patched.setattr(work, function, dies(getattr(work, function)))
            original(self, report)

        patched.setattr(work.Work, "finish", finish)
        with pytest.raises(KeyboardInterrupt):
            predict_batch(loaded, tmp_path / "in.parquet", tmp_path / name, options)
    report = predict_batch(loaded, tmp_path / "in.parquet", tmp_path / name, options)
    assert (report.rows, report.rejected, report.parts) == (1000, 5, 4)
    assert pl.read_parquet(tmp_path / name)["row"].to_list() == list(range(5, 1000))
    assert len((tmp_path / f"{name}.rejects.ndjson").read_text().splitlines()) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in.parquet", name, f"{name}.batch.json", f"{name}.rejects.ndjson"
    ]  # fmt: skip


def test_two_processes_are_not_at_one_batch(package, tmp_path, loaded):
    table(200_000).write_parquet(tmp_path / "in.parquet")
    call = [sys.executable, "-c", BATCH, str(package), str(tmp_path / "in.parquet"), str(tmp_path / "out")]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        try:
            with pytest.raises(BatchError, match="Another process is at this batch"):
                predict_batch(loaded, tmp_path / "in.parquet", tmp_path / "out", Options(part_rows=500))
        finally:
            process.kill()
