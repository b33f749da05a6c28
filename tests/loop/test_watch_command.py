"""`mainspring watch` and `mainspring triggers` on a real project, with real runs, gates, logs and labels."""

import json
import urllib.error
import urllib.request

import pytest
from shop_project import DAY, HOUR, START, champion, serve
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.cli.watch_port import Board, Port
from mainspring.clock import drive
from mainspring.errors import InputError, NotFoundError
from mainspring.loop import Ticked
from mainspring.tracking import this_process
from mainspring.workspace.watching import Held, Watcher, watched_models


def say(*args: str, expect: int = 0) -> str:
    result = CliRunner().invoke(app, list(args), prog_name="mainspring")
    assert result.exit_code == expect, result.output
    return result.output


def watch(expect: int = 0) -> list[dict]:
    return [json.loads(line) for line in say("watch", "--once", "--json", expect=expect).splitlines()]


def kinds(events: list[dict]) -> list[str]:
    return [one["kind"] for one in events]


def test_new_data_are_learned_judged_served_and_kept(shop):
    assert watch() == []
    (shop / "sales.txt").write_text("2.0\n2.4\n")
    drive(shop / "clock", START + HOUR)
    events = watch()
    assert kinds(events) == ["trigger", "run", "registered", "promoted"]
    assert events[0]["links"]["files"] == ["sales.txt"]
    assert champion(shop / ".mainspring").number == 2
    serve(shop / ".mainspring", START + HOUR, 48, truth=2.4)
    drive(shop / "clock", START + 3 * DAY)
    assert kinds(watch()) == ["kept"]
    assert watch() == []
    shown = json.loads(say("triggers", "why", events[1]["links"]["run"], "--json"))
    assert [one["kind"] for one in shown["rounds"][0]["actions"]] == ["run", "register", "promote", "probation"]
    assert "because    1 new or changed file: sales.txt" in say("triggers", "why")
    assert "The watch has started no run 'nine'" in say("triggers", "why", "nine", expect=2)
    listed = json.loads(say("triggers", "list", "--json"))
    assert [(one["kind"], one["answer"]) for one in listed] == [("data", "quiet"), ("drift", "quiet")]
    assert "asked for" in say("triggers", "fire", "shop", "--why", "new shops", "--by", "ada")
    assert "ada asks for it: new shops" in say("triggers", "list")


def test_a_second_watcher_waits_and_takes_over(shop):
    with Watcher(["shop"]) as first, Watcher(["shop"]) as second:
        assert first.tick(START) == Ticked(False)
        assert second.tick(START) == Held(this_process())
        assert "watches this home; waiting" in say("watch", "--once")
        first.close()
        assert second.tick(START) == Ticked(False)


def test_which_models_are_watched(shop):
    assert watched_models(()) == ["shop"]
    with pytest.raises(NotFoundError, match="Did you mean 'shop'"):
        watched_models(("shoq",))


def test_health_and_metrics_are_answered(shop):
    board = Board(0.05)
    serve(shop / ".mainspring", START, 2)
    now = START + 2 * HOUR
    with Watcher(["shop"]) as watcher, Port("127.0.0.1", 0, board) as port:
        board.ticked(watcher, watcher.tick(now), now)
        place = f"http://127.0.0.1:{port.number}"
        health = json.loads(urllib.request.urlopen(f"{place}/healthz").read())
        assert (health["ok"], health["watching"], health["models"]) == (True, True, ["shop"])
        assert health["now"] == now
        text = urllib.request.urlopen(f"{place}/metrics").read().decode()
        assert "mainspring_watch_is_watching 1.0" in text
        of = f'{{model="shop",segment="",version="{champion(shop / ".mainspring").digest[:12]}"}}'
        assert f"mainspring_window_rows{of} 80.0" in text
        assert f"mainspring_label_coverage{of} 1.0" in text
        board.ticked(watcher, Ticked(False, {"shop": "it cannot be read"}), now)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{place}/healthz")
        assert caught.value.code == 503
        assert json.loads(caught.value.read())["problems"] == {"shop": "it cannot be read"}
        caught.value.close()
        with pytest.raises(InputError, match="Nothing can be answered on"), Port("127.0.0.1", port.number, board):
            pass
