"""`mainspring run` and `smoke`: what they print, on a terminal and off it, and how they exit."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mainspring.cli import entry

COMMAND = str(Path(sys.executable).with_name("mainspring"))
FAILING = """
from mainspring import pipeline, step

@step
def fine() -> int:
    return 1

@step
def broken(x: int) -> int:
    print("this far")
    total = x + 1
    return total / 0

@step
def after(x: int) -> int:
    return x

@pipeline
def fails():
    return after(broken(fine()))
"""
SLEEPING = """
import time
from mainspring import pipeline, step

@step
def quick() -> int:
    return 1

@step
def slow(x: int) -> int:
    time.sleep(60 if x < 2 else 0)
    return x

@pipeline
def sleeps():
    return slow(quick())
"""


def test_it_prints_a_line_a_step_then_the_totals_and_the_report(shop, snapshot, plain):
    said = shop.call("run", "--set", "factor=4").stdout
    assert plain(said) == snapshot
    report = re.search(r"report: (.*)", said)
    assert report is not None
    assert (shop.folder / report[1]).is_file()


def test_off_a_terminal_nothing_is_coloured(shop):
    assert "\x1b" not in shop.call("run").stdout


def test_json_is_one_object_with_the_result(shop):
    said = json.loads(shop.call("run", "--json").stdout)
    assert set(said) == {"run", "status", "steps", "result", "report"}
    assert said["status"] == "succeeded"
    assert said["result"] == {"shop": 156}
    assert {frozenset(step) for step in said["steps"]} == {frozenset({"name", "status", "reason", "seconds"})}
    assert {step["status"] for step in said["steps"]} == {"hit"}


RESULTS = """
from mainspring import pipeline, step

@step
def made():
    return VALUE

@pipeline
def returns():
    return made()
