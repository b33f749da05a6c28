"""Lineage: exactly what a step read, wherever it stands in its arguments."""

import pytest

STEPS = """
    from typing import NamedTuple
    from mainspring import pipeline, step

    class Halves(NamedTuple):
        low: int
        high: int

    @step
    def halves(seed: int) -> Halves:
        return Halves(seed, seed + 1)

    @step
    def single(x: int) -> int:
        return 10 * x

    @step
    def twice(x: int) -> int:
        return 1000 * x

    @step
    def gather(values: list, named: dict, plain: int) -> int:
        return values[0] + values[1][0] + named["five"] + plain

    @pipeline
    def nested():
        first, second = halves(1), halves(50)
        scaled = twice.map([single(3), single(4)])
        return gather([first.low, [second.high]], {"five": single(5)}, single(6)), scaled
"""


@pytest.fixture
def made_by(project):
    project.write(STEPS)
    project.run()

    def ask(name: str) -> dict[str, list[str]]:
        found = project.json("lineage", name)
        names = {digest: made["step"] for made in found["made_by"] for digest in made["returned"].values()}
        return {made["step"]: sorted(names[digest] for digest in made["inputs"]) for made in found["made_by"]}

    return project, ask


def test_only_what_was_read_inside_lists_and_dicts_counts(made_by):
    project, ask = made_by
    assert ask("gather") == {
        "gather": ["halves", "halves[2]", "single[3]", "single[4]"],
        "halves": [],
        "halves[2]": [],
        "single[3]": [],
        "single[4]": [],
    }
    found = project.json("lineage", "gather")["made_by"]
    assert len(found[0]["inputs"]) == 4  # of each pair of halves, the one that was passed


def test_an_element_comes_from_its_own_item_alone(made_by):
    _, ask = made_by
    assert ask("twice{0}") == {"twice{0}": ["single"], "single": []}
    assert ask("twice{1}") == {"twice{1}": ["single[2]"], "single[2]": []}
