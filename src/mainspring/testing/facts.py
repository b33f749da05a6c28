"""Conformance of a `Database` with what facts need of it.

A case is a function that gets `connect`, which opens another connection to one store that was empty before the case:

    @pytest.mark.parametrize("case", facts.CASES, ids=facts.name_of)
    def test_conformance(case, connect):
        case(connect)

A case that fails raises `AssertionError`. Beside the cases there is `mainspring.testing.agreement`: one state machine
over several databases.
"""

from functools import partial
from math import inf, nan

from msgspec.structs import replace

from mainspring.errors import DatabaseError, LeaseLostError, NotFoundError, TrackingError
from mainspring.testing import alerts, databases, records
from mainspring.testing.worlds import (
    TTL,
    Case,
    Connect,
    artifact,
    committed,
    computed,
    leased,
    owner,
    refused,
    run_row,
    same,
    world,
)
from mainspring.tracking import FileRow, LoggedRow, MetricRow, Owner, ResultRow, StepRow

__all__ = ["CASES", "Case", "name_of"]

SECOND = 1_000_000_000


def name_of(case: Case) -> str:
    """Return what a case says, for the report of a test."""
    return getattr(case, "__name__", "case")


def runs_end_once(connect: Connect) -> None:
    """A run starts running, ends once, and stays as it ended."""
    with world(connect) as w:
        started = w.facts.runs.start(replace(run_row("a"), artifacts=(artifact(1, "sources"),)))
        same((started.status, started.started, started.ended), ("running", w.clock.time, None))
        same(w.other.runs.get("a"), started)
        refused(TrackingError, "There is a run 'a' already", lambda: w.other.runs.start(run_row("a")))
        w.clock.time += 5
        ended = w.facts.runs.finish("a", "failed", "train: out of memory")
        same(ended, replace(started, status="failed", ended=w.clock.time, error="train: out of memory"))
        for status in ("succeeded", "failed", "running", "lost"):
            refused(TrackingError, "it is 'failed'", partial(w.other.runs.finish, "a", status))
        refused(TrackingError, "it is 'failed'", lambda: w.facts.runs.annotate("a", "{}"))
        refused(NotFoundError, "There is no run 'b'", lambda: w.facts.runs.finish("b", "succeeded"))
        same(w.other.runs.get("a"), ended)


def runs_are_annotated_while_they_run(connect: Connect) -> None:
    """A running run gets a new record and more artifacts; artifacts of one name replace each other."""
    with world(connect) as w:
        w.facts.runs.start(replace(run_row("a"), artifacts=(artifact(1, "sources"),)))
        w.facts.runs.annotate("a", '{"more": true}', [artifact(2, "sources"), artifact(3, "sales")])
        same(w.other.runs.get("a").record, '{"more": true}')
        same(w.other.runs.get("a").artifacts, (artifact(3, "sales"), artifact(2, "sources")))


def runs_are_listed_newest_first(connect: Connect) -> None:
    """Runs are listed newest first, page by page, of one pipeline or all, without their records."""
    with world(connect) as w:
        for number in range(7):
            w.facts.runs.start(run_row(f"r{number}", "even" if number % 2 == 0 else "odd"))
            w.clock.time += number % 3  # some start at one moment
        listed = w.other.runs.list()
        same([row.id for row in listed], ["r6", "r5", "r4", "r3", "r2", "r1", "r0"])
        same({row.record for row in listed}, {""})
        same([row.id for row in w.other.runs.list(2)], ["r6", "r5"])
        same([row.id for row in w.other.runs.list(3, before="r5")], ["r4", "r3", "r2"])
        same([row.id for row in w.other.runs.list(pipeline="odd", before="r5")], ["r3", "r1"])
        same(w.other.runs.list(pipeline="none"), [])


