"""The calendar of a project: what it declares is matched, wherever windows of a home are looked at."""

import pytest
from shop_log import DAY, HOUR, START, answers, log_of_shop

from mainspring.clock import CLOCK
from mainspring.config.monitor import Monitor
from mainspring.errors import InputError, MonitoringError
from mainspring.monitoring import Labels, Window
from mainspring.workspace.calendars import calendar_of
from mainspring.workspace.closing import close_windows
from mainspring.workspace.labelled import add_labels, rate_home
from mainspring.workspace.monitors import part_of, rules_of
from mainspring.workspace.windows import check_home

SALE = {place for place in range(24 * 12) if place // 5 % 7 == 3}  # hours that no calendar of weeks would tell


def stamp(hour):
    return f"2025-10-{9 + hour // 24:02}T{hour % 24:02}:00"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Twelve days of a shop whose prices are other ones in the hours of a sale."""
    folder = tmp_path_factory.mktemp("project")
    home = folder / ".mainspring"
    entries = [
        one for hour in range(24 * 12) for one in answers([hour], first=hour, each=1, level=2.0 * (hour in SALE))
    ]
    log_of_shop(home, entries)
    add_labels(Labels.of([one.id for one in entries], [0.0] * len(entries), START + 13 * DAY), home)
    lines = [f"{stamp(hour)},{stamp(hour + 1)},sale" for hour in sorted(SALE)]
    (folder / "times.csv").write_text("\n".join(["begin,end,season", *lines]) + "\n")
    return folder


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.delenv(CLOCK, raising=False)


def test_windows_of_a_home_are_matched_by_what_is_declared_of_them(project):
    home, found = project / ".mainspring", {}
    for calendar in ("", "times.csv"):
        monitor = Monitor(reference_days=8, calendar=calendar)
        close_windows(home, monitor, START + 12 * DAY)
        found[calendar] = check_home("shop", home, rules=rules_of(monitor), part=part_of(monitor, home=home))
    plain, declared = found.values()
    assert not plain.seasons["price"].startswith("declared")
    assert declared.seasons["price"].startswith("declared")
    named = {one.window.start for one in declared.checks if one.window.season == "sale"}
    assert named == {START + HOUR * hour for hour in SALE if hour >= 24 * 8}
    assert not [finding for check in declared.checks for finding in check.findings]
    sizes = [
        [next(one.size for one in check.measures if (one.check, one.column) == ("drift", "price")) for check in checks]
        for checks in (plain.checks, declared.checks)
    ]
    assert max(sizes[1]) < max(sizes[0]) / 2
    rated = rate_home("shop", home, Monitor(reference_days=8, calendar="times.csv"), START + 13 * DAY)
    assert {one.window.season for one in rated.windows} == {"", "sale"}


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        ("day,season\n2025-10-09,sale\n", InputError, "no column 'begin'"),
        ("date\n2025-10-09\n", InputError, "no column 'season'"),
        ("date,season\n2025-10-09,\n", InputError, r"not whole .*row 1"),
        ("date,season\nsoon,sale\n", InputError, "'date' has no times"),
        ("date,season\n2025-10-09,a\n2025-10-09,b\n", MonitoringError, "'a' and 'b' are at the same time"),
    ],
)
def test_a_calendar_that_is_none_is_refused(tmp_path, table, error, said, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text(table)
    with pytest.raises(error, match=said):
        calendar_of(Monitor(calendar="bad.csv"), tmp_path / ".mainspring")
    with pytest.raises(InputError, match=r"none\.csv"):
        calendar_of(Monitor(calendar="none.csv"), tmp_path / ".mainspring")


def test_dates_are_whole_days_of_local_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "days.csv").write_text("begin,end,season\n2025-10-09,2025-10-10,fair\n")
    made = calendar_of(Monitor(calendar="days.csv", shift=2.0), tmp_path / ".mainspring")
    hours = [hour for hour in range(-5, 60) if made.on(Window(START + HOUR * hour, HOUR)).season == "fair"]
    assert (hours[0], hours[-1], len(hours)) == (-2, 45, 48)
