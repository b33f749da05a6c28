"""How good predictions were, window by window, as far as labels have come: read for the monitoring report, drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.charts import Axis, Dot, Html, Series, draw_times, el, join
from mainspring.charts.numbers import count, number
from mainspring.charts.times import clock_of
from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError
from mainspring.monitoring import ErrorStream, Quality, fit_errors
from mainspring.monitoring.drawing_features import Scene
from mainspring.workspace.loop_rows import ServedRows
from mainspring.workspace.windows import LABELS

__all__ = ["Labelled", "draw_labels", "labelled_of"]

_DAY: Final = 86_400
_MONTH: Final = 30 * _DAY
_INSIDE: Final = 0.99
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """What turned out, for one version.

    Attributes:
        name: What the version is called.
        windows: Its windows, the earliest first.
        usual: The mean loss of labelled windows of its reference; None where there are none.
        low: Where 99% of those were not below.
        high: Where 99% of those were not above.
        since: Since when losses are larger or smaller than those of the reference explain; None: they are not.
        remark: Why nothing is said of that.
    """

    name: str
    windows: tuple[Quality, ...]
    usual: float | None = None
    low: float = float("nan")
    high: float = float("nan")
    since: int | None = None
    remark: str = ""


def labelled_of(
    home: Path, versions: Sequence[tuple[str, str, float]], model: str, monitor: Monitor, since: float
) -> tuple[Labelled, ...]:
    """Return what turned out of the predictions of versions; nothing where no label has come.

    Args:
        home: The home.
        versions: For each the digest of its package, what it is called, and the end of its reference.
        model: The model.
        monitor: Which output labels are of, by what predictions are judged, how long windows last.
        since: The first moment that is shown.
    """
    if not any((home / LABELS).glob("[0-9]*")):
        return ()
    rows = ServedRows(home)
    found = []
    for package, name, until in versions:
        windows = rows.qualities(model, package, monitor)
        if windows:
            found.append(_judged(name, windows, until, monitor, since))
    return tuple(found)


def _judged(name: str, windows: Sequence[Quality], until: float, monitor: Monitor, since: float) -> Labelled:
    shown = tuple(one for one in windows if one.window.start >= since)
    known = [one for one in windows if one.window.start < until and one.loss is not None]
    losses = np.array([one.loss for one in known], dtype=np.float64)
    made = Labelled(name, shown)
    if losses.size:
        low, high = np.quantile(losses, [(1 - _INSIDE) / 2, (1 + _INSIDE) / 2])
        made = replace(made, usual=float(losses.mean()), low=float(low), high=float(high))
    live = [one for one in windows if one.window.start >= until]
    try:
        stream = fit_errors(known, month=_MONTH // monitor.window, shift=monitor.shift)
    except MonitoringError as error:
        return replace(made, remark=error.what)
    return replace(made, since=_changed(stream, live)) if live else made


def _changed(stream: ErrorStream, live: Sequence[Quality]) -> int | None:
    """The begin of the first window of a change that the latest one still shows."""
    found = stream.follow(live)
    over = max(float(found.up[-1]), float(found.down[-1])) > found.limit
    return live[found.since].window.start if over else None


def draw_labels(found: Sequence[Labelled], scene: Scene, loss: str) -> Html:
    """Return the share of predictions whose label has come, and the mean loss of those, window by window.

    Args:
        found: What turned out, by version, the newest last.
        scene: What all drawings have in common.
        loss: What the loss is called.
    """
    coverage = [_series(one, [100 * each.coverage for each in one.windows], one is found[-1]) for one in found]
    losses = []
    for one in found:
        values = [float("nan") if each.loss is None else each.loss for each in one.windows]
        ends = [one.low] * len(values), [one.high] * len(values)
        losses.append(_series(one, values, one is found[-1], ends if one.usual is not None else ((), ())))
    figures = [
        _figure(
            "labels", "share of predictions whose label has come", Axis("labelled", "%", zero=True), coverage, scene
        ),
        _figure("loss", f"mean {loss} loss of those", Axis("loss", zero=True), losses, scene),
    ]
    return join([el("p", *said, class_="note") for said in map(_said, found)], el("div", figures, class_="figures"))


def _series(
    one: Labelled, values: Sequence[float], newest: bool, ends: tuple[Sequence[float], Sequence[float]] = ((), ())
) -> Series:
    at = [each.window.start + each.window.seconds / 2 for each in one.windows]
    return Series(one.name, at, values, *ends, quiet=not newest)


def _figure(title: str, said: str, axis: Axis, series: Sequence[Series], scene: Scene) -> Html:
    caption = el("figcaption", title.capitalize(), el("span", said, class_="soft"))
    dots: Sequence[Dot] = ()
    return el("figure", caption, scene.strip("", axis, series, dots), draw_times(scene.span))


def _said(one: Labelled) -> tuple[Any, ...]:
    total = sum(each.predictions for each in one.windows)
    known = sum(each.labelled for each in one.windows)
    share = f"{known / total:.1%}" if total else "none"
    said = f"{one.name.capitalize()}: {known:,} of {count(total, 'prediction')} have labels ({share})."
    if one.usual is not None:
        said += f" Usual is a loss of {number(float(f'{one.usual:.4g}'))}."
    if one.since is not None:
        said += f" Losses are others than usual since {clock_of(one.since)}."
    elif one.remark:
        said += f" Whether losses have changed is not said: {one.remark[:1].lower()}{one.remark[1:]}."
    return (said,)
