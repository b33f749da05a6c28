import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from mainspring.digest import Artifact, File, Folder, digest_file, digest_folder, digest_of
from mainspring.errors import CorruptBlobError, MissingBlobError, NewerFormatError, UnstorableError
from mainspring.store import LocalStore, digest_value, load, save, split


class Metric(Enum):
    LOSS = "loss"


@dataclass(frozen=True)
class Report:
    metric: Metric
    table: pd.DataFrame
    scores: dict


class Parts(NamedTuple):
    train: np.ndarray
    test: np.ndarray


@pytest.mark.parametrize(
    "value", [None, True, 3, 1.5, "text", b"bytes", [1, [2]], {"a": (1, None)}, {1, 2}, Metric.LOSS, range(3)]
)
def test_plain_values_have_the_digest_of_their_canonical_form(value, blobs):
    artifact = save("result", value, blobs, pickle=False)
    assert (artifact.codec, artifact.digest, artifact.name) == ("value/1", digest_of(value), "result")
    assert load(artifact, blobs) == value
    assert type(load(artifact, blobs)) is type(value)


SUMMARIES = {
    "0.5": 0.5,
    "'text'": "text",
    "[1, 2]": [1, 2],
    "{'a': 1}": {"a": 1},
    "list of 5": [1, 2, 3, 4, 5],
    "dict of 1": {"a": [1]},
    "list of 1": [object],
    "2 rows x 1 columns": pd.DataFrame({"a": [1, 2]}),
    "float64 array (2, 3)": np.zeros((2, 3)),
    "Parts": Parts(1, 2),
    "Metric.LOSS": Metric.LOSS,
}


@pytest.mark.parametrize("summary", SUMMARIES)
def test_an_artifact_is_summed_up_in_a_line(summary, blobs):
    assert (
        save("result", SUMMARIES[summary], blobs, pickle=False).summary.replace("<Metric.LOSS: 'loss'>", "Metric.LOSS")
        == summary
    )


def test_frames_and_arrays_come_back_from_inside_other_values(blobs):
    table = pd.DataFrame({"a": [1.0, None], "b": ["x", "y"]})
    value = [
        Report(Metric.LOSS, table, {"train": np.arange(3), "frame": pl.DataFrame({"a": [1]})}),
        Parts(np.ones(2), np.zeros(1)),
    ]
    back = load(save("result", value, blobs, pickle=False), blobs)
    assert type(back[0]) is Report
    pd.testing.assert_frame_equal(back[0].table, table)
    assert back[0].scores["frame"].equals(value[0].scores["frame"])
    assert type(back[1]) is Parts
    assert back[1].train.tolist() == [1, 1]
    other = [Report(Metric.LOSS, table + table, value[0].scores), value[1]]
    assert digest_value(other) != digest_value(value)


def test_large_values_come_back_and_can_be_written_to(blobs):
    value = {"big": np.arange(400_000.0), "frame": pd.DataFrame({"a": np.arange(300_000), "s": ["row"] * 300_000})}
    artifact = save("result", value, blobs, pickle=False)
    assert artifact.size > 1 << 20
    back = load(artifact, blobs)
    back["big"][0] = 9
    back["frame"].loc[0, "a"] = 9
    back["frame"]["s"] = "other"
    assert load(artifact, blobs)["big"][0] == 0
    assert digest_value(load(artifact, blobs)) == artifact.digest


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_frame_of_numbers_and_text_keeps_its_digest_through_the_store(data):
    rows = data.draw(st.integers(0, 6))
    columns = {
        "f": st.floats(),
        "i": st.integers(-(2**63), 2**63 - 1),
        "s": st.one_of(st.none(), st.text()),
        "b": st.booleans(),
    }
    drawn = {name: data.draw(st.lists(kind, min_size=rows, max_size=rows)) for name, kind in columns.items()}
    lines = list(zip(*drawn.values(), strict=True))
    folder = LocalStore(Path(tempfile.mkdtemp()))
    series = {"f": "f8", "i": "i8", "s": "str", "b": "bool"}
    frames = [
        pd.DataFrame({name: pd.Series(part, dtype=series[name]) for name, part in drawn.items()}),
        pl.DataFrame(drawn, strict=False),
    ]
    for frame in frames:
        artifact = save("result", frame, folder, pickle=False)
        back = load(artifact, folder)
        assert digest_value(back) == artifact.digest
        assert back.equals(frame)
        backwards = frame[::-1].reset_index(drop=True) if isinstance(frame, pd.DataFrame) else frame[::-1]
        assert (digest_value(backwards) == artifact.digest) is (repr(lines) == repr(lines[::-1]))