"""


@pytest.mark.parametrize(
    ("value", "printed"),
    [("[1, 'a', None, True]", [1, "a", None, True]), ("{'a': [0.5]}", {"a": [0.5]}), ("None", None), ("'é'", "é")],
)
def test_a_result_that_json_can_say_is_printed(project, value, printed):
    project.write(RESULTS.replace("VALUE", value))
    assert project.json("run")["result"] == printed


@pytest.mark.parametrize("value", ["float('nan')", "b'bytes'", "{1, 2}", "'x' * 100_000"])
def test_any_other_result_is_named_by_its_digest(project, value):
    project.write(RESULTS.replace("VALUE", value))
    result = project.json("run")["result"]
    shown = project.json("artifacts", "show", "made")["artifacts"][0]
    assert result == shown["digest"]


def test_a_result_in_parts_has_the_digest_of_what_does_not_fit(project):
    project.write("""
    from mainspring import pipeline, step

    @step
    def score() -> float:
        return 0.5

    @step
    def members() -> set[int]:
        return {1, 2}

    @pipeline
    def parts():
        return {"score": score(), "members": members(), "both": [score(), members()], "fixed": 3}
    """)
    said = project.json("run")["result"]
    digest = project.json("artifacts", "show", "members")["artifacts"][0]["digest"]
    assert said == {"score": 0.5, "members": digest, "both": [0.5, digest], "fixed": 3}


def test_a_failure_shows_the_error_the_end_of_the_log_and_where_it_is(project, snapshot, plain):
    project.write(FAILING)
    done = project.call("run", expect=1)
    assert "✗ failed  broken" in done.stdout
    assert "- skipped after" in done.stdout
    assert "failed: 1 ran, 1 failed, 1 skipped" in done.stdout
    lines = done.stderr.splitlines()
    assert lines[0] == "Error: step 'broken' failed"
    assert lines[1] == "  ZeroDivisionError: division by zero (pipeline.py:12)."
    assert "  | this far" in lines
    report = project.folder / done.stdout.splitlines()[-1].removeprefix("report: ")
    assert "ZeroDivisionError" in report.read_text()
    log = project.folder / lines[-1].removeprefix("  log: ")
    assert log.read_text().startswith("this far\n")


def test_a_failure_as_json_still_says_why(project):
    project.write(FAILING)
    done = project.call("run", "--json", expect=1)
    said = json.loads(done.stdout)
    assert said["status"] == "failed"
    assert said["result"] is None
    assert "ZeroDivisionError" in said["error"]
    assert "Error: step 'broken' failed" in done.stderr


def test_pdb_calls_the_step_that_failed_again_where_it_can_be_looked_at(project):
    project.write(FAILING)
    run = project.start("run", "--pdb", stdin=-1, stdout=-1, stderr=-1)
    out, err = run.communicate("p total\nu\nq\n", timeout=60)
    assert run.returncode == 1
    assert "Calling 'broken' again" in err
    assert "-> return total / 0" in out
    assert "(Pdb) 2" in out


def test_pdb_calls_it_with_the_same_seed(project):
    project.write("""
    import random
    from mainspring import checkpoint, pipeline, seed, step

    @step
    def draw(times: int) -> float:
        print(f"drew {seed()} {random.random()} {checkpoint().name}")
        raise ValueError(times)

    @pipeline
    def drawing():
        return draw(1)
    """)
    run = project.start("run", "--pdb", stdin=-1, stdout=-1, stderr=-1)
    out, err = run.communicate("q\n", timeout=60)
    drawn = re.findall("drew (.*)", out + err)
    assert len(drawn) == 2
    assert len(set(drawn)) == 1


def test_pdb_and_json_do_not_go_together(project):
    project.write(FAILING)
    assert "--pdb and --json do not go together" in project.call("run", "--pdb", "--json", expect=2).stderr


def test_pdb_opens_nothing_when_the_run_succeeds(shop):
    assert "Calling" not in shop.call("run", "--pdb").stderr


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_ctrl_c_prints_one_line_and_what_is_done_stays_done(project):
    project.write(SLEEPING)
    run = project.start("run", stdout=-1, stderr=-1)
    line = ""
    while "quick" not in line:
        line = run.stdout.readline()
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert err == "Interrupted.\n"
    [report] = project.home.glob("reports/*.html")
    assert "is interrupted; run again to go on with what is left" in out
    assert out.endswith(f"\nreport: .mainspring/reports/{report.name}\n")
    assert "slow: failed" in report.read_text()
    assert "Interrupted" in report.read_text()
    assert project.json("runs", "list")["runs"][0]["status"] == "failed"
    project.write(SLEEPING.replace("x < 2", "x < 1"))
    assert project.run()["by_step"]["quick"] == "hit"


STOP = "__import__('os').kill(__import__('os').getpid(), 2)"


@pytest.mark.parametrize(
    "text",
    [
        f"{STOP}\n{SLEEPING}",
        SLEEPING.replace("    return slow(quick())", f"    {STOP}\n    return slow(quick())"),
    ],
    ids=["while the pipeline is imported", "while it is traced"],
)
def test_ctrl_c_before_the_run_is_one_line_too(project, text):
    project.write(text)
    done = project.call("run", expect=130)
    assert (done.stdout, done.stderr) == ("", "Interrupted.\n")


def test_ctrl_c_while_the_command_is_loaded(monkeypatch, capsys):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "import_module", interrupted)
    with pytest.raises(SystemExit) as caught:
        entry.main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_reader_that_goes_away_does_not_end_the_run(project):
    project.write(SLEEPING.replace("60 if x < 2 else 0", "0.5"))
    run = project.start("run", stdout=-1, stderr=-1)
    with run.stderr:
        run.stdout.readline()
        run.stdout.close()
        assert run.wait(timeout=30) in (0, 141)  # 141: something was left to say when the reader had gone
        assert run.stderr.read() == ""
    assert project.json("runs", "list")["runs"][0]["status"] == "succeeded"


def test_output_that_finds_no_space_is_told_and_the_run_goes_on(shop):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([COMMAND, "run"], cwd=shop.folder, stdout=full, stderr=subprocess.PIPE, text=True)
        listed = subprocess.run(
            [COMMAND, "runs", "list"], cwd=shop.folder, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.stderr == "The output cannot be written (No space left on device); the run goes on unseen.\n"
    assert shop.json("runs", "list")["runs"][0]["status"] == "succeeded"
    assert listed.stderr.startswith("Error: The output cannot be written: No space left on device")
    assert (listed.returncode, "Traceback" in listed.stderr) == (3, False)


def test_a_reader_that_goes_away_is_no_error_elsewhere(shop):
    for args in (["runs", "list"], ["config", "show"], ["--help"], ["run", "--help"], ["plan"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([COMMAND, *args], cwd=shop.folder, stdout=write, stderr=subprocess.PIPE, text=True)
        os.close(write)
        assert done.stderr == ""
        assert done.returncode in (1, 141)


def test_smoke_is_a_run_with_the_smoke_profile_in_the_same_home(shop):
    said = json.loads(shop.call("smoke", "--json").stdout)
    assert said["result"] == {"smoke": 156}
    assert [step["name"] for step in said["steps"] if step["status"] == "ran"] == ["total"]
    shown = shop.json("runs", "show")
    assert shown["id"] == said["run"]
    assert shown["record"]["profile"] == "smoke"


def test_smoke_takes_another_profile(shop):
    shop.write('sales = "sales.txt"\n[profile.tiny]\nlabel = "tiny"\n', "config.toml")
    assert shop.json("smoke", "--profile", "tiny")["result"] == {"tiny": 104}


def test_the_home_is_beside_the_pipeline_wherever_the_command_is_called(shop, tmp_path):
    done = subprocess.run(
        [COMMAND, "run", "project/pipeline.py:shop"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "5 hits" in done.stdout or "hits" in done.stdout
    assert "report: project/.mainspring/reports/report-" in done.stdout
    assert not (tmp_path / ".mainspring").exists()


def test_another_home_is_another_world(shop):
    assert {step["status"] for step in shop.json("run", "--home", "other")["steps"]} == {"ran"}
    assert (shop.folder / "other" / "mainspring.db").is_file()
    assert len(shop.json("runs", "list", "--home", "other")["runs"]) == 1


def test_force_and_only_are_for_steps_that_there_are(shop):
    forced = shop.run("--force", "total")
    assert forced["by_step"]["total"] == "ran"
    assert forced["why"]["total"] == "forced"
    only = shop.run("--only", "split")
    assert set(only["by_step"]) == {"read", "split"}
    assert "Did you mean 'split'?" in shop.call("run", "--only", "splt", expect=2).stderr


def on_a_terminal(project, *args, keys=b""):
    """Return what a command writes to a terminal of 100 columns, and its exit code."""
    leader, follower = pty.openpty()
    env = {**project.environment(), "COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color"}
    run = subprocess.Popen(
        [COMMAND, *args], cwd=project.folder, env=env, stdout=follower, stderr=follower, stdin=follower
    )
    os.close(follower)
    said = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(leader)
    return said.decode(), run.wait()


def visible(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


def left_on_screen(text: str) -> list[str]:
    """Return the lines that stay on a terminal which is tall enough to scroll nothing away."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece.endswith("A") and piece.startswith("\x1b"):
            row -= int(piece[2:-1] or 1)
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif not piece.startswith("\x1b") and piece != "\r":
            lines[row] += piece
    return [line.rstrip() for line in lines if line.strip()]


