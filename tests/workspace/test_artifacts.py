"""`load_artifact`: any value back in Python, by name or by digest."""

import pytest

from mainspring import load_artifact
from mainspring.errors import MissingBlobError, NotFoundError
from mainspring.workspace.artifacts import find_artifact
from mainspring.workspace.opening import open_existing

VALUES = """
    from typing import NamedTuple
    from mainspring import pipeline, step

    class Two(NamedTuple):
        left: list[int]
        right: dict[str, float]

    @step
    def numbers() -> list[int]:
        return [1, 2, 3]

    @step
    def two(values: list[int]) -> Two:
        return Two(values, {"a": 0.5})

    @step
    def twice(value: int) -> int:
        return FACTOR * value

    @step
    def facade() -> str:
        return "a name of hexadecimal digits alone"

    @pipeline
    def values():
        made = numbers()
        facade()
        return two(made), twice.map(made), twice(7)
"""


@pytest.fixture
def home(project):
    project.write(VALUES.replace("FACTOR", "2"))
    first = project.run()["run"]
    project.write(VALUES.replace("FACTOR", "3"))
    second = project.run()["run"]
    return project.home, first, second


def test_by_step_and_by_output(home):
    folder, _, _ = home
    assert load_artifact("numbers", home=folder) == [1, 2, 3]
    assert load_artifact("two.right", home=folder) == {"a": 0.5}
    assert load_artifact("two.left", home=str(folder)) == [1, 2, 3]


def test_a_mapped_step_gives_a_list_and_its_elements_one_by_one(home):
    folder, _, _ = home
    assert load_artifact("twice", home=folder) == [3, 6, 9]
    assert load_artifact("twice[2]", home=folder) == 21
    assert load_artifact("twice{2}", home=folder) == 9


def test_of_one_run(home):
    folder, first, second = home
    assert load_artifact(f"{first}/twice{{2}}", home=folder) == 6
    assert load_artifact(f"{second}/twice{{2}}", home=folder) == 9
    assert load_artifact("latest/twice{2}", home=folder) == 9
    assert load_artifact(f"{first[:-1]}/numbers", home=folder) == [1, 2, 3]


def test_by_digest(home):
    folder, first, _ = home
    with open_existing(folder) as opened:
        digest = find_artifact(opened, f"{first}/twice{{1}}").artifact.digest
    assert load_artifact(digest, home=folder) == 4
    assert load_artifact(digest[:12], home=folder) == 4


def test_a_step_whose_name_could_be_a_digest_is_a_step(home):
    assert load_artifact("facade", home=home[0]) == "a name of hexadecimal digits alone"


def test_the_home_of_the_project_around_the_working_directory(home, monkeypatch):
    folder, _, _ = home
    inner = folder.parent / "notebooks"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert load_artifact("numbers") == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("number", "There is no artifact 'number'. Did you mean 'numbers'?"),
        ("two.rigth", "Did you mean 'two.right'?"),
        ("two", "Step 'two' returned 2 artifacts. Name one of two.left, two.right."),
        ("latest/tow.left", "Did you mean 'two.left'?"),
        ("nothing/numbers", "There is no run 'nothing'"),
        ("abcdef0123", "There is no artifact 'abcdef0123'"),
        ("", "There is no artifact ''"),
    ],
)
def test_what_there_is_not_is_named_with_what_there_is(home, name, said):
    with pytest.raises(NotFoundError) as caught:
        load_artifact(name, home=home[0])
    assert said in str(caught.value)


def test_without_a_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match=r"There is no \.mainspring in"):
        load_artifact("numbers")
    with pytest.raises(NotFoundError, match="There is no home"):
        load_artifact("numbers", home=tmp_path / "nowhere")


def test_a_value_whose_bytes_are_gone(home):
    folder, _, _ = home
    for blob in (folder / "objects").glob("*/*"):
        blob.unlink()
    with pytest.raises(MissingBlobError):
        load_artifact("numbers", home=folder)
