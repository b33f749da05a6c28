"""What findings have to tell: sentence, numbers, chart and rows; and gauges of it."""

import json
import re
from math import log
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mainspring.charts import to_vega_lite
from mainspring.monitoring import (
    Check,
    Figured,
    Finding,
    Measure,
    Moved,
    Quality,
    Window,
    alert_charts,
    draw_alert,
    expose_gauges,
    raised_by_check,
    raised_by_errors,
    raised_by_figures,
    raised_by_finding,
    raised_by_skew,
    skew,
)
from mainspring.monitoring.drawing_alerts import delivery
from mainspring.stats import Trend, cusum
from mainspring.tracking import open_facts

HOUR = 3600


def measure(check="drift", column="price", size=0.4, value=0.4, expected=0.0, threshold=0.1):
    return Measure(check, column, size, value, expected, threshold, 1e-6)


def checked(hour, *measures, segment="", found=True):
    window = Window(hour * HOUR, HOUR, "shop", "d" * 64, segment)
    findings = tuple(
        Finding(one.check, one.column, (window,), one, 0.001, (0.0, one.threshold), f"'{one.column}' moved")
        for one in measures
    )
    return Check(window, 500, measures, findings if found else (), cold=False)


def test_what_a_check_finds_in_several_columns_is_told_together():
    latest = checked(9, measure(), measure(column="units", size=-0.6), measure("nulls", "stock", 0.2, 0.25, 0.05, 0.1))
    drift, nulls = raised_by_check(latest, examples={("drift", "units"): [{"id": "x", "row": 0, "values": {"a": 1}}]})
    assert (drift.check, drift.columns, drift.size) == ("drift", ("price", "units"), -0.6)
    assert drift.says == "'price' moved; likewise units"
    record = json.loads(drift.record)
    assert [one["column"] for one in record["findings"]] == ["price", "units"]
    assert record["findings"][0]["adjusted"] == 0.001
    assert record["examples"] == [{"column": "units", "id": "x", "row": 0, "values": {"a": 1}}]
    assert (nulls.columns, nulls.says) == (("stock",), "'stock' moved")
    assert raised_by_check(checked(9)) == ()


def test_many_columns_are_counted_and_a_segment_is_named():
    many = [measure(column=f"c{number}") for number in range(12)]
    [raised] = raised_by_check(checked(9, *many, segment="store=a"))
    assert raised.says == "'c0' moved (of store=a); likewise c1, c2, c3, c4, c5, c6 and 5 more"
    assert (raised.segment, len(raised.columns)) == ("store=a", 12)


def test_the_chart_has_the_last_windows_and_the_band_of_each():
    before = [checked(hour, measure(size=0.02 * hour, threshold=0.1 + hour / 100), found=False) for hour in range(60)]
    before[50] = checked(50)
    [raised] = raised_by_check(checked(60, measure()), before)
    chart = json.loads(raised.record)["chart"]
    assert (chart["what"], len(chart["starts"]), chart["starts"][-1]) == ("size", 48, 60 * HOUR)
    [series] = chart["series"]
    assert series["values"][-2:] == [pytest.approx(1.18), 0.4]
    assert series["values"][37] is None
    assert series["high"][-2] == pytest.approx(0.69)
    volume = measure("volume", "", log(2), log(20), log(40), 0.5)
    [rows] = raised_by_check(checked(60, volume))
    [drawn] = json.loads(rows.record)["chart"]["series"]
    assert drawn["values"] == [pytest.approx(20)]
    assert (drawn["low"], drawn["high"]) == ([pytest.approx(40 / np.exp(0.5))], [pytest.approx(40 * np.exp(0.5))])
    assert rows.columns == ()


def test_that_no_row_comes_is_told():
    window = Window(0, HOUR, "shop", "d" * 64)
    stale = Finding("freshness", "", (window,), measure("freshness", "", 600), 0.0, (0.0, 60.0), "No row has come")
    assert raised_by_finding(stale).check == "freshness"
    assert raised_by_finding(stale).says == "No row has come"


def test_errors_are_told_while_their_sums_are_above_the_limit():
    losses = [1.0] * 20 + [1.6] * 10
    windows = [Quality(Window(n * HOUR, HOUR, "shop"), 100, 50, loss, 0.1) for n, loss in enumerate(losses)]
    sums = cusum((np.array(losses) - 1) * 10, 8.0)
    [raised] = raised_by_errors(windows, sums)
    assert raised.says == "The mean loss has been higher for 10 windows: 1.6 where 1 was usual before"
    assert raised.size == pytest.approx(0.6)
    [finding] = json.loads(raised.record)["findings"]
    assert (finding["since"], finding["labelled"]) == (20 * HOUR, 500)
    assert raised_by_errors(windows[:20], cusum(np.zeros(20), 8.0)) == ()
    assert raised_by_errors([], cusum(np.zeros(1), 8.0)) == ()


