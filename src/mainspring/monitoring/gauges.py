"""Alerts, windows and labels as gauges for Prometheus. prometheus_client is imported here alone."""

from collections.abc import Iterable
from typing import Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge

from mainspring.monitoring.checking import Check
from mainspring.monitoring.labels import Quality
from mainspring.monitoring.windows import WindowProfile
from mainspring.tracking import Alert, Change

__all__ = ["GAUGES_TYPE", "expose_gauges"]

GAUGES_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST
_PLACE: Final = ("model", "version", "segment")
_WHAT: Final = (*_PLACE, "check")
_SHORT: Final = 12


def expose_gauges(
    alerts: Iterable[Alert],
    waiting: Iterable[Change] = (),
    *,
    now: float,
    windows: Iterable[Check | WindowProfile] = (),
    qualities: Iterable[Quality] = (),
) -> bytes:
    """Return gauges in the text format of Prometheus. Of an alert that is resolved nothing is said.

    Args:
        alerts: The open ones.
        waiting: Changes that wait for a receiver.
        now: In seconds since 1970 UTC.
        windows: The latest window of each model, version and segment; of several the later one counts.
        qualities: The latest labelled window of each; of several the later one counts.
    """
    registry = CollectorRegistry()

    def gauge(name: str, says: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(f"mainspring_{name}", says, labels, registry=registry)

    _alerts(alerts, gauge)
    _waiting(waiting, now, gauge)
    start = gauge("window_start_seconds", "Begin of the latest window, in seconds since 1970 UTC.", _PLACE)
    rows = gauge("window_rows", "Rows of the latest window.", _PLACE)
    for one in sorted(windows, key=lambda one: one.window):
        start.labels(*_place(one)).set(one.window.start)
        rows.labels(*_place(one)).set(one.rows)
    coverage = gauge("label_coverage", "Share of predictions of which it is known what turned out.", _PLACE)
    loss = gauge("label_loss", "Mean loss of labelled predictions.", _PLACE)
    for quality in sorted(qualities, key=lambda one: one.window):
        coverage.labels(*_place(quality)).set(quality.coverage)
        if quality.loss is not None:
            loss.labels(*_place(quality)).set(quality.loss)
    return prometheus_client.generate_latest(registry)


def _alerts(alerts: Iterable[Alert], gauge: Any) -> None:
    state = gauge("alert", "1 while an alert is open: firing, or acknowledged.", (*_WHAT, "source", "state"))
    size = gauge("alert_size", "Size of the change when it last showed, in the unit of its check.", (*_WHAT, "source"))
    began = gauge("alert_began_seconds", "When an alert fired, in seconds since 1970 UTC.", (*_WHAT, "source"))
    for one in alerts:
        if one.state == "resolved":
            continue
        what = (one.model, one.version[:_SHORT], one.segment, one.check, one.source)
        state.labels(*what, one.state).set(1)
        size.labels(*what).set(one.size)
        began.labels(*what).set(one.began)


def _waiting(waiting: Iterable[Change], now: float, gauge: Any) -> None:
    count = gauge("alert_changes_waiting", "Changes of alerts that no receiver has taken yet.", ("model",))
    oldest = gauge("alert_changes_oldest_seconds", "How long the first of them has waited.", ("model",))
    every: dict[str, list[float]] = {}
    for change in waiting:
        every.setdefault(change.model, []).append(change.at)
    for model, times in every.items():
        count.labels(model).set(len(times))
        oldest.labels(model).set(max(0.0, now - min(times)))


def _place(one: Check | WindowProfile | Quality) -> tuple[str, str, str]:
    return one.window.model, one.window.version[:_SHORT], one.window.segment
