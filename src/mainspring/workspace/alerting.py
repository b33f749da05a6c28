"""Alerts of a home: findings of its windows observed, what changed told to receivers, and gauges of all of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from mainspring.config.monitor import Monitor, read_monitor
from mainspring.errors import ConfigError
from mainspring.monitoring import Check, Delivered, Finding, deliver, raised_by_check
from mainspring.tracking import Alerts, Change, Origin
from mainspring.workspace.windows import Checked, explain

__all__ = ["observe_checked", "tell", "windows_of"]

_ROWS: Final = 5


def windows_of(monitor: Monitor, segment: str = "") -> Origin:
    """Return what is looked at in windows: those of each segment count for themselves."""
    return Origin(f"windows {segment}".strip(), monitor.of)


def observe_checked(
    alerts: Alerts, checked: Checked, *, now: float, monitor: Monitor | None = None, home: Path | None = None
) -> list[Change]:
    """Return what changes in the alerts of a model because of its windows; those observed before count no more.

    Rows of the log are looked for only where a column shows something that no open alert has yet.

    Args:
        alerts: Where alerts are kept.
        checked: What came of the windows, the earliest first.
        now: In seconds since 1970 UTC.
        monitor: How the model is watched.
        home: The home; by default that of the project around the working directory.
    """
    changes: list[Change] = []
    if not checked.checks:
        return changes
    source = windows_of(monitor or Monitor(), checked.checks[0].window.segment)
    seen = alerts.observed(checked.model, checked.version, source)
    for place, check in enumerate(checked.checks):
        if seen is not None and check.window.start <= seen:
            continue
        examples = _examples(alerts, checked, check, home) if check.findings else {}
        raised = raised_by_check(check, checked.checks[:place], examples)
        changes += alerts.observe(checked.model, checked.version, check.window.start, raised, now=now, source=source)
    return changes


def tell(alerts: Alerts, config: Path, now: float) -> list[Delivered]:
    """Return what came of telling receivers what changed, one for each; alerts that still fire are told again first.

    The receiver of a model is that of `[monitor]`, or of `[monitor.MODEL]`. What has none is not to be delivered.

    Args:
        alerts: The alerts, with their outbox.
        config: The configuration file.
        now: In seconds since 1970 UTC.

    Raises:
        ConfigError: The table `[monitor]` does not fit.
    """
    receivers: dict[tuple[str, str], list[str]] = {}
    told: list[Delivered] = []
    models = {one.model for one in alerts.open()} | {one.model for one in alerts.undelivered()}
    for model in sorted(models):
        monitor = read_monitor(config, model)
        try:
            url, secret = monitor.receiver()
        except ConfigError as error:
            told.append(_untold(alerts, model, " ".join(error.what.split()), now))
            continue
        if not url:
            alerts.spare(model)
            continue
        alerts.remind(now, monitor.repeat_seconds, model)
        receivers.setdefault((url, secret), []).append(model)
    return told + [deliver(alerts, *receiver, now, models=models) for receiver, models in receivers.items()]


def _untold(alerts: Alerts, model: str, error: str, now: float) -> Delivered:
    """What came of a receiver that the environment does not name: it is shown, and tried again."""
    due = alerts.waiting(now, (model,))
    again = alerts.failed(due[0], error, now) if due else None
    return Delivered(0, len(alerts.undelivered((model,))), error, again)


def _examples(
    alerts: Alerts, checked: Checked, check: Check, home: Path | None
) -> dict[tuple[str, str], Sequence[dict[str, Any]]]:
    known = {
        (one.check, column)
        for one in alerts.open(checked.model)
        if (one.version, one.segment) == (checked.version, check.window.segment)
        for column in one.columns or ("",)
    }
    fresh: Iterable[Finding] = (one for one in check.findings if (one.check, one.column) not in known)
    return {
        (one.check, one.column): [
            {"id": row.id, "row": row.row, "values": row.values}
            for row in explain(one, check.window, home, count=_ROWS)
        ]
        for one in fresh
    }
