"""Text and JSON on standard output."""

import importlib
import os
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import typer

from mainspring.charts.numbers import duration, moment

__all__ = [
    "ago",
    "coloured",
    "grouped",
    "mark",
    "numbers",
    "put",
    "put_diff",
    "put_json",
    "put_pairs",
    "put_table",
    "stamp",
]

T = TypeVar("T")
MARKS = {
    "ran": ("✓", "green"),
    "hit": ("=", "blue"),
    "succeeded": ("✓", "green"),
    "ok": ("✓", "green"),
    "miss": ("▸", "yellow"),
    "running": ("▸", "yellow"),
    "warn": ("!", "yellow"),
    "unknown": ("?", "bright_black"),
    "skipped": ("-", "bright_black"),
    "lost": ("✗", "red"),
    "failed": ("✗", "red"),
    "fail": ("✗", "red"),
}
_DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_MINUTE = 60
_RECENT = 2 * 24 * 60 * _MINUTE


def put(text: str = "") -> None:
    """Print a line; colours go away when nobody looks."""
    typer.echo(text)


def put_json(value: object) -> None:
    """Print one JSON document."""
    typer.echo(importlib.import_module("json").dumps(value, indent=2, ensure_ascii=False))


def mark(status: str) -> str:
    """Return the glyph of a status."""
    return coloured(*MARKS[status])


def coloured(text: str, colour: str | None) -> str:
    """Return a text in a colour where colours are seen, and wanted: https://no-color.org."""
    seen = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return typer.style(text, fg=colour) if colour is not None and seen else text


def put_diff(text: str) -> None:
    """Print a unified diff."""
    for line in text.splitlines():
        put(coloured(line, _DIFF_COLOURS.get(line[:1])))


def put_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names with their values below each other."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        first, *rest = value.splitlines() or [""]
        put(f"{name:<{width}}  {first}".rstrip())
        for line in rest:
            put(f"{'':<{width}}  {line}".rstrip())


def put_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows below each other: laid out for the window on a terminal, in full anywhere else.

    Args:
        columns: The heads.
        rows: Texts, as many as columns.
        right: Columns with numbers, which are aligned at their right.
    """
    if sys.stdout.isatty():
        importlib.import_module("mainspring.cli.terminal").put_table(columns, rows, right)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(columns, row, widths, strict=True)
        ]
        put("  ".join(cells).rstrip())


def grouped(
    items: Iterable[T], name: Callable[[T], str], kind: Callable[[T], Hashable]
) -> Iterator[tuple[str, list[T]]]:
    """Yield step runs with what they are called in a table.

    Elements of a mapped step that are of one kind come together, as `scale x12`; that of its list is no row.

    Args:
        items: Whatever is about step runs.
        name: Gives the name of one's step run.
        kind: Gives what has to be equal for elements to be shown together.
    """
    groups: dict[Hashable, list[T]] = {}
    for place, item in enumerate(items):
        node, element, _ = name(item).partition("{")
        if ":" not in node:
            groups.setdefault((node, kind(item)) if element else place, []).append(item)
    for together in groups.values():
        node, element, _ = name(together[0]).partition("{")
        yield (f"{node} x{len(together):,}" if element and len(together) > 1 else name(together[0])), together


def ago(seconds: float) -> str:
    """Return a time since 1970 UTC as people say it: the recent past as a distance, the rest as a date."""
    past = round(time.time() - seconds)
    if past < 1:
        return "now"
    if past < _MINUTE:
        return f"{past} s ago"
    return f"{duration(past)} ago" if past < _RECENT else moment(seconds)


def stamp(seconds: float | None) -> str | None:
    """Return a time since 1970 UTC as JSON has it: ISO 8601 in UTC, to the millisecond."""
    if seconds is None:
        return None
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03}Z"


def numbers(value: Any) -> Any:
    """Return a value for JSON, which knows neither NaN nor infinities."""
    return None if isinstance(value, float) and value - value != 0 else value
