"""The score: what a piece of evidence is worth, and how it is lost."""

import json
from datetime import UTC, datetime

import pytest

from mainspring.digest import Artifact
from mainspring.errors import ConfigError
from mainspring.events import TESTS, Finding, Planted
from mainspring.proof.pieces import Limits, Piece, Reading
from mainspring.proof.records import row_of
from mainspring.proof.rubric import RUBRIC, SECTIONS, band
from mainspring.proof.scoring import limits_of, record, score, total
from mainspring.testing import FakeClock
from mainspring.tracking import EvidenceRow, Facts, RunRow, this_process
from mainspring.tracking.sqlite import open_sqlite

CAUGHT = (Planted("a negative age", True, "ages are negative"),)
TEST = "data.expectations"


class World:
    """Facts of one pipeline under a clock."""

    def __init__(self, home):
        self.clock = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.facts = Facts(open_sqlite(home, clock=self.clock))
        self.runs = 0

    def run(self, *findings, status="succeeded", profile=None, place="validate", hit=False):
        self.runs += 1
        self.clock.advance(seconds=10)
        name = f"run-{self.runs}"
        git = {"commit": "c0ffee", "changed_files": 0}
        row = RunRow(
            name, "ages", "running", 0, None, 0, this_process(), record=json.dumps({"profile": profile, "git": git})
        )
        self.facts.runs.start(row)
        self.facts.runs.annotate(name, row.record, [Artifact("sources", "snapshot", "blob", "value/1", 1)])
        self.find(name, *findings, place=place)
        self.facts.runs.finish(name, status)
        return name

    def find(self, run, *findings, place="validate"):
        rows = [row_of(finding, run, place, self.clock()) for finding in findings]
        self.facts.evidence.add([EvidenceRow(r.run, r.step, "key", r.test, r.name, r.record, r.time) for r in rows])

    def score(self, **limits):
        return score(self.facts, "ages", Reading(self.facts.now(), Limits(**limits)))

    def points(self, test=TEST, **limits):
        return self.one(test, **limits).points

    def one(self, test=TEST, **limits):
        return next(one for one in self.score(**limits).tests if one.test.id == test)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "home")
    yield made
    made.facts.close()


def finding(test=TEST, passed=True, planted=CAUGHT, by="run", name="ages"):
    return Finding(test, name, passed, "", planted, 0.1, by)


def test_the_rubric_has_the_28_tests_of_the_paper_in_four_sections_of_seven():
    assert tuple(test.id for test in RUBRIC) == TESTS
    assert [sum(test.section == name for test in RUBRIC) for name in SECTIONS] == [7] * 4


@pytest.mark.parametrize(
    ("found", "begins"),
    [(0, "a research"), (0.5, "not untested"), (1, "not untested"), (2, "a first"), (3, "reasonably"), (3.5, "strong"),
     (5, "strong"), (5.5, "exceptional")],
)  # fmt: skip
def test_bands_are_those_of_the_paper(found, begins):
    assert band(found).startswith(begins)


def test_evidence_of_one_run_is_half_a_point_and_of_two_a_full_one(world):
    assert world.points() == 0
    world.run(finding())
    assert world.points() == 0.5
    assert "a second one makes it a full point" in world.one().missing
    world.run(finding())
    assert world.points() == 1
    assert world.one().missing == ""


def test_a_point_is_linked_to_run_commit_snapshot_key_and_record(world):
    run = world.run(finding())
    [piece] = world.one().evidence
    assert (piece.run, piece.commit, piece.snapshot, piece.key) == (run, "c0ffee", "snapshot", "key")
    assert len(piece.digest) == 64


def test_evidence_that_ages_is_worth_nothing(world):
    world.run(finding())
    world.run(finding())
    world.clock.advance(days=29)
    assert world.points(days=30) == 1
    world.clock.advance(days=2)
    assert world.points(days=30) == 0
    assert "made 31 days ago; the limit is 30" in world.one().missing
    world.run(finding())
    assert world.points(days=30) == 0.5  # the old one does not make it a repeated one


def test_evidence_that_is_taken_away_takes_its_point_along(world):
    world.run(finding())
    world.run(finding())
    assert world.points() == 1
    world.run()  # the step checks nothing any more
    assert world.points() == 0


def test_evidence_goes_with_its_runs(world):
    names = [world.run(finding()), world.run(finding())]
    world.facts.runs.delete(names[:1])
    assert world.points() == 0.5
    world.facts.runs.delete(names[1:])
    assert world.points() == 0


@pytest.mark.parametrize(
    ("planted", "because"),
    [((), "no fault was planted"), ((Planted("a negative age", False, "it was not noticed"),), "was not caught"),
     ((*CAUGHT, Planted("an age of 999", False, "it was not noticed")), "'an age of 999' was not caught")],
)  # fmt: skip
def test_a_check_that_was_not_seen_to_fail_counts_nothing_and_says_so(world, planted, because):
    for _ in range(2):
        world.run(finding(planted=planted))
    assert world.points() == 0
    assert because in world.one().missing


def test_a_record_that_was_changed_counts_nothing(world):
    for _ in range(2):
        world.run(finding(passed=False))
    changed = finding(passed=True)
    [text] = [row_of(changed, "", "", 0).record]
    world.facts.database.write("UPDATE evidence SET record = :text", [{"text": text}])
    assert world.points() == 0
    assert "changed after it was made" in world.one().missing


def test_a_check_that_fails_is_evidence_and_shown_as_failing(world):
    world.run(finding())
    world.run(finding(passed=False))
    assert world.points() == 1
    assert world.one().passed is False
    assert [one.test.id for one in world.score().failing] == [TEST]