def test_skew_is_told_with_key_and_both_values():
    served = {"id": [1, 2, 3], "stock": [5.0, 7.0, float("nan")], "age": [1.0, 2.0, 3.0]}
    expected = {"id": [1, 2, 3], "stock": [5.0, 8.0, 1.0], "age": [1.0, 2.5, 3.0], "more": [0, 0, 0]}
    [raised] = raised_by_skew(skew(served, expected))
    assert (
        raised.says == "Of 3 rows 'stock' differs in 2, 'age' differs in 1 from what was served; only one side has more"
    )
    assert raised.columns == ("stock", "age", "more")
    examples = json.loads(raised.record)["examples"]
    assert {"column": "stock", "id": "2", "row": 0, "values": {"time": "", "served": 7.0, "expected": 8.0}} in examples
    assert raised_by_skew(skew(served, served)) == ()


def figured(name, unit, moved, hours=60):
    values = tuple(1.0 for _ in range(hours - 1))
    return Figured(name, unit, tuple(float(HOUR * hour) for hour in range(hours)), (*values, moved.value), moved)


def test_figures_that_jump_or_leak_are_told_with_their_units_beside_their_bands():
    bands = ((0.0, 2.0),) * 60
    still = figured("latency p95", "ms", Moved(False, False, 1.0, 1.0, bands, 0.5, Trend(0.0, 1.0, 9)))
    jumped = figured("errors", "%", Moved(True, False, 3.0, 1.0, bands, 0.001, Trend(0.0, 1.0, 9)))
    leaks = figured("memory", "MiB", Moved(False, True, 1.5, 1.0, bands, 0.5, Trend(0.25, 1e-5, 9)))
    [raised] = raised_by_figures("service", [still, leaks, jumped])
    assert raised.says == "'memory' rises by 0.25 MiB a day; 'errors' is 3 % where 1 % is usual"
    assert (raised.check, raised.columns, raised.size) == ("service", ("memory", "errors"), 2.0)
    record = json.loads(raised.record)
    assert [(one["unit"], one["kind"]) for one in record["findings"]] == [("MiB", "leak"), ("%", "jump")]
    assert len(record["chart"]["starts"]) == 60
    [alone] = raised_by_figures("service", [still, jumped])
    chart = json.loads(alone.record)["chart"]
    assert (len(chart["starts"]), chart["starts"][-1]) == (48, 59 * HOUR)
    assert chart["series"][0] == {
        "name": "errors",
        "unit": "%",
        "values": [1.0] * 47 + [3.0],
        "low": [0.0] * 48,
        "high": [2.0] * 48,
    }
    assert raised_by_figures("service", [still]) == ()


@pytest.fixture
def kept(tmp_path):
    with open_facts(tmp_path / "home") as facts:
        before = [checked(hour, measure(size=0.05), found=False) for hour in range(10)]
        rows = {("drift", "price"): [{"id": "x-1", "row": 2, "values": {"input.price": 9.5}}]}
        raised = raised_by_check(checked(10, measure()), before, rows)
        facts.alerts.observe("shop", "d" * 64, 10 * HOUR, raised, now=11 * HOUR)
        yield facts.alerts


def test_an_alert_is_a_page_with_chart_rows_and_history(kept):
    [alert] = kept.open()
    [chart] = alert_charts(alert)
    assert (chart.title, chart.y.label, len(chart.series[1].x)) == ("drift of price", "size", 11)
    assert to_vega_lite(chart)["title"] == "drift of price"
    page = str(draw_alert(alert, kept.changes(alert.id)))
    for said in ("shop: drift firing", "moved", "x-1", "9.5", "remarkable from", "waits"):
        assert said in page
    change = kept.waiting(1e9)[0]
    kept.failed(change, "down", 0.0)
    assert delivery(kept.changes(alert.id)[0]) == "waits; tried 1 time: down"
    kept.spare("shop")
    assert delivery(kept.changes(alert.id)[0]) == "no receiver"


def test_gauges_say_what_is_open_what_waits_and_what_is_known(kept):
    windows = [checked(hour, measure()) for hour in (8, 10, 9)]
    quality = Quality(windows[0].window, 200, 50, 1.5, 0.1)
    text = expose_gauges(kept.list(), kept.undelivered(), now=12 * HOUR, windows=windows, qualities=[quality]).decode()
    found = {
        (family.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    place = {"model": "shop", "version": "d" * 12, "segment": ""}
    what = place | {"check": "drift", "source": "windows"}

    def value(name, labels):
        return found[f"mainspring_{name}", tuple(sorted(labels.items()))]

    assert value("alert", what | {"state": "firing"}) == 1
    assert (value("alert_size", what), value("alert_began_seconds", what)) == (0.4, 11 * HOUR)
    assert value("alert_changes_waiting", {"model": "shop"}) == 1
    assert value("alert_changes_oldest_seconds", {"model": "shop"}) == HOUR
    assert (value("window_start_seconds", place), value("window_rows", place)) == (10 * HOUR, 500)
    assert (value("label_coverage", place), value("label_loss", place)) == (0.25, 1.5)
    page = (Path(__file__).parents[2] / "docs/how-to/alerts.md").read_text()
    assert set(re.findall(r"\bmainspring_\w+", page)) == {family for family, _ in found}
    for hour in range(11, 17):
        kept.observe("shop", "d" * 64, hour * HOUR, (), now=hour * HOUR)
    assert "mainspring_alert{" not in expose_gauges(kept.list(), now=20 * HOUR).decode()
