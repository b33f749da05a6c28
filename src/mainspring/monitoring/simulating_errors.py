"""Simulation of the error stream: how often it alarms while nothing changes, and how soon it finds another concept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from mainspring.errors import MonitoringError
from mainspring.monitoring.labels import Quality
from mainspring.monitoring.shifting import ERRORS
from mainspring.monitoring.simulating import FOLDS, Delay, FalseAlerts, Simulation, delay_of, false_alerts
from mainspring.monitoring.streams import ErrorStream, fit_errors

__all__ = ["simulate_errors"]

_DAY: Final = 86_400
_FEWEST: Final = 150


def simulate_errors(
    windows: Sequence[Quality], simulation: Simulation | None = None, *, shift: float = 0.0
) -> tuple[FalseAlerts, tuple[Delay, ...]]:
    """Return how often the error stream alarms on windows, and how soon it finds a larger mean loss.

    As `simulate` does, days are left out in seven parts, each followed by the stream of the other six; an alert is a
    sum that rises above its limit. Delays are from the beginning of the change in windows whose labels have come: how
    late labels come is to be added.

    Args:
        windows: Windows with labels, the earliest first, in which nothing has changed.
        simulation: What is asked; of its changes those of the concept, or the usual ones where it has none.
        shift: Hours by which local time is ahead of UTC.

    Raises:
        MonitoringError: Fewer than 150 windows have labels.
    """
    simulation = simulation or Simulation()
    usable = [one for one in windows if one.loss is not None]
    if len(usable) < _FEWEST:
        raise MonitoringError(
            f"{len(usable)} windows have labels, too few to simulate", fix=f"Wait for {_FEWEST}, or leave labels out."
        )
    days = np.array([(one.window.start + shift * 3600) // _DAY for one in usable], dtype=np.int64)
    every = np.unique(days)
    begun = np.zeros(every.size)
    streams = np.empty(len(usable), object)
    for part in np.array_split(every, FOLDS):
        mine = np.isin(days, part)
        stream = fit_errors([usable[place] for place in np.flatnonzero(~mine).tolist()], shift=shift)
        streams[mine] = stream
        followed = stream.follow([usable[place] for place in np.flatnonzero(mine).tolist()])
        rises = followed.crossed[np.diff(followed.crossed, prepend=-2) > 1]
        np.add.at(begun, np.searchsorted(every, days[mine][rises]), 1)
    alerts = false_alerts(begun, 1, simulation.seed, ({"errors": int(begun.sum())} if begun.any() else {}, {}))
    changes = [one for one in simulation.changes if one.kind == "concept"] or ERRORS
    seconds = usable[0].window.seconds
    look = max(1, round(simulation.look / seconds))
    strength = simulation.strength((np.arange(look) + 0.5) * seconds)
    starts = np.random.default_rng([simulation.seed, look]).integers(0, len(usable), simulation.episodes)
    delays = []
    for change in changes:
        factors = 1 + strength * (change.size - 1)
        found = np.array([_found(usable, streams[start], start, factors) for start in starts.tolist()])
        delays.append(delay_of(change, found * seconds, days[starts], {"": np.ones(starts.size, bool)}))
    return alerts, tuple(delays)


def _found(windows: Sequence[Quality], stream: ErrorStream, start: int, factors: np.ndarray) -> float:
    """After how many windows a larger loss is found; infinity: not in time. After the last window comes the first."""
    worse = []
    for place, factor in enumerate(factors.tolist()):
        one = windows[(start + place) % len(windows)]
        worse.append(replace(one, loss=(one.loss or 0.0) * factor))
    crossed = stream.follow(worse).crossed
    return float(crossed[0] + 1) if crossed.size else np.inf
