"""Two versions of a home are compared on what turned out, as split and as shadow; the command tells what holds."""

import json

import numpy as np
import pytest
from msgspec.structs import replace
from shop_log import DAY, HOUR, MODEL, START, identity, log_of_shop
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.errors import MonitoringError
from mainspring.monitoring import Labels
from mainspring.registry import Version
from mainspring.serving.predlog import ColumnRow
from mainspring.serving.predlog.writer import Entry
from mainspring.workspace.labelled import add_labels
from mainspring.workspace.trials import Drawn, compare_answers

INPUTS = (ColumnRow("customer", "string"), ColumnRow("price", "float64"))
FIRST = replace(MODEL, package="a" * 64, version="1", inputs=INPUTS)
SECOND = replace(MODEL, package="b" * 64, version="2", inputs=INPUTS)


def registered(model, tmp_path):
    return Version("shop", int(model.version), model.package, tmp_path, None, 0.0, "", (), None)


def entry(number, model, customer, price, predicted, *, shadow=False):
    time = START + number * HOUR / 40
    given = {"customer": np.array([f"c{customer}"], object), "price": np.array([price])}
    return Entry(identity(time, number), model, 1, 90, given, {"sales": np.array([predicted])}, shadow=shadow)


@pytest.fixture
def shop(tmp_path):
    """Two days of 1,920 requests; the second version errs less by a tenth."""
    rng = np.random.default_rng(0)
    home = tmp_path / ".mainspring"

    def write(design, rows=1_920):
        entries, ids, actual = [], [], []
        for number in range(rows):
            customer, price = int(rng.integers(400)), float(rng.normal())
            error = float(rng.normal())
            models = [FIRST, SECOND] if design == "shadow" else [(FIRST, SECOND)[customer % 2]]
            if design == "in turn":
                models = [FIRST if number < rows / 2 else SECOND]
            for model in models:
                scale = 0.8 if model is SECOND else 1.0
                shadow = design == "shadow" and model is SECOND
                entries.append(entry(number, model, customer, price, price + error * scale, shadow=shadow))
            ids.append(entries[-1].id)
            actual.append(price)
        log_of_shop(home, entries)
        add_labels(Labels.of(ids, actual, START + 3 * DAY), home)
        return home

    return write


def pair(tmp_path):
    return registered(FIRST, tmp_path), registered(SECOND, tmp_path)


def test_a_shadow_is_compared_on_the_rows_that_both_predicted(shop, tmp_path):
    found = compare_answers(*pair(tmp_path), shop("shadow"))
    trial = found.trial
    assert (trial.paired, trial.answer, found.output) == (True, "better", "sales")
    assert [one.labelled for one in trial.arms] == [1_920, 1_920]
    assert trial.effect.estimate / trial.arms[0].loss == pytest.approx(-0.2, abs=1e-9)


def test_a_split_is_compared_by_the_customers_that_it_was_made_by(shop, tmp_path):
    home = shop("split")
    found = compare_answers(*pair(tmp_path), home, drawn=Drawn(unit="customer"))
    trial = found.trial
    assert (trial.paired, trial.answer) == (False, "better")
    assert sum(one.units for one in trial.arms) <= 400
    assert sum(one.predictions for one in trial.arms) <= 1_920
    with pytest.raises(MonitoringError, match=r"no input 'custmer'.*Did you mean 'customer'"):
        compare_answers(*pair(tmp_path), home, drawn=Drawn(unit="custmer"))


def test_versions_that_took_turns_are_not_compared(shop, tmp_path):
    with pytest.raises(MonitoringError, match="never predicted at the same time"):
        compare_answers(*pair(tmp_path), shop("in turn"))
    other = replace(SECOND, package="c" * 64)
    with pytest.raises(MonitoringError, match="has predicted nothing"):
        compare_answers(pair(tmp_path)[0], registered(other, tmp_path), tmp_path / ".mainspring")


def test_the_command_tells_the_same_as_json_and_draws_a_page(shop, tmp_path, monkeypatch):
    home = shop("split")

    class Known:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def resolve(self, target):
            return pair(tmp_path)[int(target[-1]) - 1]

    monkeypatch.setattr("mainspring.cli.trials.open_registry", lambda _: Known())
    monkeypatch.setattr("mainspring.cli.trials.vega_bundle", lambda _: None)
    command = ["models", "ab", "shop", "1", "2", "--home", str(home), "--unit", "customer"]
    runner = CliRunner()
    told = json.loads(runner.invoke(app, [*command, "--json"], catch_exceptions=False).stdout)
    assert (told["answer"], told["paired"]) == ("better", False)
    assert told["effect"]["low"] < told["effect"]["estimate"] < told["effect"]["high"] < 0
    assert [one["name"] for one in told["checks"]] == ["ratio", "overlap", "steadiness", "coverage", "balance"]
    text = runner.invoke(app, [*command, "--page", f"{tmp_path}/ab.html"], catch_exceptions=False).stdout
    assert "version 2 is better than version 1" in text
    page = (tmp_path / "ab.html").read_text()
    assert "Does the split hold?" in page
    assert "all days" in page
    assert f"{told['effect']['level']:.0%}; p = " in page
    assert "the least that matters" in page
    same = runner.invoke(app, ["models", "ab", "shop", "1", "001", "--home", str(home)])
    assert same.exit_code == 2
    assert "'1' and '001' of 'shop' are both version 1" in " ".join(same.stderr.split())
    broken = runner.invoke(app, [*command, "--share", "0.9"])
    assert broken.exit_code == 1
    assert "the split is broken" in broken.stdout
