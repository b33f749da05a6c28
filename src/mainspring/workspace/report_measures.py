"""What steps logged: metrics with their course, figures and tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mainspring.charts import (
    Axis,
    Html,
    Image,
    LineChart,
    Series,
    Table,
    VegaSpec,
    cut,
    draw_chart,
    draw_image,
    draw_table,
    el,
    figure_from,
    join,
    sparkline,
    table_from,
    vega_bundle,
)
from mainspring.charts.numbers import change, count, number, size
from mainspring.errors import MainspringError
from mainspring.store import BlobStore, load
from mainspring.tracking import LoggedRow
from mainspring.workspace.report_facts import Account, Course, node_of

__all__ = ["Drawing", "draw_logged", "draw_metrics"]

_COMPARED: Final = ("Value", "Last run", "Change")
_NOTHING: Final = "\N{EN DASH}"
_MOST_METRICS: Final = 200
_MOST_CURVES: Final = 24
_FEWEST_POINTS: Final = 3
_MOST_SERIES: Final = 8
_MOST_LOGGED: Final = 120
_FEW_ELEMENTS: Final = 3
# Pixels: of half a page, of a character in a table, of what surrounds one, and the most that a cell takes.
_HALF_PAGE: Final = 510
_CHARACTER: Final = 7
_PADDING: Final = 24
_BROADEST_CELL: Final = 320
_SHORT_NUMBER: Final = 8
_LARGEST: Final = 8 << 20
_SHORT_RUN: Final = 24
_INSTALL: Final = "pip install 'mainspring[train]'"


class Drawing:
    """Whether and how the page draws charts: the script is looked for once, when the first chart is met.

    Args:
        cache: Where the script is kept.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._asked = False
        self.bundle: str | None = None

    @property
    def works(self) -> bool:
        """Whether charts can be drawn."""
        self.fetch()
        return self.bundle is not None

    def fetch(self) -> None:
        """Look for the script, if nobody did."""
        if not self._asked:
            self._asked = True
            self.bundle = vega_bundle(self._cache)

    def remark(self) -> Html | None:
        """Return what to do to see charts, when they cannot be drawn."""
        if self.works:
            return None
        return el(
            "p", "Charts are shown as tables, since vl-convert is not installed: ", el("code", _INSTALL), class_="note"
        )


def draw_metrics(account: Account, drawing: Drawing) -> Html:
    """Return the metrics, of which there are some, as a table, and as curves those that have a course."""
    shown = account.metrics[:_MOST_METRICS]
    left = len(account.metrics) - len(shown)
    coursed = any(len(course.values) > 1 for course in shown)
    steps: dict[str, list[Html]] = {}
    for step, members in _grouped(shown):
        rows = [_metric(course, coursed=coursed) for course in members]
        steps[step] = rows if "{" in step or "{" not in members[0].step else _spread(members, coursed=coursed)
    head = [el("th", "Metric", scope="col"), *(el("th", name, class_="number", scope="col") for name in _COMPARED)]
    if coursed:
        head.append(el("th", "Course", scope="col"))
    bodies = [
        el("tbody", el("tr", el("th", step, colspan=str(len(head)), scope="rowgroup", class_="group")), rows)
        for step, rows in steps.items()
    ]
    return join(
        el("div", el("table", el("thead", el("tr", head)), bodies), class_="box metrics", tabindex="0"),
        el("p", f"{count(left, 'more metric')} not shown.", class_="note") if left > 0 else None,
        _curves(account.metrics, drawing),
    )


def _called(run: str) -> str:
    return f"run {cut(run, _SHORT_RUN)}"


def _metric(course: Course, *, coursed: bool) -> Html:
    value, many = course.values[-1], len(course.values)
    exact = f"{value!r}, the last of {many:,} values" if many > 1 else repr(value)
    cells = [el("td", number(value), title=exact, class_="number")]
    if course.before_run:
        was = course.before[-1]
        cells.append(el("td", number(was), title=f"{was!r} in run {course.before_run}", class_="number soft"))
        cells.append(el("td", change(value, was), class_="number"))
    else:
        cells += [el("td", _NOTHING, class_="number empty"), el("td", "new", class_="number empty")]
    if coursed:
        cells.append(el("td", sparkline(course.values, course.name)))
    return el("tr", el("th", course.name, scope="row", class_="wrap"), cells)


def _grouped(courses: list[Course]) -> Iterator[tuple[str, list[Course]]]:
    """Yield metrics by step; those of a mapped step with more than a few elements together, by its name."""
    groups: dict[str, list[Course]] = {}
    for course in courses:
        groups.setdefault(node_of(course.step), []).append(course)
    for node, members in groups.items():
        elements: dict[str, list[Course]] = {}
        for course in members:
            elements.setdefault(course.step, []).append(course)
        yield from [(node, members)] if len(elements) > _FEW_ELEMENTS else elements.items()


