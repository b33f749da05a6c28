"""Settings of the monitor tried on the windows of a home."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mainspring.errors import MonitoringError, NotFoundError
from mainspring.monitoring import Rules, Simulated, Trial, Window, simulate
from mainspring.workspace.windows import Part, newest_windows

__all__ = ["simulate_home"]

_DAY = 86_400


def simulate_home(
    name: str | None = None,
    home: Path | None = None,
    *,
    rules: Rules | None = None,
    part: Part | None = None,
    trial: Trial | None = None,
    watch: Callable[[int, int], object] = lambda _done, _total: None,
) -> tuple[Window, Simulated]:
    """Return which windows were used, and how often settings alarm on them and how soon they find a change.

    The windows are those of the first days of a model's newest version: its reference. Nothing is written.

    Args:
        name: The model; by default the only one.
        home: The home; by default that of the project around the working directory.
        rules: The settings.
        part: Which windows.
        trial: What is asked.
        watch: Called with how many of how many parts are done.

    Raises:
        NotFoundError: There are no windows of that model or segment.
        MonitoringError: They are of too few days.
    """
    part = part or Part()
    shelf, newest = newest_windows(name, home, part.seconds)
    layout = shelf.layout(newest.model, newest.version)
    if layout is None:
        raise MonitoringError("Windows have no layout", str(shelf.folder), "Run: mainspring monitor backfill.")
    like = replace(newest, segment=part.segment)
    first = next(shelf.between(like, -np.inf, np.inf), None)
    if first is None:
        raise NotFoundError(f"There are no windows of '{part.segment}'", None, "Name segments when windows are made.")
    start = first.window.start
    profiles = list(shelf.between(like, start, start + part.days * _DAY))
    return first.window, simulate(profiles, layout, rules, trial, watch=watch)
