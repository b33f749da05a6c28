"""Settings of the monitor tried on the windows of a home."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mainspring.errors import MonitoringError, NotFoundError
from mainspring.monitoring import LabelShelf, Rules, Simulated, Trial, Window, simulate, simulate_errors
from mainspring.workspace.windows import LABELS, Part, newest_windows, qualities

__all__ = ["Tried", "simulate_home"]

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings, and the windows that they are tried on.

    Attributes:
        rules: When a window differs.
        part: Which windows.
        output: The column whose labels are used as well; empty for none.
        loss: What it is judged by; see `LOSSES`.
    """

    rules: Rules = field(default_factory=Rules)
    part: Part = field(default_factory=Part)
    output: str = ""
    loss: str = "absolute"


def simulate_home(
    name: str | None = None,
    home: Path | None = None,
    *,
    tried: Tried | None = None,
    trial: Trial | None = None,
    watch: Callable[[int, int], object] = lambda _done, _total: None,
) -> tuple[Window, Simulated]:
    """Return the first window that was used, and how often settings alarm and how soon they find a change.

    The windows are those of the first days of a model's newest version: its reference. Nothing is written.

    Args:
        name: The model; by default the only one.
        home: The home; by default that of the project around the working directory.
        tried: The settings, and which windows.
        trial: What is asked.
        watch: Called with how many of how many parts are done.

    Raises:
        NotFoundError: There are no windows of that model or segment.
        MonitoringError: They are of too few days.
    """
    tried = tried or Tried()
    part = tried.part
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
    found = simulate(profiles, layout, tried.rules, trial, watch=watch)
    if not tried.output:
        return first.window, found
    shelf_of = LabelShelf(shelf.folder.parent / LABELS)
    known = qualities(
        shelf_of.between(start, start + part.days * _DAY),
        home,
        output=tried.output,
        loss=tried.loss,
        seconds=part.seconds,
    )
    mine = [one for one in known if (one.window.model, one.window.version) == (like.model, like.version)]
    alerts, delays = simulate_errors(mine, trial, shift=tried.rules.shift)
    return first.window, replace(found, errors=alerts, delays=(*found.delays, *delays))
