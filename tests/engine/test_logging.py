"""Metrics of steps that log at the same time: none is lost, whichever database holds them."""

import pytest

from mainspring.tracking import open_facts

LOGGING = """
    from mainspring import log, pipeline, step

    @step
    def noisy(place: int) -> int:
        for at in range(5_000):
            log("value", at * place, at=at)
        return place

    @step
    def total(values: list[int]) -> int:
        return sum(values)

    @pipeline
    def four():
        return total([noisy(1), noisy(2), noisy(3), noisy(4)])
"""


def logged(target) -> dict[str, list[tuple[int, float]]]:
    with open_facts(target) as facts:
        metrics, _ = facts.measures.of_run(facts.runs.get("latest").id)
    found: dict[str, list[tuple[int, float]]] = {}
    for metric in metrics:
        found.setdefault(metric.step, []).append((metric.at, metric.value))
    return found


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_four_processes_lose_none_of_5000_metrics_each(project, kind, request):
    project.write(LOGGING)
    target = project.home
    if kind == "postgres":
        target = request.getfixturevalue("empty_postgres")
        project.write(f'[workspace]\ndatabase = "{target}"\n', "config.toml")
    assert project.run("--workers", "4")["result"] == 10
    found = logged(target)
    assert sorted(found) == ["noisy", "noisy[2]", "noisy[3]", "noisy[4]"]
    for place, name in enumerate(sorted(found), start=1):
        assert found[name] == [(at, float(at * place)) for at in range(5_000)]


def test_a_hit_shows_what_was_logged_when_it_was_computed(project):
    project.write(LOGGING.replace("5_000", "3"))
    first = project.run()
    again = project.run()
    shown = [project.json("runs", "show", run["run"])["metrics"] for run in (first, again)]
    assert [(m["step"], m["name"], m["value"]) for m in shown[0]] == [
        (m["step"], m["name"], m["value"]) for m in shown[1]
    ]
    assert len(shown[1]) == 12


def test_what_a_killed_step_logged_a_second_ago_is_kept(project):
    project.write("""
    import os, time
    from mainspring import log, pipeline, step

    @step
    def doomed() -> int:
        for at in range(100):
            log("loss", 1 / (at + 1), at=at)
        time.sleep(2.5)
        os.kill(os.getpid(), 9)

    @pipeline
    def sad():
        return doomed()
    """)
    project.run(expect=1)
    assert len(logged(project.home)["doomed"]) == 100


def test_tables_and_figures_are_kept_and_what_is_neither_is_refused(project):
    text = """
    from mainspring import log, pipeline, step
    from mainspring.charts import Axis, Heatmap

    @step
    def show() -> int:
        log("table", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
        log("chart", Heatmap("t", Axis("x"), Axis("y"), ["a"], ["b"], [[1.0]], Axis("n")))
        EXTRA
        return 1

    @pipeline
    def shown():
        return show()
    """
    project.write(text.replace("EXTRA", "pass"))
    project.run()
    with open_facts(project.home) as facts:
        _, kept = facts.measures.of_run(facts.runs.get("latest").id)
    assert [(item.name, item.kind) for item in kept] == [("table", "table"), ("chart", "figure")]
    project.write(text.replace("EXTRA", "log('odd', object())"))
    said = project.call("run", expect=1)
    assert "no number, figure or table" in " ".join((said.stdout + said.stderr).split())
