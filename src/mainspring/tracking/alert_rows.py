"""Rows of alerts: what was found, what holds, and what changed."""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from mainspring.tracking.database import Named, Row

__all__ = ["ALERT", "CHANGE", "WINDOWS", "Alert", "Change", "Kind", "Origin", "Raised", "State", "alert_of", "row_of"]

State = Literal["firing", "acknowledged", "resolved"]
Kind = Literal["firing", "again", "acknowledged", "resolved"]


class Origin(Struct, frozen=True):
    """What was looked at. Each is observed on its own: what one does not find says nothing about another.

    Attributes:
        name: Such as `windows`, `labels`, `skew`, `freshness`, `service`.
        of: In how many windows, one after the other, an alert has to show no more before it is resolved; 1 where each
            look says all there is.
    """

    name: str
    of: int = 6


WINDOWS: Final = Origin("windows")


class Raised(Struct, frozen=True):
    """What one window, or another look, has to tell.

    Attributes:
        check: Which check found it.
        columns: The columns that it shows in; empty for the window as a whole.
        segment: Of which rows, as `column=value`; empty for all.
        size: The size of the largest change, in the unit of its check.
        says: In a sentence, with the numbers.
        record: A JSON object: `findings`, `examples` (rows of the log, which are never sent) and `chart`.
    """

    check: str
    columns: tuple[str, ...] = ()
    segment: str = ""
    size: float = 0.0
    says: str = ""
    record: str = "{}"


class Alert(Struct, frozen=True):
    """Something that somebody has to know.

    Attributes:
        id: Sixteen digits; the same finding in the same window always has the same.
        model: The model.
        version: The digest of its package.
        check: Which check found it.
        columns: Every column that it has shown in.
        segment: Of which rows, as `column=value`; empty for all.
        state: `firing`, `acknowledged` or `resolved`.
        began: When it fired, in seconds since 1970 UTC.
        last: When it last showed.
        resolved: When it was resolved; None while it is open.
        who: Who acknowledged it last.
        note: What they said.
        windows: The begins of the latest windows that show it, at most 168.
        size: The size of the change when it last showed.
        says: The same in a sentence.
        record: The same as a JSON object: `findings`, `examples`, `chart`.
        source: What was looked at; see `Origin`.
        silent: In how many windows since then it did not show.
        heard: The begin of the last window that counted for it.
        told: When its last change was.
        changes: How many changes it has had.
    """

    id: str
    model: str
    version: str
    check: str
    columns: tuple[str, ...]
    segment: str
    state: State
    began: float
    last: float
    resolved: float | None
    who: str
    note: str
    windows: tuple[int, ...]
    size: float
    says: str
    record: str
    source: str = WINDOWS.name
    silent: int = 0
    heard: int = 0
    told: float = 0.0
    changes: int = 0


class Change(Struct, frozen=True):
    """One change of an alert, which waits in the outbox until a receiver has it.

    Attributes:
        id: The same in every attempt to deliver it: the id of the alert and a number that counts from 1.
        alert: The id of the alert.
        model: The model.
        kind: `firing`, `again` (it still fires, or in more columns), `acknowledged` or `resolved`.
        at: When.
        body: What is sent, as JSON; it never changes.
        delivered: When a receiver took it; None before that.
        attempts: How often it was tried.
        next: When it is tried next; None where there is no receiver.
        error: Why the last attempt failed.
    """

    id: str
    alert: str
    model: str
    kind: Kind
    at: float
    body: str
    delivered: float | None = None
    attempts: int = 0
    next: float | None = None
    error: str = ""


ALERT: Final = """
    SELECT id, model, version, rule, columns, segment, state, began, last, resolved, who, note, windows, size, says,
        record, source, silent, heard, told, changes FROM alerts
"""
CHANGE: Final = "SELECT id, alert, model, kind, at, body, delivered, attempts, next, error FROM alert_changes"


def alert_of(row: Row) -> Alert:
    """Return the alert of a row of `ALERT`."""
    values = list(row)
    values[4] = msgspec.json.decode(row[4], type=tuple[str, ...])
    values[12] = msgspec.json.decode(row[12], type=tuple[int, ...])
    return Alert(*values)


def row_of(alert: Alert) -> Named:
    """Return the columns of an alert by name; `check` is a word of SQL, so its column is `rule`."""
    row = {name: getattr(alert, name) for name in Alert.__struct_fields__ if name != "check"}
    lists = {name: msgspec.json.encode(getattr(alert, name)).decode() for name in ("columns", "windows")}
    return {**row, **lists, "rule": alert.check}
