"""`mainspring monitor quality` and `skew`: how good predictions were, and whether they were asked what training saw."""

from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct, field

from mainspring import clock
from mainspring.charts.numbers import count, moment, number, short
from mainspring.cli.options import AsJson, HomePath, ReferenceDays, WindowSeconds, flat
from mainspring.cli.printing import mark, numbers, put, put_json, put_pairs, put_table, stamp
from mainspring.config.homes import config_file
from mainspring.config.monitor import Monitor
from mainspring.data import read
from mainspring.errors import InputError
from mainspring.monitoring import LOSSES, Difference, Quality
from mainspring.workspace.labelled import LEAST, Rated, rate_home
from mainspring.workspace.monitors import monitor_of
from mainspring.workspace.recomputed import Asked, Recomputed, compare_served

__all__ = ["rate_windows", "show_skew"]

Estimated = tuple[float, float, float] | None


class Judging(Struct, frozen=True):
    """What predictions are judged by, in which windows."""

    output: Annotated[
        str | None, typer.Option("--output", metavar="COLUMN", help="What labels are of; by default as [monitor] says.")
    ] = None
    loss: Annotated[
        str | None,
        typer.Option("--loss", metavar="LOSS", help=f"One of {', '.join(LOSSES)}; by default as [monitor] says."),
    ] = None
    seconds: WindowSeconds = None
    days: ReferenceDays = None
    last: Annotated[
        int, typer.Option("--last", metavar="WINDOWS", min=1, help="How many windows are shown at most.")
    ] = 48
    home: HomePath = None

    def monitor(self, model: str | None) -> Monitor:
        """Return how the model is watched."""
        said = {"output": self.output, "loss": self.loss, "window": self.seconds, "reference_days": self.days}
        return monitor_of(model, self.home, **said)


@flat
def rate_windows(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model; by default the only one.")] = None,
    *,
    judging: Judging,
    as_json: AsJson = False,
) -> None:
    """Show how good predictions were, window by window, as far as labels have come.

    Where they have not, what was predicted tells what the loss will probably be, with a band. Exit code 1: the errors
    are other than in the reference, and have been for long enough.
    """
    rated = rate_home(model, judging.home, judging.monitor(model), clock.now())
    if as_json:
        put_json(_record(rated))
    else:
        _print(rated, judging.last)
    if rated.moved:
        raise typer.Exit(1)


def _estimates(rated: Rated) -> list[tuple[Quality, Estimated]]:
    before: list[Estimated] = [None] * rated.reference
    return list(zip(rated.windows, [*before, *rated.estimates], strict=True))


def _print(rated: Rated, last: int) -> None:
    predictions = sum(one.predictions for one in rated.windows)
    labelled = sum(one.labelled for one in rated.windows)
    put_pairs(
        [
            ("model", f"{rated.model}, package {short(rated.version)}"),
            ("judged", f"'{rated.output}' by its {rated.loss} loss"),
            ("predictions", f"{predictions:,}, of which {_share(labelled, predictions)} have labels"),
            ("reference", count(rated.reference, "window")),
        ]
    )
    put()
    put(_verdict(rated))
    put()
    rows = [_row(*pair) for pair in _estimates(rated)[-last:]]
    heads = ("window", "predictions", "labelled", "loss", "spread", "expected", "from", "to")
    put_table(heads, rows, right=heads[1:])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def _verdict(rated: Rated) -> str:
    if rated.errors is None:
        known = sum(1 for one in rated.windows[: rated.reference] if one.loss is not None)
        said = f"{known} windows of the reference have labels, {LEAST} are needed"
        return f"{mark('unknown')} whether errors have changed is not known: {said}"
    if rated.since is None:
        return f"{mark('ok')} the errors are those of the reference"
    return f"{mark('fail')} the errors are others than those of the reference, probably since {moment(rated.since)}"


def _row(one: Quality, estimate: Estimated) -> tuple[str, ...]:
    figures = ("" if value is None else number(value) for value in (one.loss, one.spread))
    expected = ("", "", "") if estimate is None else tuple(number(value) for value in estimate)
    return (
        moment(one.window.start),
        f"{one.predictions:,}",
        _share(one.labelled, one.predictions),
        *figures,
        *expected,
    )


