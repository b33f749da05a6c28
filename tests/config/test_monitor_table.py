"""The table `[monitor]`: what it says of a model, and every way in which it does not fit."""

from pathlib import Path

import pytest

from mainspring.config import Secret, config_of
from mainspring.config.homes import reserved_tables
from mainspring.config.monitor import CHECKS, Monitor, read_monitor
from mainspring.config.settings import Settings
from mainspring.errors import ConfigError
from mainspring.monitoring import FLOORS, LOSSES
from mainspring.workspace.monitors import monitor_of, rules_of

TABLE = """
[monitor]
window = 86400
floors = { drift = 0.1 }
webhook = "env:ALERTS"
secret = "env:SIGNED"

[monitor.retail]
of = 9
repeat = "12h"
segments = ["store"]

[monitor.retail-usual]
window = 3600
floors = { nulls = 0.02 }
webhook = "https://example.org/hook"
"""


def test_a_model_has_its_own_table_over_that_of_all(write):
    file = write(TABLE)
    every, own, usual = (read_monitor(file, name) for name in ("other", "retail", "retail-usual"))
    assert (every.window, every.of, every.repeat_seconds, dict(every.floors)) == (86_400, 6, 86_400, {"drift": 0.1})
    assert (own.window, own.of, own.repeat_seconds, own.segments) == (86_400, 9, 43_200, ("store",))
    assert (usual.window, dict(usual.floors), usual.secret) == (3600, {"nulls": 0.02}, Secret("SIGNED"))
    rules = rules_of(own)
    assert (rules.of, rules.least, rules.floor("drift"), rules.floor("nulls")) == (9, 3, 0.1, FLOORS["nulls"])
    assert read_monitor(Path("none.toml"), "retail") == Monitor()
    assert Monitor(repeat="never").repeat_seconds == float("inf")


def test_what_it_knows_of_checks_and_losses_is_what_monitoring_has():
    assert tuple(FLOORS) == CHECKS
    assert set(Monitor.__annotations__["loss"].__args__) == set(LOSSES)


def test_the_receiver_comes_from_the_environment(write, monkeypatch):
    file = write(TABLE)
    every = read_monitor(file, "")
    with pytest.raises(ConfigError, match="no variable 'ALERTS'"):
        every.receiver()
    monkeypatch.setenv("ALERTS", "https://example.org/x?token=abc")
    monkeypatch.setenv("SIGNED", "s")
    assert every.receiver() == ("https://example.org/x?token=abc", "s")
    assert read_monitor(file, "retail-usual").receiver() == ("https://example.org/hook", "s")
    assert Monitor().receiver() == ("", "")
    monkeypatch.setenv("ALERTS", "ftp://token-abc")
    with pytest.raises(ConfigError, match=r"is none \(\[monitor\] webhook\). Write an http or https URL") as refused:
        every.receiver()
    assert "abc" not in str(refused.value)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("windw = 60", r"Unknown key 'monitor.windw' \(config.toml:2\). Did you mean 'monitor.window'"),
        ("window = 0", "'monitor.window' is 0, expected int >= 1"),
        ("discovery = 1.0", "'monitor.discovery' is 1.0"),
        ("least = 7", "'monitor' asks for 7 of 6 windows"),
        ("floors = { drfit = 0.1 }", "There is no check 'drfit' for 'monitor.floors'.*Did you mean 'drift'"),
        ("floors = { drift = -0.1 }", "'monitor.floors' is"),
        (
            'repeat = "soon"',
            "'monitor.repeat' is 'soon', which is no length of time .*90m, 12h or 1d, or 'never'",
        ),
        ('calendar = "/times.csv"', r"'monitor.calendar' begins at the root: '/times.csv'"),
        ('skew = "/data/features.csv"', r"'monitor.skew' begins at the root: '/data/features.csv'.*beside this file"),
        ("skew_tolerance = -1.0", r"skew_tolerance"),
        ('webhook = "example.org"', r"'monitor.webhook' is no address .*or \"env:NAME\""),
        ('secret = "hush"', "'monitor.secret' is a secret, and its value stands here.*Write \"env:NAME\""),
        ("[monitor.retail]\nof = 2", "'monitor.retail' asks for 3 of 2 windows"),
        ("[monitor.retail]\nloss = 'mae'", "'monitor.retail.loss' is 'mae'"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(write, table, said):
    file = write(f"[monitor]\n{table}\n")
    with pytest.raises(ConfigError, match=rf"(?s)1 problem in the table \[monitor\].*{said}"):
        read_monitor(file, "retail")
    with pytest.raises(ConfigError, match=rf"(?s){said}"):
        config_of(Settings(), file)


def test_a_misfit_in_several_tables_is_said_once_each(write):
    file = write('[monitor]\nleast = 9\nwebhook = "x"\n[monitor.a]\nrepeat = "x"\n')
    with pytest.raises(ConfigError, match="3 problems"):
        read_monitor(file, "")


def test_the_table_is_reserved_and_the_only_watched_model_is_found(write, tmp_path):
    write(TABLE)
    home = tmp_path / ".mainspring"
    (home / "windows" / "retail").mkdir(parents=True)
    assert "monitor" in reserved_tables(home)[1]
    assert monitor_of(None, home).of == 9
    (home / "windows" / "cafe").mkdir()
    assert monitor_of(None, home).of == 6
    assert monitor_of("retail", home).of == 9
