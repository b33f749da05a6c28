"""`mainspring monitor`: windows of the prediction log, what is found in them, and rows that show it."""

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any

import typer
from msgspec import Struct

from mainspring.charts.numbers import count, moment, short
from mainspring.cli.figures import show_service, show_training
from mainspring.cli.monitor_report import write_report
from mainspring.cli.options import AsJson, HomePath, ReferenceDays, Segment, WindowSeconds, flat
from mainspring.cli.printing import mark, numbers, put, put_json, put_pairs, put_table, stamp
from mainspring.cli.rating import rate_windows, show_skew
from mainspring.cli.simulate import simulate_settings
from mainspring.config.monitor import Monitor
from mainspring.errors import NotFoundError, nearest
from mainspring.monitoring import Check, Finding, Measure, Window
from mainspring.workspace.monitors import monitor_of, part_of, rules_of
from mainspring.workspace.references import say_days
from mainspring.workspace.windows import Checked, Example, backfill, check_home, explain

__all__ = ["COMMANDS"]

Model = Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model; by default the only one.")]


class Watched(Struct, frozen=True):
    """Which windows, in which home."""

    seconds: WindowSeconds = None
    days: ReferenceDays = None
    segment: Segment = ""
    last: Annotated[
        int, typer.Option("--last", metavar="WINDOWS", min=1, help="How many windows are checked at most.")
    ] = 168
    home: HomePath = None

    def check(self, model: str | None) -> Checked:
        """Return what comes of them, by the rules of `[monitor]`."""
        monitor = monitor_of(model, self.home, window=self.seconds, reference_days=self.days)
        part = part_of(monitor, self.segment, self.last, self.home)
        return check_home(model, self.home, rules=rules_of(monitor), part=part)


