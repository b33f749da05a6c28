"""The public suites of the registry, over SQLite and PostgreSQL."""

import shutil
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mainspring.registry import Registry
from mainspring.testing import registry
from mainspring.testing.registry_machine import registry_machine
from mainspring.tracking import open_database


@pytest.mark.parametrize("case", registry.CASES, ids=registry.name_of)
def test_the_registry_conforms(case, connect, packages):
    case(connect, packages)


def explore(folder: Path, url: str, packages, examples: int) -> None:
    def fresh_sqlite():
        shutil.rmtree(folder / "home", ignore_errors=True)
        return Registry(open_database(folder / "home"), folder / "kept")

    def fresh_postgres():
        open_database(url).close()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET search_path TO mainspring")
            tables = (
                "models, versions, aliases, alias_moves, training, gate_reports, gate_answers, decisions, sign_offs"
            )
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        return Registry(open_database(url), folder / "kept")

    run_state_machine_as_test(
        registry_machine({"sqlite": fresh_sqlite, "postgres": fresh_postgres}, packages),
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
            phases=(Phase.generate,),
        ),
    )


def test_sqlite_and_postgres_agree_with_the_rules(tmp_path, empty_postgres, packages):
    explore(tmp_path, empty_postgres, packages, 8)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_they_agree_for_long(tmp_path, empty_postgres, packages):
    explore(tmp_path, empty_postgres, packages, 500)
