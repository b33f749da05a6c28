"""References: what windows are judged by, fitted once to the windows of a reference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mainspring.errors import MonitoringError
from mainspring.monitoring.layouts import OUTPUT, Layout
from mainspring.monitoring.levels import Levels, Related, fit_levels, fit_related
from mainspring.monitoring.rules import Rules
from mainspring.monitoring.seasons import closed
from mainspring.monitoring.shapes import Judged, Shapes, fit_shapes
from mainspring.monitoring.shares import Shares, fit_shares
from mainspring.monitoring.stacks import Stack, stacked
from mainspring.monitoring.windows import Window, WindowProfile, blank
from mainspring.stats import FrameProfile

__all__ = ["Reference", "fit_reference", "fit_stack", "window_of_profile"]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What windows are judged by.

    Attributes:
        layout: The axes.
        rules: When a window differs.
        windows: How many windows it was fitted to.
        shapes: Distributions.
        shares: Nulls, new categories, marks, repeated rows, fallbacks.
        levels: Volume and latency.
        related: Correlations.
        silent: Checks of which it says nothing.
    """

    layout: Layout
    rules: Rules
    windows: int
    shapes: Shapes
    shares: Shares
    levels: tuple[tuple[Levels, str], ...]
    related: Related | None
    silent: tuple[str, ...] = ()

    @property
    def cold(self) -> bool:
        """Whether it has too few windows for thresholds that are fitted."""
        return self.windows < self.rules.reference

    @property
    def seasons(self) -> dict[str, str]:
        """The season by which each column's distribution is matched."""
        return dict(zip(self.layout.names, self.shapes.match.seasons, strict=True))

    def judge(self, stack: Stack) -> list[Judged]:
        """Return what comes of every check, in windows one by one: nothing is adjusted yet."""
        found = [self.shapes.judge(stack, self.rules), *self.shares.judge(stack, self.rules)]
        found += [fitted.judge(stack, _figures(stack, name), self.rules) for fitted, name in self.levels]
        if self.related is not None:
            found.append(self.related.judge(stack, self.rules))
        return [one for one in found if one.check not in self.silent]


def _figures(stack: Stack, name: str) -> Any:
    return stack.volume[:, np.newaxis] if name == "volume" else stack.latency


def fit_reference(profiles: Sequence[WindowProfile], layout: Layout, rules: Rules | None = None) -> Reference:
    """Return what windows are judged by, fitted to profiles of reference windows.

    With fewer windows than `Rules.reference`, this is a cold start: only what is at least three times the least change
    that matters, and far beyond chance and a usual spread between windows, is found.

    Windows without rows say of their hour of the week, weekday or declared season that it is closed, where most of its
    windows are so; there they are usual later as well.

    Raises:
        MonitoringError: There is none, they differ in length, or they were counted on another layout.
    """
    usable = [one for one in profiles if one.rows]
    lengths = {one.window.seconds for one in usable}
    if not usable or len(lengths) > 1:
        raise MonitoringError(
            "A reference has no window with rows" if not usable else f"Windows last {sorted(lengths)} seconds",
            fix="Give windows of one length: mainspring monitor backfill makes them from the log.",
        )
    known = rules or Rules()
    shut = closed([one.window for one in usable], [one.window for one in profiles if not one.rows], known.shift)
    return fit_stack(stacked(usable, layout), layout, known, shut)


def fit_stack(stack: Stack, layout: Layout, rules: Rules, shut: Sequence[Window] = ()) -> Reference:
    """Return what windows are judged by, from their figures; `shut` are windows in which no rows are to be expected."""
    timed = bool(np.abs(stack.related).sum()) if stack.related.size else False
    return Reference(
        layout,
        rules,
        len(stack.windows),
        fit_shapes(stack, layout, rules),
        fit_shares(stack, layout, rules),
        tuple(fit_levels(stack, rules, shut)),
        fit_related(stack, layout, rules) if timed else None,
    )


def window_of_profile(
    layout: Layout, window: Window, inputs: FrameProfile, outputs: FrameProfile | None = None
) -> WindowProfile:
    """Return the profile of a window from those of its columns, such as a package carries of its reference windows.

    Bins that an edge cuts are divided (see `mainspring.stats.Bins`); correlations, repeated rows and times are not in
    such profiles.
    """
    columns = {one.name: one for one in inputs.columns}
    columns |= {OUTPUT + one.name: one for one in (outputs.columns if outputs else ())}
    made = blank(window, layout)
    for place, axis in enumerate(layout.axes):
        column = columns.get(axis.name)
        if column is None:
            made.nulls[place] = inputs.rows
            continue
        made.nulls[place], made.nan[place], made.infinite[place] = column.nulls, column.nan, column.infinite
        if axis.kind == "number" and column.bins is not None and column.finite:
            ends = [-np.inf, *axis.edges, np.inf]
            reached = np.concatenate([[0.0], column.bins.below(axis.edges), [float(column.finite)]])
            made.counts[place, : len(ends) - 1] = np.diff(np.round(reached)).astype(np.int64)
            made.minimum[place], made.maximum[place] = column.minimum, column.maximum
            mean = ((column.mean or 0.0) - axis.centre) / axis.scale
            made.sums[place, :2] = (
                column.finite * mean,
                column.finite * (mean**2 + (column.std or 0.0) ** 2 / axis.scale**2),
            )
        elif axis.kind == "category" and column.tallies is not None:
            slots = {label: slot for slot, label in enumerate(axis.labels)}
            for value, count in zip(column.tallies.values, column.tallies.counts, strict=True):
                made.counts[place, slots.get(value, axis.bins - 1)] += count
    return replace(made, rows=inputs.rows)
