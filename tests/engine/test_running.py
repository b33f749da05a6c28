"""Whole runs of small real projects, through the command."""

import time

import pytest

CHAIN = """
    import os
    from mainspring import pipeline, step

    def note(word):
        with open(os.environ["JOURNAL"], "a") as file:
            file.write(word + "\\n")

    @step
    def first() -> int:
        note("first")
        return 1

    @step
    def second(x: int) -> int:
        note("second")
        return x + 1

    @step
    def third(x: int) -> int:
        note("third")
        return x * 10

    @pipeline
    def chain():
        return third(second(first()))
"""


def test_a_cold_run_runs_and_an_unchanged_one_hits(project):
    project.write(CHAIN)
    cold = project.run()
    assert cold["status"] == "succeeded"
    assert cold["result"] == 20
    assert cold["by_step"] == {"first": "ran", "second": "ran", "third": "ran"}
    assert set(cold["why"].values()) == {"first run"}
    warm = project.run()
    assert warm["by_step"] == {"first": "hit", "second": "hit", "third": "hit"}
    assert warm["result"] == 20
    assert project.journal == ["first", "second", "third"]


def test_a_run_that_forgets_a_step_is_a_fault_and_no_success(project):
    fault = """
    from mainspring.engine.schedule import Schedule

    def forgetful(schedule):
        while schedule._ready:
            job = schedule._ready.popleft()
            if job.name != "second":
                yield job

    Schedule.take = forgetful
    """
    project.write(CHAIN + fault)
    done = project.call("run", expect=70)
    assert "these steps did not end: second, third" in done.stderr
    assert "This is a fault in Mainspring itself" in done.stderr
    [row] = project.json("runs", "list")["runs"]
    assert row["status"] == "failed"
    assert "second, third" in row["error"]
    project.write(CHAIN)
    assert project.run()["by_step"]["second"] == "ran"


def test_a_changed_step_runs_again_and_says_why(project):
    project.write(CHAIN)
    project.run()
    project.forget()
    project.write(CHAIN.replace("x * 10", "x * 100"))
    changed = project.run()
    assert changed["result"] == 200
    assert project.journal == ["third"]
    assert "code of third changed" in changed["why"]["third"]
    assert "pipeline.py:" in changed["why"]["third"]


def test_an_equal_result_stops_the_wave(project):
    project.write(CHAIN)
    project.run()
    project.forget()
    project.write(CHAIN.replace("x + 1", "1 + x"))
    changed = project.run()
    assert project.journal == ["second"]
    assert changed["by_step"] == {"first": "hit", "second": "ran", "third": "hit"}


def test_force_and_only(project):
    project.write(CHAIN)
    early = project.run("--only", "second", expect=1)
    assert early["by_step"]["first"] == "failed"
    assert "has no stored result" in project.call("run", "--only", "second", expect=1).stderr
    project.run()
    project.forget()
    forced = project.run("--force", "second")
    assert project.journal == ["second"]
    assert forced["why"]["second"] == "forced"
    only = project.run("--only", "second")
    assert only["by_step"] == {"first": "hit", "second": "hit"}


MAPPED = """
    import os
    from mainspring import pipeline, step

    @step
    def names() -> list[str]:
        return ["a", "b", "c"]

    @step
    def size(name: str, *, factor: int) -> int:
        with open(os.environ["JOURNAL"], "a") as file:
            file.write(name + "\\n")
        return ord(name) * factor

    @step
    def total(sizes: list[int]) -> int:
        return sum(sizes)

    @pipeline
    def mapped():
        return total(size.map(names(), factor=2))
"""


def test_each_element_of_a_mapped_list_has_its_own_key(project):
    project.write(MAPPED)
    assert project.run()["result"] == 2 * (97 + 98 + 99)
    assert sorted(project.journal) == ["a", "b", "c"]
    project.forget()
    project.write(MAPPED.replace('["a", "b", "c"]', '["a", "d", "c"]'))
    assert project.run()["result"] == 2 * (97 + 100 + 99)
    assert project.journal == ["d"]


NAMED = """
    from typing import NamedTuple
    from mainspring import pipeline, step

    class Split(NamedTuple):
        train: list[int]
        test: list[int]

    @step
    def split() -> Split:
        return Split([1, 2, 3], [4])

    @step
    def count(values: list[int]) -> int:
        return len(values)

    @pipeline
    def named():
        train, test = split()
        return {"train": count(train), "test": count(test), "both": [train, test]}
"""


def test_named_results_are_artifacts_of_their_own(project):
    project.write(NAMED)
    assert project.run()["result"] == {"train": 3, "test": 1, "both": [[1, 2, 3], [4]]}
    project.write(NAMED.replace("[4]", "[5]"))
    changed = project.run()
    assert changed["by_step"] == {"split": "ran", "count": "hit", "count[2]": "ran"}


