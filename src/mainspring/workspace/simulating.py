"""Settings of the monitor tried on the windows of a home."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError, NotFoundError
from mainspring.monitoring import Simulated, Simulation, Window, simulate, simulate_errors
from mainspring.workspace.calendars import calendar_of
from mainspring.workspace.labelled import rate_home
from mainspring.workspace.monitors import rules_of
from mainspring.workspace.windows import latest

__all__ = ["Tried", "simulate_home"]

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings, and the windows that they are tried on.

    Attributes:
        monitor: How the model is watched.
        segment: Which rows, as `column=value`; empty for all.
        errors: Whether the errors of joined labels are tried as well.
    """

    monitor: Monitor = field(default_factory=Monitor)
    segment: str = ""
    errors: bool = False


def simulate_home(
    name: str | None = None,
    home: Path | None = None,
    *,
    tried: Tried | None = None,
    simulation: Simulation | None = None,
    watch: Callable[[int, int], object] = lambda _done, _total: None,
) -> tuple[Window, Simulated]:
    """Return the first window that was used, and how often settings alarm and how soon they find a change.

    The windows are those of the first days of a model's newest version: its reference. Neither windows nor log are
    changed.

    Args:
        name: The model; by default the only one.
        home: The home; by default that of the project around the working directory.
        tried: The settings, and which windows.
        simulation: What is asked.
        watch: Called with how many of how many parts are done.

    Raises:
        NotFoundError: There are no windows of that model or segment.
        MonitoringError: They are of too few days, or too few have labels.
    """
    tried = tried or Tried()
    monitor, rules = tried.monitor, rules_of(tried.monitor)
    shelf, newest = latest(name, home, monitor.window, calendar_of(monitor, home))
    layout = shelf.layout(newest.model, newest.version)
    if layout is None:
        raise MonitoringError("Windows have no layout", str(shelf.folder), "Run: mainspring monitor backfill.")
    like = replace(newest, segment=tried.segment)
    first = next(shelf.between(like, -np.inf, np.inf), None)
    if first is None:
        raise NotFoundError(f"There are no windows of '{tried.segment}'", None, "Name segments when windows are made.")
    start = first.window.start
    end = start + monitor.reference_days * _DAY
    found = simulate(list(shelf.between(like, start, end)), layout, rules, simulation, watch=watch)
    if not tried.errors:
        return first.window, found
    rated = rate_home(newest.model, home, monitor, end, version=newest.version)
    alerts, delays = simulate_errors(rated.windows, simulation, shift=rules.shift)
    return first.window, replace(found, errors=alerts, delays=(*found.delays, *delays))
