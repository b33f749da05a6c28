"""`mainspring monitor simulate`: how often settings alarm for nothing, and how soon they find a change."""

import importlib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

import msgspec
import typer
from msgspec import Struct, field

from mainspring.charts.numbers import count, duration, short
from mainspring.charts.vl_convert import vega_bundle
from mainspring.cli.options import AsJson, HomePath, ReferenceDays, Segment, WindowSeconds, flat
from mainspring.cli.printing import put, put_json, put_pairs, put_table, stamp
from mainspring.config.homes import home_and_settings
from mainspring.errors import InputError
from mainspring.monitoring import CHANGES, Change, Delay, Simulated, Simulation, Window, draw_simulated, say_alerts
from mainspring.workspace.monitors import monitor_of
from mainspring.workspace.simulating import Tried, simulate_home

__all__ = ["simulate_settings"]

_WIDTH = 25
_HOUR = 3600.0
_DAY = 86_400.0
Course = Literal["sudden", "gradual", "seasonal", "recurring"]


class Settings(Struct, frozen=True):
    """The settings that are tried, where they are not those of `[monitor]`, and on which windows."""

    seconds: WindowSeconds = None
    days: ReferenceDays = None
    segment: Segment = ""
    least: Annotated[
        int | None,
        typer.Option("--least", metavar="WINDOWS", help="How many of the last windows have to show a change."),
    ] = None
    of: Annotated[int | None, typer.Option("--of", metavar="WINDOWS", help="How many windows are looked back on.")] = (
        None
    )
    discovery: Annotated[
        float | None, typer.Option("--discovery", metavar="SHARE", help="The false discovery rate within a family.")
    ] = None
    floors: Annotated[
        list[str],
        typer.Option("--floor", metavar="CHECK=SIZE", help="The least change that matters; may be repeated."),
    ] = field(default_factory=list)
    errors: Annotated[bool, typer.Option("--errors", help="Try the errors of joined labels as well.")] = False
    home: HomePath = None

    def tried(self, model: str | None) -> Tried:
        """Return them, over those of `[monitor]`, with the windows that they are tried on."""
        kept = monitor_of(model, self.home)
        said = {
            "window": self.seconds,
            "reference_days": self.days,
            "least": self.least,
            "of": self.of,
            "discovery": self.discovery,
            "floors": {**kept.floors, **dict(_pair(one, "floor") for one in self.floors)},
        }
        return Tried(monitor_of(model, self.home, **said), self.segment, self.errors)


class Asked(Struct, frozen=True):
    """What is planted."""

    changes: Annotated[
        list[str],
        typer.Option("--change", metavar="KIND=SIZE", help="A change to find, such as drift=0.2; may be repeated."),
    ] = field(default_factory=list)
    course: Annotated[str, typer.Option(help="How it comes: sudden, gradual, seasonal or recurring.")] = "sudden"
    over: Annotated[
        float, typer.Option(metavar="HOURS", help="How long a gradual one grows, and a recurring one stays.")
    ] = 168.0
    period: Annotated[
        float, typer.Option(metavar="HOURS", help="After how long a seasonal or recurring one is there again.")
    ] = 672.0
    episodes: Annotated[int, typer.Option(min=1, help="How many times each change begins.")] = 200
    look: Annotated[float, typer.Option(metavar="DAYS", help="Within how many days it is to be found.")] = 7.0

    def simulation(self) -> Simulation:
        """Return it as a simulation."""
        changes = tuple(Change(*_pair(one, "change")) for one in self.changes) or CHANGES
        if self.course not in get_args(Course):
            raise InputError(
                f"There is no course '{self.course}'", "--course", f"There are {', '.join(get_args(Course))}."
            )
        course = cast("Course", self.course)
        return Simulation(changes, course, self.over * _HOUR, self.period * _HOUR, self.episodes, self.look * _DAY)


def _pair(text: str, option: str) -> tuple[str, float]:
    name, _, size = text.partition("=")
    try:
        return name, float(size)
    except ValueError as error:
        raise InputError(f"'{text}' is no name and number", f"--{option}", "Write it as drift=0.2.") from error


