"""Triggers: whether a run should start, and why; pure functions from facts to a decision."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.triggers.cron import Cron, read_cron
    from mainspring.triggers.deciding import decide, spent
    from mainspring.triggers.facts import Asked, Decision, Facts, Lost, New, Shown, Started

__all__ = ["Asked", "Cron", "Decision", "Facts", "Lost", "New", "Shown", "Started", "decide", "read_cron", "spent"]

_PLACES = {
    "Asked": "mainspring.triggers.facts",
    "Cron": "mainspring.triggers.cron",
    "Decision": "mainspring.triggers.facts",
    "Facts": "mainspring.triggers.facts",
    "Lost": "mainspring.triggers.facts",
    "New": "mainspring.triggers.facts",
    "Shown": "mainspring.triggers.facts",
    "Started": "mainspring.triggers.facts",
    "decide": "mainspring.triggers.deciding",
    "read_cron": "mainspring.triggers.cron",
    "spent": "mainspring.triggers.deciding",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
