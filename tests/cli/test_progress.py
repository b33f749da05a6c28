"""What the events of a run amount to, line by line."""

import io
import sys

import pytest

from mainspring.cli import progress
from mainspring.cli.progress import Board, Lines, closing, failures
from mainspring.events import (
    BlobRecomputed,
    RunFinished,
    RunStarted,
    StepEnded,
    StepRetried,
    StepsAdded,
    StepStarted,
    StepWaiting,
)

RUN = "20260101-000000-abcdef"


def ended(step, status="ran", reason="first run", **more):
    return StepEnded(RUN, step, status, reason, more.pop("seconds", 0.5), more.pop("size", 1000), **more)


def lines(*events, board=None):
    board = board or Board()
    return [line.plain(8) for event in events for line in board.take(event)]


def test_a_line_a_step():
    said = lines(
        RunStarted(RUN, "shop", 3),
        StepStarted(RUN, "read", "first run", 1),
        ended("read"),
        ended("split", "hit", "made by run 1"),
        ended("total", "skipped", "'read' did not succeed", seconds=0.0, size=0),
    )
    assert said == [
        "run 20260101-000000-abcdef of shop, 3 steps",
        "✓ ran     read      first run                                 500 ms   1000 B",
        "= hit     split     made by run 1                            (500 ms)  1000 B",
        "- skipped total     'read' did not succeed",
    ]


def test_the_elements_of_a_mapped_step_are_one_line():
    board = Board()
    assert lines(StepsAdded(RUN, "scale", 3), ended("scale:items"), board=board) == []
    assert lines(ended("scale{0}"), ended("scale{2}", "hit", "made by run 1"), board=board) == []
    assert [line.plain(0) for line in board.underway()] == ["  scale: 2 of 3"]
    assert lines(ended("scale{1}", seconds=1.0), board=board) == [
        "✓ ran     scale x3  2 ran, 1 hit: first run                   2.00 s   2.9 KiB"
    ]
    assert board.ended == {"ran": 2, "hit": 1}
    assert board.counts() == "2 ran, 1 hit"


def test_an_element_that_fails_has_a_line_of_its_own():
    board = Board()
    said = lines(
        StepsAdded(RUN, "scale", 2), ended("scale{0}", "failed", error="no", size=0), ended("scale{1}"), board=board
    )
    assert said[0].startswith("✗ failed  scale{0}")
    assert said[1].startswith("✗ failed  scale x2  1 ran, 1 failed")
    assert [event.step for event in board.failed] == ["scale{0}"]


def test_a_second_call_of_a_mapped_step_is_another_line():
    said = lines(StepsAdded(RUN, "scale", 1), StepsAdded(RUN, "scale[2]", 1), ended("scale[2]{0}"), ended("scale{0}"))
    assert [line.split()[2] for line in said] == ["scale[2]", "scale"]


def test_an_empty_list_is_said():
    assert lines(StepsAdded(RUN, "scale", 0)) == ["  scale: its list is empty"]


def test_what_happens_on_the_way():
    assert lines(
        StepRetried(RUN, "read", 1, "OSError: not yet"),
        StepWaiting(RUN, "read", "process 12 on here"),
        BlobRecomputed(RUN, "read", "ab" * 32, "it is missing"),
        ended("read", remarks=("opened notes.txt, which is no declared input",)),
    )[:4] == [
        "  read: attempt 1 failed: OSError: not yet; once more",
        "  read: waits for process 12 on here, which computes the same",
        "  read: runs again, since its result cannot be used: it is missing",
        "  read: opened notes.txt, which is no declared input",
    ]


def test_long_reasons_are_cut_in_lines_and_whole_in_the_report():
    [said] = lines(ended("read", reason="x" * 300))
    assert len(said) < 160
    assert "…" in said


def test_the_end_of_a_run(tmp_path):
    board = Board()
    lines(ended("a"), ended("b", "hit"), ended("c", "hit"), board=board)
    report = tmp_path / "report.html"
    assert closing(board, "succeeded", 1.25, report) == f"succeeded: 1 ran, 2 hits in 1.25 s\nreport: {report}"
    assert closing(Board(), "failed", 0.5, None) == "failed: no steps in 500 ms"
    made = tmp_path / "objects" / "ab" / "cd"
    assert closing(Board(), "succeeded", 0.5, report, made).endswith(f"\npackage: {made}\nreport: {report}")


def test_failures_show_what_was_printed_and_where(tmp_path):
    log = tmp_path / "read.1.log"
    log.write_text("all of it")
    board = Board()
    lines(ended("read", "failed", error="KeyError: 'x' (a.py:1).", log="one\ntwo"), board=board)
    assert list(failures(board, {"read": log})) == [
        "Error: step 'read' failed",
        "  KeyError: 'x' (a.py:1).",
        "  | one",
        "  | two",
        f"  log: {log}",
    ]
    assert len(list(failures(board, {"read": tmp_path / "gone"}))) == 4


def test_a_long_map_says_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_LONGEST_SILENCE", -1.0)
    with Lines() as printed:
        for event in (StepsAdded(RUN, "scale", 3), ended("scale{0}"), ended("scale{1}")):
            printed(event)
    assert capsys.readouterr().out.splitlines()[-1] == "  scale: 2 of 3"


class Closed(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_reader_that_went_away_is_not_written_to_again(monkeypatch):
    printed = Lines()
    monkeypatch.setattr(sys, "stdout", Closed())
    printed(RunStarted(RUN, "shop", 1))
    monkeypatch.setattr(sys, "stdout", None)
    printed(ended("read"))
    assert printed.board.ended == {"ran": 1}


@pytest.mark.parametrize("status", ["ran", "hit", "failed", "skipped"])
def test_columns_have_one_width(status):
    [said] = lines(ended("read", status, "reason"))
    assert said.index("reason") == 20


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("succeeded", "had succeeded when the interruption came"),
        ("failed", "is interrupted; run again to go on with what is left"),
        (None, "is interrupted; run again to go on with what is left"),
    ],
)
def test_what_an_interruption_did_depends_on_when_it_came(status, said):
    board = Board()
    lines(RunStarted(RUN, "shop", 1), *([RunFinished(RUN, status, 1.0)] if status else []), board=board)
    assert board.interrupted() == f"run {RUN} {said}"
