"""One state machine over several databases: facts must say the same in all of them, and never what the rules forbid.

    TestAgreement = agreement({"sqlite": fresh_sqlite, "postgres": fresh_postgres}).TestCase

Each value returns, for a store that is empty, what opens a connection to it. Needs Hypothesis.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from mainspring.errors import MainspringError
from mainspring.testing.worlds import Clock, Clocked, Connect, artifact, committed, owner, run_row, same
from mainspring.tracking import Facts, Lease, MetricRow, Owner, StepRow

__all__ = ["Agreement", "Fresh", "agreement"]

Fresh: TypeAlias = Callable[[], Connect]

TTL = 60.0
OWNERS = (owner(1), owner(2), owner(3, "elsewhere"))
KEYS = st.sampled_from(["k1", "k2", "k3"])
RUNS = st.sampled_from([f"r{number}" for number in range(6)])
STEPS = st.sampled_from(["fetch", "train", "train[2]"])


class Agreement(RuleBasedStateMachine):
    """Does the same to all databases and compares what they answer; `places` is set by `agreement`.

    Beside that it keeps its own account of who may commit: the newest lease of each key, while its run is running.
    """

    places: ClassVar[Mapping[str, Fresh]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.dead: set[Owner] = set()
        self.all = {
            name: Facts(Clocked(fresh()(), self.clock), alive=self.alive, host="here")
            for name, fresh in self.places.items()
        }
        self.runs: dict[str, Owner] = {}
        self.ended: dict[str, str] = {}
        self.newest: dict[str, int] = {}
        self.highest = 0
        self.given: list[tuple[Lease, str]] = []
        self.numbers = 0

    def alive(self, who: Owner) -> bool | None:
        """Return whether an owner lives; nobody knows about those elsewhere."""
        return None if who.host == "elsewhere" else who not in self.dead

    def teardown(self) -> None:
        """Close the connections."""
        for facts in self.all.values():
            facts.close()

    def agreed(self, call: Callable[[Facts], Any]) -> Any:
        """Return what the call gives on every database, or the kind of its error."""
        answers = {name: answer_of(call, facts) for name, facts in self.all.items()}
        first = next(iter(answers.values()))
        for name, answer in answers.items():
            if answer != first:
                raise AssertionError(f"{name} says {answer!r}, others {first!r}")
        return first

    @rule(number=st.integers(0, 5), who=st.sampled_from(OWNERS), pipeline=st.sampled_from(["p", "q"]))
    def start(self, number: int, who: Owner, pipeline: str) -> None:
        """Start a run; its id may be taken."""
        run_id = f"r{number}"
        answer = self.agreed(lambda facts: facts.runs.start(run_row(run_id, pipeline, by=who)))
        if run_id in self.runs:
            same(answer, "TrackingError")
        else:
            self.runs[run_id] = who

    @rule(seconds=st.sampled_from([0.25, 1.0, TTL / 2, TTL]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.time += seconds

    @rule(who=st.sampled_from(OWNERS[:2]))
    def die(self, who: Owner) -> None:
        """End a process on this host."""
        self.dead.add(who)

    @precondition(lambda self: bool(self.runs))
    @rule(run_id=RUNS, status=st.sampled_from(["succeeded", "failed", "lost", "running"]))
    def finish(self, run_id: str, status: str) -> None:
        """End a run; only a running one may end."""
        answer = self.agreed(lambda facts: facts.runs.finish(run_id, status, "why"))
        if run_id not in self.runs:
            same(answer, "NotFoundError")
        elif run_id in self.ended or status == "running":
            same(answer, "TrackingError")
        else:
            self.ended[run_id] = status

    @rule(seconds=st.sampled_from([TTL / 2, TTL]))
    def mark_lost(self, seconds: float) -> None:
        """Declare the runs of dead and silent owners lost."""
        for run_id in self.agreed(
            lambda facts: facts.runs.mark_lost(lambda who, silent: self.alive(who) is False or silent >= seconds)
        ):
            same(run_id in self.ended, False)
            self.ended[run_id] = "lost"

    @rule(who=st.sampled_from(OWNERS))
    def beat(self, who: Owner) -> None:
        """Hear of an owner."""
        running = [run_id for run_id, by in self.runs.items() if by == who and run_id not in self.ended]
        same(self.agreed(lambda facts: facts.leases.beat(who, TTL)), len(running))

    @precondition(lambda self: bool(self.runs))
    @rule(key=KEYS, data=st.data())
    def acquire(self, key: str, data: st.DataObject) -> None:
        """Ask for a lease; generations only grow, and only a running run gets one."""
        run_id = data.draw(st.sampled_from(sorted(self.runs)))
        answer = self.agreed(lambda facts: facts.leases.acquire(key, run_id, self.runs[run_id], ttl=TTL))
        if run_id in self.ended:
            same(answer, "LeaseLostError")
        elif isinstance(answer, Lease):
            same(answer.generation > self.highest, True)
            self.highest = self.newest[key] = answer.generation
            self.given.append((answer, run_id))
        else:
            same(answer in OWNERS and self.alive(answer) is not False, True)

    @precondition(lambda self: bool(self.given))
    @rule(data=st.data(), step=STEPS)
    def commit(self, data: st.DataObject, step: str) -> None:
        """Commit under any lease that was given: only the newest of its key may, once, while its run is running."""
        lease, run_id = data.draw(st.sampled_from(self.given))
        self.numbers += 1
        made = artifact(self.numbers)
        answer = self.agreed(lambda facts: committed(facts, lease, run_id, step, made))
        if self.newest.get(lease.key) == lease.generation and run_id not in self.ended:
            same(answer.artifacts, (made,))
            del self.newest[lease.key]
        else:
            same(answer, "LeaseLostError")

    @precondition(lambda self: bool(self.given))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Give any lease back, held or not."""
        lease, _ = data.draw(st.sampled_from(self.given))
        if self.agreed(lambda facts: facts.leases.release(lease)):
            same(self.newest.pop(lease.key), lease.generation)

    @precondition(lambda self: bool(self.runs))
    @rule(run_id=RUNS, step=STEPS, key=KEYS, status=st.sampled_from(["running", "ran", "hit", "failed", "skipped"]))
    def record(self, run_id: str, step: str, key: str, status: str) -> None:
        """Record a step run; only in a running run."""
        row = StepRow(run_id, step, 0, status, key=key, started=self.clock.time, consumed=(artifact(1).digest,))
        answer = self.agreed(lambda facts: facts.steps.record([row, replace(row, name="score", position=1)]))
        same(answer, None if run_id in self.runs and run_id not in self.ended else "TrackingError")

    @precondition(lambda self: bool(self.runs))
    @rule(run_id=RUNS, step=STEPS, value=st.floats(allow_nan=False))
    def measure(self, run_id: str, step: str, value: float) -> None:
        """Log a number."""
        self.agreed(
            lambda facts: facts.measures.metrics([MetricRow(run_id, step, "loss", value, None, self.clock.time)])
        )

    @rule(run_id=RUNS, pinned=st.booleans())
    def pin(self, run_id: str, pinned: bool) -> None:
        """Pin a run, or unpin it."""
        same(
            self.agreed(lambda facts: facts.runs.pin(run_id, pinned)), None if run_id in self.runs else "NotFoundError"
        )

    @precondition(lambda self: bool(self.ended))
    @rule(run_id=RUNS)
    def delete(self, run_id: str) -> None:
        """Delete a run."""
        if self.agreed(lambda facts: facts.runs.delete([run_id])) == 1:
            del self.runs[run_id], self.ended[run_id]
            self.given = [(lease, by) for lease, by in self.given if by != run_id]

    @rule(seconds=st.sampled_from([0.0, TTL]))
    def collect(self, seconds: float) -> None:
        """Forget what no run needs, as `gc` does."""
        before = self.clock.time - seconds
        found = self.agreed(lambda facts: facts.results.unreferenced(before))
        same(self.agreed(lambda facts: facts.results.collect(before)), found)

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        """Forget a result."""
        self.agreed(lambda facts: facts.results.forget(key))

    @invariant()
    def all_say_the_same(self) -> None:
        """Every question has one answer."""
        keys = ["k1", "k2", "k3"]
        self.agreed(lambda facts: facts.results.find(keys))
        self.agreed(lambda facts: facts.leases.holders(keys))
        self.agreed(lambda facts: facts.results.referenced_blobs())
        self.agreed(lambda facts: facts.results.by_digest(artifact(1).digest))
        self.agreed(lambda facts: facts.steps.history("train"))
        self.agreed(lambda facts: facts.steps.last("p", "train", "r1"))
        self.agreed(lambda facts: facts.steps.consumers(artifact(1).digest))
        for run_id in sorted(self.runs):
            self.agreed(partial(view, run_id))

    @invariant()
    def runs_are_as_they_were_left(self) -> None:
        """A run that has ended has the status that it ended with."""
        listed = {row.id: row.status for row in self.agreed(lambda facts: facts.runs.list())}
        same(listed, {run_id: self.ended.get(run_id, "running") for run_id in self.runs})


def view(run_id: str, facts: Facts) -> tuple[object, ...]:
    """Return all that hangs on a run."""
    return facts.steps.of(run_id), facts.results.of_run(run_id), facts.measures.of_run(run_id)


def answer_of(call: Callable[[Facts], Any], facts: Facts) -> Any:
    """Return what a call gives, or the name of the error that it raises."""
    try:
        return call(facts)
    except MainspringError as error:
        return type(error).__name__


def agreement(places: Mapping[str, Fresh]) -> type[Agreement]:
    """Return the state machine over these databases."""
    return type("Agreement", (Agreement,), {"places": dict(places)})
