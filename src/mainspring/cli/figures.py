"""`mainspring monitor service` and `training`: figures over time, and whether one has jumped or leaks."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from msgspec import Struct

from mainspring import clock
from mainspring.charts.numbers import number
from mainspring.cli.completing import pipelines
from mainspring.cli.options import AsJson, HomePath, ReferenceDays, WindowSeconds, flat
from mainspring.cli.printing import mark, numbers, put, put_json, put_table, stamp
from mainspring.config.monitor import Monitor
from mainspring.monitoring import Figured
from mainspring.workspace.figures import service_figures, training_figures
from mainspring.workspace.monitors import monitor_of

__all__ = ["show_service", "show_training"]


class Looking(Struct, frozen=True):
    """Which windows, in which home."""

    seconds: WindowSeconds = None
    days: ReferenceDays = None
    home: HomePath = None

    def monitor(self, model: str | None) -> Monitor:
        """Return how the model is watched."""
        return monitor_of(model, self.home, window=self.seconds, reference_days=self.days)


@flat
def show_service(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model; by default the only one.")] = None,
    *,
    looking: Looking,
    as_json: AsJson = False,
) -> None:
    """Show the figures of a service: latency, throughput, errors, memory, queue; and whether one jumps or leaks.

    Windows of the prediction log say the first, samples that workers keep the others. Exit code 1: one has moved.
    """
    _put(service_figures(model, looking.home, looking.monitor(model), clock.now()), as_json=as_json)


def show_training(
    pipeline: Annotated[
        str | None,
        typer.Argument(
            metavar="[PIPELINE]", help="The pipeline; by default that of the last run.", autocompletion=pipelines
        ),
    ] = None,
    *,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show what runs of a pipeline took: time, CPU, memory, cost; and whether the last jumped, or they leak.

    Runs are compared in which the same steps ran. Exit code 1: a figure has moved.
    """
    _put(training_figures(pipeline, home), as_json=as_json)


def _put(figures: Sequence[Figured], *, as_json: bool) -> None:
    if as_json:
        put_json([_record(one) for one in figures])
    else:
        heads = ("", "figure", "values", "latest", "usual", "from", "to", "a day", "unit", "answer")
        put_table(heads, [_row(one) for one in figures], right=heads[2:8])
        unknown = {one.says for one in figures if one.says}
        for said in sorted(unknown):
            put()
            put(f"not known: {said}")
    if any(one.found for one in figures):
        raise typer.Exit(1)


def _row(one: Figured) -> tuple[str, ...]:
    latest = number(one.values[-1])
    if one.moved is None:
        return (mark("unknown"), one.name, f"{len(one.values):,}", latest, "", "", "", "", one.unit, "not known")
    moved = one.moved
    ends = (number(moved.band[0]), number(moved.band[1]))
    slope = number(moved.trend.slope)
    return (
        mark("fail" if one.found else "ok"),
        one.name,
        f"{len(one.values):,}",
        latest,
        number(moved.expected),
        *ends,
        slope,
        one.unit,
        _answer(one),
    )


def _answer(one: Figured) -> str:
    moved = one.moved
    if moved is None:
        return "not known"
    return "slow leak" if moved.leak else "jump" if moved.jump else "as usual"


def _record(one: Figured) -> dict[str, Any]:
    moved = one.moved
    return {
        "figure": one.name,
        "unit": one.unit,
        "answer": _answer(one),
        "says": one.says,
        "expected": None if moved is None else moved.expected,
        "band": None if moved is None else [numbers(value) for value in moved.band],
        "p": None if moved is None else moved.p,
        "trend": None if moved is None else {"slope": moved.trend.slope, "p": moved.trend.p},
        "values": [{"start": stamp(at), "value": value} for at, value in zip(one.times, one.values, strict=True)],
    }