def runs_are_found_by_the_beginning_of_their_id(connect: Connect) -> None:
    """A run is found by its id, a unique beginning of it, or as the newest."""
    with world(connect) as w:
        refused(NotFoundError, "There is no run 'latest'", lambda: w.facts.runs.get("latest"))
        for run_id in ("abc", "abcd", "abd", "B%_"):
            w.facts.runs.start(run_row(run_id))
            w.clock.time += 1
        same(w.other.runs.get("abc").id, "abc")
        same(w.other.runs.get("abd").id, "abd")
        same(w.other.runs.get("B").id, "B%_")
        same(w.other.runs.get("latest").id, "B%_")
        refused(NotFoundError, "More than one run begins with 'ab' (abc, abcd, abd)", lambda: w.other.runs.get("ab"))
        refused(NotFoundError, "Did you mean 'abd'?", lambda: w.other.runs.get("abx"))
        refused(NotFoundError, "There is no run '%'", lambda: w.other.runs.get("%"))
        refused(NotFoundError, "There is no run ''", lambda: w.other.runs.get(""))


def silent_runs_are_lost(connect: Connect) -> None:
    """A run is declared lost when its owner is; it keeps when it was last heard of, loses its leases, cannot go on."""
    with world(connect) as w:
        for number in (1, 2):
            w.facts.runs.start(run_row(f"r{number}", by=owner(number)))
        lease = leased(w.facts, "k", "r1", owner(1))
        w.facts.steps.record([StepRow("r1", "s", 0, "running"), StepRow("r1", "t", 1, "skipped")])
        heard = w.clock.time
        w.clock.time += 10
        same(w.facts.runs.beat("r2", owner(2)), True)
        same(w.facts.runs.beat("r2", owner(3)), False)
        seen: list[tuple[Owner, float]] = []

        def is_dead(who: Owner, silent: float) -> bool:
            seen.append((who, silent))
            return silent > 5

        same(w.other.runs.mark_lost(is_dead), ["r1"])
        same(seen, [(owner(1), 10.0), (owner(2), 0.0)])
        lost = w.other.runs.get("r1")
        same((lost.status, lost.ended, w.facts.runs.beat("r1", owner(1))), ("lost", heard, False))
        same([step.status for step in w.other.steps.of("r1")], ["failed", "skipped"])
        refused(TrackingError, "it is 'lost'", lambda: w.facts.runs.finish("r1", "succeeded"))
        refused(LeaseLostError, "lost its lease", lambda: committed(w.facts, lease, "r1", "s"))
        refused(LeaseLostError, "is not running", lambda: leased(w.facts, "k2", "r1", owner(1)))
        same(leased(w.other, "k", "r2", owner(2)).generation > lease.generation, True)


def steps_are_recorded_and_replaced(connect: Connect) -> None:
    """Step runs are recorded together, come back as they were given, and are replaced while their run is running."""
    with world(connect) as w:
        w.facts.runs.start(run_row("a"))
        step = StepRow(
            "a", "train", 1, "failed", "code changed", "k", 3.5, 1.25, 1.125, 2**40, 0.5, "here", 2, "boom", "logs/a",
            "c", '{"x": 1}', ("opened 'é.csv' undeclared",),
        )  # fmt: skip
        first = StepRow("a", "fetch", 0, "running")
        w.facts.steps.record([step, first])
        same(w.other.steps.of("a"), [first, step])
        w.facts.steps.record([replace(first, status="skipped", reason="its input failed", consumed=("d1", "d1", "d2"))])
        same(w.other.steps.of("a")[0], replace(first, status="skipped", reason="its input failed"))
        same([row.name for row in w.other.steps.consumers("d2")], ["fetch"])
        asked = ["d2", "d3", *(f"x{number}" for number in range(1200)), "d1"]
        same(w.other.steps.read_by(first.run, "fetch", asked), {"d1", "d2"})
        same([w.other.steps.read_by(first.run, "other", asked), w.other.steps.read_by("", "fetch", asked)], [set()] * 2)
        same(w.other.steps.counts(["a", "b"]), {"a": {"failed": 1, "skipped": 1}})
        refused(TrackingError, "cannot be 'done'", lambda: w.facts.steps.record([replace(first, status="done")]))
        w.facts.runs.finish("a", "failed")
        refused(TrackingError, "it is 'failed'", lambda: w.facts.steps.record([first]))
        refused(TrackingError, "there is no such run", lambda: w.facts.steps.record([replace(first, run="b")]))
        same(w.other.steps.of("a")[0].status, "skipped")


