import subprocess
import sys
from pathlib import Path

import model_samples
import pytest

from mainspring.digest import Artifact
from mainspring.store import digest_value, load, save
from mainspring.testing import codecs


@pytest.mark.parametrize("case", codecs.CASES, ids=codecs.name_of)
@pytest.mark.parametrize("sample", model_samples.SAMPLES, ids=codecs.name_of)
def test_conformance(case, sample, blobs):
    case(sample, blobs)


def test_a_fit_in_another_process_has_the_same_digest():
    makers = [sample.make for sample in model_samples.SAMPLES] + [model_samples.figure]
    assert codecs.digests_elsewhere(makers, hash_seed=1) == [digest_value(make()) for make in makers]


def test_generators_go_on_where_they_were(blobs):
    value = model_samples.generators()
    back = load(save("result", value, blobs, pickle=False), blobs)
    assert model_samples.generators_draw_the_same(value, back)


def test_a_figure_loads_as_the_picture_that_it_was(blobs):
    artifact = save("curve", model_samples.figure(), blobs, pickle=False)
    picture = load(artifact, blobs)
    assert picture.svg.startswith(b"<?xml")
    assert picture.png.startswith(b"\x89PNG")
    assert picture._repr_svg_().rstrip().endswith("</svg>")
    assert (artifact.codec, artifact.summary) == ("figure/1", "figure, 6.4 x 4.8 in")
    again = save("curve", [picture], blobs, pickle=False)
    assert load(again, blobs) == [picture]
    assert save("curve", picture, blobs, pickle=False).digest == artifact.digest
    with pytest.raises(AttributeError, match="A Picture does not change: 'svg' cannot be set"):
        picture.svg = b""


def test_times_of_a_search_are_kept_and_do_not_count(blobs):
    model = model_samples.grid_search()
    artifact = save("search", model, blobs, pickle=False)
    back = load(artifact, blobs)
    assert list(back.cv_results_["mean_fit_time"]) == list(model.cv_results_["mean_fit_time"])
    assert back.refit_time_ == model.refit_time_
    model.cv_results_["mean_test_score"][0] += 1
    assert digest_value(model) != artifact.digest


EDITS = {
    "a method": ("return self.factor * x", "return self.factor + x", True),
    "a helper that a method calls": ("return x - 1", "return x - 2", True),
    "a constant that a method reads": ("OFFSET = 3", "OFFSET = 4", True),
    "a method of a base class": ("return 'base'", "return 'BASE'", True),
    "a default": ("x=1", "x=2", True),
    "a comment and a docstring": ('"""Old."""', '"""New."""  # more', False),
    "the layout": ("return x - 1", "return (\n        x - 1\n    )", False),
    "a function that nothing reaches": ("return 'apart'", "return 'else'", False),
}
MODULE = '''
OFFSET = 3

def helper(x):
    return x - 1

def apart():
    return 'apart'

class Base:
    def kind(self):
        return 'base'

class Model(Base):
    """Old."""

    def __init__(self, factor):
        self.factor = factor

    def predict(self, x=1):
        return self.factor * x

    def transform(self, x):
        return helper(x) + OFFSET
'''
SCRIPT = """
from mainspring.store import digest_value
import edited
print(digest_value(edited.Model(2)))
"""


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_an_object_of_the_project_has_another_digest_when_its_code_has(edit, tmp_path):
    old, new, counts = EDITS[edit]
    assert old in MODULE
    digests = []
    for text in (MODULE, MODULE.replace(old, new)):
        Path(tmp_path, "edited.py").write_text(text)
        command = [sys.executable, "-B", "-c", SCRIPT]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        digests.append(done.stdout)
    assert (digests[0] != digests[1]) is counts


def test_a_class_that_is_gone_is_named(blobs):
    artifact = save("result", model_samples.own_objects()["forecaster"], blobs, pickle=False)
    data = blobs.get(artifact.blob).replace(b"\x0aForecaster", b"\x0aForeteller")
    other = Artifact("result", artifact.digest, blobs.put(data), artifact.codec, len(data))
    with pytest.raises(Exception, match=r"needs project_classes.Foreteller, and there is no such thing any more"):
        load(other, blobs)
