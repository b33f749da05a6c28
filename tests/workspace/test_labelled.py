"""Labels of a home: however late and in whatever order they come, windows end with the same figures."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from shop_log import DAY, HOUR, MODEL, START, answers, log_of_shop, version
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.config.monitor import Monitor
from mainspring.errors import InputError, MonitoringError, NotFoundError
from mainspring.monitoring import Labels
from mainspring.serving.predlog import ColumnRow
from mainspring.workspace import labelled
from mainspring.workspace.closing import close_windows
from mainspring.workspace.label_files import read_labels
from mainspring.workspace.labelled import add_labels, rate_home

DAYS = 8
SETTINGS = Monitor(reference_days=5)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Eight days, two answers of one row an hour; what turns out is off by more from noon of day 6 on."""
    home = tmp_path_factory.mktemp("labels") / ".mainspring"
    entries = list(answers(range(24 * DAYS), each=2, rows=1))
    log_of_shop(home, entries[:240])
    log_of_shop(home, entries[240:])
    close_windows(home, SETTINGS, START + DAYS * DAY)
    rng = np.random.default_rng(5)
    hours = np.repeat(np.arange(24 * DAYS), 2)
    predicted = np.array([float(one.outputs["sales"][0]) for one in entries])
    actual = predicted + rng.normal(0, np.where(hours >= 6 * 24 + 12, 2.5, 1.0))
    known = START + hours * HOUR + rng.uniform(HOUR, 14 * DAY, hours.size)
    return home, Labels.of([one.id for one in entries], actual, known)


@pytest.fixture
def home(served, tmp_path):
    shutil.copytree(served[0], tmp_path / ".mainspring")
    return tmp_path / ".mainspring"


def some(labels, places):
    return Labels(*(getattr(labels, name)[places] for name in Labels.__slots__))


def test_labels_out_of_order_over_fourteen_days_give_the_figures_of_labels_at_once(served, home, tmp_path):
    labels = served[1]
    assert add_labels(labels, home).joined == 48 * DAYS
    at_once = rate_home("shop", home, SETTINGS, START + DAYS * DAY)
    slowly = tmp_path / "slowly" / ".mainspring"
    shutil.copytree(served[0], slowly)
    order = np.argsort(labels.arrived + np.random.default_rng(2).normal(0, DAY, labels.arrived.size))
    for some_of in np.array_split(order, 4):
        add_labels(some(labels, some_of), slowly)
        rate_home("shop", slowly, Monitor(reference_days=DAYS), START + DAYS * DAY)
    found = rate_home("shop", slowly, SETTINGS, START + DAYS * DAY)
    assert found.windows == at_once.windows
    assert found.estimates == at_once.estimates
    assert np.array_equal(found.errors.up, at_once.errors.up)
    assert {one.coverage for one in found.windows} == {1.0}
    assert found.moved
    assert START + 6 * DAY <= found.since <= START + 7 * DAY


def test_a_day_is_joined_again_only_when_its_labels_or_rows_are_others(served, home, monkeypatch):
    labels = served[1]
    add_labels(labels, home)
    first = rate_home("shop", home, SETTINGS, START + DAYS * DAY)
    days = []
    joined = labelled._Joining._rated
    monkeypatch.setattr(
        labelled._Joining, "_rated", lambda self, starts, known: days.append(min(starts)) or joined(self, starts, known)
    )
    assert rate_home("shop", home, SETTINGS, START + DAYS * DAY).windows == first.windows
    assert days == []
    late = Labels.of([labels.ids[50].decode()], [99.0], START + 40 * DAY)
    add_labels(late, home)
    changed = rate_home("shop", home, SETTINGS, START + DAYS * DAY)
    assert days == [START + DAY]
    assert [place for place, one in enumerate(changed.windows) if one != first.windows[place]] == [25]
    log_of_shop(home, answers([50], first=9_000, each=2, rows=1))
    again = rate_home("shop", home, SETTINGS, START + DAYS * DAY)
    assert days == [START + DAY, START + 2 * DAY]
    assert (again.windows[50].predictions, again.windows[50].labelled) == (4, 2)


def test_what_has_no_labels_yet_is_estimated_from_what_was_predicted(served, home):
    labels = served[1]
    add_labels(some(labels, np.arange(48 * 6)), home)
    rated = rate_home("shop", home, SETTINGS, START + DAYS * DAY)
    assert [one.labelled for one in rated.windows[-48:]] == [0] * 48
    assert not rated.moved
    value, low, high = rated.estimates[-1]
    assert low < value < high
    assert value == pytest.approx(np.sqrt(2 / np.pi), abs=0.3)
    none = rate_home("shop", home, Monitor(reference_days=1), START + DAYS * DAY)
    assert none.errors is None


def test_the_newest_version_is_rated_by_its_own_answers(home):
    newer = version("e" * 64)
    log_of_shop(home, answers([24 * DAYS], model=newer, first=9_500, rows=1))
    later = START + (DAYS + 1) * DAY
    rated = rate_home(None, home, SETTINGS, later)
    assert (rated.version, len(rated.windows), rated.windows[0].predictions) == (newer.package, 1, 4)
    assert len(rate_home("shop", home, SETTINGS, later, version=MODEL.package).windows) == 24 * DAYS