def test_lists_are_split_into_artifacts_that_load_alone(blobs):
    value = [1, np.arange(3), {"a": pd.DataFrame({"x": [1]})}]
    parts = split(save("batches", value, blobs, pickle=False), blobs)
    assert [part.name for part in parts] == ["batches[0]", "batches[1]", "batches[2]"]
    assert [part.digest for part in parts] == [digest_value(item) for item in value]
    assert load(parts[1], blobs).tolist() == [0, 1, 2]
    assert split(save("none", (), blobs, pickle=False), blobs) == []
    with pytest.raises(
        UnstorableError, match=r"Only a list can be mapped over, and 'table' is a dict. Return a list from the step"
    ):
        split(save("table", {"a": 1}, blobs, pickle=False), blobs)


class Model:
    def __init__(self, inner):
        self.inner = inner


def numbers():
    yield 1


async def later():
    return 1


def coroutine():
    made = later()
    made.close()
    return made


def make_local():
    class Local:
        pass

    return Local()


OPEN = {}
UNSTORABLE = {
    "lock": (
        threading.Lock,
        r"Nothing can store a lock \(_thread.lock\) \(result\). Make it inside the step that uses it",
    ),
    "nested": (
        lambda: {"model": Model({"a": [threading.RLock()]})},
        r"a lock \(_thread.RLock\) \(result\['model'\].inner\['a'\]\[0\]\)",
    ),
    "event": (threading.Event, r"Nothing can store a thread event"),
    "thread": (threading.Thread, r"Nothing can store a thread \(threading.Thread\) \(result\). Join it"),
    "socket": (lambda: OPEN["socket"], r"Nothing can store a socket"),
    "file": (lambda: OPEN["file"], r"Nothing can store an open file .*return File\(path\)"),
    "database": (lambda: OPEN["database"], r"Nothing can store a database connection .*Return the rows"),
    "generator": (numbers, r"Nothing can store a generator \(result\). Return a list of what it yields"),
    "iterator": (lambda: [1, zip([1], [2], strict=True)], r"Nothing can store an iterator \(result\[1\]\)"),
    "view": (lambda: {"a": 1}.keys(), r"Nothing can store a view of a dict \(result\). Return a list of it"),
    "coroutine": (coroutine, r"Nothing can store a coroutine \(result\). Await it"),
    "future": (lambda: OPEN["future"], r"Nothing can store a future"),
    "module": (lambda: os, r"Nothing can store a module \(result\). Import it in the step that uses it"),
    "lambda": (lambda: lambda x: x, r"Nothing can store a lambda \(result\). Define it with def, at the top level"),
    "partial of a lambda": (lambda: partial(lambda x: x), r"Nothing can store a lambda \(result\.__reduce__"),
    "local class": (make_local, r"Nothing can store make_local.<locals>.Local, which is defined inside a function"),
    "process": (lambda: OPEN["process"], r"Nothing can store a process"),
    "lazy frame": (
        lambda: pl.DataFrame({"a": [1]}).lazy(),
        r"A LazyFrame is a plan, not data \(result\). Return frame.collect",
    ),
    "objects in polars": (lambda: pl.DataFrame({"a": [object()]}), r"A Polars column of dtype Object has no codec"),
    "lock in an array": (
        lambda: np.array([threading.Lock()]),
        r"Nothing can store a lock .*, inside the ndarray \(result\)",
    ),
    "lock in a frame": (
        lambda: [pd.DataFrame({"a": [threading.Lock()]})],
        r"a lock .*inside the DataFrame \(result\[0\]\)",
    ),
    "lock in a namespace": (lambda: SimpleNamespace(a=threading.Lock()), r"\(result.a\)"),
    "axes": (
        lambda: Model(Figure().subplots()),
        r"Nothing can store a part of a figure .* \(result.inner\). Return the figure",
    ),
    "type from C": (
        lambda: Model(OPEN["hash"]),
        r"Nothing can store a .*HASH: cannot pickle .* \(result.inner\). Return its parts",
    ),
    "folder that is there": (lambda: Path("/"), r"The path '/' is only a name.*Return Folder\(path\)"),
    "file that is there": (
        lambda: Path(__file__),
        r"is only a name: what it holds would not be kept \(result\). Return File\(path\)",
    ),
}


@pytest.fixture
def open_things(tmp_path):
    loop = asyncio.new_event_loop()
    process = subprocess.Popen([sys.executable, "-c", ""])
    with socket.socket() as one, (tmp_path / "a").open("w") as file:
        database = sqlite3.connect(":memory:")
        import hashlib

        OPEN.update(
            socket=one,
            file=file,
            database=database,
            future=loop.create_future(),
            process=process,
            hash=hashlib.sha256(),
        )
        yield
        database.close()
    OPEN.clear()
    process.wait()
    loop.close()