def steps_have_a_history(connect: Connect) -> None:
    """The last step run is that of the newest run, by the database's clock, of its pipeline, with a wanted status."""
    with world(connect) as w:
        for number, (pipeline, status) in enumerate([("p", "ran"), ("q", "ran"), ("p", "failed"), ("p", "hit")]):
            w.clock.time += 10
            w.facts.runs.start(run_row(f"r{number}", pipeline))
            w.facts.steps.record([StepRow(f"r{number}", "s", 0, status, started=100.0 - number)])
        last = w.other.steps.last
        same([row.run for row in w.other.steps.history("s", 3)], ["r3", "r2", "r1"])
        same([row.run for row in w.other.steps.history("s", pipeline="p")], ["r3", "r2", "r0"])
        same([getattr(last("p", "s"), "run", None), getattr(last("q", "s"), "run", None)], ["r3", "r1"])
        same(getattr(last("p", "s", "r3"), "run", None), "r0")
        same(getattr(last("p", "s", "r3", ("failed",)), "run", None), "r2")
        same([last("p", "s", "r0"), last("p", "t")], [None, None])


def results_are_found_by_key(connect: Connect) -> None:
    """A committed result is found by its key, with its artifacts in their order, among any number of keys."""
    with world(connect) as w:
        w.facts.runs.start(run_row("a"))
        many = computed(w.facts, "k1", "a", "split", artifact(2, "test"), artifact(1, "train"))
        none = computed(w.facts, "k2", "a", "empty")
        same(many, ResultRow("k1", "a", "split", w.clock.time, 2.5, (artifact(2, "test"), artifact(1, "train"))))
        keys = [f"x{number}" for number in range(1500)]
        same(w.other.results.find([*keys, "k2", *keys, "k1", "k1"]), {"k1": many, "k2": none})
        same(w.other.results.find([]), {})
        same(w.other.results.of_run("a"), {"split": many, "empty": none})
        same([w.other.results.used_by("a"), w.other.results.used_by("b")], [{"k1": many, "k2": none}, {}])
        same(w.other.results.by_digest(artifact(1).digest), [many])
        same(w.other.results.digests("d" + "0" * 50), [artifact(1).digest, artifact(2).digest])
        same([row.status for row in w.other.steps.of("a")], ["ran", "ran"])


def results_never_change(connect: Connect) -> None:
    """A key that is computed again gets another result; runs that used the first still show it."""
    with world(connect) as w:
        w.facts.runs.start(run_row("a"))
        first = computed(w.facts, "k", "a", "s", artifact(1))
        w.facts.runs.start(run_row("b"))
        w.facts.steps.record([StepRow("b", "s[2]", 0, "hit", key="k")])
        same(w.other.results.of_run("b"), {"s[2]": first})
        same([w.other.results.forget("k"), w.other.results.forget("k")], [True, False])
        same([w.other.results.find(["k"]), w.other.results.used_by("b")], [{}, {}])
        w.facts.runs.start(run_row("c"))
        second = computed(w.facts, "k", "c", "s", artifact(2))
        same(w.other.results.find(["k"]), {"k": second})
        w.facts.steps.record([StepRow("b", "s[2]", 0, "hit", key="k", reason="same")])
        same([w.other.results.of_run(run_id) for run_id in "abc"], [{"s": first}, {"s[2]": first}, {"s": second}])
        w.facts.steps.record([StepRow("b", "s[2]", 0, "failed", key="k")])
        same(w.other.results.of_run("b"), {})
        same([row.run for row in w.other.results.by_digest(artifact(1).digest)], ["a"])


