"""Stored values as files that other programs read."""

import json

import pytest

from mainspring.errors import InputError
from mainspring.workspace.artifacts import find_artifact
from mainspring.workspace.exporting import export_value
from mainspring.workspace.opening import open_existing

MADE = """
    from pathlib import Path
    import numpy as np
    import pandas as pd
    import polars as pl
    from mainspring import File, Folder, pipeline, step

    @step
    def text() -> str:
        return "two\\nlines"

    @step
    def frame() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})

    @step
    def indexed() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 2]}, index=["p", "q"])

    @step
    def polar() -> pl.DataFrame:
        return pl.DataFrame({"a": [1, 2]})

    @step
    def array() -> np.ndarray:
        return np.arange(6).reshape(2, 3)

    @step
    def picture():
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().plot([1, 2, 4])
        return figure

    @step
    def file() -> File:
        Path("made.csv").write_text("a,b\\n1,2\\n")
        return File("made.csv")

    @step
    def folder() -> Folder:
        Path("many").mkdir(exist_ok=True)
        Path("many/one.txt").write_text("one")
        return Folder("many")

    @pipeline
    def makes():
        return [text(), frame(), indexed(), polar(), array(), picture(), file(), folder()]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    import subprocess
    import sys
    import textwrap
    from pathlib import Path

    place = tmp_path_factory.mktemp("made")
    (place / "pipeline.py").write_text(textwrap.dedent(MADE))
    command = Path(sys.executable).with_name("mainspring")
    subprocess.run([command, "run"], cwd=place, check=True, capture_output=True)
    return place / ".mainspring"


@pytest.fixture
def export(made, tmp_path):
    def call(name, target, **options):
        with open_existing(made) as home:
            return export_value(find_artifact(home, name), home.blobs, tmp_path / target, **options)

    return call


def test_text_and_json(export):
    assert export("text", "text.txt").read_text() == "two\nlines"
    assert json.loads(export("text", "text.json").read_text()) == "two\nlines"


def test_frames(export):
    import pandas as pd
    import polars as pl

    assert export("frame", "frame.csv").read_text() == "a,b\n1,x\n2,y\n"
    assert export("indexed", "indexed.csv").read_text() == ",a\np,1\nq,2\n"
    assert list(pd.read_parquet(export("frame", "frame.parquet"))["b"]) == ["x", "y"]
    assert export("polar", "polar.csv").read_text() == "a\n1\n2\n"
    assert pl.read_parquet(export("polar", "polar.parquet"))["a"].to_list() == [1, 2]
    assert "x" in export("frame", "frame.json").read_text()


def test_arrays_and_pictures(export):
    import numpy as np

    assert np.load(export("array", "array.npy")).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert export("picture", "picture.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in export("picture", "picture.svg").read_bytes()


def test_files_and_folders_are_written_as_they_are(export):
    written = export("file", "copy.anything")
    assert written.read_text() == "a,b\n1,2\n"
    written.write_text("and they are one's own")
    assert (export("folder", "copies") / "one.txt").read_text() == "one"


def test_raw_bytes(export, made):
    with open_existing(made) as home:
        stored = home.blobs.get(find_artifact(home, "frame").artifact.blob)
    assert export("frame", "frame.bin", raw=True).read_bytes() == stored


def test_nothing_is_overwritten_and_nothing_half_written_is_left(export, tmp_path):
    (tmp_path / "taken.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        export("text", "taken.txt")
    assert (tmp_path / "taken.txt").read_text() == "mine"
    with pytest.raises(InputError, match=r"A str cannot be written as \.parquet"):
        export("text", "text.parquet")
    with pytest.raises(InputError, match=r"There is no format for 'text\.doc'"):
        export("text", "text.doc")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.txt"]
