"""A recorded run, run again: what agrees, what does not, which step is the first, and why."""

import shutil
import sqlite3

import pytest
from planted import project_of


@pytest.fixture
def flawed(project):
    """Make the project of a flaw, and run it."""

    def make(flaw: str):
        project_of(project.folder, flaw)
        project.run()
        return project

    return make


def rungs(said: dict) -> dict[str, str]:
    return {step["step"]: step["rung"] for step in said["findings"]["steps"]}


# The flaw, the verdict of the plain re-run, what moves or holds it, and a piece of the code that shows it.
MOVED = [
    ("set order", "hash seed", "goes through a set (pipeline.py:"),
    ("thread sums", "threads", "ThreadPoolExecutor() (pipeline.py:"),
    ("file order", "file order", "os.listdir() (pipeline.py:"),
    ("date", "wall clock", "datetime.now() (pipeline.py:"),
    ("time zone", "time zone", "time.localtime() (pipeline.py:"),
    ("locale", "locale", "open() without an encoding (pipeline.py:"),
]
RESTLESS = [
    ("unseeded random", "unseeded random", "random.default_rng() (pipeline.py:"),
    pytest.param("thread race", "threads", "ThreadPoolExecutor() (pipeline.py:", marks=pytest.mark.prove),
    pytest.param("wall clock", "wall clock", "datetime.now() (pipeline.py:", marks=pytest.mark.prove),
]


@pytest.mark.prove
@pytest.mark.parametrize(("flaw", "name", "code"), MOVED, ids=[row[0] for row in MOVED])
def test_what_a_perturbation_moves_is_named_with_its_cause(flawed, flaw, name, code):
    said = flawed(flaw).json("reproduce", "latest", "--perturb", expect=1)
    assert said["verdict"] == "bytes equal"
    assert set(rungs(said).values()) == {"bytes equal"}
    found = said["findings"]
    assert found["first"] is None
    assert found["perturbed_first"] == "second"
    assert found["perturbed_cause"]["names"] == [name]
    assert any(code in place for place in found["perturbed_cause"]["evidence"])
    moved = {one["name"]: one["first"] for one in found["perturbed"]}
    assert moved == {one: "second" if one == name else None for one in moved}
    assert said["under"] in ("different", "within tolerance")


@pytest.mark.parametrize(("flaw", "name", "code"), RESTLESS)
def test_what_moves_by_itself_is_named_with_what_holds_it(flawed, flaw, name, code):
    said = flawed(flaw).json("reproduce", "latest", "--seeds", "0", expect=1)
    assert said["verdict"] == "different"
    # A sum in another order is within tolerance; its text, which comes after, is another one.
    second = "within tolerance" if flaw == "thread race" else "different"
    assert rungs(said) == {"read": "bytes equal", "second": second, "after": "different"}
    assert said["findings"]["first"] == "second"
    assert said["findings"]["cause"]["names"] == [name]
    assert any(code in place for place in said["findings"]["cause"]["evidence"])


@pytest.mark.prove
def test_where_the_project_lies_is_told_although_the_rerun_is_quiet(flawed):
    said = flawed("place").json("reproduce", "latest", "--seeds", "0", expect=1)
    assert said["findings"]["first"] == "second"
    assert "working directory" in said["findings"]["cause"]["names"]


@pytest.mark.prove
def test_a_sound_pipeline_is_bytes_equal_whatever_is_varied(flawed):
    project = flawed("none")
    printed = project.call("reproduce", "latest", "--perturb").stdout
    assert "verdict: bytes equal" in printed
    assert "under perturbations: bytes equal" in printed
    [proof] = project.json("runs", "show", "latest")["proofs"]
    assert (proof["verdict"], proof["record"]["under"]) == ("bytes equal", "bytes equal")
    found = proof["record"]["findings"]
    assert found["first"] is found["perturbed_first"] is None
    assert [one["rung"] for one in found["perturbed"]] == ["bytes equal"] * 7


@pytest.mark.prove
def test_numbers_that_seeds_move_as_far_are_inside_their_noise(flawed):
    said = flawed("unseeded random").json(
        "reproduce", "latest", "--seeds", "9", "--at-least", "inside-seed-noise", expect=1
    )
    assert rungs(said)["second"] in ("inside seed noise", "different")
    [artifact] = [one for step in said["findings"]["steps"] if step["step"] == "second" for one in step["artifacts"]]
    assert "9 other seeds spread by" in artifact["says"]


def test_code_configuration_and_data_are_those_on_record_not_those_of_now(flawed):
    project = flawed("none")
    assert set(project.run()["by_step"].values()) == {"hit"}  # what hits used is reproduced as well
    (project.folder / "config.toml").write_text('parts = "parts"\nwords = "words.txt"\ncount = 3\n')
    (project.folder / "pipeline.py").write_text("raise SystemExit('gone')\n")
    (project.folder / "words.txt").unlink()  # its copy is in the store
    said = project.json("reproduce", "latest")
    [planted] = said["findings"]["planted"]
    assert (planted["caught"], planted["says"]) == (True, "different")
    assert said["verdict"] == "bytes equal"
    assert set(rungs(said).values()) == {"bytes equal"}
    assert said["data"] == {"kept": 1, "checked": 1}
    assert "reproduced  bytes equal" in project.call("runs", "show", "latest").stdout
    assert [run["proof"] for run in project.json("runs", "list")["runs"]] == ["bytes equal", None]


def test_data_that_changed_and_were_not_kept_are_refused_with_what_to_do(flawed):
    project = flawed("none")
    (project.folder / "parts" / "a.txt").write_text("other")
    failed = project.call("reproduce", "latest", expect=2)
    assert "parts' has changed (" in failed.stderr
    assert "keep_inputs" in failed.stderr
    shutil.rmtree(project.folder / "parts")
    assert "parts' is gone, and no copy was kept" in project.call("reproduce", "latest", expect=2).stderr


def test_only_a_run_that_succeeded_can_be_reproduced(project):
    project.write(
        """
        from mainspring import pipeline, step

        @step
        def fail() -> int:
            raise ValueError("no")

        @pipeline
        def failing():
            return fail()
        """
    )
    project.run(expect=1)
    assert (
        "is 'failed': only a run that succeeded can be reproduced"
        in project.call("reproduce", "latest", expect=2).stderr
    )


def test_a_file_that_code_reads_unseen_is_told(project):
    project.write(
        """
        from pathlib import Path
        from mainspring import pipeline, step

        LIMIT = int(Path(__file__).with_name("limit.txt").read_text())

        @step
        def one() -> int:
            return 1

        @pipeline
        def unseen():
            return one()
        """
    )
    project.write("3\n", "limit.txt")
    project.run()
    failed = project.call("reproduce", "latest", expect=2).stderr
    assert "The recorded code cannot be loaded: FileNotFoundError" in failed
    assert "declare it as a File" in failed


@pytest.mark.prove
def test_another_value_on_record_is_found_and_said(flawed):
    """As if the run had been made where a sum came out otherwise."""
    project = flawed("none")
    with sqlite3.connect(project.home / "mainspring.db") as database:
        database.execute("UPDATE artifacts SET digest = 'f' || substr(digest, 2) WHERE name = 'result'")
    said = project.json("reproduce", "latest", "--at-least", "within-tolerance")
    first = said["findings"]["steps"][0]
    assert (first["rung"], first["says"]) == ("within tolerance", "the numbers are equal, the bytes are not")
    assert said["findings"]["cause"]["names"] == ["unknown"]
