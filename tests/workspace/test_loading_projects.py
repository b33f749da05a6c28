"""What a pipeline file is imported with."""

import os
import sys

import pytest

from mainspring.workspace.project import load_project

FILE = """
import os
from mainspring import pipeline, step

SEEN = os.environ.get("OPENBLAS_NUM_THREADS")
{more}

@step
def one() -> int:
    return 1

@pipeline
def seen():
    return one()
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    yield (
        lambda more="": (
            (tmp_path / "seen_here.py").write_text(FILE.format(more=more)) and str(tmp_path / "seen_here.py")
        )
    )
    sys.modules.pop("seen_here", None)


def test_numpy_starts_no_threads_where_nothing_is_computed(written):
    assert load_project(written()).module.SEEN == "1"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_a_number_of_threads_that_somebody_set_stays(written, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert load_project(written()).module.SEEN == "3"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"


def test_the_threads_come_back_when_the_file_cannot_be_imported(written):
    with pytest.raises(ZeroDivisionError):
        load_project(written("1 / 0"))
    assert "OPENBLAS_NUM_THREADS" not in os.environ
