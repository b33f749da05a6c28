"""What the monitoring report shows, as plain values for JSON: the same facts."""

import math
import time
from typing import Any, Final

from mainspring.monitoring import Episode, Figured, Level, Quality, Stretch, Track
from mainspring.tracking import Alert, Change
from mainspring.workspace.monitor_facts import Account
from mainspring.workspace.monitor_labels import Labelled

__all__ = ["record_of"]

_LATEST: Final = 48
_FIGURES: Final = ("size", "value", "expected", "threshold", "p", "adjusted")


def record_of(account: Account) -> dict[str, Any]:
    """Return the facts of a report; levels are those of the latest 48 windows, times are ISO 8601 in UTC."""
    return {
        "model": account.model or None,
        "made": _stamp(account.now),
        "since": _stamp(account.since),
        "until": _stamp(account.until),
        "segment": account.asked.part.segment,
        "champion": account.story.champion,
        "versions": [_version(one) for one in account.stretches],
        "checks": _checks(account),
        "found": [_episode(*one) for one in account.found],
        "late": None if account.late is None else account.late.says,
        "labels": [_labels(one) for one in account.labelled],
        "units": account.units,
        "alerts": [
            _alert(one, changes) for one, changes in zip(account.story.alerts, account.story.changes, strict=True)
        ],
        "service": [_figure(one) for one in account.service],
        "training": [_figure(one) for one in account.training],
        "events": [
            {"at": _stamp(one.at), "kind": one.kind, "says": one.says, "seconds": one.seconds, **one.about}
            for one in account.story.events
        ],
        "elsewhere": account.story.elsewhere,
    }


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _plain(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    return float(f"{number:.7g}") if math.isfinite(number) else None


def _version(one: Stretch) -> dict[str, Any]:
    followed = one.followed
    windows = followed.windows
    latest = slice(-_LATEST, None)
    return {
        "version": one.version,
        "name": one.name,
        "reference": one.reference,
        "reference_until": _stamp(one.until),
        "reference_before": one.before,
        "cold": one.cold,
        "seasons": one.seasons,
        "windows": len(windows),
        "checked": len(followed.judged),
        "rows": int(followed.rows.sum()),
        "starts": [_stamp(window.start) for window in windows[latest]],
        "levels": [_level(level, latest) for level in followed.levels],
        **{name: [_plain(value) for value in values[latest]] for name, values in followed.shares.items()},
    }


def _level(one: Level, part: slice) -> dict[str, Any]:
    sides = {name: [_plain(value) for value in getattr(one, name)[part]] for name in ("value", "low", "high")}
    return {"name": one.name, "of": one.label, **sides}


def _checks(account: Account) -> dict[str, Any] | None:
    latest = account.latest
    if latest is None or not account.judged:
        return None
    window = latest.followed.judged[-1]
    level = latest.rules.level
    return {
        "window": _stamp(window.start),
        "rows": int(latest.followed.rows[-1]),
        "measures": [_measure(one, level) for one in latest.followed.tracks],
    }


def _measure(one: Track, level: float) -> dict[str, Any]:
    figures = {name: _plain(getattr(one, name)[-1]) for name in _FIGURES}
    return {"check": one.check, "column": one.column, "state": one.state(-1, level), **figures, "by": one.distance(-1)}


def _episode(version: str, one: Episode, values: tuple[str, ...]) -> dict[str, Any]:
    return {
        "version": version,
        "check": one.check,
        "column": one.column,
        "began": _stamp(one.windows[0].start),
        "ended": _stamp(one.windows[-1].end),
        "windows": len(one.windows),
        "lasts": one.lasts,
        "peak": _stamp(one.peak.start),
        "size": _plain(one.size),
        "threshold": _plain(one.threshold),
        "adjusted": _plain(one.adjusted),
        "says": one.says,
        "values": list(values),
    }


def _alert(one: Alert, changes: tuple[Change, ...]) -> dict[str, Any]:
    return {
        "id": one.id,
        "check": one.check,
        "columns": list(one.columns),
        "segment": one.segment,
        "state": one.state,
        "began": _stamp(one.began),
        "last": _stamp(one.last),
        "resolved": None if one.resolved is None else _stamp(one.resolved),
        "who": one.who,
        "note": one.note,
        "size": _plain(one.size),
        "says": one.says,
        "delivered": [one.delivered is not None for one in changes],
    }


def _figure(one: Figured) -> dict[str, Any]:
    moved = one.moved
    return {
        "figure": one.name,
        "unit": one.unit,
        "latest": _plain(one.values[-1]),
        "at": _stamp(one.times[-1]),
        "values": len(one.values),
        "jumps": None if moved is None else moved.jump,
        "leaks": None if moved is None else moved.leak,
        "usual": None if moved is None else _plain(moved.expected),
        "band": None if moved is None else [_plain(side) for side in moved.band],
        "says": one.says,
    }


def _labels(one: Labelled) -> dict[str, Any]:
    return {
        "name": one.name,
        "predictions": sum(each.predictions for each in one.windows),
        "labelled": sum(each.labelled for each in one.windows),
        "usual": _plain(one.usual),
        "low": _plain(one.low),
        "high": _plain(one.high),
        "since": None if one.since is None else _stamp(one.since),
        "larger": one.larger if one.since is not None else None,
        "remark": one.remark,
        "windows": [
            {**_quality(each), "expected": None if told is None else [_plain(side) for side in told]}
            for each, told in list(zip(one.windows, one.estimates, strict=False))[-_LATEST:]
        ],
    }


def _quality(one: Quality) -> dict[str, Any]:
    return {
        "start": _stamp(one.window.start),
        "predictions": one.predictions,
        "labelled": one.labelled,
        "loss": _plain(one.loss),
        "spread": _plain(one.spread),
    }