def _spread(courses: list[Course], *, coursed: bool) -> list[Html]:
    """Return one row for each metric of a mapped step: its mean over the elements, and how far they are apart."""
    names: dict[str, list[Course]] = {}
    for course in courses:
        names.setdefault(course.name, []).append(course)
    rows = []
    for name, members in names.items():
        values = [course.values[-1] for course in members]
        before = [course.before[-1] for course in members if course.before_run]
        mean, was = sum(values) / len(values), sum(before) / len(before) if before else None
        said = f"mean of {len(values):,} elements, from {number(min(values))} to {number(max(values))}"
        cells = [
            el("td", number(mean), class_="number"),
            el("td", _NOTHING if was is None else number(was), class_="number soft"),
            el("td", "new" if was is None else change(mean, was), class_="number"),
            el("td") if coursed else None,
        ]
        rows.append(el("tr", el("th", name, el("span", said, class_="under"), scope="row", class_="wrap"), cells))
    return rows


def _curves(courses: list[Course], drawing: Drawing) -> Html | None:
    """Return curves of what was logged along an axis of progress; elements of a mapped step share a chart."""
    groups: dict[tuple[str, str], list[Course]] = {}
    for course in courses:
        if sum(at is not None for at in course.at) >= _FEWEST_POINTS:
            groups.setdefault((node_of(course.step), course.name), []).append(course)
    if not groups or not drawing.works:
        return drawing.remark() if groups else None
    figures = []
    for (step, name), members in list(groups.items())[:_MOST_CURVES]:
        chart = LineChart(name, Axis("progress (at)"), Axis(name), _series(members))
        some = f", {_MOST_SERIES} of {len(members):,} elements" if len(members) > _MOST_SERIES else ""
        caption = el("figcaption", name, el("span", step, some, class_="soft"))
        figures.append(el("figure", caption, draw_chart(chart, drawn=True)))
    return el("div", figures, class_="figures curves")


def _series(members: list[Course]) -> list[Series]:
    if len(members) > 1:
        return [_line(course.step, course.at, course.values) for course in members[:_MOST_SERIES]]
    [course] = members
    lines = [_line("this run", course.at, course.values)]
    if any(at is not None for at in course.before_at):
        lines.append(_line(_called(course.before_run), course.before_at, course.before, quiet=True))
    return lines


def _line(name: str, at: list[int | None], values: list[float], *, quiet: bool = False) -> Series:
    points = sorted((x, y) for x, y in zip(at, values, strict=True) if x is not None)
    return Series(name, [x for x, _ in points], [y for _, y in points], quiet=quiet)


def draw_logged(account: Account, blobs: BlobStore, drawing: Drawing) -> Html:
    """Return the figures and tables that steps logged, of which there are some, by step."""
    order = {step.name: step.position for step in account.steps}
    rows: dict[tuple[str, str], list[LoggedRow]] = {}
    for row in account.logged:
        rows.setdefault((row.step, row.name), []).append(row)
    places = sorted(rows, key=lambda place: order.get(place[0], len(order)))
    parts: list[Any] = [el("h2", "Figures and tables", id="figures")]
    steps: dict[str, list[Html]] = {}
    for place in places[:_MOST_LOGGED]:
        steps.setdefault(place[0], []).append(_logged(rows[place], blobs, drawing))
    for step, figures in steps.items():
        parts += [el("h3", step), el("div", figures, class_="figures")]
    left = len(places) - _MOST_LOGGED
    if left > 0:
        parts.append(
            el("p", f"{count(left, 'more figure or table', 'more figures and tables')} not shown.", class_="note")
        )
    return join(*parts)


def _logged(rows: list[LoggedRow], blobs: BlobStore, drawing: Drawing) -> Html:
    row = rows[-1]
    said = f"the last of {len(rows):,}" if len(rows) > 1 else ""
    try:
        content, kind = _content(row, blobs, drawing)
    except MainspringError as error:
        content, kind = el("p", f"It cannot be shown: {error}", class_="note"), None
    caption = el("figcaption", row.name, el("span", said, class_="soft") if said else None)
    return el("figure", caption, content, class_=kind)


def _content(row: LoggedRow, blobs: BlobStore, drawing: Drawing) -> tuple[Html, str | None]:
    """Return what was logged as HTML, and the class of its place in the page."""
    if row.artifact.size > _LARGEST:
        return el("p", f"It takes {size(row.artifact.size)}, too much for a page.", class_="note"), None
    value = load(row.artifact, blobs)
    if isinstance(value, Table):
        return _table(value)
    figure = figure_from(value)
    if isinstance(figure, Image):
        return draw_image(figure, row.name), None
    if figure is not None:
        caption = None if isinstance(figure, VegaSpec) or figure.title == row.name else figure.title
        titled = el("p", caption, class_="small soft") if caption else None
        return join(titled, drawing.remark(), draw_chart(figure, drawn=drawing.works)), None
    try:
        return _table(table_from(value))
    except TypeError:
        return el("p", f"A value of format {row.artifact.codec} is no figure or table.", class_="note"), None


def _table(table: Table) -> tuple[Html, str]:
    return draw_table(table), "logged" if _width(table) <= _HALF_PAGE else "logged broad"


def _width(table: Table) -> int:
    """Return about how many pixels a table takes."""
    rows = [[column.name for column in table.columns], *table.rows]
    longest = [
        max(len(cell) if isinstance(cell, str) else _SHORT_NUMBER for cell in cells)
        for cells in zip(*rows, strict=True)
    ]
    return sum(min(_CHARACTER * count, _BROADEST_CELL) + _PADDING for count in longest)