FILES = """
    from dataclasses import dataclass
    from mainspring import File, Folder, pipeline, step

    @dataclass(frozen=True)
    class Config:
        sales: File
        photos: Folder

    @step
    def lines(sales: File) -> int:
        return len(sales.read_text().splitlines())

    @step
    def names(photos: Folder) -> list[str]:
        return list(photos)

    @pipeline
    def files(config: Config):
        return [lines(config.sales), names(config.photos)]
"""


def test_files_and_folders_are_tracked_by_content(project):
    project.write(FILES)
    project.write('sales = "data/sales.csv"\nphotos = "data/photos"\n', "config.toml")
    project.write("a\nb\n", "data/sales.csv")
    project.write("x", "data/photos/one.txt")
    assert project.run()["result"] == [2, ["one.txt"]]
    assert set(project.run()["by_step"].values()) == {"hit"}
    project.write("a\nc\n", "data/sales.csv")  # the same size, within the same second
    changed = project.run()
    assert changed["by_step"] == {"lines": "ran", "names": "hit"}
    assert "sales.csv changed" in changed["why"]["lines"]
    project.write("y", "data/photos/deep/two.txt")
    assert project.run()["result"][1] == ["deep/two.txt", "one.txt"]
    (project.folder / "data").rename(project.folder / "moved")
    project.write('sales = "moved/sales.csv"\nphotos = "moved/photos"\n', "config.toml")
    assert set(project.run()["by_step"].values()) == {"hit"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('no such shop')", "ValueError: no such shop"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("import os; os.kill(os.getpid(), 9)", "killed (SIGKILL)"),
        ("import os; os._exit(3)", "exit status 3"),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("import time; time.sleep(60)", "longer than its timeout of 2.5 s"),
        ("x = bytearray(400_000_000); import time; time.sleep(30)", "its limit is 300 MiB"),
        ("import subprocess; subprocess.Popen(['sleep', '61'])", "left behind process"),
        (
            "import os\n        if os.fork() == 0:\n            os.setsid()\n"
            "            os.execlp('sleep', 'sleep', '62')",
            "left behind process",
        ),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(60,), name='pump').start()",
            "thread 'pump'",
        ),
        ("import threading; return threading.Lock()", "lock"),
        ("return (x for x in [1])", "generator"),
    ],
)
def test_a_step_that_does_not_return_fails_by_name_and_the_rest_still_runs(project, body, words):
    project.write(f"""
    from mainspring import pipeline, step

    @step(timeout=2.5, memory=300)
    def bad(x: int):
        print("about to go")
        {body}

    @step
    def good(x: int) -> int:
        return x + 1

    @step
    def after(x: int) -> int:
        return x

    @step
    def needs(x) -> int:
        return 1

    @pipeline
    def fragile():
        return [needs(bad(1)), after(good(1))]
    """)
    said = project.run("--workers", "2", expect=1)
    assert said["status"] == "failed"
    assert said["by_step"] == {"bad": "failed", "good": "ran", "after": "ran", "needs": "skipped"}
    again = project.call("run", expect=1)
    text = again.stdout + again.stderr
    assert words in text
    assert "bad" in text
    assert "about to go" in text
    assert not any(name in body and name in commands() for name in ("'61'", "'62'"))


def commands() -> str:
    import subprocess

    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return listed.replace("sleep 61", "'61'").replace("sleep 62", "'62'")


def test_a_step_that_prints_megabytes_keeps_them_in_its_log(project):
    project.write("""
    import sys
    from mainspring import pipeline, step

    @step
    def loud() -> int:
        for _ in range(50_000):
            print("x" * 100)
        sys.stderr.write("the end\\n")
        return 1

    @pipeline
    def noisy():
        return loud()
    """)
    assert project.run()["status"] == "succeeded"
    (log,) = project.home.glob("logs/*/loud.1.log")
    assert log.stat().st_size > 5_000_000
    assert log.read_text().endswith("the end\n")


def test_only_steps_that_print_leave_a_log(project):
    project.write("""
    from mainspring import pipeline, step

    import os

    @step
    def quiet(x: int) -> int:
        os.close(1)
        return x

    @step
    def loud(x: int) -> int:
        print("heard")
        os.close(1)
        return x

    @step
    def last(x: int) -> int:
        return x

    @pipeline
    def chain():
        return last(quiet(loud(quiet(1))))
    """)
    assert project.run()["status"] == "succeeded"
    (log,) = project.home.glob("logs/*/*")
    assert (log.name, log.read_text()) == ("loud.1.log", "heard\n")


