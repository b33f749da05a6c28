"""`gc`: what goes, what stays, and what a live run may rely on."""

import os
import time

import pytest

from mainspring import load_artifact
from mainspring.workspace.collecting import collect
from mainspring.workspace.opening import open_existing

STEPS = """
    import os, time
    from pathlib import Path
    from mainspring import Folder, checkpoint, log, pipeline, step

    @step
    def numbers(count: int) -> list[int]:
        return list(range(count))

    @step
    def pages(values: list[int]) -> Folder:
        folder = Path("pages-of-this")
        folder.mkdir(exist_ok=True)
        for value in values:
            (folder / f"{value}.txt").write_text(f"page {value}")
        log("pages", [{"page": value} for value in values])
        return Folder(folder)

    @step
    def read(folder: Folder) -> list[str]:
        return [Path(folder, name).read_text() for name in sorted(os.listdir(folder))]

    @pipeline
    def book():
        return read(pages(numbers(COUNT)))
"""


def make(project, count: int) -> str:
    project.write(STEPS.replace("COUNT", str(count)))
    return project.run()["run"]


@pytest.fixture
def books(project):
    """A home with three runs of three different results."""
    return project, [make(project, count) for count in (1, 2, 3)]


def gc(project, **options):
    with open_existing(project.home) as home:
        return collect(home, **{"older_than": 0.0, "keep": 0, **options})


def blobs(project) -> int:
    return sum(1 for path in project.home.glob("objects/*/*") if not path.name.startswith("."))


def test_everything_goes_when_nothing_is_to_be_kept(books):
    project, ids = books
    found = gc(project)
    assert sorted(found.runs) == sorted(ids)  # two that started at one moment have no order
    assert found.results == 9
    assert blobs(project) == 0
    assert project.json("runs", "list")["runs"] == []
    assert not list(project.home.glob("logs/*/*"))
    assert not list(project.home.glob("reports/*"))
    assert not list(project.home.glob("files/*"))
    assert set(project.run()["by_step"].values()) == {"ran"}


def test_a_dry_run_says_the_same_and_removes_nothing(books):
    project, _ = books
    before = blobs(project)
    would = gc(project, keep=1, dry=True)
    assert blobs(project) == before
    did = gc(project, keep=1)
    assert (would.runs, would.results, would.blobs, would.blob_bytes) == (
        did.runs, did.results, did.blobs, did.blob_bytes)  # fmt: skip
    assert blobs(project) == before - did.blobs


def test_the_newest_runs_stay_with_their_results(books):
    project, ids = books
    assert gc(project, keep=2).runs == (ids[0],)
    for run, count in zip(ids[1:], (2, 3), strict=True):
        assert load_artifact(f"{run}/read", home=project.home) == [f"page {page}" for page in range(count)]
    assert set(project.run()["by_step"].values()) == {"hit"}


def test_a_pinned_run_stays_with_all_that_it_needs(books):
    project, ids = books
    project.call("runs", "pin", ids[0])
    assert gc(project).runs == tuple(ids[1:])
    assert load_artifact(f"{ids[0]}/read", home=project.home) == ["page 0"]
    assert load_artifact(f"{ids[0]}/pages", home=project.home).path.is_dir()
    shown = project.json("runs", "show", ids[0])
    assert shown["logged"][0]["name"] == "pages"
    assert (project.home / "reports" / f"report-{ids[0]}.html").exists()
    project.write(STEPS.replace("COUNT", "1"))
    assert set(project.run()["by_step"].values()) == {"hit"}


def test_what_is_young_stays(books):
    project, _ = books
    found = gc(project, older_than=3600.0)
    assert (found.runs, found.results, found.blobs, found.files) == ((), 0, 0, 0)


def test_a_blob_that_two_results_share_stays_while_one_does(project):
    project.write(
        """
    from mainspring import pipeline, step

    @step
    def same(x: int) -> str:
        return "the same for all"

    @pipeline
    def shares():
        return same(NUMBER)
    """.replace("NUMBER", "1")
    )
    project.run()
    project.write((project.folder / "pipeline.py").read_text().replace("same(1)", "same(2)"))
    newest = project.run()["run"]
    gc(project, keep=1)
    assert load_artifact(f"{newest}/same", home=project.home) == "the same for all"


def test_a_failed_run_goes_with_its_log(project):
    project.write("""
    from mainspring import pipeline, step

    @step
    def breaks() -> int:
        print("why")
        raise ValueError("no")

    @pipeline
    def never():
        return breaks()
    """)
    run = project.run(expect=1)["run"]
    assert list(project.home.glob(f"logs/{run}/*"))
    found = gc(project)
    assert found.runs == (run,)
    assert found.files >= 2
    assert not list(project.home.glob("logs/*"))


SLOW = """
    import time
    from pathlib import Path
    from mainspring import checkpoint, pipeline, step

    @step
    def first() -> list[int]:
        return list(range(1000))

    @step
    def trains(values: list[int]) -> int:
        folder = checkpoint()
        (folder / "state").write_text("here")
        while not Path("go").exists():
            time.sleep(0.02)
        print("went on")
        return sum(values) if (folder / "state").exists() else -1

    @pipeline
    def learns():
        return trains(first())
"""


def test_a_run_that_goes_on_keeps_what_it_uses(project):
    project.write(SLOW)
    run = project.start("run", "--json", stdout=-1, stderr=-1)
    end = time.monotonic() + 30
    while not list(project.home.glob("checkpoints/*/state")):
        assert time.monotonic() < end
        time.sleep(0.02)
    for path in project.home.glob("checkpoints/**/*"):
        os.utime(path, (1, 1))  # as if it were left by a run of long ago that this one goes on with
    found = gc(project)
    assert found.runs == ()
    (project.folder / "go").touch()
    out, err = run.communicate(timeout=30)
    assert run.returncode == 0, err
    assert '"result": 499500' in out
    assert list(project.home.glob("logs/*/trains.1.log"))


def test_what_a_killed_writer_left_is_removed(project):
    make(project, 1)
    left = project.home / "objects" / ".123-abcdef"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    gc(project, older_than=60.0)
    assert not left.exists()


def test_a_home_on_postgres_is_collected_the_same_way(project, empty_postgres):
    project.write(f'[workspace]\ndatabase = "{empty_postgres}"\n', "config.toml")
    ids = [make(project, count) for count in (1, 2)]
    would = project.json("gc", "--older-than", "0s", "--keep", "1", "--dry-run")
    did = project.json("gc", "--older-than", "0s", "--keep", "1")
    assert would["blobs"] == did["blobs"] > 0
    assert did["runs"] == [ids[0]]
    assert project.json("lineage", "read")["made_by"][0]["step"] == "read"
    assert project.json("artifacts", "show", "read")["artifacts"][0]["summary"]
    assert project.json("doctor")["checks"][5]["found"].startswith("Postgres")
    assert set(project.run()["by_step"].values()) == {"hit"}
