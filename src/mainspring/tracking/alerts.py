"""Alerts: what was found and still holds, what people said of it, and what is yet to be delivered of that.

The rules by which an alert fires, is told again and resolves are the pure functions at the end. `Alerts` applies them
in one transaction with the outbox: each change of an alert is a row that waits until a receiver has it.
"""

import builtins
import math
from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, replace

from mainspring.digest import tagged
from mainspring.errors import NotFoundError, TrackingError, nearest
from mainspring.tracking.alert_rows import (
    ALERT,
    CHANGE,
    WINDOWS,
    Alert,
    Change,
    Kind,
    Origin,
    Raised,
    State,
    alert_of,
    row_of,
)
from mainspring.tracking.database import Database, Named, storable

__all__ = ["WINDOWS", "Alert", "Alerts", "Change", "Kind", "Origin", "Raised", "State", "backoff"]

_FORMAT: Final = "mainspring-alert/1"
_ID: Final = 16
_KEPT: Final = 168
_SENT: Final = ("findings", "chart", "links")  # of the record: rows of the log stay in the home
_ASIDE: Final = ("record", "silent", "heard", "told", "changes")
_ERROR: Final = 500
_FIRST: Final = 15.0
_LONGEST: Final = 900.0
_NEAREST_OF: Final = 100

# On Postgres this also makes those who change alerts of a model take turns, until their transactions end.
_HOLD: Final = """
    INSERT INTO alert_windows (model, version, source, at) VALUES (:model, '', '', 0)
    ON CONFLICT (model, version, source) DO UPDATE SET at = alert_windows.at
"""
_ADVANCE: Final = """
    INSERT INTO alert_windows (model, version, source, at) VALUES (:model, :version, :source, :at)
    ON CONFLICT (model, version, source) DO UPDATE SET at = excluded.at WHERE alert_windows.at < excluded.at
"""
_ADD: Final = """
    INSERT INTO alerts (id, model, version, source, rule, segment, columns, state, began, last, resolved, who, note,
        windows, size, says, record, silent, heard, told, changes)
    VALUES (:id, :model, :version, :source, :rule, :segment, :columns, :state, :began, :last, :resolved, :who, :note,
        :windows, :size, :says, :record, :silent, :heard, :told, :changes)
"""
_SET: Final = """
    UPDATE alerts SET columns = :columns, state = :state, last = :last, resolved = :resolved, who = :who, note = :note,
        windows = :windows, size = :size, says = :says, record = :record, silent = :silent, heard = :heard,
        told = :told, changes = :changes
    WHERE id = :id
"""
_OPEN: Final = f"{ALERT} WHERE model = :model AND state <> 'resolved' ORDER BY began, id"
_POST: Final = """
    INSERT INTO alert_changes (id, alert, model, kind, at, body, delivered, attempts, next, error)
    VALUES (:id, :alert, :model, :kind, :at, :body, :delivered, :attempts, :next, :error)
"""
_DUE: Final = f"{CHANGE} WHERE delivered IS NULL AND next IS NOT NULL"
_TAKEN: Final = """
    UPDATE alert_changes SET delivered = :now, attempts = attempts + 1, error = ''
    WHERE id = :id AND delivered IS NULL
"""
_FAILED: Final = """
    UPDATE alert_changes SET attempts = :attempts, next = :next, error = :error WHERE id = :id AND delivered IS NULL
"""
_SPARE: Final = "UPDATE alert_changes SET next = NULL WHERE model = :model AND delivered IS NULL AND next IS NOT NULL"


