"""Verdicts as tables and a chart, for `log` and for pages."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from mainspring.charts import Axis, BarChart, Column, Series, Table
from mainspring.quality.verdicts import Counterexample, Tally, Verdict, told

__all__ = ["draw_properties"]

_CELLS: Final = 3
_SHORT: Final = 60


def draw_properties(verdicts: Sequence[Verdict]) -> dict[str, Table | BarChart]:
    """Return tables and a chart of verdicts, by title, in the order in which they are read.

    The verdicts; real rows and those of the domain apart; cases and ways of asking; slices; counterexamples; upper
    bounds beside what is allowed. What has nothing to show is left out.
    """
    drawn: dict[str, Table | BarChart] = {"properties": _verdicts(verdicts)}
    parts = {
        "properties by source": _tallies(verdicts, "source", [(one, one.sources) for one in verdicts]),
        "properties by case": _tallies(verdicts, "case", [(one, one.parts) for one in verdicts]),
        "properties by slice": _tallies(verdicts, "slice", [(one, one.slices) for one in verdicts]),
        "counterexamples": _counterexamples(verdicts),
        "share of rows that may break a property": _bounds(verdicts),
    }
    return drawn | {title: part for title, part in parts.items() if part is not None}


def _verdicts(verdicts: Sequence[Verdict]) -> Table:
    rows = [one.row() for one in verdicts]
    formats = {"share at most": ".2%", "allowed": ".2%", "adjusted p": ".2g"}
    names = list(rows[0]) if rows else ["property"]
    return Table([Column(name, format=formats.get(name, "")) for name in names], [list(row.values()) for row in rows])


def _tallies(verdicts: Sequence[Verdict], of: str, parts: list[tuple[Verdict, tuple[Tally, ...]]]) -> Table | None:
    names = ["property", of, "rows", "break it", "share at most", "p95", "p99", "worst", "decisions turned"]
    rows = [
        [
            one.name,
            part.of,
            part.checked,
            part.violations,
            part.upper,
            *map(told, (part.p95, part.p99, part.worst)),
            part.flips,
        ]
        for one, tallies in parts
        for part in tallies
    ]
    if not rows or not verdicts:
        return None
    return Table([Column(name, format=".2%" if name == "share at most" else "") for name in names], rows)


def _counterexamples(verdicts: Sequence[Verdict]) -> Table | None:
    names = ["property", "source", "size", "columns that matter", "what is changed", "said before", "said after"]
    rows = [
        [
            one.property,
            one.source,
            told(one.size),
            ", ".join(one.columns()),
            _shown(changes(one)),
            _shown(f"{name} {_short(value)}" for name, value in one.before.items()),
            _shown(f"{name} {_short(value)}" for name, value in one.after.items()),
        ]
        for verdict in verdicts
        for one in verdict.counterexamples
    ]
    return Table([Column(name) for name in names], rows) if rows else None


def changes(one: Counterexample) -> list[str]:
    """Return what is changed against the real row, value by value: `price: 2 → 3`, `units[400]: 0 → 7`."""
    found = []
    for name in one.columns():
        old = one.context[name][0] if name in one.context else one.changed[name][0]
        new = one.changed[name][1] if name in one.changed else one.context[name][1]
        if isinstance(old, list) or isinstance(new, list):
            pairs = zip_longest(old or [], new or [])
            found += [f"{name}[{at}]: {_short(a)} → {_short(b)}" for at, (a, b) in enumerate(pairs) if a != b]
        else:
            found.append(f"{name}: {_short(old)} → {_short(new)}")
    return found


def _shown(parts: Any) -> str:
    kept = list(parts)
    more = f" and {len(kept) - _CELLS * 2} more" if len(kept) > _CELLS * 2 else ""
    return "; ".join(kept[: _CELLS * 2]) + more


def _short(value: Any) -> str:
    if value is None:
        return "null"
    said = f"{value:.6g}" if isinstance(value, float) else str(value)
    return said if len(said) <= _SHORT else said[:_SHORT] + "…"


def _bounds(verdicts: Sequence[Verdict]) -> BarChart | None:
    shown = [one for one in verdicts if one.limit is not None and one.checked]
    if not shown:
        return None
    names = [one.name for one in shown]
    return BarChart(
        "Share of rows that may break a property",
        Axis("property"),
        Axis("share of rows", zero=True),
        [
            Series("upper bound of what was seen", names, [one.upper for one in shown]),
            Series("allowed", names, [one.limit or 0.0 for one in shown], quiet=True),
        ],
        horizontal=True,
    )
