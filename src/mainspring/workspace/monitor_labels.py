"""How good predictions were, window by window, as far as labels have come: read for the monitoring report, drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mainspring.charts import Axis, Dot, Html, Series, draw_times, el, join
from mainspring.charts.numbers import count, number
from mainspring.charts.times import clock_of
from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError, NotFoundError
from mainspring.monitoring import Quality
from mainspring.monitoring.drawing_features import Scene
from mainspring.serving.predlog import PREDICTIONS
from mainspring.workspace.labelled import LABELS, LEAST, Rated, rate_home

__all__ = ["Labelled", "draw_labels", "labelled_of"]

_INSIDE: Final = 0.99


@dataclass(frozen=True, slots=True)
class Labelled:
    """What turned out, for one version.

    Attributes:
        name: What the version is called.
        windows: Its windows, the earliest first.
        estimates: What each will probably lose, with the band of that; None where nothing is said.
        usual: The mean loss of labelled windows of its reference; None where there are none.
        low: Where 99% of those were not below.
        high: Where 99% of those were not above.
        since: Since when losses are others than those of the reference explain; None: they are not.
        larger: Whether they are larger since then.
        remark: Why nothing is said of that.
    """

    name: str
    windows: tuple[Quality, ...]
    estimates: tuple[tuple[float, float, float] | None, ...] = ()
    usual: float | None = None
    low: float = float("nan")
    high: float = float("nan")
    since: int | None = None
    larger: bool = True
    remark: str = ""


def labelled_of(
    home: Path, versions: Sequence[tuple[str, str]], model: str, monitor: Monitor, shown: tuple[float, float]
) -> tuple[Labelled, ...]:
    """Return what turned out of the predictions of versions; nothing where no label has come.

    Args:
        home: The home.
        versions: For each the digest of its package, and what it is called.
        model: The model.
        monitor: Which output labels are of, by what predictions are judged, how long windows last.
        shown: The first moment that is shown, and now.
    """
    if not any((home / LABELS).glob("[0-9]*")) or not (home / PREDICTIONS).is_dir():
        return ()
    found = []
    for package, name in versions:
        try:
            rated = rate_home(model, home, monitor, shown[1], version=package)
        except NotFoundError:  # its predictions are no longer in the log
            continue
        except MonitoringError as error:
            found.append(Labelled(name, (), remark=f"{error.what}. {error.fix or ''}".strip()))
            continue
        found.append(_judged(name, rated, shown[0]))
    return tuple(found)


def _judged(name: str, rated: Rated, since: float) -> Labelled:
    """What the windows of a version show; what is usual is that of its reference."""
    after = dict(zip((one.window.start for one in rated.followed), rated.estimates, strict=True))
    windows = tuple(one for one in rated.windows if one.window.start >= since)
    losses = [one.loss for one in rated.windows[: rated.reference] if one.loss is not None]
    made = Labelled(name, windows, tuple(after.get(one.window.start) for one in windows))
    if losses:
        low, high = np.quantile(losses, [(1 - _INSIDE) / 2, (1 + _INSIDE) / 2])
        made = replace(made, usual=float(np.mean(losses)), low=float(low), high=float(high))
    if rated.errors is None:
        few = f"{len(losses)} windows of the reference have labels, and it takes {LEAST}"
        return replace(made, remark=few if len(losses) < LEAST else "no window after the reference is over")
    larger = bool(rated.errors.up.size) and float(rated.errors.up[-1]) >= float(rated.errors.down[-1])
    return replace(made, since=rated.since, larger=larger)


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
        losses += _estimated(one)
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


def _estimated(one: Labelled) -> list[Series]:
    """What windows without a label will probably lose, from what was predicted in them."""
    pairs = [(each, told) for each, told in zip(one.windows, one.estimates, strict=True) if told and not each.labelled]
    if not pairs:
        return []
    at = [each.window.start + each.window.seconds / 2 for each, _ in pairs]
    value, low, high = zip(*(told for _, told in pairs), strict=True)
    return [Series(f"{one.name}, expected", at, value, low, high, quiet=True)]


def _figure(title: str, said: str, axis: Axis, series: Sequence[Series], scene: Scene) -> Html:
    caption = el("figcaption", title.capitalize(), el("span", said, class_="soft"))
    dots: Sequence[Dot] = ()
    return el("figure", caption, scene.strip("", axis, series, dots), draw_times(scene.span))


def _said(one: Labelled) -> tuple[Any, ...]:
    if not one.windows:
        return (f"{one.name.capitalize()}: {one.remark}",)
    total = sum(each.predictions for each in one.windows)
    known = sum(each.labelled for each in one.windows)
    share = f"{known / total:.1%}" if total else "none"
    said = f"{one.name.capitalize()}: {known:,} of {count(total, 'prediction')} have labels ({share})."
    if one.usual is not None:
        said += f" Usual is a loss of {number(float(f'{one.usual:.4g}'))}."
    if one.since is not None:
        said += f" Losses are {'larger' if one.larger else 'smaller'} than usual since {clock_of(one.since)}."
    elif one.remark:
        said += f" Whether losses have changed is not said: {one.remark}."
    expected = [told for each, told in zip(one.windows, one.estimates, strict=True) if told and not each.labelled]
    if expected:
        value, low, high = expected[-1]
        said += f" By what was predicted, the latest window without labels loses {value:.3g} ({low:.3g} to {high:.3g})."
    return (said,)
