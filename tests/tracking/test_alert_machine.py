"""Alerts: fire, are told again, are looked after, resolve, and are delivered, on SQLite and on Postgres alike."""

import shutil
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mainspring.testing.alert_machine import alert_machine
from mainspring.testing.alerts import HOUR, moved
from mainspring.tracking import open_database, open_facts

TABLES = "alerts, alert_changes, alert_windows"


def explore(home: Path, url: str | None, examples: int) -> None:
    def fresh_sqlite():
        shutil.rmtree(home, ignore_errors=True)
        return lambda: open_database(home)

    def fresh_postgres():
        open_database(url).close()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET search_path TO mainspring")
            connection.execute(f"TRUNCATE {TABLES} RESTART IDENTITY")
        return lambda: open_database(url)

    places = {"sqlite": fresh_sqlite} | ({"postgres": fresh_postgres} if url else {})
    run_state_machine_as_test(
        alert_machine(places),
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
            phases=(Phase.generate,),
        ),
    )


def test_alerts_follow_the_rules(tmp_path):
    explore(tmp_path / "home", None, 8)


def test_sqlite_and_postgres_have_the_same_alerts(tmp_path, empty_postgres):
    explore(tmp_path / "home", empty_postgres, 2)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_they_have_the_same_alerts_for_long(tmp_path, empty_postgres):
    explore(tmp_path / "home", empty_postgres, 400)


def test_an_alert_keeps_its_latest_windows_a_week_of_hours(tmp_path):
    with open_facts(tmp_path / "home") as facts:
        for hour in range(200):
            facts.alerts.observe("shop", "v", hour * HOUR, [moved("price")], now=hour * HOUR + 60)
        [found] = facts.alerts.list("firing", "shop", limit=5)
        assert (found.windows[0], len(found.windows), found.began) == (32 * HOUR, 168, 60.0)
        assert len(facts.alerts.changes(found.id)) == 1