@flat
def simulate_settings(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model; by default the only one.")] = None,
    *,
    settings: Settings,
    asked: Asked,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write what came of it as a page with charts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try settings on the reference windows of a model: false alerts a month, and how late a change is found.

    What is not said here is as [monitor] says. Days are left out in turn and judged by the others. Changes are planted
    in copies of the windows, one column at a time, at random hours; neither log nor windows are changed.
    """
    tried, simulation = settings.tried(model), asked.simulation()
    if any(one.kind == "concept" for one in simulation.changes):
        tried = replace(tried, errors=True)
    with _bar(as_json=as_json) as watch:
        window, found = simulate_home(model, settings.home, tried=tried, simulation=simulation, watch=watch)
    if page is not None:
        title = f"Settings of the monitor tried on {window.model or 'windows'}"
        bundle = vega_bundle(home_and_settings(settings.home)[0] / "cache")
        page.write_text(str(draw_simulated(found, title, bundle)), encoding="utf-8")
    if as_json:
        put_json(_record(window, found))
    else:
        _print(window, found)


def _bar(*, as_json: bool) -> AbstractContextManager[Callable[[int, int], Any]]:
    if as_json or not sys.stdout.isatty():
        return nullcontext(lambda _done, _total: None)
    bar: AbstractContextManager[Callable[[int, int], Any]] = importlib.import_module("mainspring.cli.partsbar").Bar()
    return bar


def _print(window: Window, found: Simulated) -> None:
    rules, alerts = found.rules, found.alerts
    about = f"{count(found.windows, 'window')} of {alerts.days} days, {_time(found.seconds)} and about"
    put_pairs(
        [
            ("model", f"{window.model}, package {short(window.version)}"),
            ("reference", f"{about} {found.rows:,.0f} rows each, {count(found.columns, 'column')}"),
            ("settings", f"{rules.least} of {rules.of} windows, false discovery rate {rules.discovery:g}"),
            *([("remark", "cold start: too few windows for fitted thresholds")] if found.cold else []),
            ("false alerts", say_alerts(alerts)),
            *([] if found.errors is None else [("of errors", say_alerts(found.errors))]),
            ("quiet months", f"{alerts.quiet:.0%}"),
            ("planted", f"every change below, {found.simulation.course}, in copies of these windows"),
        ]
    )
    put()
    look = _time(found.simulation.look)
    heads = ("change", "size", "columns", "found", "median", "from", "to", "nine of ten", _scale(found))
    rows = [_row(one, found) for one in found.delays]
    put_table(heads, rows, right=("columns", "found", "median", "from", "to", "nine of ten"))
    put()
    put(f"found: within {look} of its beginning; median with its 95% interval; ● median, │ nine of ten")


def _row(one: Delay, found: Simulated) -> tuple[str, ...]:
    times = ("-" if value is None else _time(value) for value in (one.median, one.low, one.high, one.most))
    share = f"{100 * one.found / one.episodes:.3g}%"
    return (one.change.kind, one.change.says, str(one.columns), share, *times, _drawn(one, found))


def _time(seconds: float) -> str:
    """A delay as hours, after two days as days."""
    if seconds < _HOUR or seconds % _HOUR:
        return duration(seconds)
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.1f} d"


def _place(seconds: float, found: Simulated) -> int:
    """The place of a delay on a logarithmic scale from one window to the end of the time that is allowed."""
    reach = math.log(max(found.simulation.look / found.seconds, 2.0))
    return round(min(1.0, max(0.0, math.log(seconds / found.seconds) / reach)) * (_WIDTH - 1))


def _drawn(one: Delay, found: Simulated) -> str:
    line = [" "] * _WIDTH
    if one.low is not None:
        for at in range(_place(one.low, found), _place(one.high or found.simulation.look, found) + 1):
            line[at] = "─"
    if one.most is not None:
        line[_place(one.most, found)] = "│"
    if one.median is not None:
        line[_place(one.median, found)] = "●"
    return "".join(line).rstrip()


def _scale(found: Simulated) -> str:
    low, high = _time(found.seconds), _time(found.simulation.look)
    return f"{low}{high:>{_WIDTH - len(low)}}"


def _record(window: Window, found: Simulated) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(found)
    delays: Sequence[Mapping[str, Any]] = made.pop("delays")
    return {
        "model": window.model,
        "version": window.version,
        "segment": window.segment,
        "since": stamp(window.start),
        **made,
        "planted": [{**one, "check": mine.change.check} for one, mine in zip(delays, found.delays, strict=True)],
    }