def test_what_cannot_be_rated_is_said(home):
    with pytest.raises(NotFoundError, match=r"Nothing was logged of 'shpo'.*Did you mean 'shop'"):
        rate_home("shpo", home, SETTINGS, START)
    with pytest.raises(MonitoringError, match=r"no output 'sale'.*Did you mean 'sales'"):
        rate_home("shop", home, Monitor(output="sale"), START)
    two = version("e" * 64, outputs=(ColumnRow("low", "float64"), ColumnRow("high", "float64")), name="pair")
    given = [(one, one.outputs["sales"]) for one in answers([1])]
    log_of_shop(home, [one._replace(model=two, outputs={"low": sales, "high": sales}) for one, sales in given])
    with pytest.raises(MonitoringError, match=r"'pair' has 2 outputs.*Name one of low, high"):
        rate_home("pair", home, SETTINGS, START + DAY)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_labels_are_read_of_files(served, tmp_path, ending):
    labels = some(served[1], np.arange(50))
    frame = pl.DataFrame(
        {
            "id": [one.decode() for one in labels.ids],
            "value": labels.values,
            "arrived": pl.from_epoch(pl.Series(np.round(labels.arrived * 1000)).cast(pl.Int64), time_unit="ms"),
        }
    )
    file = tmp_path / f"labels.{ending}"
    {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}[ending](file)
    found = read_labels(file, START + 60 * DAY)
    assert found.ids.tolist() == labels.ids.tolist()
    assert np.allclose(found.values, labels.values)
    assert np.allclose(found.arrived, labels.arrived, atol=1)
    frame.select("id", "value").write_csv(tmp_path / "now.csv")
    assert np.isnan(read_labels(tmp_path / "now.csv", 17.0).arrived).all()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"id": ["x"], "values": [1.0]}, r"no column 'value'.*Did you mean 'values'"),
        ({"id": ["order 17"], "value": [1.0]}, r"identity 'order 17', which no service gave.*row 1"),
        ({"id": ["019c0000-0000-7000-8000-000000000000"], "value": ["tall"]}, "of the type String"),
        ({"id": ["019c0000-0000-7000-8000-000000000000"], "value": [None]}, "of the type Null"),
        ({"id": ["019c0000-0000-7000-8000-000000000000"], "value": [float("nan")]}, "'value' that is none"),
        ({"id": ["019c0000-0000-7000-8000-000000000000"], "value": [1.0], "row": [-1]}, "'row' that is none"),
        ({"id": ["019c0000-0000-7000-8000-000000000000"], "value": [1], "arrived": ["soon"]}, "has no times"),
    ],
)
def test_files_that_are_no_labels_are_refused_with_the_row(tmp_path, table, said):
    pl.DataFrame(table).write_parquet(tmp_path / "labels.parquet")
    with pytest.raises(InputError, match=rf"(?s){said}"):
        read_labels(tmp_path / "labels.parquet", 0.0)


def test_the_commands_tell_what_was_joined_and_how_good_it_was(served, home, tmp_path, monkeypatch):
    (tmp_path / "clock").write_text(str(START + DAYS * DAY))
    monkeypatch.setenv("MAINSPRING_CLOCK", str(tmp_path / "clock"))
    labels = served[1]
    stranger = "019c0000-0000-7000-8000-000000000000"
    pl.DataFrame(
        {"id": [*(one.decode() for one in labels.ids), stranger], "value": [*labels.values, 1.0]}
    ).write_parquet(tmp_path / "labels.parquet")
    runner = CliRunner()
    command = ["labels", "add", f"{tmp_path}/labels.parquet", "--home", str(home)]
    told = json.loads(runner.invoke(app, [*command, "--json"], catch_exceptions=False).stdout)
    assert (told["labels"], told["joined"], told["unknown"]) == (48 * DAYS + 1, 48 * DAYS, [stranger])
    assert "kept, in case" in runner.invoke(app, command).stdout
    listed = json.loads(runner.invoke(app, ["labels", "list", "--home", str(home), "--json"]).stdout)
    assert [one["labels"] for one in listed] == [48] * DAYS + [1]
    assert runner.invoke(app, ["labels", "list", "--home", str(home)]).stdout.splitlines()[1].startswith("2025-10-0")
    options = ["--reference-days", "5", "--home", str(home)]
    shown = runner.invoke(app, ["monitor", "quality", *options, "--json"])
    assert shown.exit_code == 1
    rated = json.loads(shown.stdout)
    assert rated["errors"]["moved"]
    assert len(rated["windows"]) == 24 * DAYS
    assert rated["windows"][-1]["coverage"] == 1.0
    text = runner.invoke(app, ["monitor", "quality", "shop", *options, "--last", "3"]).stdout
    assert "probably since" in text
    assert len(text.splitlines()) == 11
