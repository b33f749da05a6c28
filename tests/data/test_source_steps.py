"""Sources in runs of real projects: what runs again, and what is a hit."""

import sqlite3

PIPELINE = """
from dataclasses import dataclass

import polars as pl
from mainspring import pipeline, step
from mainspring.data import Source, read


@dataclass(frozen=True)
class Shop:
    sales: Source


@step
def load(sales: Source) -> pl.DataFrame:
    return read(sales)


@step
def total(table: pl.DataFrame) -> int:
    return int(table["units"].sum())


@pipeline
def shop(config: Shop) -> int:
    return total(load(config.sales))
"""
RAN, HIT = {"load": "ran", "total": "ran"}, {"load": "hit", "total": "hit"}


def test_files_of_a_glob_are_tracked_by_content(project):
    project.write(PIPELINE)
    project.write('sales = "data/*.csv"\n', "config.toml")
    project.write("units\n1\n", "data/a.csv")
    first = project.run()
    assert (first["by_step"], first["result"]) == (RAN, 1)
    assert project.run()["by_step"] == HIT
    project.write("units\n2\n", "data/b.csv")
    assert project.run()["result"] == 3
    project.write("units\n5\n", "data/a.csv")
    assert project.run()["result"] == 7
    project.write("units\n1\n", "data/a.csv")
    (project.folder / "data/b.csv").unlink()
    back = project.run()
    assert (back["by_step"], back["result"]) == (HIT, 1)


def test_what_is_pinned_is_a_hit_wherever_it_is(project, web):
    from hashlib import sha256

    project.write(PIPELINE)
    pin = f"#sha256={sha256(web.body).hexdigest()}"
    project.write(f'sales = "{web.url}/sales.csv{pin}"\n', "config.toml")
    assert project.run()["result"] == 7
    project.write(f'sales = "{web.url}/moved/sales.csv{pin}"\n', "config.toml")
    assert project.run()["by_step"] == HIT
    assert len(web.seen) == 1


def test_a_database_in_a_file_is_tracked_by_content(project):
    project.write(PIPELINE)
    project.write('sales = "sql:sqlite:///shop.db!select units from sales"\n', "config.toml")
    path = project.folder / "shop.db"

    def sell(units):
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("create table if not exists sales (units integer)")
            connection.execute("insert into sales values (?)", [units])
        connection.close()

    sell(3)
    assert project.run()["result"] == 3
    assert project.run()["by_step"] == HIT
    sell(4)
    assert project.run()["result"] == 7


def test_a_source_that_is_down_fails_its_step_by_name(project):
    project.write(
        PIPELINE.replace("read(sales)", "read(replace(sales, retries=0))").replace(
            "from dataclasses import dataclass", "from dataclasses import dataclass, replace"
        )
    )
    project.write('sales = "http://127.0.0.2:9/sales.csv"\n', "config.toml")
    said = project.run(expect=1)
    assert said["by_step"]["load"] == "failed"
    assert "tried once: Connection refused" in str(said)


def test_the_version_of_a_file_on_the_web_is_asked_for_in_the_pipeline(project, web):
    project.write(
        PIPELINE.replace("load(config.sales)", "load(current(config.sales))").replace(
            "import Source, read", "import Source, current, read"
        )
    )
    project.write(f'sales = "{web.url}/sales.csv"\n', "config.toml")
    web.headers = {"ETag": '"1"'}
    assert project.run()["result"] == 7
    assert project.run()["by_step"] == HIT
    web.headers, web.body = {"ETag": '"2"'}, web.body + b"2024-03-03,north,5\n"
    assert project.run()["result"] == 12
