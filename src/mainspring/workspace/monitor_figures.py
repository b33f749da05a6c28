"""Figures of the service and of training in the monitoring report: over time, and whether one jumps or leaks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mainspring.charts import Axis, Dot, Html, Series, Span, Strip, draw_strip, draw_times, el
from mainspring.charts.numbers import number
from mainspring.charts.times import clock_of
from mainspring.config.monitor import Monitor
from mainspring.errors import NotFoundError
from mainspring.monitoring import Figured, Scene
from mainspring.monitoring.drawing_checks import said
from mainspring.workspace.figures import service_figures, training_figures

__all__ = ["ALSO", "draw_figures", "draw_training", "figures_of", "moved_of", "training_of"]

ALSO: Final = ("refused", "errors", "memory", "queue", "active")
"""Figures of a service that its windows do not have: of the samples that workers keep."""

_TRAINING: Final = {"memory": "peak memory of a run"}
_CALLED: Final = {
    "refused": "requests that were refused",
    "errors": "requests that failed",
    "memory": "memory of a worker",
    "queue": "log that waits to be written",
    "active": "requests at once",
    "time": "time of a run",
    "cpu": "CPU time of a run",
    "cost": "cost of a run",
}


def figures_of(model: str, home: Path, monitor: Monitor, now: float) -> tuple[Figured, ...]:
    """Return the figures of a service; none where it has no windows."""
    try:
        return service_figures(model, home, monitor, now) if model else ()
    except NotFoundError:
        return ()


def training_of(home: Path) -> tuple[Figured, ...]:
    """Return what runs took; nothing where none has succeeded."""
    try:
        return training_figures(None, home)
    except NotFoundError:
        return ()


def moved_of(figures: Sequence[Figured]) -> Mapping[str, str]:
    """Return in a sentence what has moved, by the name of the figure."""
    return {one.name: one.told for one in figures if one.found}


def draw_figures(figures: Sequence[Figured], scene: Scene) -> list[Html]:
    """Return a drawing of each figure that windows do not have, over the time of the page."""
    shown = [one for one in figures if one.name in ALSO]
    return [_figure(one, scene.span, scene.step) for one in shown if any(map(scene.span.holds, one.times))]


def draw_training(figures: Sequence[Figured]) -> Html:
    """Return a drawing of what runs took, over the time of the runs."""
    drawn = []
    for one in figures:
        span = Span(min(one.times) - 3600, max(one.times) + 3600)
        drawn.append(_figure(one, span, float("inf"), each=True))
    return el("div", drawn, class_="figures")


def _figure(one: Figured, span: Span, step: float, *, each: bool = False) -> Html:
    last = f"{number(float(f'{one.values[-1]:.3g}'))} {one.unit}".strip()
    state = said("found", "jumps" if one.moved and one.moved.jump else "leaks") if one.found else None
    name = (_TRAINING if each else _CALLED).get(one.name) or _CALLED.get(one.name, one.name)
    caption = el("figcaption", name, state or el("span", f"{last} now", class_="soft"))
    ends = one.moved.band if one.moved is not None else None
    band = ([ends[0]] * len(one.values), [ends[1]] * len(one.values)) if ends is not None else ((), ())
    points = list(zip(one.times, one.values, strict=True)) if each else []
    dots = [Dot(at, f"{clock_of(at)}: {number(value)} {one.unit}", "ran", value) for at, value in points]
    if one.found:
        dots.append(Dot(one.times[-1], one.told, "failed", one.values[-1]))
    series = Series(one.name, one.times, one.values, *band)
    strip = Strip("", Axis(one.name, one.unit, zero=True), [series], dots, step)
    remark = el("p", f"Whether it has moved is not known: {one.says}.", class_="note small") if one.says else None
    told = el("p", f"It {one.told}.", class_="note small") if one.found else remark
    return el("figure", caption, draw_strip(strip, span), draw_times(span), told)
