"""Reports of gates as a table, and their intervals against the margins as a chart."""

from mainspring.charts import Axis, Column, ForestChart, Html, Table, draw_chart, draw_page, draw_table, el
from mainspring.quality.report import Report

__all__ = ["draw_gates", "forest", "report_table"]


def report_table(report: Report) -> Table:
    """Return a row for each gate: its answer, why, and what would make it pass."""
    columns = [Column("gate"), Column("answer"), Column("says"), Column("what would make it pass")]
    return Table(columns, [(one.name, one.answer, one.says, one.fix) for one in report.gates])


def forest(report: Report) -> ForestChart | None:
    """Return the intervals of a report against what they have to stay below; None when nothing was compared."""
    rows = [one for gate in report.gates for one in gate.compared]
    if not rows:
        return None
    names = [f"{one.what}{'' if one.answer else ' (not judged)'}" for one in rows]
    scale = [(100 * one.estimate, 100 * one.low, 100 * one.high, 100 * one.limit) for one in rows]
    title = f"{report.model} version {report.number}: loss against what it replaces"
    return ForestChart(title, Axis("more loss", "%"), names, *zip(*scale, strict=True))


def draw_gates(report: Report, title: str, bundle: str | None = None) -> Html:
    """Return a report as a page: the gates, and their intervals against the margins.

    Args:
        report: What the gates said.
        title: The heading of the page.
        bundle: The script that draws charts; without it their numbers are shown.
    """
    chart = forest(report)
    drawn = []
    if chart is not None:
        drawn = [el("h2", "Intervals against their limits"), draw_chart(chart, drawn=bundle is not None)]
    state = "ran" if report.passed else "failed"
    return draw_page(title, el("h1", title), draw_table(report_table(report)), drawn, state=state, bundle=bundle)