def leases_are_exclusive(connect: Connect) -> None:
    """One owner holds a key; it is free after a release or an end of the run; each lease has a greater generation."""
    with world(connect) as w:
        for number in (1, 2):
            w.facts.runs.start(run_row(f"r{number}", by=owner(number)))
        first = leased(w.facts, "k", "r1", owner(1))
        same(w.other.leases.acquire("k", "r2", owner(2), ttl=TTL), owner(1))
        same(w.other.leases.acquire("k", "r1", owner(1), ttl=TTL), owner(1))
        same(w.other.leases.holders(["k", "l"]), {"k": owner(1)})
        other = leased(w.other, "l", "r2", owner(2))
        same([w.facts.leases.release(first), w.facts.leases.release(first)], [True, False])
        second = leased(w.other, "k", "r2", owner(2))
        w.facts.runs.finish("r2", "succeeded")
        third = leased(w.facts, "k", "r1", owner(1))
        numbers = [lease.generation for lease in (first, other, second, third)]
        same(numbers, sorted(set(numbers)))
        refused(LeaseLostError, "is not running", lambda: leased(w.facts, "m", "r2", owner(2)))
        refused(LeaseLostError, "is not running", lambda: leased(w.facts, "m", "r1", owner(2)))
        same(w.facts.leases.holders(["k", "l", "m"]), {"k": owner(1)})


def leases_end_by_time_or_death(connect: Connect) -> None:
    """A lease is taken over when its owner is known to be dead, or was silent for too long; a heartbeat extends all."""
    with world(connect) as w:
        away = owner(3, "elsewhere")
        for run_id, who in (("r1", owner(1)), ("r2", owner(2)), ("r3", away)):
            w.facts.runs.start(run_row(run_id, by=who))
        for key, run_id, who in (("k1", "r1", owner(1)), ("k2", "r1", owner(1)), ("k3", "r3", away)):
            leased(w.facts, key, run_id, who)
        w.clock.time += TTL - 1
        same(w.facts.leases.beat(owner(1), TTL), 1)
        w.dead |= {away}  # nobody here can know
        same(w.other.leases.acquire("k3", "r2", owner(2), ttl=TTL), away)
        w.clock.time += 1
        same(w.other.leases.holders(["k1", "k2", "k3"]), {"k1": owner(1), "k2": owner(1)})
        leased(w.other, "k3", "r2", owner(2))
        w.clock.time += TTL - 1
        leased(w.other, "k1", "r2", owner(2))
        same(w.other.leases.holders(["k2"]), {})
        w.facts.leases.beat(owner(1), TTL)
        same(w.other.leases.acquire("k2", "r2", owner(2), ttl=TTL), owner(1))
        w.dead |= {owner(1)}
        leased(w.other, "k2", "r2", owner(2))
        w.facts.runs.finish("r1", "failed")
        same(w.facts.leases.beat(owner(1), TTL), 0)


def clocks_may_jump(connect: Connect) -> None:
    """A clock that jumps ends leases early or late, until the next heartbeat; who was not replaced may still commit."""
    with world(connect) as w:
        for number in (1, 2):
            w.facts.runs.start(run_row(f"r{number}", by=owner(number)))
        lease = leased(w.facts, "k", "r1", owner(1))
        w.clock.time += 10 * TTL
        same(w.other.leases.holders(["k"]), {})
        w.clock.time -= 20 * TTL
        leased(w.facts, "l", "r1", owner(1))
        w.clock.time += TTL - 1
        same(w.other.leases.acquire("k", "r2", owner(2), ttl=TTL), owner(1))
        w.clock.time += 1
        same(w.other.leases.holders(["k", "l"]), {})
        same(committed(w.facts, lease, "r1", "s").run, "r1")


