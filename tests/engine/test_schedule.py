from msgspec.structs import replace

from mainspring.digest import Artifact
from mainspring.engine.schedule import Schedule
from mainspring.graph import Many, Value, pipeline, step, trace


@step
def make(n: int) -> list[int]:
    return list(range(n))


@step
def one(x: int) -> int:
    return x


@step
def join(parts: list[int]) -> int:
    return sum(parts)


@step
def pair(a: int, b: int) -> int:
    return a + b


def schedule_of(body):
    return Schedule(trace(pipeline(body), None))


def artifact(name="result", mark="a"):
    return Artifact(name, f"digest-{mark}", f"blob-{mark}", "plain/1", 1)


def take(schedule):
    return {job.name: job for job in schedule.take()}


def diamond():
    left, right = one(1), one(2)
    return join([left, right, one(pair(left, right))])


def test_jobs_become_ready_when_what_they_need_is_done():
    schedule = schedule_of(diamond)
    first = take(schedule)
    assert sorted(first) == ["one", "one[2]"]
    schedule.finish(first["one"], [artifact(mark="1")])
    assert take(schedule) == {}
    schedule.finish(first["one[2]"], [artifact(mark="2")])
    second = take(schedule)
    assert list(second) == ["pair"]
    assert second["pair"].args == {"a": artifact(mark="1"), "b": artifact(mark="2")}
    schedule.finish(second["pair"], [artifact(mark="3")])
    third = take(schedule)["one[3]"]
    schedule.finish(third, [artifact(mark="4")])
    last = take(schedule)["join"]
    assert last.args["parts"] == Many(list, (artifact(mark="1"), artifact(mark="2"), artifact(mark="4")))
    schedule.finish(last, [artifact(mark="5")])
    assert schedule.result(schedule.dag.result) == artifact(mark="5")


def test_a_failure_skips_what_needs_it_and_nothing_else():
    schedule = schedule_of(diamond)
    jobs = take(schedule)
    assert schedule.fail(jobs["one"]) == [("pair", "one"), ("join", "one"), ("one[3]", "pair")]
    schedule.finish(jobs["one[2]"], [artifact()])
    assert take(schedule) == {}
    assert schedule.fail(jobs["one"]) == []


def test_a_node_is_unfinished_until_it_is_done_failed_or_skipped():
    schedule = schedule_of(diamond)
    assert schedule.unfinished == list(schedule.dag.nodes)
    jobs = take(schedule)
    schedule.finish(jobs["one[2]"], [artifact()])
    assert "one[2]" not in schedule.unfinished
    schedule.fail(jobs["one"])
    assert schedule.unfinished == []


def mapped():
    return join(one.map(make(3)))


def test_a_mapped_step_splits_its_list_and_then_runs_for_each_element():
    schedule = schedule_of(mapped)
    schedule.finish(take(schedule)["make"], [artifact(mark="list")])
    split = take(schedule)["one:items"]
    assert split.splits
    assert split.args == {"items": artifact(mark="list")}
    schedule.finish(split, [artifact(mark="0"), artifact(mark="1")])
    assert schedule.added == [("one", 2)]
    elements = take(schedule)
    assert list(elements) == ["one{0}", "one{1}"]
    schedule.finish(elements["one{1}"], [artifact(mark="b")])
    assert take(schedule) == {}
    schedule.finish(elements["one{0}"], [artifact(mark="a")])
    joined = take(schedule)["join"]
    assert joined.args["parts"] == Many(list, (artifact(mark="a"), artifact(mark="b")))


def test_a_mapped_step_over_nothing_is_done_at_once():
    schedule = schedule_of(mapped)
    schedule.finish(take(schedule)["make"], [artifact(mark="list")])
    schedule.finish(take(schedule)["one:items"], [])
    assert take(schedule)["join"].args["parts"] == Many(list, ())


def test_a_mapped_step_over_a_literal_needs_no_split():
    def body():
        return one.map([7, 8])

    jobs = take(schedule_of(body))
    assert [job.args for job in jobs.values()] == [{"x": Value(7)}, {"x": Value(8)}]


def test_a_failed_element_lets_the_others_run_and_skips_what_needs_the_list():
    schedule = schedule_of(mapped)
    schedule.finish(take(schedule)["make"], [artifact(mark="list")])
    schedule.finish(take(schedule)["one:items"], [artifact(mark="0"), artifact(mark="1")])
    elements = take(schedule)
    assert schedule.fail(elements["one{0}"]) == [("join", "one")]
    schedule.finish(elements["one{1}"], [artifact(mark="b")])
    assert take(schedule) == {}


def test_a_lost_blob_is_made_again_and_its_consumer_gets_the_new_one():
    schedule = schedule_of(mapped)
    make_job = take(schedule)["make"]
    schedule.finish(make_job, [artifact(mark="old")])
    split = take(schedule)["one:items"]
    assert schedule.redo("blob-old", split) is make_job
    assert take(schedule) == {"make": make_job}
    schedule.finish(make_job, [artifact(mark="new")])
    again = take(schedule)
    assert again["one:items"].args == {"items": artifact(mark="new")}
    schedule.finish(split, [artifact(mark="0")])
    assert list(take(schedule)) == ["one{0}"]


def test_a_lost_element_is_made_again_alone():
    schedule = schedule_of(mapped)
    schedule.finish(take(schedule)["make"], [artifact(mark="list")])
    schedule.finish(take(schedule)["one:items"], [artifact(mark="0"), artifact(mark="1")])
    for mark, job in zip("ab", take(schedule).values(), strict=True):
        schedule.finish(job, [artifact(mark=mark)])
    join_job = take(schedule)["join"]
    producer = schedule.redo("blob-b", join_job)
    assert producer.name == "one{1}"
    schedule.finish(take(schedule)["one{1}"], [replace(artifact(mark="b"), blob="blob-c")])
    parts = take(schedule)["join"].args["parts"]
    assert [part.blob for part in parts.items] == ["blob-a", "blob-c"]


def test_a_blob_that_nothing_here_made_cannot_be_made_again():
    schedule = schedule_of(mapped)
    assert schedule.redo("blob-x", take(schedule)["make"]) is None


def test_when_the_remake_fails_its_consumer_is_skipped():
    schedule = schedule_of(mapped)
    make_job = take(schedule)["make"]
    schedule.finish(make_job, [artifact(mark="old")])
    split = take(schedule)["one:items"]
    schedule.redo("blob-old", split)
    take(schedule)
    assert ("one:items", "make") in schedule.fail(make_job)


def test_what_is_lost_again_is_not_made_a_third_time():
    schedule = schedule_of(mapped)
    make_job = take(schedule)["make"]
    schedule.finish(make_job, [artifact(mark="list")])
    split = take(schedule)["one:items"]
    assert schedule.redo("blob-list", split) is make_job
    schedule.finish(take(schedule)["make"], [artifact(mark="list")])
    assert schedule.redo("blob-list", take(schedule)["one:items"]) is None
