"""The monitoring report: every section has its facts, where there are none it says so, and it stays small."""

import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from monitor_story import DAY, EVIL, FIRST, HOUR, SECOND, START, Shop, alarm, happen, plant, sample, serve, tell
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.config.monitor import Monitor
from mainspring.errors import NotFoundError
from mainspring.monitoring import Followed, Level, Rules, Stretch, Track, Window, layout_of_rows
from mainspring.package import Field, Signature
from mainspring.package.manifest import SIGNATURE, to_json
from mainspring.tracking import open_facts
from mainspring.workspace.monitor_facts import Asked, account_of
from mainspring.workspace.monitor_page import render_monitor_report, write_monitor_report
from mainspring.workspace.monitor_record import record_of
from mainspring.workspace.windows import Part
from page_reader import Reader

REFERENCE = 5 * 24
HOURS = REFERENCE + 60
NOW = START + HOURS * HOUR + 600.0
PART = Part(days=5, last=672)
MONITOR = Monitor(reference_days=5)
ASKED = Asked(part=PART, monitor=MONITOR)


def section(page, place):
    """The words of one section."""
    part = page.split(f' id="{place}">', 1)[1].split("<h2 ", 1)[0].split("<footer", 1)[0]
    return words(part)


def words(part):
    return " ".join(unescape(re.sub("<[^>]+>", " ", part)).split())