def test_on_a_terminal_lines_are_live(project):
    project.write(SLEEPING.replace("60 if x < 2 else 0", "0.8"))
    said, code = on_a_terminal(project, "run")
    assert code == 0
    assert "\x1b[32m" in said
    text = visible(said)
    assert re.search(r"▸ slow +\d{3} ms", text), "a step that runs shows its time"
    assert "1/2 steps" in text
    assert re.search(r"✓ ran +quick +first run +.*B", text)
    assert "\x1b[?25h" in said, "the cursor is back"
    start, quick, slow, closing, report = left_on_screen(said)
    assert start.endswith("of sleeps, 2 steps")
    assert quick.startswith("✓ ran     quick")
    assert slow.startswith("✓ ran     slow")
    assert closing.startswith("succeeded: 2 ran in ")
    assert report.startswith("report: .mainspring/reports/")


def test_on_a_terminal_a_failure_is_below_the_lines(project):
    project.write(FAILING)
    said, code = on_a_terminal(project, "run")
    assert code == 1
    text = visible(said)
    assert text.index("failed: 1 ran") < text.index("Error: step 'broken' failed") < text.index("log: .mainspring/logs")


def test_on_a_terminal_tables_fit(shop):
    said, code = on_a_terminal(shop, "runs", "list")
    assert code == 0
    text = visible(said)
    assert "succeeded" in text
    assert all(len(line) <= 100 for line in text.splitlines())
