"""Two analyses side by side, such as those of two runs."""

from mainspring.charts import Column, Table
from mainspring.errors import StatisticsError
from mainspring.quality.analysis import Analysis
from mainspring.quality.drawing_analysis import decimals

__all__ = ["draw_comparison"]


def draw_comparison(before: Analysis, after: Analysis) -> dict[str, Table]:
    """Return figures, and losses of declared and confirmed slices, of two analyses side by side, such as of two runs.

    Runs may have scored other rows: a difference is what it is, without an interval. For two models on the same rows
    `disagreement` has one. What only one analysis has is shown with nothing on the other side.

    Raises:
        StatisticsError: The analyses are of different kinds.
    """
    if before.kind != after.kind:
        raise StatisticsError(
            f"An analysis of {before.kind} and one of {after.kind} do not compare", fix="Give two of the same kind."
        )
    sides = [{one.name: one.found.estimate for one in side.measures} for side in (before, after)]
    sides = [{**side, "rows": float(one.rows)} for side, one in zip(sides, (before, after), strict=True)]
    drawn = {"figures of both": _table("figure", *sides, form="")}
    losses = [{one.name: one.loss for one in side.declared} for side in (before, after)]
    if any(losses):
        form = decimals(after.mean_loss.estimate)
        drawn[f"{after.loss} of declared slices"] = _table("slice", *losses, form=form)
    worse = [
        {one.name: one.difference for one in side.found.confirmed} if side.found else {} for side in (before, after)
    ]
    if any(worse):
        drawn["slices confirmed as worse than the rest"] = _table("slice", *worse, form="")
    return drawn


def _table(heading: str, before: dict[str, float], after: dict[str, float], *, form: str) -> Table:
    rows = []
    for name in dict.fromkeys([*before, *after]):
        was, now = _known(before.get(name)), _known(after.get(name))
        rows.append((name, was, now, None if was is None or now is None else now - was))
    return Table([Column(heading), *(Column(name, format=form) for name in ("before", "after", "change"))], rows)


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else value