@pytest.mark.parametrize("case", UNSTORABLE)
def test_what_nothing_can_store_is_named_with_its_place_and_what_to_do(case, blobs, open_things):
    make, message = UNSTORABLE[case]
    with pytest.raises(UnstorableError, match=message):
        save("result", make(), blobs, pickle=False)
    assert list(blobs.blobs()) == []


class Pickled:
    """Nothing but pickle knows how to make one."""

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return eval, (f"__import__('test_values').Pickled({self.number})",)


def test_pickle_is_the_last_resort_and_marked(blobs):
    value = Pickled(4)
    with pytest.raises(
        UnstorableError, match=r"Nothing can store a test_values.Pickled, since it is made by <built-in function eval>"
    ):
        save("result", value, blobs, pickle=False)
    alone = save("result", value, blobs, pickle=True)
    inside = save("result", {"a": [value], "b": np.ones(2)}, blobs, pickle=True)
    assert alone.codec.endswith(":pickle")
    assert inside.codec == "value/1:pickle"
    assert load(alone, blobs).number == 4
    assert load(inside, blobs)["a"][0].number == 4
    assert load(split(save("list", [value], blobs, pickle=True), blobs)[0], blobs).number == 4
    assert digest_value(value, pickle=True) == alone.digest
    with pytest.raises(UnstorableError, match="Nothing can store a lock"):
        save("result", threading.Lock(), blobs, pickle=True)
    assert "pickle" not in save("result", [1, Model(2)], blobs, pickle=True).codec


def test_damage_and_loss_are_errors_that_carry_the_blob(blobs):
    artifact = save("result", [np.arange(10)], blobs, pickle=False)
    path = blobs.path(artifact.blob)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(
        CorruptBlobError, match=r"Blob .* is corrupt: its [0-9]+ bytes are not what was stored"
    ) as raised:
        load(artifact, blobs)
    assert raised.value.blob == artifact.blob
    assert blobs.quarantine(artifact.blob)
    with pytest.raises(MissingBlobError, match=r"Blob .* is not in .*Run the step that made it again") as raised:
        load(artifact, blobs)
    assert raised.value.blob == artifact.blob
    assert save("result", [np.arange(10)], blobs, pickle=False) == artifact
    assert load(artifact, blobs)[0].tolist() == list(range(10))


def test_a_format_of_another_release_is_an_error(blobs):
    artifact = Artifact("result", "0" * 64, blobs.put(b"?"), "pandas-frame/2", 1)
    with pytest.raises(
        NewerFormatError, match=r"in the format 'pandas-frame/2', which this release cannot read.*'pandas-frame/1'"
    ):
        load(artifact, blobs)


def test_files_and_folders_inside_values_come_back(tmp_path, blobs):
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a.txt").write_text("one")
    (source / "sub" / "b.sh").write_text("two")
    (source / "sub" / "b.sh").chmod(0o755)
    (source / "sub" / "none").mkdir()
    value = {"file": File(source / "a.txt"), "folder": Folder(source), "number": 1}
    artifact = save("result", value, blobs, pickle=False)
    digests = digest_file(source / "a.txt"), digest_folder(source)
    subprocess.run(["rm", "-r", source], check=True)
    back = load(artifact, blobs)
    assert back["file"].read_text() == "one"
    assert back["file"].path.name == "a.txt"
    assert (digest_file(back["file"]), digest_folder(back["folder"])) == digests
    assert digest_value(back) == artifact.digest


def test_loading_needs_no_library_but_those_of_the_value(blobs):
    artifact = save("result", {"a": [1, 2.5, "x"]}, blobs, pickle=False)
    call = f"load(Artifact('r', {artifact.digest!r}, {artifact.blob!r}, 'value/1', 1), store)"
    script = f"""
import sys
from pathlib import Path
from mainspring.digest import Artifact
from mainspring.store import LocalStore, load, save
store = LocalStore(Path({str(blobs.root)!r}))
assert {call} == {{'a': [1, 2.5, 'x']}}
save('r', (1, 2), store, pickle=False)
heavy = 'numpy pandas polars pyarrow asyncio email pickle shutil typer rich sqlite3'.split()
assert not [name for name in heavy if name in sys.modules]
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_library_that_is_missing_is_named(blobs):
    artifact = save("result", pl.DataFrame({"a": [1]}), blobs, pickle=False)
    script = f"""
import sys
from pathlib import Path
from mainspring.digest import Artifact
from mainspring.errors import StoreError
from mainspring.store import LocalStore, load
sys.modules['polars'] = None
try:
    load(Artifact('r', '', {artifact.blob!r}, 'polars-frame/1', 1), LocalStore(Path({str(blobs.root)!r})))
except StoreError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    said = "A value of polars cannot be read or stored: there is no module 'polars'. Install polars, or run where it is"
    assert done.stdout.startswith(said)
