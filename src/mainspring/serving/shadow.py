"""A challenger that sees the same input as the model that answers; what it predicts is only logged."""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from mainspring.package.frames import Array
from mainspring.package.validating import examine
from mainspring.serving.following import Followed
from mainspring.serving.predlog.writer import Entry, PredictionLog

__all__ = ["Shadow"]

LOG: Final = logging.getLogger(__name__)
_MOST: Final = 200


class Shadow:
    """Predicts in a thread of its own, after the answer was given; when it does not keep up, requests are left out.

    Args:
        model: The challenger.
        log: Where its predictions go.
        share: The share of requests that it sees.
        draw: What draws numbers in [0, 1).
    """

    def __init__(
        self, model: Followed, log: PredictionLog, share: float, draw: Callable[[], float] = random.random
    ) -> None:
        self.model = model
        self._log, self._share, self._draw = log, share, draw
        self._queue: queue.Queue[tuple[str, dict[str, Array], int] | None] = queue.Queue(_MOST)
        self.seen = self.dropped = self.failed = 0
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, identity: str, columns: dict[str, Array], rows: int) -> None:
        """Let the challenger see an input, perhaps."""
        if self._share < 1.0 and self._draw() >= self._share:
            return
        try:
            self._queue.put_nowait((identity, columns, rows))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Predict what waits, and end."""
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (taken := self._queue.get()) is not None:
            try:
                self._predict(*taken)
            except Exception:  # a challenger that fails is what its shadow is for; the service goes on
                self.failed += 1
                if self.failed == 1:
                    LOG.exception(
                        "The challenger failed on an input that the model answered; later failures are counted"
                    )

    def _predict(self, identity: str, columns: dict[str, Array], rows: int) -> None:
        served = self.model.served
        start = time.perf_counter()
        examined = examine(served.signature, columns)
        if examined.refused:
            self.failed += 1
            return
        outputs = served.run_columns(examined.columns)
        micros = round((time.perf_counter() - start) * 1e6)
        while not self._log.ready():
            time.sleep(0.05)
        self._log.add(Entry(identity, served.model, rows, micros, examined.columns, outputs, shadow=True))
        self.seen += 1
