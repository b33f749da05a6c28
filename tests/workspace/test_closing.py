"""Windows are closed as they end: only what is new is made, and it is what all of the log at once would give."""

import threading

import pytest
from shop_log import HOUR, MODEL, START, answers, killed_after, log_of_shop, version

from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError, TooEarlyError
from mainspring.monitoring import WINDOWS, Shelf, Window, encode_window
from mainspring.serving.predlog import prune
from mainspring.workspace import catalogue
from mainspring.workspace.closing import close_windows
from mainspring.workspace.predictions import erase_key, prune_older
from mainspring.workspace.rolled import roll
from mainspring.workspace.windows import Part, backfill, check_home


def watched(days=2, segments=()):
    return Monitor(reference_days=days, segments=segments)


def kept(home, package=MODEL.package, segment=""):
    like = Window(0, HOUR, "shop", package, segment)
    return {one.window.start: encode_window(one) for one in Shelf(home / WINDOWS).between(like, 0, 1e12)}


def starts(windows):
    return [(one.start - START) // HOUR for one in windows]


@pytest.fixture
def home(tmp_path):
    return tmp_path / ".mainspring"


def test_windows_closed_hour_by_hour_are_those_of_all_the_log_at_once(home):
    settings = watched(days=1, segments=("store",))
    for hour in range(0, 32, 8):
        log_of_shop(home, answers(range(hour, hour + 8)))
        made = close_windows(home, settings, START + HOUR * (hour + 8))
        assert sorted({(one.start - START) // HOUR for one in made})[-8:] == list(range(hour, hour + 8))
    step_by_step, of_one = kept(home), kept(home, segment="store=a")
    assert len(step_by_step) == len(of_one) == 32
    backfill(home, days=1, segments=("store",))
    assert kept(home) == step_by_step
    assert kept(home, segment="store=a") == of_one


def test_what_is_closed_is_closed_once_and_what_is_not_over_is_not(home):
    log_of_shop(home, answers(range(3)))
    assert starts(close_windows(home, watched(), START + 2.5 * HOUR)) == [0, 1]
    assert close_windows(home, watched(), START + 2.9 * HOUR) == []
    assert starts(close_windows(home, watched(), START + 3 * HOUR)) == [2]
    assert close_windows(home, watched(), START + 9 * HOUR) == []
    roll(home / "predictions")
    assert close_windows(home, watched(), START + 9 * HOUR) == []


def test_a_window_is_made_again_when_rows_come_late(home):
    log_of_shop(home, answers(range(6)))
    close_windows(home, watched(), START + 3 * HOUR)
    close_windows(home, watched(), START + 6 * HOUR)
    before = kept(home)
    log_of_shop(home, answers([2], first=9_000))
    assert starts(close_windows(home, watched(), START + 6.5 * HOUR)) == [2]
    after = kept(home)
    assert {start for start in after if after[start] != before[start]} == {START + 2 * HOUR}
    backfill(home)
    assert kept(home) == after


def test_a_file_that_grows_is_read_on_from_where_it_was(home, monkeypatch):
    with log_of_shop(home, answers(range(2)), closed=False) as log:
        close_windows(home, watched(), START + HOUR)
        places = []
        glance = catalogue.glance_segment
        monkeypatch.setattr(catalogue, "glance_segment", lambda *where: places.append(where[1]) or glance(*where))
        for entry in answers([0, 2], first=500):
            log.add(entry)
        log.flush()
        assert starts(close_windows(home, watched(), START + 3 * HOUR)) == [0, 1, 2]
        assert places[0] > 1000
    assert close_windows(home, watched(), START + 3 * HOUR) == []


@pytest.mark.parametrize("allowed", [0, 2, 7])
def test_killed_in_the_middle_and_started_again_it_makes_the_same_windows(tmp_path, monkeypatch, allowed):
    """Every write is one that a process may be killed before: these are of the catalogue and of windows."""
    homes = [tmp_path / "whole", tmp_path / "killed"]
    for one in homes:
        log_of_shop(one, answers(range(3)))
        close_windows(one, watched(segments=("store",)), START + 2 * HOUR)
        log_of_shop(one, answers([1, 3, 4], first=700))
    close_windows(homes[0], watched(segments=("store",)), START + 5 * HOUR)
    with killed_after(allowed, monkeypatch):
        close_windows(homes[1], watched(segments=("store",)), START + 5 * HOUR)
    assert close_windows(homes[1], watched(segments=("store",)), START + 5 * HOUR)
    for segment in ("", "store=a", "store=b"):
        assert kept(homes[1], segment=segment) == kept(homes[0], segment=segment)
    assert close_windows(homes[1], watched(segments=("store",)), START + 5 * HOUR) == []


def test_two_that_close_at_once_make_each_window_once(home):
    log_of_shop(home, answers(range(12)))
    made = []
    threads = [
        threading.Thread(target=lambda: made.extend(close_windows(home, watched(), START + 12 * HOUR)))
        for _ in range(3)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(starts(made)) == list(range(12))


def test_what_was_erased_is_not_in_windows_any_more(home):
    log_of_shop(home, answers(range(2)))
    close_windows(home, watched(), START + 2 * HOUR)
    erase_key(home / "predictions", "store", "a")
    assert starts(close_windows(home, watched(), START + 2 * HOUR)) == [0, 1]
    every = list(Shelf(home / WINDOWS).between(Window(0, HOUR, "shop", MODEL.package), 0, 1e12))
    assert all(0 < one.rows < 160 for one in every)
    erase_key(home / "predictions", "store", "b")
    assert starts(close_windows(home, watched(), START + 2 * HOUR)) == [0, 1]
    every = list(Shelf(home / WINDOWS).between(Window(0, HOUR, "shop", MODEL.package), 0, 1e12))
    assert [one.rows for one in every] == [0, 0]


def test_windows_stay_when_their_rows_are_pruned_and_late_rows_do_not_spoil_them(home):
    log_of_shop(home, answers(range(2)))
    close_windows(home, watched(), START + 2 * HOUR)
    before = kept(home)
    assert prune(home / "predictions", 1e12)
    log_of_shop(home, answers([1, 2], first=800))
    assert starts(close_windows(home, watched(), START + 3 * HOUR)) == [2]
    assert {start: kept(home)[start] for start in before} == before
    assert prune_older(home / "predictions", 1e12)


def test_a_log_that_is_kept_for_less_than_a_reference_leaves_its_windows_to_be_compared(home):
    there = [set()]
    for hour in range(60):
        log_of_shop(home, answers([hour], first=hour * 10, each=1))
        close_windows(home, watched(days=2), START + HOUR * (hour + 1))
        there.append(set((home / "predictions").glob("*.log")) | there[-1])
        for file in there[max(0, hour - 8)]:
            file.unlink(missing_ok=True)
    like, shelf = Window(0, HOUR, "shop", MODEL.package), Shelf(home / WINDOWS)
    assert {one.layout for one in shelf.between(like, 0, 1e12)} == {shelf.layout("shop", MODEL.package).digest}
    checked = check_home("shop", home, part=Part(HOUR, 2))
    assert (checked.reference, len(checked.checks)) == (48, 12)
    path = next((home / WINDOWS).rglob("*.window"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(MonitoringError, match=path.name):
        check_home("shop", home, part=Part(HOUR, 2))


def test_a_version_is_checked_though_another_is_served_beside_it(home):
    beside = version("a" * 64)
    for model in (MODEL, beside):
        log_of_shop(home, answers(range(30), model=model, first=100 * (model is beside), each=1))
    close_windows(home, watched(days=1), START + 30 * HOUR)
    part = Part(HOUR, 1)
    for package in (MODEL.package, beside.package):
        assert check_home("shop", home, part=part, version=package).version == package
    assert check_home("shop", home, part=part, version="f" * 64).version in (MODEL.package, beside.package)
    with pytest.raises(TooEarlyError):
        check_home("shop", home, part=Part(HOUR, 9))


def test_a_new_version_is_laid_out_by_the_traffic_before_it(home):
    newer = version("e" * 64)
    log_of_shop(home, answers(range(30)))
    close_windows(home, watched(days=1), START + 30 * HOUR)
    log_of_shop(home, answers([30], model=newer, first=600))
    made = close_windows(home, watched(days=1), START + 31 * HOUR)
    assert [(one.version, (one.start - START) // HOUR) for one in made] == [(newer.package, 30)]
    layouts = [Shelf(home / WINDOWS).layout("shop", one.package) for one in (MODEL, newer)]
    assert layouts[0].digest != layouts[1].digest
    assert layouts[1].axes[0].minimum < -2.2  # of more rows than the 160 that it has answered itself
    log_of_shop(home, answers(range(31, 34), model=newer, first=640))
    assert starts(close_windows(home, watched(days=1), START + 34 * HOUR)) == [31, 32, 33]


def test_a_version_without_a_past_is_laid_out_anew_as_its_traffic_grows(home):
    seen = []
    for hour in range(9):
        log_of_shop(home, answers([hour], first=hour * 10))
        made = close_windows(home, watched(days=1), START + HOUR * (hour + 1))
        seen.append((len(made), Shelf(home / WINDOWS).layout("shop", MODEL.package).digest))
    counts = [count for count, _ in seen]
    assert counts == [1, 2, 1, 4, 1, 1, 1, 8, 1]
    assert len({digest for _, digest in seen}) == 4
    digest = Shelf(home / WINDOWS).layout("shop", MODEL.package).digest
    like = Window(0, HOUR, "shop", MODEL.package)
    assert {one.layout for one in Shelf(home / WINDOWS).between(like, 0, 1e12)} == {digest}
    log_of_shop(home, answers(range(9, 30), first=300))
    close_windows(home, watched(days=1), START + 30 * HOUR)
    last = Shelf(home / WINDOWS).layout("shop", MODEL.package).digest
    log_of_shop(home, answers(range(30, 34), first=500))
    close_windows(home, watched(days=1), START + 34 * HOUR)
    assert Shelf(home / WINDOWS).layout("shop", MODEL.package).digest == last


def test_models_are_watched_each_in_its_way(home):
    other = version("f" * 64, name="stock")
    log_of_shop(home, answers(range(4)))
    log_of_shop(home, answers(range(4), model=other, first=70))
    made = close_windows(home, watched(), START + 4 * HOUR, model="shop")
    assert {one.model for one in made} == {"shop"}
    days = Monitor(window=2 * HOUR, segments=("store",))
    made = close_windows(home, days, START + 4 * HOUR, model="stock")
    assert [(one.model, one.seconds) for one in made] == [("stock", 2 * HOUR)] * 6
    assert close_windows(home, watched(), START + 4 * HOUR, model="shop") == []


def test_another_division_makes_all_windows_again(home):
    log_of_shop(home, answers(range(3)))
    close_windows(home, watched(), START + 3 * HOUR)
    made = close_windows(home, watched(segments=("store",)), START + 3 * HOUR)
    assert sorted({one.segment for one in made}) == ["", "store=a", "store=b"]
    assert len(made) == 9


def test_nothing_served_is_no_window(home):
    assert close_windows(home, watched(), START) == []
    home.mkdir()
    assert close_windows(home, watched(), START) == []