def _record(rated: Rated) -> dict[str, Any]:
    errors = rated.errors
    return {
        "model": rated.model,
        "version": rated.version,
        "output": rated.output,
        "loss": rated.loss,
        "reference": rated.reference,
        "errors": None
        if errors is None
        else {
            "moved": rated.moved,
            "since": stamp(rated.since),
            "up": float(errors.up[-1]) if errors.up.size else 0.0,
            "down": float(errors.down[-1]) if errors.down.size else 0.0,
            "limit": errors.limit,
        },
        "windows": [
            {
                "start": stamp(one.window.start),
                "seconds": one.window.seconds,
                "predictions": one.predictions,
                "labelled": one.labelled,
                "coverage": one.coverage,
                "loss": one.loss,
                "spread": one.spread,
                "expected": None if estimate is None else [numbers(value) for value in estimate],
            }
            for one, estimate in _estimates(rated)
        ],
    }


class Joining(Struct, frozen=True):
    """How rows computed later belong to those that were served, and where those are."""

    keys: Annotated[
        list[str],
        typer.Option(
            "--key", metavar="COLUMN", help="An input that tells rows apart; may be repeated. As [monitor] skew_keys."
        ),
    ] = field(default_factory=list)
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="COLUMN", help="From when on a row of FILE holds. As [monitor] skew_time."),
    ] = None
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", metavar="SHARE", help="How much numbers may differ. As [monitor] skew_tolerance."),
    ] = None
    home: HomePath = None

    def asked(self, kept: Monitor) -> Asked:
        """Return how rows belong together: as is said here, or else as `[monitor]` says."""
        time = kept.skew_time if self.time is None else self.time
        tolerance = kept.skew_tolerance if self.tolerance is None else self.tolerance
        return Asked(tuple(self.keys) or kept.skew_keys, time, tolerance)


@flat
def show_skew(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="Features computed later: Parquet, CSV or JSON lines. As [monitor] skew."
        ),
    ] = None,
    *,
    joining: Joining,
    as_json: AsJson = False,
) -> None:
    """Compare features as they were served with the same features computed later, as of when they were served.

    One value of one row that differs is shown, with both values. Exit code 1: something differs.
    """
    kept = monitor_of(model, joining.home)
    if file is None and not kept.skew:
        fix = f'Name a table, or write skew = "features/*.parquet" in [monitor.{model}].'
        raise InputError("It is not said where the features are that were computed later", "FILE", fix)
    table = read(file or config_file(joining.home).parent / kept.skew)
    found = compare_served(model, table, joining.home, joining.asked(kept))
    if as_json:
        put_json(_skew_record(found))
    else:
        _print_skew(found)
    if found.skew:
        raise typer.Exit(1)


def _print_skew(found: Recomputed) -> None:
    skew = found.skew
    pairs = [
        ("compared", f"{count(skew.rows, 'row')} in {count(len(found.compared), 'column')}"),
        ("only served", f"{skew.served_only:,}"),
        ("only computed", f"{skew.expected_only:,}"),
    ]
    pairs += [("not computed", ", ".join(found.not_computed))] if found.not_computed else []
    pairs += [("not logged", ", ".join(found.not_logged))] if found.not_logged else []
    put_pairs(pairs)
    put()
    if not skew:
        put(f"{mark('ok' if skew.rows else 'unknown')} {'nothing differs' if skew.rows else 'no row is on both sides'}")
        return
    listed = ", ".join(f"'{name}' in {rows:,}" for name, rows in skew.differing.items())
    put(f"{mark('fail')} served and computed differ: {listed}")
    put()
    rows = [(one.key, one.time, one.column, str(one.served), str(one.expected)) for one in skew.examples]
    put_table(("prediction", "served at", "column", "served", "computed"), rows)


def _skew_record(found: Recomputed) -> dict[str, Any]:
    skew = found.skew
    return {
        "rows": skew.rows,
        "served_only": skew.served_only,
        "computed_only": skew.expected_only,
        "compared": list(found.compared),
        "not_computed": list(found.not_computed),
        "not_logged": list(found.not_logged),
        "differing": skew.differing,
        "examples": [_difference(one) for one in skew.examples],
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "prediction": one.key,
        "time": one.time,
        "column": one.column,
        "served": _plain(one.served),
        "computed": _plain(one.expected),
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else numbers(value)