def a_lost_lease_commits_nothing(connect: Connect) -> None:
    """Who lost a lease commits nothing, whatever has become of the key since, and cannot release the new lease."""
    with world(connect) as w:
        for number in (1, 2):
            w.facts.runs.start(run_row(f"r{number}", by=owner(number)))
        stale = leased(w.facts, "k", "r1", owner(1))
        w.clock.time += TTL
        fresh = leased(w.other, "k", "r2", owner(2))
        refused(LeaseLostError, "Step 's' of run 'r1' lost its lease", lambda: committed(w.facts, stale, "r1", "s"))
        same([w.facts.results.find(["k"]), w.facts.steps.of("r1")], [{}, []])
        same(w.facts.leases.release(stale), False)
        result = committed(w.other, fresh, "r2", "s", artifact(2))
        again = leased(w.other, "k", "r2", owner(2))
        for late in (stale, fresh):
            refused(LeaseLostError, "lost its lease", partial(committed, w.facts, late, "r1", "s"))
        same(w.facts.results.find(["k"]), {"k": result})
        same(committed(w.other, again, "r2", "s", artifact(3)).artifacts, (artifact(3),))


def a_failed_commit_keeps_the_lease(connect: Connect) -> None:
    """A commit that the database refuses in its middle leaves nothing behind, and can be done again."""
    with world(connect) as w:
        w.facts.runs.start(run_row("a"))
        lease = leased(w.facts, "k", "a")
        good = StepRow("a", "s", 0, "ran", key="k")
        result = ResultRow("k", "a", "s", 0.0, 1.0, (artifact(1),))
        bad = replace(good, peak_rss=2**80)
        refused(DatabaseError, "", lambda: w.facts.results.commit(lease, result, bad))
        same([w.other.results.find(["k"]), w.other.steps.of("a")], [{}, []])
        same(w.other.leases.holders(["k"]), {"k": owner()})
        w.facts.results.commit(lease, result, good)
        same(w.other.results.of_run("a")["s"].artifacts, (artifact(1),))


def measures_follow_the_result(connect: Connect) -> None:
    """What a hit would have logged comes from the step run that made its result."""
    with world(connect) as w:
        w.facts.runs.start(run_row("a"))
        computed(w.facts, "k", "a", "s", artifact(1))
        rows = [
            MetricRow("a", "s", "loss", value, at, float(number))
            for number, (value, at) in enumerate([(0.5, 1), (inf, 2), (-inf, None), (0.1 + 0.2, 2**40)])
        ]
        figure = LoggedRow("a", "s", "roc", "figure", artifact(7, "roc"), 9.0)
        w.facts.measures.metrics(rows)
        w.facts.measures.logged([figure])
        same(w.other.measures.of_run("a"), (rows, [figure]))
        w.facts.runs.start(run_row("b"))
        w.facts.steps.record([StepRow("b", "s[2]", 0, "hit", key="k")])
        own = MetricRow("b", "report", "loss", 4.0, None, 1.0)
        w.facts.measures.metrics([own])
        expected = ([replace(row, step="s[2]") for row in rows], [replace(figure, step="s[2]")])
        same(w.other.measures.of_run("b"), ([*expected[0], own], expected[1]))
        same([row.value for row in w.other.measures.series("loss", pipeline="retail", limit=1)], [4.0])
        w.facts.measures.discard("b", "report")
        same(w.other.measures.of_run("b"), expected)


def not_a_number_is_kept(connect: Connect) -> None:
    """NaN comes back as NaN."""
    with world(connect) as w:
        w.facts.runs.start(run_row("a"))
        w.facts.measures.metrics([MetricRow("a", "s", "loss", nan, 1, 0.0)])
        [row] = w.other.measures.of_run("a")[0]
        same((row.value == row.value, row.at), (False, 1))