def told(account):
    return render_monitor_report(account)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A shop in which much goes wrong, and a second version that was promoted in the last hours."""
    folder = tmp_path_factory.mktemp("shop") / ".mainspring"
    begun = REFERENCE + 10
    shop = Shop(120, moved=begun, gone=begun + 5, opened=begun + 10, slow=begun + 15)
    plant(folder, shop, range(HOURS))
    happen(folder, (20, HOURS - 4))
    alarm(folder, begun + 3)
    serve(folder, range(HOURS), worse=REFERENCE)
    sample(folder, range(HOURS), leaks=begun)
    tell(
        folder,
        (begun + 4, "trigger", "drift: price has moved by 0.4", {}),
        (begun + 5, "run failed", "run run-broken: out of memory", {"run": "run-broken"}),
        (begun + 6, "kept", "version 1: 400 labels say nothing else", {"version": 1}),
        (HOURS - 3, "promoted", "version 2 is champion: all gates pass", {"version": 2, "against": 1}),
    )
    declared = Signature(
        (Field("price", unit="€"), Field("weight", unit="g")), outputs=(Field("sales", unit="pieces"),)
    )
    place = folder / "packages" / FIRST[:2] / FIRST
    place.mkdir(parents=True)
    (place / SIGNATURE).write_bytes(to_json(declared))
    return folder


@pytest.fixture(scope="module")
def account(home):
    return account_of(ASKED, home, now=NOW)


@pytest.fixture(scope="module")
def page(account):
    return told(account)


SECTIONS = {
    "timeline": (
        "2025-10-13 00:00 to",
        "Findings",
        "Alerts",
        "Triggers",
        "Runs",
        "Gates",
        "Champion",
        "Served",
        "Oct 15",
    ),
    "checks": (
        "The window of 2025-10-20 11:00, beside windows of the same season",
        "what shows in 3 of 6 windows",
        "price compared by hour found",
        "store compared with all found",
        "predicted sales",
        "Rows in a window usual",
        "Latency p50 found",
        "Answered by a fallback",
    ),
    "features": (
        "where 99% of reference windows were",
        "the reference, until Oct 18",
        "the champion moved",
        "price found mean of a window (€)",
        "share of “north” (%)",
        "drift (JS)",
        "missing (%)",
        "new values (%)",
        "mean of a window (pieces)",
        "sales predicted",
        "Numbers of the latest windows",
    ),
    "found": (
        "of 60 checked have findings",
        "The distribution of 'price' has moved by",
        f"new: {EVIL}",
        "of 'weight' are missing",
        "of the latency is",
        "lasts",
        "version 1",
    ),
    "alerts": (
        "price, sales: drift",
        "firing",
        "what drift says",
        "acknowledged Ada: the scale is broken",
        "the window: rows in a window",
        "resolved",
        "Rows that show it (1)",
        "4.25",
        "waits",
    ),
    "labels": (
        "Version 1: 917 of 1,440 predictions have labels (63.7%).",
        "Usual is a loss of 1.",
        "Losses are larger than usual since 2025-10-18",
        "share of predictions whose label has come",
        "mean absolute loss of those",
    ),
    "service": (
        "rows in a window",
        "rows now",
        "latency p50",
        "latency p99",
        "ms now",
        "answered by a fallback",
        "memory of a worker jumps",
        "MiB where",
        "requests that failed 0.25 % now",
    ),
    "training": (
        "time of a run 80 s now",
        "CPU time of a run",
        "peak memory of a run",
        "Whether it has moved is not known",
    ),
    "happened": (
        "trigger Drift: price has moved by 0.4",
        "Run run-2 of retail: succeeded after 1 min 35 s",
        "Run run-broken: out of memory",
        "Version 2 was refused: baseline fail, 2.1 % better than the simple baseline",
        "Version 2 is champion: all gates pass",
        "probation Version 1: 400 labels say nothing else",
        "Version 1 was promoted, at first, by Ada: better by 1 %",
    ),
}


@pytest.mark.parametrize("place", SECTIONS)
def test_a_section_tells_its_facts(page, place):
    told = section(page, place)
    for fact in SECTIONS[place]:
        assert fact in told


def test_the_head_says_how_it_stands(page):
    head = words(page.split("<header>")[1].split("</header>")[0])
    for fact in (
        "shop 1 alert firing",
        f"Version 1 {FIRST[:12]}",
        "Windows of 1 h",
        "Oct 20, 11:00",
        "Windows checked 60",
        "Reference windows 120",
        "Labelled 63.7%",
        "Champion version 2",
    ):
        assert fact in head
    assert "<title>shop: 1 alert firing (2025-10-20 12:10)</title>" in page


def test_what_is_firing_comes_first(page, home, tmp_path):
    [alarm] = re.findall(r'<section class="alarm">(.*?)</section>', page)
    assert "price, sales: drift" in alarm
    assert page.index('class="alarm"') < page.index('id="timeline"')


def test_without_alerts_what_was_found_comes_first(account):
    quiet = told(replace(account, story=replace(account.story, alerts=(), changes=())))
    assert quiet.count('<section class="alarm">') == 3
    assert "store: new values" in quiet
    assert re.search(r"\d more findings? in the latest window", quiet)


def test_each_figure_has_its_band_its_dots_and_when_the_champion_moved(page):
    price = re.search(r"<figure>.*?</figure>", page.split('id="features"')[1])[0]
    assert price.count('class="band"') == 2
    assert price.count('class="dot failed"') > 40
    assert price.count('class="shade"') == 2
    marks = re.findall(r'<path d="[^"]*" class="mark ran"><title>([^<]*)', price)
    assert any("Version 2 is champion" in one for one in marks)


def test_what_a_watch_has_told_is_not_told_again(account):
    events = [(one.kind, one.about.get("version")) for one in account.story.events]
    assert events.count(("promotion", "2")) == 1
    assert events.count(("promotion", "1")) == 1
    assert [one.about["run"] for one in account.story.events if one.kind == "run"].count("run-broken") == 1


def test_nothing_that_users_name_becomes_markup(page):
    assert EVIL not in page
    assert page.count("<script") == page.count("</script>") == 1


def test_the_page_stands_alone_and_its_links_lead_somewhere(page):
    read = Reader(page)
    for name, said in read.elements:
        for key in ("src", "href", "srcset", "data", "action", "poster", "xlink:href"):
            assert (said.get(key) or "#").startswith(("#", "data:")), f"{name} loads {said.get(key)}"
    ids = [said["id"] for _, said in read.elements if "id" in said]
    assert len(ids) == len(set(ids))
    assert {said["href"][1:] for _, said in read.elements if said.get("href", "").startswith("#")} <= set(ids)
    [policy] = [said["content"] for _, said in read.elements if said.get("http-equiv")]
    assert policy.startswith("default-src 'none'")


def test_drawn_again_it_is_the_same(home, page):
    assert told(account_of(ASKED, home, now=NOW)) == page


def test_an_empty_home_gives_a_page_that_says_so(tmp_path):
    (tmp_path / "home").mkdir()
    path, made = write_monitor_report(Asked(), tmp_path / "home", now=NOW)
    page = path.read_text()
    assert path == tmp_path / "home" / "reports" / "monitor.html"
    assert (made.model, made.stretches) == ("", ())
    assert "No model yet" in page
    for place in ("checks", "features", "found", "service"):
        assert "There are no windows yet" in section(page, place), place
    assert "Nothing has happened in this time." in section(page, "timeline")
    assert "No alert is open, and none was in this time." in section(page, "alerts")
    assert "No label has come" in section(page, "labels")
    assert "No run, no gate and no move of the champion in this time." in section(page, "happened")


def test_a_young_version_says_until_when_it_is_its_own_reference(tmp_path):
    plant(tmp_path / "home", Shop(40), range(30))
    page = told(account_of(Asked(part=PART), tmp_path / "home", now=START + 30 * HOUR))
    assert "the reference is the first 5 days of package aaaaaaaaaaaa, until 2025-10-18 00:00" in section(
        page, "checks"
    )
    assert "0 windows of 0 checked have findings." in section(page, "found")
    assert "reference not complete" in page


def test_a_cold_start_is_said_and_an_earlier_version_is_drawn_quietly(tmp_path):
    home = tmp_path / "home"
    layout = plant(home, Shop(40), range(30), version=SECOND)
    plant(home, Shop(40, seed=1), range(30, 60), layout=layout)
    made = account_of(Asked(part=Part(days=1)), home, now=START + 61 * HOUR)
    page = told(made)
    assert [one.version for one in made.stretches] == [SECOND, FIRST]
    assert "Cold start: with 24 reference windows of 100" in section(page, "checks")
    assert 'class="quiet"' in page
    assert "versions before" in section(page, "features")
    assert re.search(r'title="package bbbbbbbbbbbb: 2025-10-13 00:00 to 2025-10-14 06:00"', page)


def test_rows_that_stay_away_are_an_alarm(home):
    asked = Asked(part=PART, monitor=Monitor(reference_days=5, freshness=3600))
    assert account_of(asked, home, now=NOW).late is None
    page = told(account_of(asked, home, now=NOW + 2 * DAY))
    assert "No rows come" in page
    assert "where 3,600 are allowed" in page
    assert "<title>shop: no rows come" in page


def test_a_model_is_named_where_there_are_several(tmp_path):
    for model in ("shop", "shed"):
        plant(tmp_path / "home", Shop(20), range(3), model=model)
    with pytest.raises(NotFoundError, match=r"There are 2 models.*Name one of shed, shop"):
        account_of(Asked(), tmp_path / "home", now=NOW)
    with pytest.raises(NotFoundError, match=r"neither windows nor versions of 'shp'.*Did you mean 'shop'"):
        account_of(Asked("shp"), tmp_path / "home", now=NOW)
    assert account_of(Asked("shed"), tmp_path / "home", now=NOW).model == "shed"


def test_events_at_other_times_are_counted(home):
    with open_facts(home):
        made = account_of(Asked(part=replace(PART, last=24)), home, now=NOW)
    assert made.story.elsewhere > 3
    assert f"{made.story.elsewhere} events at other times are not shown." in section(told(made), "happened")


def year(columns=20, windows=8760):
    """A year of hourly windows in which every check of every column has something to show."""
    rng = np.random.default_rng(0)
    names = [f"feature_{place:02d}" for place in range(columns)]
    layout = layout_of_rows({name: rng.normal(size=50) for name in names})
    slices = tuple(Window(START + place * HOUR, HOUR, "shop", FIRST) for place in range(windows))

    def figures():
        return rng.normal(size=windows).astype(np.float32)

    levels = [Level(name, None, figures(), figures() - 3, figures() + 3) for name in (*names, "rows", "latency p50")]
    found = rng.random((5, columns, windows)) < 0.1
    by = np.zeros(windows, np.int8)
    checks = ("drift", "nulls", "new_category", "range", "correlation")
    tracks = [
        Track(check, name, *(np.abs(figures()) for _ in range(6)), found[row, column], by)
        for row, check in enumerate(checks)
        for column, name in enumerate(names)
    ]
    shares = {name: np.abs(figures()) for name in ("fallback", "contract")}
    rows = np.full(windows, 500)
    followed = Followed(slices, rows, 0, tuple(levels), shares, tuple(tracks), 0.0)
    return Stretch(FIRST, "version 1", layout, Rules(), 672, START, False, dict.fromkeys(names, "hour"), followed)


def test_a_year_of_hourly_windows_and_20_columns_takes_less_than_1_5_megabytes(account):
    made = replace(account, stretches=(year(),), since=float(START), until=START + 365.0 * DAY)
    page = told(made)
    assert page.count("<figure>") >= 20 + 6
    assert len(page.encode()) < 1_500_000


def run(*args):
    return CliRunner().invoke(app, ["monitor", "report", *map(str, args)])


def test_the_command_writes_the_page_and_json_has_the_same_facts(home, tmp_path, monkeypatch):
    monkeypatch.setattr("mainspring.clock.now", lambda: NOW)
    monkeypatch.chdir(tmp_path)
    shown = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    out = tmp_path / "page.html"
    options = ["--home", home, "--reference-days", "5", "--out", out]
    done = run("shop", *options, "--open")
    assert done.exit_code == 0, done.output
    assert f"report   {out}" in done.output
    assert shown == [out.as_uri()]
    page = out.read_text()
    assert page == told(account_of(ASKED, home, now=NOW))
    facts = json.loads(run(*options, "--json").stdout)
    assert facts["report"] == str(out)
    text = Reader(page).text
    for one in facts["found"]:
        assert one["says"] in text
    for one in facts["events"]:
        assert one["says"] in text
    for one in facts["alerts"]:
        assert one["id"] in text
        assert one["says"] in text
    assert facts["labels"][0]["labelled"] == 917
    assert facts["labels"][0]["since"] is not None
    states = {(one["check"], one["column"]): one["state"] for one in facts["checks"]["measures"]}
    assert states["drift", "price"] == states["new_category", "store"] == "found"
    assert states["drift", "promoted"] in ("usual", "remarkable")
    assert facts["champion"] == 2
    assert {one["figure"] for one in facts["service"] if one["jumps"]} >= {"memory", "latency p50"}
    assert [one["latest"] for one in facts["training"] if one["figure"] == "time"] == [80.0]
    assert facts["until"] == "2025-10-20T12:10:00Z"


def test_json_has_no_number_that_json_does_not_know(home, tmp_path):
    record = record_of(account_of(ASKED, home, now=NOW))
    assert json.loads(json.dumps(record, allow_nan=False)) == record