class Alerts:
    """The alerts of one database, and the outbox of their changes.

    Changes of the alerts of one model follow each other, whoever makes them; each is one transaction with its alert.
    Times are given, so that months can be rehearsed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def observe(
        self,
        model: str,
        version: str,
        at_window: int,
        found: Iterable[Raised],
        *,
        now: float,
        source: Origin = WINDOWS,
    ) -> list[Change]:
        """Return what changes because a window shows what it shows; nothing where it, or a later one, was observed.

        What is raised by one check in one segment is one alert, while it lasts: a column that joins is told again, also
        where the alert was acknowledged. An alert that does not show in `source.of` windows of its model, one after the
        other, is resolved. That holds too for those of a version that is not observed any more.

        Args:
            model: The model.
            version: The digest of its package.
            at_window: The begin of the window; where no window is looked at, the time of the look. In whole seconds
                since 1970 UTC.
            found: All that was found in it, of all segments; empty where there is nothing.
            now: In seconds since 1970 UTC.
            source: What was looked at; its windows count apart from those of others. What is looked at twice at one
                time has two names.
        """
        with self._database.transaction():
            self._hold(model)
            place: Named = {"model": model, "version": version, "source": source.name, "at": at_window}
            if not self._database.write(_ADVANCE, [place]):
                return []
            shown = _grouped(found)
            kept: list[Change | None] = []
            for alert in self._open(model):
                if alert.source != source.name:
                    continue
                mine = alert.version == version
                raised = shown.pop((alert.check, alert.segment), None) if mine else None
                if raised is None:
                    kept.append(self._keep(*_silent(alert, at_window, source.of, now)))
                else:
                    kept.append(self._keep(*_shown(alert, raised, at_window, now)))
            for raised in shown.values():
                alert = _fired(raised, (model, version, source.name), at_window, now)
                self._database.write(_ADD, [row_of(alert)])
                kept.append(self._keep(alert, "firing"))
        return [one for one in kept if one is not None]

    def observed(self, model: str, version: str, source: Origin = WINDOWS) -> int | None:
        """Return the begin of the last window that was observed; None where none was."""
        rows = self._database.read(
            "SELECT at FROM alert_windows WHERE model = :model AND version = :version AND source = :source",
            model=model,
            version=version,
            source=source.name,
        )
        return int(rows[0][0]) if rows else None

    def acknowledge(self, alert: str, *, who: str, note: str, now: float) -> Alert:
        """Return an alert that somebody looks after: it is not told again, unless it spreads to another column.

        One that is acknowledged stays as it is.

        Raises:
            NotFoundError: There is no such alert.
            TrackingError: It is resolved.
        """
        model = self.get(alert).model
        with self._database.transaction():
            self._hold(model)
            found = self.get(alert)
            if found.state == "resolved":
                raise TrackingError(
                    f"Alert {found.id} is resolved, so there is nothing to acknowledge",
                    fix="See those that are open: mainspring alerts list.",
                )
            if found.state == "firing":
                found = replace(found, state="acknowledged", who=storable(who), note=storable(note), told=now)
                self._keep(found, "acknowledged")
                found = self.get(found.id)
        return found

    def remind(self, now: float, every: float, model: str) -> list[Change]:
        """Return the changes that tell again of what has been firing for so many seconds since it was last told.

        Nothing is told again while what was told before still waits for its receiver.
        """
        with self._database.transaction():
            self._hold(model)
            waiting = {one.alert for one in self.undelivered((model,))}
            silent = [one for one in self._open(model) if one.state == "firing" and one.told + every <= now]
            told = [self._keep(replace(one, told=now), "again") for one in silent if one.id not in waiting]
        return [one for one in told if one is not None]

    def list(
        self, state: State | None = None, model: str | None = None, *, limit: int | None = None
    ) -> builtins.list[Alert]:
        """Return alerts, the newest first, of one state or model or of all."""
        asked: dict[str, str | int] = {}
        if state is not None:
            asked["state"] = state
        if model is not None:
            asked["model"] = model
        where = " AND ".join(f"{name} = :{name}" for name in asked)
        sql = f"{ALERT} {f'WHERE {where}' if where else ''} ORDER BY began DESC, id"
        if limit is not None:
            sql, asked["limit"] = f"{sql} LIMIT :limit", limit
        return [alert_of(row) for row in self._database.read(sql, **asked)]

    def open(self, model: str | None = None) -> builtins.list[Alert]:
        """Return the alerts that are not resolved, the newest first."""
        return [one for state in _STILL for one in self.list(state, model)]

    def get(self, alert: str) -> Alert:
        """Return the alert of an id, or of the unique beginning of one.

        Raises:
            NotFoundError: There is none, or more than one.
        """
        begins = f"{ALERT} WHERE id >= :first AND id < :last ORDER BY id LIMIT 3"
        found = [alert_of(row) for row in self._database.read(begins, first=alert, last=f"{alert}g")] if alert else []
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(one.id for one in found)
            raise NotFoundError(f"More than one alert begins with '{alert}'", listed, "Write more of its id.")
        near = nearest(alert, [one.id for one in self.list(limit=_NEAREST_OF)])
        fix = f"Did you mean '{near}'?" if near else "See those that there are: mainspring alerts list --all."
        raise NotFoundError(f"There is no alert '{alert}'", None, fix)

    def changes(self, alert: str) -> builtins.list[Change]:
        """Return the changes of an alert, the earliest first."""
        rows = self._database.read(f"{CHANGE} WHERE alert = :alert ORDER BY number", alert=alert)
        return [Change(*row) for row in rows]

    def newest(self) -> int:
        """Return the number of the latest change of any alert; 0 where there is none."""
        return int(self._database.read("SELECT COALESCE(MAX(number), 0) FROM alert_changes")[0][0])

    def waiting(self, now: float, models: Collection[str] | None = None) -> builtins.list[Change]:
        """Return the changes to deliver now, in their order; none before the first of them is due again.

        Args:
            now: In seconds since 1970 UTC.
            models: Those whose changes go to one receiver; all where nothing is said.
        """
        found = self.undelivered(models)
        return found if found and (found[0].next or 0.0) <= now else []

    def undelivered(self, models: Collection[str] | None = None) -> builtins.list[Change]:
        """Return the changes that wait for a receiver, due or not, in their order."""
        if models is None:
            return [Change(*row) for row in self._database.read(f"{_DUE} ORDER BY number")]
        sql = f"{_DUE} AND model IN :models ORDER BY number"
        return [Change(*row) for row in self._database.read(sql, models=tuple(models))]

    def delivered(self, change: Change, now: float) -> None:
        """Record that a receiver has taken a change."""
        self._database.write(_TAKEN, [{"id": change.id, "now": now}])

    def failed(self, change: Change, error: str, now: float) -> float:
        """Return when a change that could not be delivered is tried again; see `backoff`."""
        attempts = change.attempts + 1
        due = now + backoff(attempts)
        said = storable(error)[:_ERROR]
        self._database.write(_FAILED, [{"id": change.id, "attempts": attempts, "next": due, "error": said}])
        return due

    def spare(self, model: str) -> int:
        """Return how many changes of a model are not to be delivered, since nobody wants to receive them."""
        return self._database.write(_SPARE, [{"model": model}])

    def _hold(self, model: str) -> None:
        self._database.write(_HOLD, [{"model": model}])

    def _open(self, model: str) -> builtins.list[Alert]:
        return [alert_of(row) for row in self._database.read(_OPEN, model=model)]

    def _keep(self, alert: Alert, kind: Kind | None) -> Change | None:
        """Keep an alert, and the change that it tells of, if any."""
        if kind is None:
            self._database.write(_SET, [row_of(alert)])
            return None
        alert = replace(alert, changes=alert.changes + 1)
        self._database.write(_SET, [row_of(alert)])
        name = f"{alert.id}-{alert.changes}"
        body = _body(alert, kind, name)
        change = Change(name, alert.id, alert.model, kind, alert.told, body, next=alert.told)
        self._database.write(_POST, [asdict(change)])
        return change


_STILL: Final[tuple[State, ...]] = ("firing", "acknowledged")


def backoff(attempts: int) -> float:
    """Return how many seconds to wait after so many attempts: 15, 30, 60 … up to 900.

    >>> [backoff(attempts) for attempts in (1, 2, 3, 7, 1000)]
    [15.0, 30.0, 60.0, 900.0, 900.0]
    """
    return min(_FIRST * 2.0 ** min(attempts - 1, 10), _LONGEST)


def _grouped(found: Iterable[Raised]) -> dict[tuple[str, str], Raised]:
    """What is raised, as it can be stored; one for each check and segment."""
    every: dict[tuple[str, str], Raised] = {}
    for raised in found:
        size = 0.0 if math.isnan(raised.size) else float(raised.size)
        columns = tuple(map(storable, raised.columns))
        check, segment, says, record = map(storable, (raised.check, raised.segment, raised.says, raised.record))
        one = Raised(check, columns, segment, size, says, record, raised.windows)
        before = every.get((check, segment))
        every[check, segment] = one if before is None else _joined(before, one)
    return every


def _joined(first: Raised, second: Raised) -> Raised:
    """Two of one check and segment as one; the larger speaks."""
    large, small = (second, first) if abs(second.size) > abs(first.size) else (first, second)
    left, right = (msgspec.json.decode(one.record, type=dict[str, Any]) for one in (large, small))
    record = right | left
    for name in ("findings", "examples"):
        if name in left and name in right:
            record[name] = [*left[name], *right[name]]
    columns = tuple(dict.fromkeys((*first.columns, *second.columns)))
    windows = (*first.windows, *second.windows)
    return replace(large, columns=columns, record=msgspec.json.encode(record).decode(), windows=windows)


def _fired(raised: Raised, place: tuple[str, str, str], at: int, now: float) -> Alert:
    model, version, source = place
    name = tagged("alert/1", *place, raised.check, raised.segment, str(at))[:_ID]
    return Alert(
        name,
        model,
        version,
        raised.check,
        raised.columns,
        raised.segment,
        "firing",
        began=now,
        last=now,
        resolved=None,
        who="",
        note="",
        windows=_latest((*raised.windows, at)),
        size=raised.size,
        says=raised.says,
        record=raised.record,
        source=source,
        heard=at,
        told=now,
    )


def _shown(alert: Alert, raised: Raised, at: int, now: float) -> tuple[Alert, Kind | None]:
    """An alert that shows once more. Rows that were shown before stay, where there are no others."""
    columns = tuple(dict.fromkeys((*alert.columns, *raised.columns)))
    old, new = (msgspec.json.decode(one.record, type=dict[str, Any]) for one in (alert, raised))
    after = replace(
        alert,
        columns=columns,
        last=now,
        windows=_latest((*alert.windows, *raised.windows, at)),
        size=raised.size,
        says=raised.says,
        record=msgspec.json.encode(old | {name: value for name, value in new.items() if value}).decode(),
        silent=0,
        heard=at,
    )
    if columns == alert.columns:
        return after, None
    return replace(after, state="firing", told=now), "again"


def _latest(windows: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(windows)))[-_KEPT:]


def _silent(alert: Alert, at: int, of: int, now: float) -> tuple[Alert, Kind | None]:
    """An alert that does not show in a window. Windows of several versions at one time count once."""
    if at <= alert.heard:
        return alert, None
    after = replace(alert, silent=alert.silent + 1, heard=at)
    if after.silent < of:
        return after, None
    return replace(after, state="resolved", resolved=now, told=now), "resolved"


def _body(alert: Alert, kind: Kind, name: str) -> str:
    record = msgspec.json.decode(alert.record, type=dict[str, Any])
    said = {one: value for one, value in asdict(alert).items() if one not in _ASIDE}
    said |= {one: record[one] for one in _SENT if one in record}
    whole = {"format": _FORMAT, "id": name, "kind": kind, "at": alert.told, "alert": said}
    return msgspec.json.encode(whole).decode()