def many_measures_are_kept_in_order(connect: Connect) -> None:
    """Thousands of numbers at once come back in their order."""
    with world(connect) as w:
        w.facts.runs.start(run_row("a"))
        rows = [MetricRow("a", "s", "loss", number / 3, number, number / 7) for number in range(5000)]
        w.facts.measures.metrics(rows)
        same(w.other.measures.of_run("a")[0] == rows, True)


def files_are_remembered_when_they_can_be_trusted(connect: Connect) -> None:
    """The stat cache is one host's, and leaves out files that changed just before they were read."""
    with world(connect) as w:
        old = FileRow("/data/é.csv", 2**64 - 1, 5, 10 * SECOND, 11 * SECOND, "d1", 20 * SECOND)
        racy = FileRow("/data/racy", 1, 5, 10 * SECOND, 19 * SECOND, "d2", 20 * SECOND)
        strange = FileRow("/data/\udce9", 1, 5, 0, 0, "d3", 20 * SECOND)
        same(w.facts.files.remember([old, racy, strange]), 1)
        paths = [old.path, racy.path, strange.path, *(f"/{number}" for number in range(600))]
        same(w.facts.files.lookup(paths), {old.path: old})
        same(w.other.files.lookup(paths), {})
        new = replace(old, digest="d4", seen_ns=30 * SECOND)
        same([w.facts.files.remember([new]), w.facts.files.lookup(paths)], [1, {old.path: new}])
        same([w.facts.files.forget(25 * SECOND), w.facts.files.forget(35 * SECOND)], [0, 1])


def strange_text_is_kept(connect: Connect) -> None:
    """Any text that Python has is stored; what databases cannot hold becomes the replacement character."""
    with world(connect) as w:
        text = "a'b\"c\\d;--%s :x $1 \N{SNOWMAN} \U0001f600\n" * 20000
        w.facts.runs.start(replace(run_row("a"), record=text, seed=2**64 + 1))
        same(w.other.runs.get("a").record == text, True)
        same(w.other.runs.get("a").seed, 2**64 + 1)
        w.facts.steps.record([StepRow("a", "s", 0, "failed", reason=text[:60], error="a\x00b\udce9c")])
        same([(row.reason, row.error) for row in w.other.steps.of("a")], [(text[:60], "a\ufffdb\ufffdc")])


def deleting_runs_keeps_what_results_need(connect: Connect) -> None:
    """Deleting a run keeps its result and what was logged beside it, until the result is forgotten too."""
    with world(connect) as w:
        w.facts.runs.start(replace(run_row("a"), artifacts=(artifact(9, "sources"),)))
        result = computed(w.facts, "k", "a", "s", artifact(1))
        metrics = [MetricRow("a", name, "loss", 1.0, None, 1.0) for name in ("s", "failed")]
        w.facts.measures.metrics(metrics)
        refused(TrackingError, "Run 'a' is running or pinned", lambda: w.other.runs.delete(["a"]))
        w.facts.runs.finish("a", "succeeded")
        w.facts.runs.pin("a", True)
        refused(TrackingError, "Run 'a' is running or pinned", lambda: w.other.runs.delete(["a"]))
        w.facts.runs.pin("a", False)
        same([w.other.runs.delete(["a", "a", "none"]), w.other.runs.list(), w.other.steps.of("a")], [1, [], []])
        same([w.other.results.find(["k"]), w.other.measures.of_run("a")[0]], [{"k": result}, metrics[:1]])
        same(w.other.results.referenced_blobs(), {artifact(1).blob})
        same([w.other.results.collect(w.clock.time), w.other.measures.of_run("a")[0]], [[], metrics[:1]])
        same([w.other.results.collect(w.clock.time + 1), w.other.measures.of_run("a")], [[result], ([], [])])
        same(w.other.results.by_digest(artifact(1).digest), [])
        refused(NotFoundError, "There is no run 'a'", lambda: w.facts.runs.pin("a", True))


