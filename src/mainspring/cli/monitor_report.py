"""`mainspring monitor report`: one page about what is served."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from mainspring import clock
from mainspring.charts.numbers import count, moment, size
from mainspring.cli.options import AsJson, HomePath, ReferenceDays, Segment, WindowSeconds, flat
from mainspring.cli.printing import put_json, put_pairs
from mainspring.workspace.monitor_facts import Asked
from mainspring.workspace.monitor_page import write_monitor_report
from mainspring.workspace.monitor_record import record_of
from mainspring.workspace.monitors import monitor_of, part_of

__all__ = ["write_report"]

_MONTH = 28 * 24


class Reported(Struct, frozen=True):
    """Which windows, in which home."""

    seconds: WindowSeconds = None
    days: ReferenceDays = None
    segment: Segment = ""
    last: Annotated[
        int, typer.Option("--last", metavar="WINDOWS", min=1, help="How many windows the page goes back.")
    ] = _MONTH
    home: HomePath = None

    def asked(self, model: str | None) -> Asked:
        """Return what the report is about, by the rules of `[monitor]`."""
        monitor = monitor_of(model, self.home, window=self.seconds, reference_days=self.days)
        return Asked(model, part_of(monitor, self.segment, self.last, self.home), monitor)


@flat
def write_report(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model; by default the only one.")] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it, in place of the folder reports of the home."),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    reported: Reported,
    as_json: AsJson = False,
) -> None:
    """Write a page about what is served: one HTML file that needs no network.

    It has all checks now, each column over time beside the band of its reference, what was found and why, alerts,
    labels, service figures, and runs, triggers and moves of the champion on one time line. Where there is nothing, it
    says so.
    """
    asked = reported.asked(model)
    path, account = write_monitor_report(asked, reported.home, now=clock.now(), out=out)
    if show:
        webbrowser.open(path.absolute().as_uri())
    if as_json:
        put_json({"report": str(path), **record_of(account)})
        return
    latest = account.latest
    windows = sum(len(one.followed.windows) for one in account.stretches)
    put_pairs(
        [
            ("model", account.model or "none yet"),
            ("windows", f"{count(windows, 'window')}, {moment(account.since)} to {moment(account.until)}"),
            ("now", count(len(account.lasting), "finding") if latest else "there are no windows yet"),
            ("report", f"{path} ({size(path.stat().st_size)})"),
        ]
    )