def make_windows(
    *,
    seconds: WindowSeconds = None,
    days: ReferenceDays = None,
    segments: Annotated[
        list[str] | None,
        typer.Option("--segment", metavar="COLUMN", help="Make windows of each of its values too; may be repeated."),
    ] = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Make all windows of the prediction log again.

    Columns are counted on bins of the first days of each version; columns that are sensitive are not in the log. It
    needs mainspring[serve,data].
    """

    def watched(model: str) -> Monitor:
        divided = tuple(segments) if segments else None
        return monitor_of(model, home, window=seconds, reference_days=days, segments=divided)

    made = backfill(home, watched=cache(watched))
    if as_json:
        put_json(
            [{"model": one.model, "version": one.version, "windows": one.windows, "rows": one.rows} for one in made]
        )
        return
    rows = [(one.model, short(one.version), f"{one.windows:,}", f"{one.rows:,}") for one in made]
    put_table(("model", "package", "windows", "rows"), rows, right=("windows", "rows"))


@flat
def check_windows(
    model: Model = None,
    *,
    watched: Watched,
    as_json: AsJson = False,
) -> None:
    """Check the windows of a model against its reference.

    What is found has shown in enough of the last windows, by default three of six, is large enough to matter, and
    stands after correction for all columns that were looked at; [monitor] says how. Exit code 1: the latest window has
    findings.
    """
    checked = watched.check(model)
    if as_json:
        put_json(_record(checked))
    else:
        _print(checked)
    if checked.checks[-1].findings:
        raise typer.Exit(1)


def _print(checked: Checked) -> None:
    last = checked.checks[-1]
    put_pairs(
        [
            ("model", f"{checked.model}, package {short(checked.version)}"),
            ("reference", f"{count(checked.reference, 'window')}, of {_days(checked)}"),
            ("checked", f"{count(len(checked.checks), 'window')}, the latest of {moment(last.window.start)}"),
            *[("remark", remark) for remark in last.remarks],
        ]
    )
    found = [(check, finding) for check in checked.checks for finding in check.findings]
    put()
    if not found:
        put(f"{mark('ok')} nothing is found")
        return
    rows = [
        (str(number), moment(check.window.start), one.check, one.column or "-", f"{one.adjusted:.2g}", one.says)
        for number, (check, one) in enumerate(found, 1)
    ]
    put_table(("number", "window", "check", "column", "p", "what"), rows, right=("number",))
    put()
    put("Rows that show one: mainspring monitor explain NUMBER")


@flat
def explain_finding(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Which of the findings that 'check' lists.")],
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="The model.")] = None,
    *,
    watched: Watched,
    as_json: AsJson = False,
) -> None:
    """Show what a finding rests on: every window of it, its band, and a few rows of the log."""
    checked = watched.check(model)
    found = [(check, finding) for check in checked.checks for finding in check.findings]
    if not 1 <= number <= len(found):
        near = nearest(str(number), map(str, range(1, len(found) + 1)))
        raise NotFoundError(
            f"There is no finding {number}", None, f"Did you mean {near}?" if near else "See: mainspring monitor check."
        )
    check, finding = found[number - 1]
    rows = explain(finding, check.window, watched.home)
    if as_json:
        days = {"before": checked.before, "in_all": checked.days}
        put_json({**_finding(finding), "reference_days": days, "rows": [_example(one) for one in rows]})
        return
    _print_finding(finding, _days(checked))
    if rows:
        put()
        columns = list(rows[0].values)
        table = [(one.id, str(one.row), *(str(one.values[name]) for name in columns)) for one in rows]
        put_table(("id", "row", *columns), table)


def _days(checked: Checked) -> str:
    return say_days(checked.before, checked.days, f"package {short(checked.version)}")


def _print_finding(finding: Finding, days: str) -> None:
    measure, (low, high) = finding.measure, finding.band
    put_pairs(
        [
            ("found", finding.says),
            ("check", f"{finding.check} of {finding.column or 'the window'}{_by(measure)}"),
            ("windows", ", ".join(moment(one.start) for one in finding.windows)),
            ("size", f"{measure.size:.4g}, remarkable from {measure.threshold:.4g}"),
            ("band", f"{low:.4g} to {high:.4g}"),
            ("reference", days),
            ("p", f"{measure.p:.2g} in the latest window; {finding.adjusted:.2g} adjusted, over all of them"),
            *([("values", ", ".join(finding.values))] if finding.values else []),
        ]
    )


def _by(measure: Measure) -> str:
    return f", by {measure.by}" if measure.by else ""


def _example(one: Example) -> dict[str, Any]:
    return {"id": one.id, "row": one.row, "values": {name: _plain(value) for name, value in one.values.items()}}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else numbers(value)


def _record(checked: Checked) -> dict[str, Any]:
    return {
        "model": checked.model,
        "version": checked.version,
        "reference": checked.reference,
        "reference_days": {"before": checked.before, "in_all": checked.days},
        "seasons": checked.seasons,
        "windows": [_window(check) for check in checked.checks],
    }


def _window(check: Check) -> dict[str, Any]:
    return {
        **_slice(check.window),
        "rows": check.rows,
        "cold": check.cold,
        "remarks": list(check.remarks),
        "findings": [_finding(one) for one in check.findings],
        "measures": [_measure(one) for one in check.measures],
    }


def _slice(window: Window) -> dict[str, Any]:
    return {"start": stamp(window.start), "seconds": window.seconds, "segment": window.segment}


def _measure(one: Measure) -> dict[str, Any]:
    figures = {name: numbers(getattr(one, name)) for name in ("size", "value", "expected", "threshold", "p")}
    return {"check": one.check, "column": one.column, **figures, "by": one.by}


def _finding(one: Finding) -> dict[str, Any]:
    return {
        **_measure(one.measure),
        "adjusted": one.adjusted,
        "band": _listed(one.band),
        "windows": [stamp(window.start) for window in one.windows],
        "says": one.says,
        "values": list(one.values),
    }


def _listed(values: Iterable[float]) -> list[Any]:
    return [numbers(value) for value in values]


COMMANDS = {
    "backfill": make_windows,
    "check": check_windows,
    "explain": explain_finding,
    "quality": rate_windows,
    "service": show_service,
    "skew": show_skew,
    "simulate": simulate_settings,
    "training": show_training,
    "report": write_report,
}