def test_retries_start_afresh_and_are_counted(project):
    project.write("""
    import os
    from mainspring import log, pipeline, step

    @step(retries=2)
    def flaky() -> int:
        with open(os.environ["JOURNAL"], "a") as file:
            file.write("try\\n")
        log("attempt", 1)
        if len(open(os.environ["JOURNAL"]).readlines()) < 3:
            raise OSError("not yet")
        return 1

    @pipeline
    def stubborn():
        return flaky()
    """)
    assert project.run()["status"] == "succeeded"
    assert project.journal == ["try"] * 3
    shown = project.json("runs", "show", "latest")
    assert shown["steps"][0]["attempts"] == 3
    assert [metric["value"] for metric in shown["metrics"]] == [1.0]


def test_a_corrupt_blob_is_found_and_made_again(project):
    project.write(CHAIN)
    project.run()
    for blob in project.home.glob("objects/*/*"):
        blob.chmod(0o644)
        blob.write_bytes(b"torn" + blob.read_bytes()[4:] + b"x")
    project.write(CHAIN.replace("x * 10", "x * 100"))
    said = project.run()
    assert said["result"] == 200
    assert said["by_step"]["third"] == "ran"
    assert project.run()["result"] == 200


SEEDS = """
    import random
    from mainspring import pipeline, seed, step

    @step
    def early() -> int:
        return 0

    @step
    def draw(n: int) -> list[float]:
        import numpy as np
        return [random.random(), float(np.random.rand()), seed()]

    @step
    def names(n: int) -> list[str]:
        return list({f"name{place}" for place in range(n)})

    @pipeline
    def chance():
        CALLS
        return [draw(3), draw(4), names(20)]
"""


def test_a_store_that_loses_what_it_is_given_fails_the_step_that_reads_it(project):
    loss = """
    from mainspring.store import LocalStore

    LocalStore._place = lambda self, file, temporary, blob: None
    """
    project.write(CHAIN + loss)
    done = project.call("run", expect=1)
    assert "is not in" in done.stdout + done.stderr
    assert "Check the disk" in done.stdout + done.stderr
    assert project.journal == ["first", "first"]


def test_seeds_come_from_the_key_and_not_from_the_position(project):
    project.write(SEEDS.replace("CALLS", "pass"))
    three, four, names = project.run()["result"]
    assert three != four
    project.write(SEEDS.replace("CALLS", "early()"))
    again = project.run("--force", "draw", "--force", "names")
    assert again["by_step"]["draw"] == "ran"
    assert again["result"] == [three, four, names]
    project.write(SEEDS.replace("CALLS", "pass").replace("@pipeline", "@pipeline(seed=7)"))
    other = project.run()
    assert other["why"]["draw"] == "run seed 0 → 7"
    assert other["result"][0] != three


def test_two_runs_at_once_on_an_empty_home_share_the_work(project):
    project.write("""
    import os, time
    from mainspring import pipeline, step

    @step
    def slow(n: int) -> int:
        with open(os.environ["JOURNAL"], "a") as file:
            file.write(f"{n}\\n")
        time.sleep(0.4)
        return n

    @step
    def total(values: list[int]) -> int:
        return sum(values)

    @pipeline
    def both():
        return total([slow(1), slow(2), slow(3)])
    """)
    runs = [project.start("run", "--json", stdout=-1, stderr=-1) for _ in range(3)]
    said = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    assert sorted(project.journal) == ["1", "2", "3"]
    assert {run["status"] for run in project.json("runs", "list")["runs"]} == {"succeeded"}


def test_a_training_step_goes_on_from_its_checkpoint(project):
    text = """
    import os, time
    from mainspring import checkpoint, pipeline, step

    @step
    def train(epochs: int) -> list[float]:
        folder = checkpoint()
        weights = [1.0]
        saved = folder / "weights.txt" if folder else None
        if saved and saved.exists():
            weights = [float(x) for x in saved.read_text().split()]
        while len(weights) <= epochs:
            with open(os.environ["JOURNAL"], "a") as file:
                file.write(f"epoch{len(weights)}\\n")
            weights.append(weights[-1] * 0.9 + 0.05)
            if saved:
                part = saved.with_suffix(".part")
                part.write_text(" ".join(map(repr, weights)))
                part.rename(saved)
            time.sleep(0.1)
        return weights

    @pipeline
    def learn():
        return train(12)
    """
    project.write(text)
    run = project.start("run", stdout=-3, stderr=-3)
    while len(project.journal) < 5:
        time.sleep(0.02)
    run.kill()
    run.wait()
    finished = project.run()
    epochs = project.journal
    assert len(epochs) <= 14, "it went on from its checkpoint"
    assert not list(project.home.glob("checkpoints/*"))
    never_killed = project.run("--force", "train", "--home", "other")
    assert never_killed["result"] == finished["result"]
    assert len(project.journal) == len(epochs) + 12
