from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.charts.layout import Measure, layered, layers_of

MEASURES = {
    "wide": Measure(),
    "bands": Measure(layers=3),
    "one layer a band": Measure(layers=1),
    "narrow": Measure(down=True, along=24, across=10),
}


@st.composite
def dags(draw, most=24):
    size = draw(st.integers(1, most))
    needs = {}
    for place in range(size):
        before = st.sampled_from(range(place)) if place else st.nothing()
        chosen = draw(st.lists(before, max_size=min(place, 4), unique=True)) if place else []
        needs[f"n{place}"] = [f"n{other}" for other in chosen]
    return needs


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=60)
@given(needs=dags())
def test_any_dag_is_drawn_without_overlaps_and_with_exactly_its_edges(name, needs):
    measure = MEASURES[name]
    layout = layered(needs, measure)
    assert [box.name for box in layout.boxes] == list(needs)
    assert_apart(layout, measure)
    assert_inside(layout, measure)
    assert connected(layout, measure) == {name: successors(needs, name) for name in needs}


def assert_apart(layout, measure):
    for one, other in combinations(layout.boxes, 2):
        apart = (
            abs(one.x - other.x) >= measure.width + measure.across - 1e-6
            or abs(one.y - other.y) >= measure.height + measure.across - 1e-6
        )
        assert apart, f"{one} and {other}"


def assert_inside(layout, measure):
    corners = [(box.x, box.y) for box in layout.boxes]
    corners += [(x + measure.width, y + measure.height) for x, y in corners]
    for x, y in (*corners, *(point for line in layout.lines for point in line.points)):
        assert 0 <= x <= layout.width
        assert 0 <= y <= layout.height


def successors(needs, node):
    return {other for other, needed in needs.items() if node in needed}


def connected(layout, measure):
    """For each box, those that one gets to by following lines up to their arrows."""
    leave, arrive, follow = {}, {}, {}
    for box in layout.boxes:
        if measure.down:
            leave[box.name] = (box.x + measure.width / 2, box.y + measure.height)
            arrive[(box.x + measure.width / 2, box.y)] = box.name
        else:
            leave[box.name] = (box.x + measure.width, box.y + measure.height / 2)
            arrive[(box.x, box.y + measure.height / 2)] = box.name
    for line in layout.lines:
        follow.setdefault(line.points[0], []).append(line)
    found = {}
    for name, start in leave.items():
        found[name], front = set(), [start]
        while front:
            for line in follow.get(front.pop(), []):
                if line.arrow:
                    found[name].add(arrive[line.points[-1]])
                else:
                    front.append(line.points[-1])
    return found


@settings(max_examples=40)
@given(dags())
def test_layout_depends_on_the_dag_alone_and_what_is_needed_stands_before(needs):
    layout = layered(needs, Measure())
    assert layout == layered(dict(needs), Measure())
    boxes = {box.name: box for box in layout.boxes}
    for name, needed in needs.items():
        assert all(boxes[other].x < boxes[name].x for other in needed)


def test_a_layer_is_the_longest_path():
    assert layers_of({"a": [], "b": ["a"], "c": ["a", "b"], "d": ["unknown"]}) == {"a": 0, "b": 1, "c": 2, "d": 0}


def test_a_chain_is_straight():
    needs = {str(place): [str(place - 1)] if place else [] for place in range(6)}
    assert len({box.y for box in layered(needs, Measure()).boxes}) == 1
    assert len({box.x for box in layered(needs, Measure(down=True)).boxes}) == 1


def test_bands_are_read_like_lines_of_text():
    needs = {str(place): [str(place - 1)] if place else [] for place in range(7)}
    boxes = layered(needs, Measure(layers=3)).boxes
    assert [box.x for box in boxes[:3]] == [box.x for box in boxes[3:6]]
    assert boxes[0].y < boxes[3].y < boxes[6].y


def test_a_dag_with_too_many_long_edges_is_still_drawn():
    size = 120
    needs = {str(place): [str(other) for other in range(0, place, 2)] for place in range(size)}
    layout = layered(needs, Measure(layers=5))
    assert len(layout.boxes) == size
    assert sum(line.arrow for line in layout.lines) >= size - 1
    assert len(layout.lines) < 12_000


def test_nothing_is_an_empty_drawing():
    assert layered({}, Measure()).boxes == ()
