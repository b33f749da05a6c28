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
