"""Evidence and attestations, on SQLite and on Postgres."""

from mainspring.tracking import EvidenceRow, RunRow, open_facts, this_process


def row(run, step="ages", name="ages", record='{"a": 1}'):
    return EvidenceRow(run, step, "key", "data.expectations", name, record, 1.5)


def test_evidence_is_seen_by_the_newest_runs_of_its_pipeline_alone(target):
    with open_facts(target) as facts:
        for name, pipeline in (("a", "one"), ("b", "one"), ("c", "two")):
            facts.runs.start(RunRow(name, pipeline, "running", 0, None, 0, this_process()))
            facts.runs.finish(name, "succeeded")
            facts.evidence.add([row(name), row(name, name="more")])
        seen = facts.evidence.seen("one")
        assert [(one.run, one.row.name) for one in seen] == [("a", "ages"), ("a", "more"), ("b", "ages"), ("b", "more")]
        assert {one.run for one in facts.evidence.seen("one", limit=1)} == {"b"}
        assert all(one.row.digest == one.row.made() and one.started > 0 for one in seen)


def test_what_neither_database_can_hold_is_replaced_before_the_digest_is_made(target):
    with open_facts(target) as facts:
        facts.runs.start(RunRow("a", "one", "running", 0, None, 0, this_process()))
        facts.evidence.add([row("a", name="a\x00b\ud800", record="{\x00}")])
        [one] = facts.evidence.seen("one")
        assert one.row.name == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
        assert one.row.digest == one.row.made()


def test_attestations_stay_and_count_until_they_are_withdrawn(target):
    with open_facts(target) as facts:
        facts.attestations.add("one", "model.review", who="Ada", note="pairs")
        facts.attestations.add("two", "model.review", who="Bob", note="")
        [one] = facts.attestations.list("one")
        assert (one.who, one.note, one.test) == ("Ada", "pairs", "model.review")
        assert facts.attestations.withdraw("one", "model.review") == 1
        assert facts.attestations.withdraw("one", "model.review") == 0
        assert facts.attestations.list("one") == []
        assert len(facts.attestations.list("two")) == 1
        assert facts.database.read("SELECT COUNT(*) FROM attestations") == [(2,)]
