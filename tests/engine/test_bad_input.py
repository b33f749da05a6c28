"""What happens to a run: bad files, full disks, read-only homes, Ctrl-C. Each is a clear error; nothing is lost."""

import random
import signal
import subprocess
import time

import pytest
from killing import PIPELINE, assert_blobs_are_whole, assert_no_orphans, check_restart, finished_steps, statuses

from mainspring.tracking import open_facts

READER = """
    from dataclasses import dataclass
    from mainspring import File, pipeline, step

    @dataclass(frozen=True)
    class Config:
        table: File

    @step
    def rows(table: File) -> int:
        import pandas as pd
        return len(pd.read_parquet(table))

    @step
    def other() -> int:
        return 1

    @pipeline
    def reading(config: Config):
        return [rows(config.table), other()]
"""


def said(project, *args, expect=1) -> str:
    done = project.call("run", *args, expect=expect)
    return " ".join((done.stdout + done.stderr).split())


def test_a_missing_file_is_named_with_its_neighbour(project):
    project.write(READER)
    project.write('table = "data/tabel.parquet"', "config.toml")
    project.write("x", "data/table.parquet")
    text = said(project)
    assert "tabel.parquet' does not exist" in text
    assert "Did you mean 'table.parquet'?" in text
    assert project.run(expect=1)["by_step"] == {"rows": "failed", "other": "hit"}


def test_an_empty_file_is_an_error_before_the_step(project):
    project.write(READER)
    project.write('table = "table.parquet"', "config.toml")
    (project.folder / "table.parquet").touch()
    assert "table.parquet' is empty" in said(project)


def test_a_truncated_file_fails_the_step_by_name(project):
    import pandas as pd

    project.write(READER)
    project.write('table = "table.parquet"', "config.toml")
    path = project.folder / "table.parquet"
    pd.DataFrame({"a": range(1000)}).to_parquet(path)
    assert project.run()["result"] == [1000, 1]
    path.write_bytes(path.read_bytes()[:-100])
    text = said(project)
    assert "rows" in text
    assert "arquet" in text
    assert project.run(expect=1)["by_step"] == {"rows": "failed", "other": "hit"}


def test_a_folder_in_place_of_a_file_is_said(project):
    project.write(READER)
    project.write('table = "data"', "config.toml")
    project.write("x", "data/one.csv")
    assert "is a directory" in said(project) or "no regular file" in said(project)


def test_a_file_that_changes_while_the_step_reads_it_is_not_cached(project):
    project.write("""
    from dataclasses import dataclass
    from mainspring import File, pipeline, step

    @dataclass(frozen=True)
    class Config:
        table: File

    @step
    def rows(table: File) -> int:
        count = len(table.read_text())
        with open(table, "a") as file:
            file.write("more")
        return count

    @pipeline
    def reading(config: Config):
        return rows(config.table)
    """)
    project.write('table = "table.txt"', "config.toml")
    project.write("some", "table.txt")
    assert "changed while the step read it" in said(project)
    assert finished_steps(project) == set()


def test_an_undeclared_file_is_remarked_and_changes_no_hit(project):
    project.write("""
    from pathlib import Path
    from mainspring import pipeline, step

    @step
    def peek() -> str:
        return (Path(__file__).parent / "hidden.txt").read_text()

    @pipeline
    def peeking():
        return peek()
    """)
    project.write("secret", "hidden.txt")
    assert "hidden.txt" in said(project, expect=0)
    assert project.run()["by_step"] == {"peek": "hit"}


def test_a_read_only_home_is_said_and_nothing_is_written(project):
    project.write(PIPELINE)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", str(project.folder)], check=False)
    if not project.folder.joinpath("pipeline.py").exists():
        subprocess.run(["umount", str(project.folder)], check=True)
        home = project.folder.parent / "frozen"
        home.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", str(home)], check=True)
    else:  # no rights to mount: a file in the place of the folder is as unwritable
        home = project.folder.parent / "frozen"
        home.write_text("no folder")
    try:
        done = project.call("run", "--home", str(home / "home"), expect=3)
        assert "cannot be made" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", str(home)], check=False, stderr=subprocess.DEVNULL)


