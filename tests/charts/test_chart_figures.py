import json
import subprocess
import sys

import altair
import matplotlib
import pandas as pd
import pytest
from chart_samples import CHARTS
from matplotlib.figure import Figure

from mainspring.charts import Image, VegaSpec, figure_from
from mainspring.digest import canonical

PLOT = """
import sys
import matplotlib
from matplotlib.figure import Figure
from mainspring.charts import figure_from
figure = Figure()
figure.subplots().plot([1, 2, 3], marker="o", label="loss")
figure.legend()
sys.stdout.buffer.write(figure_from(figure).data)
"""


def figure() -> Figure:
    made = Figure(figsize=(3, 2))
    made.subplots().plot([1, 3, 2])
    return made


@pytest.mark.parametrize("name", CHARTS)
def test_our_charts_are_figures_as_they_are(name):
    assert figure_from(CHARTS[name]) is CHARTS[name]


def test_matplotlib_figures_become_svg():
    image = figure_from(figure())
    assert image.mime == "image/svg+xml"
    assert b"<svg" in image.data
    canonical(image)


def test_what_has_a_figure_is_drawn_as_that():
    axes = figure().axes[0]
    assert figure_from(axes).mime == "image/svg+xml"


def test_equal_figures_are_equal_bytes_in_any_process():
    first, second = (subprocess.run([sys.executable, "-c", PLOT], capture_output=True, check=True).stdout for _ in "12")
    assert first == second
    assert b"<dc:date>" not in first


def test_the_settings_of_matplotlib_are_left_alone():
    before = dict(matplotlib.rcParams)
    figure_from(figure())
    assert dict(matplotlib.rcParams) == before


def test_a_figure_with_very_many_parts_becomes_png():
    made = Figure(figsize=(3, 2))
    made.subplots().scatter(range(20_000), [(x * 7919) % 20_000 for x in range(20_000)])
    assert figure_from(made).mime == "image/png"


def test_altair_charts_become_their_specification():
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    chart = altair.Chart(frame).mark_point().encode(x="a", y="b")
    spec = figure_from(chart)
    assert isinstance(spec, VegaSpec)
    assert json.loads(spec.spec)["encoding"]["x"]["field"] == "a"
    assert figure_from(chart | chart).spec.startswith("{")
    assert figure_from(chart).spec == spec.spec


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    ],
)
def test_files_of_pictures_are_told_by_their_first_bytes(data, mime):
    assert figure_from(data) == Image(mime, data)


class Shown:
    """What a notebook would show."""

    def _repr_png_(self) -> bytes:
        return b"\x89PNG\r\n\x1a\n"


def test_what_a_notebook_shows_as_a_picture_is_a_picture():
    assert figure_from(Shown()) == Image("image/png", b"\x89PNG\r\n\x1a\n")
    assert figure_from(Shown) is None


@pytest.mark.parametrize("value", [1, 0.5, "text", b"text", None, [1], {"a": 1}, pd.DataFrame({"a": [1]}), Figure])
def test_everything_else_is_no_figure(value):
    assert figure_from(value) is None
