"""How the models of a home are watched: `[monitor]` of its configuration, as windows and checks take it."""

from pathlib import Path
from typing import Any, Final

from mainspring.config.homes import config_file, home_and_settings
from mainspring.config.monitor import Monitor, read_monitor
from mainspring.monitoring import WINDOWS, Rules
from mainspring.workspace.calendars import calendar_of
from mainspring.workspace.windows import Part

__all__ = ["monitor_of", "part_of", "rules_of"]

_WEEK: Final = 168  # hours


def monitor_of(model: str | None = None, home: Path | None = None, **said: Any) -> Monitor:
    """Return how a model is watched; where none is named, the only one that has windows, or else what all share.

    Args:
        model: Its name.
        home: The home; by default that of the project around the working directory.
        said: Settings that go over those of the table; None says nothing.

    Raises:
        ConfigError: The table `[monitor]` does not fit.
    """
    if model is None:
        folder = home_and_settings(home)[0] / WINDOWS
        watched = [path.name for path in folder.glob("*") if path.is_dir()]
        model = watched[0] if len(watched) == 1 else ""
    kept = read_monitor(config_file(home), model)
    return Monitor(**{**vars(kept), **{name: value for name, value in said.items() if value is not None}})


def rules_of(monitor: Monitor) -> Rules:
    """Return when a window differs, as `[monitor]` says."""
    return Rules(
        discovery=monitor.discovery,
        least=monitor.least,
        of=monitor.of,
        floors=dict(monitor.floors),
        shift=monitor.shift,
    )


def part_of(monitor: Monitor, segment: str = "", last: int = _WEEK, home: Path | None = None) -> Part:
    """Return which windows are checked, as `[monitor]` says.

    Args:
        monitor: How the model is watched.
        segment: Which rows, as `column=value`; empty for all.
        last: How many windows are checked at most.
        home: The home; by default that of the project around the working directory.

    Raises:
        InputError: The calendar cannot be read.
        MonitoringError: Two of its rows are at the same time.
    """
    return Part(monitor.window, monitor.reference_days, segment, last, calendar_of(monitor, home))