def test_a_check_that_never_passed_is_half_a_point_at_most(world):
    for _ in range(3):
        world.run(finding(passed=False))
    assert world.points() == 0.5
    assert "it has never passed" in world.one().missing


def test_a_run_that_fails_before_the_check_does_not_take_it_away_and_its_own_check_counts(world):
    world.run(finding())
    world.run(finding())
    world.run(status="failed")
    assert world.points() == 1
    world.run(finding(passed=False), status="failed")
    assert world.one().passed is False


def test_what_the_usual_configuration_says_counts_before_the_smoke_run(world):
    world.run(finding())
    world.run(finding(passed=False), profile="smoke")
    assert world.points() == 1
    assert world.one().passed is True


def test_all_elements_of_a_mapped_step_have_to_pass(world):
    run = world.run(finding(), place="train{0}")
    world.find(run, finding(passed=False), place="train{1}")
    [piece] = world.one().evidence
    assert (piece.source, piece.passed) == ("step train", False)


def test_what_ci_finds_is_a_full_point_where_nobody_started_it_by_hand(world):
    world.run(finding(by="ci"), place="ci smoke run")
    assert world.points() == 0.5
    world.run(finding(by="automation"), place="ci smoke run")
    assert world.points() == 1
    world.run()  # a run by hand, which is no ci
    assert world.points() == 1


def test_a_test_that_is_gone_takes_its_point_along(world):
    world.run(finding(by="automation"), place="tests test_ages.py::test_ages")
    assert world.points() == 1
    world.run(finding("model.baseline", by="automation"), place="tests test_other.py::test_other")
    assert world.points() == 0


def test_what_people_say_is_half_a_point_for_a_time(world):
    world.facts.attestations.add("ages", "model.review", who="Ada", note="pull requests, two pairs of eyes")
    one = world.one("model.review")
    assert (one.points, one.passed) == (0.5, None)
    assert one.evidence[0].source == "attested by Ada"
    assert "worth half a point; for a full point" in one.missing
    world.clock.advance(days=181)
    assert world.points("model.review", attested_days=180) == 0
    world.facts.attestations.add("ages", "model.review", who="Ada", note="still")
    assert world.points("model.review") == 0.5
    assert world.facts.attestations.withdraw("ages", "model.review") == 2
    assert world.points("model.review") == 0


def test_what_people_say_and_a_check_do_not_add_up_to_more_than_the_better(world):
    world.facts.attestations.add("ages", TEST, who="Ada", note="by hand")
    world.run(finding())
    assert world.points() == 0.5
    world.run(finding())
    assert world.points() == 1


def test_the_final_score_is_that_of_the_smallest_section():
    pieces = [Piece(test.id, "x", "step x", 1.0, "", 0.0) for test in RUBRIC if test.section != "model"]
    found = total("p", Reading(0.0), [*pieces, Piece("model.review", "x", "attested by Ada", 0.5, "", 0.0)])
    assert found.sections == {"data": 7, "model": 0.5, "infrastructure": 7, "monitoring": 7}
    assert found.score == 0.5


def test_json_has_score_sections_and_tests(world):
    world.run(finding())
    found = record(world.score())
    assert {"score", "sections", "tests"} <= set(found)
    assert len(found["tests"]) == 28
    assert all(test["missing"] for test in found["tests"] if test["points"] < 1)


def test_the_limits_are_a_table_of_the_configuration():
    assert limits_of({"testscore": {"days": 7}}) == Limits(days=7.0)
    with pytest.raises(
        ConfigError, match=r"\[testscore\] does not fit.*day.*Its keys are days, attested_days, at_least"
    ):
        limits_of({"testscore": {"day": 7}})


def proof(run: str, *, planted=CAUGHT, commit="c0ffee") -> str:
    told = [{"fault": one.fault, "caught": one.caught, "says": one.says} for one in planted]
    return json.dumps({"format": 1, "run": run, "commit": commit, "findings": {"planted": told}})


@pytest.mark.parametrize(
    ("verdicts", "planted", "points", "passed", "because"),
    [
        (["bytes equal"], CAUGHT, 0.5, True, "a second one makes it a full point"),
        (["bytes equal", "within tolerance"], CAUGHT, 1.0, True, "seen in 2 runs"),
        (["bytes equal", "different"], CAUGHT, 1.0, False, "seen in 2 runs"),
        (["different"], CAUGHT, 0.5, False, "it has never passed"),
        (["bytes equal"], (), 0.0, None, "no fault was planted"),
        (["bytes equal"], (Planted("another model", False, "equal"),), 0.0, None, "'another model' was not caught"),
    ],
)
def test_a_run_that_was_reproduced_is_evidence(world, verdicts, planted, points, passed, because):
    for verdict in verdicts:
        run = world.run()
        world.facts.proofs.add(run, verdict, proof(run, planted=planted))
    found = world.one("infrastructure.reproducible")
    assert (found.points, found.passed) == (points, passed)
    [piece] = found.evidence
    assert because in piece.because
    assert (piece.run, piece.commit, piece.says) == (run, "c0ffee", verdicts[-1])


def test_a_reproduced_run_of_another_pipeline_or_of_long_ago_is_none(world):
    run = world.run()
    world.facts.proofs.add(run, "bytes equal", proof(run))
    assert score(world.facts, "other", Reading(world.facts.now())).sections["infrastructure"] == 0
    world.clock.advance(days=40)
    assert world.points("infrastructure.reproducible") == 0
