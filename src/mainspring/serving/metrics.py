"""What Prometheus reads. prometheus_client is imported here alone."""

import os
from collections import deque
from typing import Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST
SEVERAL: Final = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_KEPT: Final = 512
_REFUSED: Final = 400
_FAILED: Final = 500


class Metrics:
    """Counts and times of one worker process; where there are several, `expose` adds them up.

    Attributes:
        recent: How long the latest requests took, in seconds.
        counted: Requests for predictions, and of those the refused and the failed ones.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self._registry}
        self._requests = Counter("mainspring_requests", "Requests by route and status.", ("route", "status"), **own)
        self._seconds = Histogram(
            "mainspring_request_seconds", "Time to answer, by route.", ("route",), buckets=_SECONDS, **own
        )
        self._rows = Counter("mainspring_rows", "Rows that were predicted, by version.", ("model", "version"), **own)
        self.problems = Counter("mainspring_refused_fields", "Fields that were refused, by rule.", ("rule",), **own)
        self.fallbacks = Counter("mainspring_fallbacks", "Answers of the fallback chain, by level.", ("level",), **own)
        self.overridden = Counter("mainspring_overridden", "Requests with values that a person has set.", **own)
        live: dict[str, Any] = {**own, "multiprocess_mode": "livesum"}
        self.waiting = Gauge("mainspring_log_waiting_bytes", "Answers that wait for the prediction log.", **live)
        self.swaps = Gauge("mainspring_swaps", "Models that were swapped in.", **live)
        self.refused = Gauge("mainspring_package_refused", "1 while a package is refused for the alias.", **live)
        self.shadow = Gauge("mainspring_shadow", "Requests of the shadow.", ("outcome",), **live)
        self.recent: deque[float] = deque(maxlen=_KEPT)
        self.counted = [0, 0, 0]
        self._rows_of: dict[tuple[str, str], Any] = {}
        self._bound: dict[tuple[str, int], tuple[Any, Any]] = {}

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        bound = self._bound.get((route, status))
        if bound is None:
            counter = self._requests.labels(route, str(status))
            bound = self._bound[route, status] = (counter.inc, self._seconds.labels(route).observe)
        bound[0]()
        bound[1](seconds)
        if route == "predict":
            self.counted[0] += 1
            if status >= _REFUSED:
                self.counted[1 if status < _FAILED else 2] += 1

    def predicted(self, model: str, version: str, rows: int) -> None:
        """Count rows."""
        counter = self._rows_of.get((model, version))
        if counter is None:
            counter = self._rows_of[model, version] = self._rows.labels(model, version)
        counter.inc(rows)

    def expose(self) -> bytes:
        """Return all metrics as text."""
        registry = self._registry
        if os.environ.get(SEVERAL):
            registry = CollectorRegistry()
            collector: Any = MultiProcessCollector
            collector(registry)
        return prometheus_client.generate_latest(registry)
