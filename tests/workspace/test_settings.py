"""The `[workspace]` table: each key has an effect, and there are no others."""

from dataclasses import fields

import pytest

from mainspring.config import Settings
from mainspring.workspace.opening import open_existing

STEPS = """
    import time
    from dataclasses import dataclass
    from pathlib import Path
    from mainspring import File, pipeline, step

    @dataclass(frozen=True)
    class Config:
        sales: File

    @step
    def count(sales: File) -> int:
        return len(sales.read_bytes())

    @step
    def meets(me: int) -> bool:
        other = Path(f"here-{3 - me}")
        Path(f"here-{me}").touch()
        end = time.monotonic() + 2
        while not other.exists() and time.monotonic() < end:
            time.sleep(0.01)
        return other.exists()

    class Odd:
        def __reduce__(self):
            return eval, ("__import__('pipeline').Odd()",)

    @step
    def odd() -> Odd:
        return Odd()

    @pipeline
    def shop(config: Config):
        return count(config.sales)

    @pipeline
    def meeting(config: Config):
        return [meets(1), meets(2)]

    @pipeline
    def odds(config: Config):
        return odd()
"""


@pytest.fixture
def shop(project):
    def write(settings: str):
        project.write(STEPS)
        project.write("x" * 700_000, "sales.csv")
        project.write(f'sales = "sales.csv"\n[workspace]\n{settings}\n', "config.toml")
        return project

    return write


def kept(project) -> list[str]:
    with open_existing(project.home) as home:
        [run] = home.facts.runs.list(1)
        return [artifact.name for artifact in home.facts.runs.get(run.id).artifacts if "input" in artifact.name]


def test_every_key_is_on_this_page():
    assert [field.name for field in fields(Settings)] == [
        "home", "database", "workers", "keep_inputs", "cost_per_hour", "allow_pickle"]  # fmt: skip


def test_the_home_is_where_the_settings_say(shop):
    project = shop('home = "elsewhere/home"')
    project.run("pipeline.py:shop")
    assert (project.folder / "elsewhere" / "home" / "mainspring.db").is_file()
    assert not project.home.exists()
    assert len(project.json("runs", "list")["runs"]) == 1


def test_facts_are_in_the_database_of_the_settings(shop, empty_postgres, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", empty_postgres)
    project = shop('database = "env:DATABASE_URL"')
    run = project.run("pipeline.py:shop")["run"]
    assert not (project.home / "mainspring.db").exists()
    assert [row["id"] for row in project.json("runs", "list")["runs"]] == [run]


@pytest.mark.parametrize(("workers", "met"), [(1, False), (2, True)])
def test_as_many_steps_run_at_a_time_as_the_settings_say(shop, workers, met):
    assert all(shop(f"workers = {workers}").run("pipeline.py:meeting")["result"]) is met


@pytest.mark.parametrize(("size", "names"), [(0.5, 0), (1, 1)])
def test_inputs_are_kept_up_to_the_size_of_the_settings(shop, size, names):
    project = shop(f"keep_inputs = {size}")
    project.run("pipeline.py:shop")
    assert len(kept(project)) == names


@pytest.mark.parametrize(("setting", "priced"), [("", False), ("cost_per_hour = 3600.0", True)])
def test_steps_cost_what_an_hour_costs(shop, setting, priced):
    project = shop(setting)
    project.run("pipeline.py:shop")
    [step] = project.json("runs", "show")["steps"]
    assert step["cost"] == (pytest.approx(step["seconds"]) if priced else None)


def test_values_without_a_codec_are_pickled_or_refused(shop):
    shop("").run("pipeline.py:odds")
    project = shop("allow_pickle = false")
    project.run("pipeline.py:odds", "--force", "odd", expect=1)
    [step] = project.json("runs", "show")["steps"]
    assert "Nothing can store a pipeline.Odd" in step["error"]


def test_a_shared_store_is_no_key_yet(shop):
    said = shop('store = "s3://bucket"').call("run", "pipeline.py:shop", expect=2).stderr
    assert "Unknown key 'workspace.store'" in said
    assert "config.toml:3" in said
