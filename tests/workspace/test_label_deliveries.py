"""Files of labels that come again, late, twice or wrong: what is kept of them, and what the loop counts."""

import json
import time

import numpy as np
import polars as pl
import pytest
from shop_log import DAY, HOUR, MODEL, START, answers, log_of_shop, version
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.errors import InputError, MonitoringError
from mainspring.monitoring import Labels, LabelShelf
from mainspring.workspace.label_files import read_labels
from mainspring.workspace.labelled import add_labels, label_days
from mainspring.workspace.loop_rows import Arrivals

NOW = START + 2 * DAY
OTHER = version("e" * 64, name="cafe")


@pytest.fixture
def home(tmp_path):
    """A day of a shop and of a café, a row an answer."""
    home = tmp_path / ".mainspring"
    of = ((MODEL, 0), (OTHER, 500))
    entries = [one for model, first in of for one in answers(range(24), each=1, rows=1, model=model, first=first)]
    log_of_shop(home, entries)
    return home


@pytest.fixture
def ids():
    return [one.id for one in answers(range(24), each=1, rows=1)]


@pytest.fixture
def deliver(home, tmp_path):
    """Adds a file of labels."""

    def deliver(columns, now, ending="parquet"):
        file = tmp_path / f"labels.{ending}"
        table = pl.DataFrame(columns)
        table.write_csv(file) if ending == "csv" else table.write_parquet(file)
        return add_labels(read_labels(file, now), home, now=now)

    return deliver


@pytest.fixture
def west(monkeypatch):
    with monkeypatch.context() as there:
        there.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


def held(home, ids):
    labels = LabelShelf(home / "labels").between(START - DAY, START + 30 * DAY)
    return labels.holding(np.array(ids, "S36"), np.zeros(len(ids), int))[0].tolist()


def test_the_same_file_on_three_days_is_one_and_nothing_new_to_the_loop(home, ids, deliver):
    arrivals = Arrivals(home)
    for day in range(3):
        added = deliver({"id": ids, "value": np.arange(24.0)}, NOW + day * DAY)
        assert (added.labels, added.joined, added.again) == (24, 24, 24 if day else 0)
    assert [(one.labels, one.deliveries, one.last) for one in label_days(home)] == [(24, 1, NOW)]
    assert [arrivals.since("shop", NOW + past * DAY) for past in (-0.5, 0.5)] == [24, 0]
    grown = deliver({"id": ids, "value": np.r_[np.arange(23.0), 99.0]}, NOW + 3 * DAY)
    assert (grown.again, arrivals.since("shop", NOW + DAY)) == (23, 1)
    assert held(home, ids)[-1] == 99.0


def test_a_label_may_be_taken_back_to_what_it_was(home, ids, deliver):
    for place, value in enumerate((1.0, 2.0, 1.0)):
        assert deliver({"id": ids[:1], "value": [value]}, NOW + place).again == 0
    assert held(home, ids[:1]) == [1.0]
    assert deliver({"id": ids[:1], "value": [5.0]}, NOW - HOUR).again == 1  # what holds was known later


def test_a_delivery_that_broke_off_is_made_whole_by_the_same_file(home, ids, deliver, monkeypatch):
    other = answers(range(24, 48), each=1, rows=1, first=900)
    table = {"id": [*ids, *(one.id for one in other)], "value": np.arange(48.0)}
    with monkeypatch.context() as broken:
        whole = []
        broken.setattr(
            "mainspring.monitoring.labels.write_whole", lambda *given: whole.append(given) or 1 / (2 - len(whole))
        )
        with pytest.raises(ZeroDivisionError):
            deliver(table, NOW)
    whole[0][0].parent.mkdir(parents=True)
    whole[0][0].write_bytes(whole[0][1])
    assert deliver(table, NOW + HOUR).again == 24
    assert held(home, table["id"]) == list(range(48))


def test_the_loop_counts_what_turned_out_of_predictions_of_its_model_once(home, ids, deliver):
    arrivals = Arrivals(home)
    cafe = [one.id for one in answers(range(24), each=1, rows=1, first=500)]
    stranger = ids[0][:-6] + "ffffff"
    deliver({"id": [*ids[:3], *cafe[:5], stranger], "value": [1.0] * 9}, NOW)
    assert [arrivals.since(one, NOW - 1) for one in ("shop", "cafe", "bar")] == [3, 5, 0]
    # Each export says anew when it was made: only what is new, or another than before, counts.
    said = {"id": ids[:5], "value": [1.0, 1.0, 2.0, 1.0, 1.0], "arrived": [NOW + HOUR] * 5}
    deliver(said, NOW + HOUR)
    assert arrivals.since("shop", NOW - 1) == 5
    assert arrivals.since("shop", NOW) == 3
    log_of_shop(home, answers([30], each=1, rows=1, first=2_000))
    deliver({"id": [one.id for one in answers([30], each=1, rows=1, first=2_000)], "value": [1.0]}, NOW + DAY)
    assert arrivals.since("shop", NOW) == 4


