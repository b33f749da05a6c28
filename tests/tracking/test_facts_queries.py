"""What is asked often is answered from an index, however much there is."""

import pytest

from mainspring.tracking import Lease, ResultRow, RunRow, StepRow, open_facts, this_process


class Explained:
    """A database that also notes how SQLite means to answer each query."""

    def __init__(self, database) -> None:
        self.database = database
        self.plans = []

    def read(self, sql, **named):
        if sql.lstrip().startswith("SELECT"):
            self.plans += [detail for *_, detail in self.database.read(f"EXPLAIN QUERY PLAN {sql}", **named)]
        return self.database.read(sql, **named)

    def __getattr__(self, name):
        return getattr(self.database, name)


@pytest.fixture
def facts(tmp_path):
    with open_facts(tmp_path / "home") as facts:
        facts.runs.start(RunRow("r", "p", "running", 0.0, None, 0.0, this_process()))
        lease = facts.leases.acquire("k", "r", this_process(), ttl=60)
        assert isinstance(lease, Lease)
        facts.results.commit(lease, ResultRow("k", "r", "s", 0.0, 0.0, ()), StepRow("r", "s", 0, "ran", key="k"))
        yield facts


QUESTIONS = {
    "newest runs": lambda facts: facts.runs.list(),
    "newest runs of a pipeline": lambda facts: facts.runs.list(pipeline="p"),
    "next page": lambda facts: facts.runs.list(before="r"),
    "newest run": lambda facts: facts.runs.get("latest"),
    "run by id": lambda facts: facts.runs.get("r"),
    "running runs": lambda facts: facts.runs.mark_lost(lambda owner, silent: False),
    "results by key": lambda facts: facts.results.find(["k", "l"]),
    "results by digest": lambda facts: facts.results.by_digest("d"),
    "results of a run": lambda facts: facts.results.of_run("r"),
    "steps of a run": lambda facts: facts.steps.of("r"),
    "last step run": lambda facts: facts.steps.last("p", "s", "r"),
    "step runs that read": lambda facts: facts.steps.consumers("d"),
    "measures of a run": lambda facts: facts.measures.of_run("r"),
    "holder of a lease": lambda facts: facts.leases.holders(["k"]),
    "lease": lambda facts: facts.leases.acquire("m", "r", this_process(), ttl=60),
    "files": lambda facts: facts.files.lookup(["/a"]),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_are_answered_from_an_index(facts, name):
    explained = Explained(facts.database)
    for unit in (facts.runs, facts.results, facts.steps, facts.measures, facts.leases, facts.files):
        unit._database = explained
    QUESTIONS[name](facts)
    assert explained.plans
    # A scan along an index, for the newest first, ends at its limit; a scan without one reads everything.
    allowed = ("SCAN runs USING INDEX runs_by_time", "SCAN runs USING INDEX runs_running")
    scans = [plan for plan in explained.plans if plan.startswith("SCAN") and not plan.startswith(allowed)]
    assert scans == []
    if "newest" in name or "page" in name or "last" in name:
        assert [plan for plan in explained.plans if "TEMP B-TREE" in plan] == []


def test_ten_thousand_runs_are_listed_without_reading_their_records(facts):
    owner = this_process().as_text()
    facts.database.write(
        """INSERT INTO runs (id, pipeline, status, started, ended, beat, expires, owner, seed, error, pinned)
        VALUES (:id, 'p', 'succeeded', :time, :time, :time, 0, :owner, '0', NULL, 0)""",
        [{"id": f"q{number:05}", "time": float(number), "owner": owner} for number in range(10_000)],
    )
    assert [row.id for row in facts.runs.list(3, before="q09999")] == ["q09998", "q09997", "q09996"]
    facts.database.write("DROP TABLE records", [{}])
    assert len(facts.runs.list(50)) == 50
