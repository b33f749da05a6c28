import re

import pytest

from mainspring.charts.dag import DagNode, collapsed, draw_dag
from mainspring.charts.glyphs import GLYPHS, worst
from page_reader import Reader


def chain(length: int) -> list[DagNode]:
    return [DagNode(f"s{place}", "ran", 1.0, [f"s{place - 1}"] if place else []) for place in range(length)]


def test_a_box_says_name_status_and_time_in_words():
    drawn = draw_dag([DagNode("train", "ran", 12.34, (), (), "#step-3")], "Steps")
    read = Reader(drawn)
    assert "train: ran · 12.3 s" in read.text
    assert ("a", {"href": "#step-3"}) in read.elements
    assert all(attributes["aria-label"] == "Steps" for name, attributes in read.elements if name == "svg")


@pytest.mark.parametrize("status", GLYPHS)
def test_each_status_has_a_shape_of_its_own(status):
    drawn = draw_dag([DagNode("step", status)], "Steps")
    assert f'd="{GLYPHS[status]}"' in drawn
    assert status in Reader(drawn).text
    assert list(GLYPHS.values()).count(GLYPHS[status]) == 1


def test_names_are_escaped():
    drawn = draw_dag([DagNode("<script>alert(1)</script>", 'x" onload="y', link='"><b>')], '"><i>')
    assert {name for name, _ in Reader(drawn).elements} <= {"div", "svg", "g", "a", "title", "rect", "path", "text"}


def test_long_names_are_cut_and_whole_in_the_title():
    name = "a_step_with_a_name_that_is_much_longer_than_its_box[12]"
    read = Reader(draw_dag([DagNode(name, "ran")], "Steps"))
    assert name in read.text
    assert "…" in read.text
    assert "[12]" in read.text.replace(name, "")


def test_mapped_steps_are_one_box_with_counts():
    drawn = draw_dag([DagNode("fit", "ran", 4.0, (), (("hit", 20), ("ran", 4)))], "Steps")
    assert "20 hit, 4 ran" in Reader(drawn).text
    assert "24 step runs" in Reader(drawn).text
    assert 'class="behind"' in drawn


def test_many_calls_of_one_step_become_one_box():
    nodes = [DagNode("load", "ran", 1.0)]
    nodes += [DagNode(f"fit[{place}]", "failed" if place == 7 else "ran", 2.0, ["load"]) for place in range(20)]
    nodes.append(DagNode("join", "skipped", 0.0, [node.name for node in nodes[1:]]))
    shown = collapsed(nodes)
    assert [node.name for node in shown] == ["load", "fit … fit[19]", "join"]
    assert shown[1] == DagNode("fit … fit[19]", "failed", 40.0, ("load",), (("ran", 19), ("failed", 1)), nodes[1].link)
    assert shown[2].needs == ("fit … fit[19]",)


def test_few_calls_of_one_step_stay_apart():
    nodes = [DagNode(f"fit[{place}]", "ran") for place in range(8)]
    assert collapsed(nodes) == nodes


@pytest.mark.parametrize("length", [1, 2, 7, 100, 300])
def test_chains_of_any_length_are_as_wide_as_a_page(length):
    drawn = draw_dag(chain(length), "Steps")
    widths = [float(width) for width in re.findall(r'<svg class="dag[^>]* width="([\d.]+)"', drawn)]
    assert all(width <= 1016 for width in widths)
    assert drawn.count('class="name"') == length * len(widths)


def test_narrow_windows_get_a_drawing_from_top_to_bottom():
    wide, narrow = re.findall(
        r'<div class="(\w+)"><svg class="dag"[^>]* width="([\d.]+)" height="([\d.]+)"', draw_dag(chain(5), "Steps")
    )
    assert (wide[0], narrow[0]) == ("wide", "narrow")
    assert float(wide[2]) < 100
    assert float(narrow[1]) < 340


def test_broad_dags_have_one_drawing_that_scrolls():
    broad = [DagNode("load", "ran"), *(DagNode(f"m{place}", "ran", 1.0, ["load"]) for place in range(9))]
    assert draw_dag(broad, "Steps").count("<svg") == 1


def test_what_needs_attention_stands_for_several():
    assert worst(["hit", "ran", "failed"]) == "failed"
    assert worst(["hit", "ran"]) == "ran"
    assert worst(["hit", "skipped"]) == "skipped"


def test_nothing_to_draw_is_nothing():
    assert draw_dag([], "Steps") == ""
