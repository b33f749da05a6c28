"""What a simulation found, as a table and charts, and as a page."""

import math
from typing import Final

from mainspring.charts import Axis, Chart, Column, Html, LineChart, Series, Table, draw_chart, draw_page, draw_table, el
from mainspring.charts.numbers import number
from mainspring.monitoring.simulating import Delay, FalseAlerts, Simulated

__all__ = ["delay_charts", "delay_table", "draw_simulated", "say_alerts"]

_HOUR: Final = 3600.0
_UNITS: Final = {
    "drift": Axis("numbers move by", "sd"),
    "mix": Axis("rows of a category that take its most frequent value", "%"),
    "nulls": Axis("more rows without a value", "%"),
    "new_category": Axis("rows with a new value", "%"),
    "volume": Axis("rows, as a multiple"),
    "latency": Axis("latency, as a multiple"),
    "contract": Axis("more rows with a mark", "%"),
    "duplicates": Axis("more rows that repeat another", "%"),
    "fallback": Axis("more answers of a fallback", "%"),
    "concept": Axis("mean loss, as a multiple"),
}


def say_alerts(one: FalseAlerts) -> str:
    """Return one sentence about alerts while nothing changes, with the numbers."""
    kinds = ", ".join(f"{count} of {check}" for check, count in one.by_check.items())
    return (
        f"{number(round(one.month, 2))} a month, 95% interval {one.low:.2f} to {one.high:.2f}: "
        f"{one.found} in {one.days} days{f' ({kinds})' if kinds else ''}"
    )


def delay_table(found: Simulated) -> Table:
    """Return a row for each change that was planted: how often it was found in time, and after how many hours."""
    columns = [
        Column("change planted"),
        Column("size"),
        Column("check"),
        Column("columns"),
        Column("found", format=".1%"),
        Column("median", unit="h"),
        Column("from", unit="h"),
        Column("to", unit="h"),
        Column("nine of ten", unit="h"),
    ]
    rows = [
        (
            one.change.kind,
            one.change.says,
            one.change.check,
            one.columns,
            one.found / one.episodes,
            *(_hours(value) for value in (one.median, one.low, one.high, one.most)),
        )
        for one in found.delays
    ]
    return Table(columns, rows)


def delay_charts(found: Simulated) -> dict[str, Chart]:
    """Return a chart for each kind of change of which there are several sizes: hours until it is found, by its size."""
    kinds: dict[str, list[Delay]] = {}
    for one in found.delays:
        kinds.setdefault(one.change.kind, []).append(one)
    drawn: dict[str, Chart] = {}
    for kind, delays in kinds.items():
        mine = sorted((one for one in delays if one.median is not None), key=lambda one: one.change.size)
        if len(mine) > 1:
            factor = 100.0 if _UNITS[kind].unit == "%" else 1.0
            sizes = [factor * one.change.size for one in mine]
            title = f"Hours until a planted change is found: {kind}"
            median, low, high, most = (
                [_reached(getattr(one, end), found) for one in mine] for end in ("median", "low", "high", "most")
            )
            series = [
                Series("half are found", sizes, median, low, high),
                Series("nine of ten", sizes, most, quiet=True),
            ]
            drawn[kind] = LineChart(title, _UNITS[kind], Axis("until it is found", "h", zero=True), series)
    return drawn


def draw_simulated(found: Simulated, title: str, bundle: str | None = None) -> Html:
    """Return a simulation as a page.

    Args:
        found: What came of it.
        title: The heading of the page.
        bundle: The script that draws charts; without it their numbers are shown.
    """
    one, rules = found.alerts, found.rules
    settings = (
        f"{found.windows:,} windows of {found.alerts.days} days, {found.seconds / _HOUR:g} h and about "
        f"{found.rows:,.0f} rows each; {found.columns} columns. A finding has shown in {rules.least} of {rules.of} "
        f"windows, with a false discovery rate of {rules.discovery:g}."
    )
    flagged = Table(
        [Column("check"), Column("flagged on its own", format=".2%"), Column("alerts")],
        [(check, share, one.by_check.get(check, 0)) for check, share in one.flagged.items()],
    )
    charts = [
        (el("h3", chart.title), draw_chart(chart, drawn=bundle is not None)) for chart in delay_charts(found).values()
    ]
    return draw_page(
        title,
        el("h1", title),
        el("p", settings),
        el("h2", "While nothing changes"),
        el("p", f"False alerts: {say_alerts(one)}. {one.quiet:.0%} of months have none."),
        el("p", f"Errors of joined labels: {say_alerts(found.errors)}.") if found.errors is not None else None,
        el("p", "Of windows and columns, so many are flagged by one check on its own, of which nobody is told:"),
        draw_table(flagged),
        el("h2", "When something does"),
        el(
            "p",
            f"Every change is planted, {found.simulation.course}, in copies; a dash: most are not found in time.",
        ),
        draw_table(delay_table(found)),
        charts,
        bundle=bundle,
    )


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / _HOUR


def _reached(seconds: float | None, found: Simulated) -> float:
    """Hours; what is not found in time is drawn at the end of it."""
    return (found.simulation.look if seconds is None or math.isinf(seconds) else seconds) / _HOUR
