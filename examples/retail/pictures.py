"""Figures of the report, from results."""

from collections.abc import Sequence

import numpy as np
from evaluation import DEFAULT, Answer, Scored
from folds import Fold, Plan
from panel import Panel

from mainspring.charts import Axis, BarChart, LineChart, Series, VegaSpec
from mainspring.data.profile import Span, draw_folds

Floats = np.ndarray
Rows = list[dict[str, Answer]]


def _days(panel: Panel, places: Sequence[int]) -> list[str]:
    return [str(panel.dates[place].astype("datetime64[D]")) for place in places]


def sales_over_time(panel: Panel, unit: str) -> LineChart:
    weeks = panel.periods // panel.season
    total = np.nansum(panel.units[:, : weeks * panel.season], axis=0).reshape(weeks, panel.season).sum(axis=1)
    line = Series("all series", _days(panel, range(0, weeks * panel.season, panel.season)), total)
    return LineChart(
        "Sales of all series by week", Axis("week", scale="time"), Axis("sales a week", unit, zero=True), [line]
    )


def sales_by_weekday(panel: Panel, unit: str) -> BarChart:
    weekday = (panel.dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    sold = np.where(panel.open, panel.units, np.nan)
    names = [
        name for place, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")) if (weekday == place).any()
    ]
    with np.errstate(invalid="ignore"):
        sums = [
            (np.nansum(sold[:, weekday == p]), (~np.isnan(sold[:, weekday == p])).sum()) for p in np.unique(weekday)
        ]
    means = [total / count if count else 0.0 for total, count in sums]
    return BarChart(
        "Sales by weekday, open days", Axis("weekday"), Axis("mean sales a series", unit), [Series("", names, means)]
    )


def timeline(panel: Panel, folds: Sequence[Fold], plan: Plan) -> VegaSpec:
    """Which days each fold trains on, leaves out, and is scored on."""
    spans = []
    for fold in folds:
        parts = [("train", max(fold.origin - plan.train + 1, 0), fold.origin)]
        parts += [("inner test", origin + 1 + plan.delay, origin + plan.reach) for origin in fold.inner]
        parts += [("delay", fold.origin + 1, fold.start - 1), ("test", fold.start, fold.end - 1)]
        for part, first, last in parts:
            if first <= last:
                days = panel.dates[[first, last]].astype("datetime64[D]").tolist()
                spans.append(Span(fold.name, part, *days))
    return draw_folds(spans)


def ratio_bars(rows: Rows) -> BarChart:
    kept = [row for row in rows if not isinstance(row["ratio"], str)]
    names, middle, low, high = ([row[key] for row in kept] for key in ("level", "ratio", "ratio, low", "ratio, high"))
    bars = Series(DEFAULT, [f"{name:g}" for name in names], middle, low, high)
    return BarChart("Loss over that of the best baseline", Axis("quantile"), Axis("ratio of pinball losses"), [bars])


def method_bars(rows: Rows, unit: str) -> BarChart:
    bars = Series("", [str(row["method"]) for row in rows], [row["pinball"] for row in rows])
    return BarChart("Mean pinball loss, open days", Axis("method"), Axis("pinball", unit), [bars], horizontal=True)


def one_series(scored: Scored, panel: Panel, series: int, title: str, unit: str) -> LineChart:
    """Sales of one series around the newest fold, with its median, its quarters and a high quantile."""
    newest = scored.only((scored.series == series) & (scored.fold == scored.fold.max()))
    first = max(int(newest.period.min()) - 8 * panel.season, 0)
    before = np.arange(first, int(newest.period.max()) + 1)
    sold = np.where(panel.open[series, before], panel.units[series, before], np.nan)
    quantiles = newest.forecast[DEFAULT]
    places = [int(np.abs(np.asarray(scored.levels) - level).argmin()) for level in (0.25, 0.5, 0.75, 0.95)]
    days = _days(panel, newest.period)
    low, middle, high, top = (quantiles[:, place] for place in places)
    lines = [
        Series("sold, open days", _days(panel, before), sold),
        Series("median, with quarters", days, middle, low, high),
        Series(f"quantile {scored.levels[places[3]]:g}", days, top, quiet=True),
    ]
    return LineChart(title, Axis("date", scale="time"), Axis("sales", unit, zero=True), lines)