def what_runs_need_is_referenced(connect: Connect) -> None:
    """A result is unreferenced when no run needs it that is recent, running or pinned; forgotten, its blobs go."""
    with world(connect) as w:
        for number, run_id in enumerate(("old", "pinned", "running", "recent")):
            w.facts.runs.start(run_row(run_id))
            computed(w.facts, f"k{number}", run_id, "s", artifact(number))
            if run_id != "running":
                w.facts.runs.finish(run_id, "succeeded")
            w.clock.time += 100
        w.facts.runs.pin("pinned", True)
        before = w.clock.time - 150
        same([row.key for row in w.other.results.unreferenced(before)], ["k0"])
        same(w.other.results.collect(0.0), [])
        same([row.key for row in w.facts.results.collect(before)], ["k0"])
        same(list(w.facts.results.find(["k0", "k1", "k2", "k3"])), ["k1", "k2", "k3"])
        for number in range(4):
            w.facts.results.forget(f"k{number}")
        same(w.other.results.referenced_blobs(), {artifact(1).blob, artifact(2).blob})
        same(w.other.results.of_run("old")["s"].artifacts, (artifact(0),))


def what_would_be_referenced_is_referenced_then(connect: Connect) -> None:
    """What blobs facts would need without some runs and results is what they need when these are gone."""
    with world(connect) as w:
        folder = artifact(20, "pages", "folder/1")
        for number, run_id in enumerate(("gone", "made", "pinned", "running", "recent")):
            w.facts.runs.start(replace(run_row(run_id), artifacts=(artifact(10 + number, "sources"),)))
            computed(w.facts, f"k{number}", run_id, "s", artifact(number))
            figures = [(step, 30 + 2 * number + place) for place, step in enumerate(("s", "failed"))]
            w.facts.measures.logged(
                [LoggedRow(run_id, step, "roc", "figure", artifact(figure), 1.0) for step, figure in figures]
            )
            if run_id != "running":
                w.facts.runs.finish(run_id, "succeeded")
            w.clock.time += 100
        computed(w.facts, "k9", "running", "fold", folder)
        w.facts.steps.record([StepRow("running", "again", 1, "hit", key="k1")])
        w.facts.runs.pin("pinned", True)
        same(w.other.results.folder_blobs(), {folder.blob})
        everything = w.other.results.referenced_blobs()
        same(w.other.results.referenced_without((), ()) == everything, True)
        before = w.clock.time - 250
        doomed, keys = ("gone", "made"), {row.key for row in w.other.results.unreferenced(before)}
        same(keys, {"k0"})
        would = w.other.results.referenced_without(doomed, keys)
        same(everything - would, {artifact(number).blob for number in (0, 10, 11, 30, 31, 33)})
        w.facts.runs.delete(doomed)
        w.facts.results.collect(before)
        same(w.other.results.referenced_blobs() == would, True)


CASES: tuple[Case, ...] = (
    runs_end_once,
    runs_are_annotated_while_they_run,
    runs_are_listed_newest_first,
    runs_are_found_by_the_beginning_of_their_id,
    silent_runs_are_lost,
    steps_are_recorded_and_replaced,
    steps_have_a_history,
    results_are_found_by_key,
    results_never_change,
    leases_are_exclusive,
    leases_end_by_time_or_death,
    clocks_may_jump,
    a_lost_lease_commits_nothing,
    a_failed_commit_keeps_the_lease,
    measures_follow_the_result,
    not_a_number_is_kept,
    many_measures_are_kept_in_order,
    files_are_remembered_when_they_can_be_trusted,
    strange_text_is_kept,
    deleting_runs_keeps_what_results_need,
    what_runs_need_is_referenced,
    what_would_be_referenced_is_referenced_then,
    *records.CASES,
    *alerts.CASES,
    *databases.CASES,
)
