"""Statuses as signs, and which of several counts."""

from collections.abc import Iterable
from typing import Final

from mainspring.charts.html import Html

__all__ = ["GLYPHS", "glyph", "worst"]

# Drawn in a square of 12 by 12, so that a status is told by shape as well as by colour.
GLYPHS: Final = {
    "ran": "M3.5 2.2 9.6 6 3.5 9.8Z",
    "hit": "M2.2 6.4 4.9 9.1 9.9 3.2",
    "failed": "M3 3 9 9M9 3 3 9",
    "skipped": "M2.5 6H9.5",
    "running": "M6 2.2V6L8.6 7.8",
    "waiting": "M6 3.2a2.8 2.8 0 1 0 .01 0Z",
}


def worst(statuses: Iterable[str]) -> str:
    """Return the status that stands for several: what needs attention comes first."""
    found = set(statuses)
    return next((status for status in ("failed", "running", "ran", "skipped", "hit") if status in found), "skipped")


def glyph(status: str) -> Html:
    """Return the sign of a status as a small picture that goes with its word."""
    return Html(f'<svg class="glyph" viewBox="0 0 12 12" aria-hidden="true"><path d="{GLYPHS.get(status, "")}"/></svg>')
