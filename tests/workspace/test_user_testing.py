"""`mainspring.testing` as users have it: smoke runs, substitutes, inputs of steps, checks of training, fakes."""

import subprocess
import sys

import pytest

from mainspring.data import Source, read
from mainspring.errors import SourceDownError
from mainspring.testing import FakeSource, check_loss_falls, check_overfits_one_batch

PIPELINE = """
    from dataclasses import dataclass
    from typing import NamedTuple
    from mainspring import pipeline, step

    @dataclass(frozen=True)
    class Means:
        count: int

    class Parts(NamedTuple):
        left: list[int]
        right: list[int]

    @step
    def fetch(count: int) -> list[int]:
        return list(range(count))

    @step
    def split(values: list[int]) -> Parts:
        return Parts(values[::2], values[1::2])

    @step
    def train(values: list[int], *, power: int = 1) -> float:
        return sum(values) ** power / len(values)

    @pipeline
    def means(config: Means):
        return train(split(fetch(config.count)).left, power=2)
"""
TESTS = """
    import pytest
    from pipeline import Parts, means, train

    from mainspring import step
    from mainspring.errors import DefinitionError, NotFoundError, RunFailedError
    from mainspring.testing import step_inputs

    pytest_plugins = ["mainspring.testing.fixtures"]

    @step
    def dummy(values: list[int], **rest) -> float:
        return 100.0 + rest["power"]

    @step
    def broken(values: list[int], power: int) -> float:
        raise ValueError("this model is broken")

    @step
    def one_value(values: list[int]) -> list[int]:
        return values

    @step
    def takes_nothing() -> float:
        return 0.0

    def test_the_smoke_profile_runs(smoke_run):
        assert smoke_run(means).result == (0 + 2) ** 2 / 2

    def test_a_dummy_takes_the_place_of_the_model(smoke_run):
        done = smoke_run(means, replace={"train": dummy}, sets=["count=6"])
        assert done.result == 102.0

    def test_what_did_not_change_is_a_hit_in_the_home_of_all_tests(smoke_run):
        smoke_run(means)
        assert {one.status for one in smoke_run(means).steps} == {"hit"}

    def test_a_substitute_that_fails_fails_the_run_with_its_error(smoke_run):
        with pytest.raises(RunFailedError, match="this model is broken"):
            smoke_run(means, replace={"train": broken})

    def test_a_substitute_that_does_not_fit_is_refused(smoke_run):
        with pytest.raises(DefinitionError, match="returns one value, not a NamedTuple of left, right"):
            smoke_run(means, replace={"split": one_value})
        with pytest.raises(DefinitionError, match="does not take 'values', 'power'"):
            smoke_run(means, replace={"train": takes_nothing})
        with pytest.raises(DefinitionError, match="is function, not a step"):
            smoke_run(means, replace={"train": train.fn})
        with pytest.raises(NotFoundError, match="Did you mean 'train'"):
            smoke_run(means, replace={"trian": dummy})

    def test_a_step_is_tested_on_what_it_meets(smoke_run, smoke_home):
        smoke_run(means)
        found = step_inputs(means, "train", profile="smoke", home=smoke_home)
        assert found == {"values": [0, 2], "power": 2}
        assert train(**found) == 2.0
        with pytest.raises(NotFoundError, match="Run it first: mainspring run"):
            step_inputs(means, "train", home=smoke_home)
        with pytest.raises(NotFoundError, match="Did you mean 'train'"):
            step_inputs(means, "trian", profile="smoke", home=smoke_home)

    def test_a_clock_moves_when_it_is_told_to(fake_clock):
        before = fake_clock()
        fake_clock.advance(days=1, hours=1)
        assert fake_clock() - before == 25 * 3600

    def test_a_source_fails_as_often_as_it_is_told_to(fake_source):
        source = fake_source(b"a,b")
        assert source.uri.endswith("/data.csv")
"""


def test_the_fixtures_do_what_they_say(project):
    project.write(PIPELINE)
    project.write("count = 40\n[profile.smoke]\ncount = 4\n", "config.toml")
    project.write(TESTS, "test_means.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    done = subprocess.run(
        command, cwd=project.folder, env=project.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([1.0, 1.0, 1.0, 1.0], r"goes from 1 to 1; it has to fall by 10%"),
        ([1.0, 0.5, 0.3, float("nan")], "The loss is nan at place 3"),
        ([1.0, 0.1, 0.1, 2.0], "goes from 1 to 2"),
        ([1.0, 0.1], "2 losses are too few"),
    ],
)
def test_a_loss_that_does_not_fall_is_said(losses, says):
    with pytest.raises(AssertionError, match=says):
        check_loss_falls(losses)


def test_a_loss_that_falls_may_go_up_between():
    check_loss_falls([3.0, 3.5, 2.0, 2.4, 1.0, 1.2, 0.6, 0.7])


@pytest.mark.parametrize("found", [0.5, float("nan")])
def test_a_model_that_cannot_learn_one_batch_is_said(found):
    with pytest.raises(AssertionError, match="After training on one batch its loss is"):
        check_overfits_one_batch(lambda batch: batch, lambda *_: found, [1], below=0.1)


def test_a_fake_source_fails_for_a_while_breaks_off_and_changes(tmp_path):
    with FakeSource(b"a,b\n1,2\n", name="table.csv") as source:
        assert read(Source(source.uri, retries=0)).rows() == [(1, 2)]
        source.content = b"a,b\n3,4\n"
        source.failures = 1
        with pytest.raises(SourceDownError, match="503"):
            read(Source(source.uri, retries=0))
        assert read(Source(source.uri, retries=0)).rows() == [(3, 4)]
        source.cut = 3
        with pytest.raises(SourceDownError, match=r"broke off|IncompleteRead|more expected"):
            read(Source(source.uri, retries=0))
        source.cut, source.down = None, True
        with pytest.raises(SourceDownError):
            read(Source(source.uri, retries=0))
        assert source.asked == 5