def test_what_does_not_say_when_it_was_known_needs_a_time(home, ids):
    with pytest.raises(MonitoringError, match="does not say when it was known"):
        add_labels(Labels.of(ids, np.ones(24), np.nan), home)
    assert label_days(home) == []


@pytest.mark.parametrize(
    ("arrived", "said"),
    [
        (
            4_070_908_800.0,
            r"cannot have been, the first of them at 4070908800 s.*row 2, column 'arrived'.*without one it is now",
        ),
        ((NOW - HOUR) * 1e3, r"Are these milliseconds\?"),
        ((NOW - HOUR) * 10**9, r"Are these nanoseconds\?"),
        (np.inf, "at inf s"),
        (START - 2 * DAY, r"1 labels were known when they cannot"),
        (-1.0, "at -1 s"),
    ],
)
def test_what_cannot_have_been_known_then_is_refused(home, ids, deliver, arrived, said):
    for ending in ("csv", "parquet"):
        with pytest.raises(InputError, match=rf"(?s){said}"):
            deliver({"id": ids[:2], "value": [1.0, 2.0], "arrived": [None, float(arrived)]}, NOW, ending)
    assert label_days(home) == []


def test_dates_and_clocks_that_differ_by_less_than_a_day_are_taken(home, ids, deliver):
    day = pl.Series([START, START, None]).cast(pl.Float64) * 1000
    dates = pl.from_epoch(day.cast(pl.Int64), time_unit="ms").cast(pl.Date)
    assert deliver({"id": ids[-3:], "value": [1.0] * 3, "arrived": dates}, NOW, "csv").joined == 3
    assert deliver({"id": ids[:1], "value": [1.0], "arrived": [NOW + HOUR]}, NOW).joined == 1


def test_identities_in_upper_case_are_those_of_the_log(home, ids, deliver):
    assert deliver({"id": [one.upper() for one in ids], "value": [1.0] * 24}, NOW).joined == 24
    with pytest.raises(InputError, match=r"identity '0199.*', which no service gave"):
        deliver({"id": [ids[0].replace("-", "") + "----"], "value": [1.0]}, NOW)


def test_labels_of_one_row_that_contradict_each_other_are_told(home, ids, deliver):
    double = deliver({"id": [ids[0]] * 3 + [ids[1]] * 2, "value": [5.0, 7.0, 5.0, 1.0, 1.0]}, NOW)
    assert (double.replaced, held(home, ids[:2])) == (2, [7.0, 1.0])
    assert deliver({"id": [ids[0]] * 2, "value": [5.0, 7.0]}, NOW + DAY).again == 2
    said = {"id": [ids[2]] * 2, "value": [5.0, 3.0], "arrived": [NOW - HOUR, NOW]}
    assert (deliver(said, NOW).replaced, held(home, ids[2:3])) == (1, [3.0])


def test_a_row_that_no_answer_has_is_refused(ids, deliver):
    with pytest.raises(InputError, match=r"'row' that is none, the first of them 1e\+30"):
        deliver({"id": ids[:1], "value": [1.0], "row": [1e30]}, NOW)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_export_of_no_labels_adds_none(home, deliver, ending):
    added = deliver({"id": [], "value": []}, NOW, ending)
    assert (added.labels, added.days, label_days(home)) == (0, (), [])


def test_the_commands_name_days_of_utc_and_survive_what_was_kept_before(home, ids, tmp_path, monkeypatch, west):
    (tmp_path / "clock").write_text(str(NOW))
    monkeypatch.setenv("MAINSPRING_CLOCK", str(tmp_path / "clock"))
    pl.DataFrame({"id": [ids[0]] * 2, "value": [1.0, 2.0]}).write_csv(tmp_path / "labels.csv")
    run = CliRunner().invoke
    told = run(app, ["labels", "add", f"{tmp_path}/labels.csv", "--home", str(home)], catch_exceptions=False).stdout
    day = time.strftime("%Y-%m-%d", time.gmtime(START))
    assert f"predicted  {day} to {day}" in told
    assert "replaced   1 have another value than holds" in told
    again = run(app, ["labels", "add", f"{tmp_path}/labels.csv", "--home", str(home), "--json"], catch_exceptions=False)
    assert (json.loads(again.stdout)["again"], json.loads(again.stdout)["replaced"]) == (2, 1)
    LabelShelf(home / "labels").add(Labels.of(ids[:1], [1.0], 4e17))  # as was possible before it was looked at
    shown = run(app, ["labels", "list", "--home", str(home)], catch_exceptions=False).stdout
    assert [line.split()[:3] for line in shown.splitlines()[1:]] == [[day, "2", "2"]]
    assert "at 4e+17 s, which cannot be" in shown
    listed = json.loads(run(app, ["labels", "list", "--home", str(home), "--json"], catch_exceptions=False).stdout)
    assert listed[0]["last"] is None