def test_a_full_disk_fails_by_name_and_leaves_nothing_torn(project):
    home = project.folder.parent / "small"
    home.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(home)], check=False).returncode == 0
    )
    if not mounted:
        pytest.fail("this check needs the right to mount a small tmpfs; run it as root")
    try:
        project.write("""
        import os
        from mainspring import pipeline, step

        @step
        def small() -> int:
            return 1

        @step
        def big(x: int) -> bytes:
            return os.urandom(30_000_000)

        @pipeline
        def filling():
            return big(small())
        """)
        done = project.call("run", "--home", str(home), expect=1)
        text = " ".join((done.stdout + done.stderr).split())
        assert "full" in text.lower() or "no space" in text.lower()
        assert "big" in text
        assert not list(home.glob("objects/*/*tmp*"))
        statuses = project.json("runs", "list", "--home", str(home))["runs"]
        assert [run["status"] for run in statuses] == ["failed"]
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def interrupt_at(project, moment: float, seconds: float) -> int:
    """Press Ctrl-C at a moment of a run that takes so many seconds; returns the exit code."""
    project.write(PIPELINE)
    run = project.start("run", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(moment)
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=20)
    assert "Traceback" not in errors + out, errors + out
    assert run.returncode or moment > seconds / 2, "nobody heard it"
    assert_no_orphans(project)
    assert not {"running", "lost"} & statuses(project)
    check_restart(project, finished_steps(project))
    return run.returncode


@pytest.mark.parametrize("seed", range(4))
def test_ctrl_c_at_any_moment_ends_cleanly(project, seconds, seed):
    moment = random.Random(seed).uniform(0.3, seconds)
    assert interrupt_at(project, moment, seconds) in (0, 130)


@pytest.mark.parametrize(
    ("place", "status"),
    [("mainspring.tracking.runs.Runs.start", "failed"), ("mainspring.tracking.runs.Runs.annotate", "succeeded")],
    ids=["begin", "end"],
)
def test_ctrl_c_while_the_run_is_put_on_record_does_not_tear_it(project, place, status):
    module, name, method = place.rsplit(".", 2)
    project.write(f"""
    import os, signal
    from mainspring import pipeline, step
    from {module} import {name}

    kept = {name}.{method}

    def pressing(*args, **named):
        answer = kept(*args, **named)
        os.kill(os.getpid(), signal.SIGINT)
        return answer

    {name}.{method} = pressing

    @step
    def one() -> int:
        return 1

    @pipeline
    def pressed():
        return one()
    """)
    project.call("run", expect=130)
    with open_facts(project.home) as facts:
        assert [run.status for run in facts.runs.list()] == [status]


def test_ctrl_c_when_nothing_is_left_to_do_changes_nothing(project):
    project.write("""
    import os, signal
    from mainspring import pipeline, step

    class Late:
        def __del__(self, kill=os.kill, pid=os.getpid()):
            if os.getpid() == pid:
                kill(pid, signal.SIGINT)

    late = Late()

    @step
    def one() -> int:
        return 1

    @pipeline
    def pressed():
        return one()
    """)
    project.call("run", expect=0)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 160))
def test_ctrl_c_at_many_moments(project, seconds, seed):
    moment = random.Random(seed).uniform(0.0, seconds)
    assert interrupt_at(project, moment, seconds) in (0, 130, -2)


def test_a_corrupt_result_is_found_when_it_is_loaded_and_made_by_the_next_run(project):
    project.write("""
    from mainspring import pipeline, step

    @step
    def table() -> list[int]:
        return list(range(100))

    @pipeline
    def one():
        return table()
    """)
    project.run()
    blobs = [blob for blob in project.home.glob("objects/*/*") if blob.stat().st_size > 100]
    for blob in blobs:
        blob.chmod(0o644)
        blob.write_bytes(bytes(reversed(blob.read_bytes())))
    project.call("artifacts", "show", "table", expect=3)
    assert project.run()["result"] == list(range(100))
    assert_blobs_are_whole(project)
