"""Windows of a home: made of the prediction log in both its forms, checked, explained by its rows."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.errors import MonitoringError, NotFoundError
from mainspring.monitoring import WINDOWS, Shelf, Window, encode_window
from mainspring.serving.predlog import ColumnRow, ModelRow, PredictionLog
from mainspring.serving.predlog.writer import Entry
from mainspring.workspace.rolled import roll
from mainspring.workspace.windows import Part, backfill, check_home, explain

HOUR = 3600
START = 1_760_000_400 // 86_400 * 86_400
MODEL = ModelRow(
    0,
    "d" * 64,
    "shop",
    "1",
    "champion",
    None,
    (ColumnRow("price", "float64"), ColumnRow("store", "string"), ColumnRow("week", "float64", (2,))),
    (ColumnRow("sales", "float64"),),
    ("customer",),
)


def identity(time, number):
    head = f"{round(time * 1000):012x}"
    return f"{head[:8]}-{head[8:]}-7{number % 4096:03x}-8001-{number:012x}"


def answer(rng, time, number, hour, rows=40):
    price = rng.normal(2 if hour >= 24 * 5 + 12 else 0, 1, rows)
    store = rng.choice(["a", "b"], rows).astype(object)
    given = {"price": price, "store": store, "week": rng.normal(size=(rows, 2))}
    return Entry(
        identity(time, number), MODEL, rows, 90 + number % 5, given, {"sales": price * 2 + rng.normal(size=rows)}
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Six days of a shop whose prices move by noon of the last one."""
    folder = tmp_path_factory.mktemp("home") / ".mainspring"
    rng = np.random.default_rng(0)
    number = 0
    for day in range(6):
        log = PredictionLog(folder / "predictions", 1)
        for hour in range(24 * day, 24 * day + 24):
            for place in range(4):
                number += 1
                log.add(answer(rng, START + HOUR * hour + 900 * place, number, hour))
        log.close()
    return folder


def kept(home):
    return [encode_window(one) for one in Shelf(home / WINDOWS).between(Window(0, HOUR, "shop", "d" * 64), 0, 1e12)]


def test_windows_are_made_of_the_log_and_are_the_same_after_it_was_rolled(home):
    (made,) = backfill(home, days=5)
    assert (made.model, made.windows, made.rows) == ("shop", 144, 144 * 160)
    first = kept(home)
    assert len(first) == 144
    roll(home / "predictions")
    assert backfill(home, days=5) == [made]
    assert kept(home) == first
    layout = Shelf(home / WINDOWS).layout("shop", "d" * 64)
    assert layout.names == ("price", "store", "week[0]", "week[1]", "output.sales")


def test_what_moved_is_found_from_then_on_and_explained_by_its_rows(home):
    backfill(home, days=5)
    checked = check_home(home=home, part=Part(days=5))
    assert (checked.model, checked.reference, len(checked.checks)) == ("shop", 120, 24)
    found = [{(one.check, one.column) for one in check.findings} for check in checked.checks]
    assert not any(found[:14])
    assert {("drift", "price"), ("drift", "output.sales")} <= found[15]
    finding = next(one for one in checked.checks[-1].findings if one.column == "price")
    rows = explain(finding, checked.checks[-1].window, home)
    assert len(rows) == 5
    assert max(abs(one.values["input.price"]) for one in rows) > 3
    assert all("customer" not in name for one in rows for name in one.values)


def test_segments_are_compared_with_their_own_past(home):
    backfill(home, days=5, segments=["store"])
    checked = check_home(home=home, part=Part(days=5, segment="store=a"))
    assert checked.checks[-1].window.segment == "store=a"
    assert 40 < checked.checks[-1].rows < 120
    assert ("drift", "price") in {(one.check, one.column) for one in checked.checks[-1].findings}
    with pytest.raises(NotFoundError, match="no windows of 'store=z'"):
        check_home(home=home, part=Part(days=5, segment="store=z"))


def test_the_commands_tell_the_same_as_json(home):
    runner = CliRunner()
    options = ["--reference-days", "5", "--home", str(home)]
    assert runner.invoke(app, ["monitor", "backfill", *options]).exit_code == 0
    told = runner.invoke(app, ["monitor", "check", *options, "--json"])
    assert told.exit_code == 1
    windows = json.loads(told.stdout)["windows"]
    assert windows[-1]["findings"][0]["column"] in ("price", "output.sales")
    text = runner.invoke(app, ["monitor", "check", "shop", *options]).stdout
    assert "The distribution of 'price' has moved by" in text
    one = runner.invoke(app, ["monitor", "explain", "1", *options, "--json"])
    assert len(json.loads(one.stdout)["rows"]) == 5
    assert "remarkable from" in runner.invoke(app, ["monitor", "explain", "1", *options]).stdout


def test_what_is_not_there_is_said(home, tmp_path):
    backfill(home, days=5)
    with pytest.raises(MonitoringError, match="Nothing was logged"):
        backfill(tmp_path / "none")
    with pytest.raises(NotFoundError, match=r"no windows of 'shp'.*Did you mean 'shop'"):
        check_home("shp", home)
    with pytest.raises(MonitoringError, match="no window after the first 28 days"):
        check_home("shop", home)
