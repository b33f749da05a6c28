"""SQLite and PostgreSQL say the same about the same facts."""

import shutil
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mainspring.testing.agreement import agreement
from mainspring.tracking import open_database

TABLES = "runs, records, kept, steps, uses, leases, results, artifacts, metrics, logged, files, memo"


def places(home: Path, url: str):

    def fresh_sqlite():
        shutil.rmtree(home, ignore_errors=True)
        return lambda: open_database(home)

    def fresh_postgres():
        open_database(url).close()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET search_path TO mainspring")
            connection.execute(f"TRUNCATE {TABLES} RESTART IDENTITY")
            connection.execute("INSERT INTO leases VALUES ('', 0, '')")
        return lambda: open_database(url)

    return {"sqlite": fresh_sqlite, "postgres": fresh_postgres}


def explore(home: Path, url: str, examples: int) -> None:
    run_state_machine_as_test(
        agreement(places(home, url)),
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
            phases=(Phase.generate,),
        ),
    )


@pytest.mark.timeout(300)
def test_sqlite_and_postgres_agree(tmp_path: Path, empty_postgres: str):
    explore(tmp_path / "home", empty_postgres, 25)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_sqlite_and_postgres_agree_for_long(tmp_path: Path, empty_postgres: str):
    explore(tmp_path / "home", empty_postgres, 1000)
