"""Faults that are planted in a real project: each is told, and none of them becomes champion."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from shop_project import CONFIG, HOUR, START, champion

from mainspring.clock import drive
from mainspring.tracking import Raised, open_facts

COMMAND = str(Path(sys.executable).with_name("mainspring"))


def watch(shop: Path, hours: float) -> list[dict]:
    drive(shop / "clock", START + hours * HOUR)
    done = subprocess.run([COMMAND, "watch", "--once", "--json"], cwd=shop, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def alerts(shop: Path) -> list[str]:
    with open_facts(shop / ".mainspring") as facts:
        return sorted(one.check for one in facts.alerts.open("shop"))


@pytest.mark.prove
def test_a_sabotaged_candidate_broken_data_and_skew(shop):
    watch(shop, 0)
    (shop / "config.toml").write_text(CONFIG.replace("[triggers]", '[triggers]\nsets = ["spoil=5.0"]'))
    (shop / "sales.txt").write_text("2.0\n2.1\n")
    events = watch(shop, 2)
    assert [one["kind"] for one in events if one["kind"] != "alert"] == ["trigger", "run", "registered", "refused"]
    assert "champion (fail)" in events[-1]["says"] or "champion (fail)" in events[-2]["says"]
    assert champion(shop / ".mainspring").number == 1
    assert alerts(shop) == ["refused"]

    (shop / "config.toml").write_text(CONFIG)
    (shop / "sales.txt").write_text("2.0\ntwo\n")
    events = watch(shop, 4)
    assert [one["kind"] for one in events if one["kind"] != "alert"] == ["trigger", "validation failed"]
    assert "step 'validate'" in next(one["says"] for one in events if one["kind"] == "validation failed")
    assert alerts(shop) == ["refused", "validation failed"]
    assert watch(shop, 8) == [] or all(one["kind"] == "alert" for one in watch(shop, 9))

    with open_facts(shop / ".mainspring") as facts:
        facts.alerts.observe("shop", "", 5, [Raised("skew", ("price",), says="3 rows differ")], now=START)
    (shop / "sales.txt").write_text("2.0\n2.2\n")
    assert [one["kind"] for one in watch(shop, 12)] == ["alert"]
    listed = subprocess.run(
        [COMMAND, "triggers", "list", "--json"], cwd=shop, capture_output=True, text=True, check=True
    )
    [data] = [one for one in json.loads(listed.stdout) if one["kind"] == "data"]
    assert (data["answer"], data["held"][:38]) == ("held", "it would learn a fault: skew: 3 rows d")


@pytest.mark.prove
def test_a_service_that_is_down_for_an_hour_is_waited_for(shop):
    watch(shop, 0)
    (shop / "sales.txt").write_text("2.0\n2.1\n")
    (shop / "down").touch()
    events = watch(shop, 2)
    assert [one["kind"] for one in events] == ["trigger", "retry"]
    assert "the price service does not answer" in events[1]["says"]
    listed = subprocess.run([COMMAND, "triggers", "list"], cwd=shop, capture_output=True, text=True, check=True).stdout
    assert "retry" in listed
    assert "it is tried again at 2025-10-13T02:15Z" in " ".join(listed.split())
    assert watch(shop, 2.2) == []
    assert [one["kind"] for one in watch(shop, 2.3)] == ["retry"]
    (shop / "down").unlink()
    assert watch(shop, 2.7) == []
    assert [one["kind"] for one in watch(shop, 3)] == ["run", "registered", "promoted"]
    assert alerts(shop) == []
    why = subprocess.run([COMMAND, "triggers", "why", "--json"], cwd=shop, capture_output=True, text=True, check=True)
    [run, *_] = json.loads(why.stdout)["rounds"][0]["actions"]
    [first, second] = run["about"]["failed"]
    of_first = subprocess.run([COMMAND, "triggers", "why", first], cwd=shop, capture_output=True, text=True, check=True)
    assert "run" in of_first.stdout
    assert len({first, second, run["about"]["run"]}) == 3
