"""Models that change while a service runs: what an alias stands for is loaded beside, verified, and then swapped in."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from mainspring.errors import MainspringError, ServingError
from mainspring.registry.targets import Target
from mainspring.serving.models import Served

__all__ = ["Followed", "Poller"]

LOG: Final = logging.getLogger(__name__)


class Followed:
    """A model that may be replaced. `served` is read once for each request, so that no answer is of two models.

    Args:
        target: What is served first.
        opener: What loads, verifies and warms a target up.
        outputs: The outputs that it must have, when those are given by another model.
    """

    def __init__(
        self, target: Target, opener: Callable[[Target], Served], outputs: Sequence[str] | None = None
    ) -> None:
        self._target = target
        self._opener = opener
        self._outputs = outputs
        self.served = self._open(target)
        self.swaps = 0
        self.refused: str | None = None

    def check(self) -> bool:
        """Swap the model in that the target stands for now; returns whether another is served.

        A package that cannot be loaded, or does not predict its golden samples, is refused, and what was served goes
        on; `refused` says so, until the target stands for something else.
        """
        follow = self._target.follow
        found = follow() if follow is not None else None
        if found is None:
            return False
        self._target = found
        try:
            fresh = self._open(found)
        except MainspringError as error:
            self._refuse(found, str(error))
            return False
        except Exception as error:  # whatever its source raises
            LOG.exception("A package could not be loaded")
            self._refuse(found, f"{type(error).__name__} when it was loaded")
            return False
        self.refused = None
        if fresh.digest == self.served.digest and fresh.version == self.served.version:
            return False
        LOG.info("Version %s of %s is served in place of %s", fresh.version, fresh.name, self.served.version)
        self.served = fresh
        self.swaps += 1
        return True

    def _refuse(self, found: Target, why: str) -> None:
        self.refused = f"{found.name or found.path} version {found.version}: {why}"
        LOG.warning("A package was refused, and version %s goes on being served: %s", self.served.version, self.refused)

    def _open(self, target: Target) -> Served:
        served = self._opener(target)
        if self._outputs is not None and set(served.row) != set(self._outputs):
            raise ServingError(
                f"A fallback gives {sorted(served.row)}, and the primary {sorted(self._outputs)}",
                str(target.path),
                "Give both the same outputs.",
            )
        return served


class Poller:
    """Looks at regular times whether something has changed, in a thread of its own.

    Args:
        seconds: The time between two looks.
        looks: What is called; an error of one is logged, once until it succeeds, and the next one is called.
    """

    def __init__(self, seconds: float, looks: Sequence[Callable[[], object]]) -> None:
        self._seconds = seconds
        self._looks = tuple(looks)
        self._failing: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the look that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def look(self) -> None:
        """Look now."""
        for place, look in enumerate(self._looks):
            try:
                look()
            except Exception:  # a database that is away must not end the service, nor what follows it
                if place not in self._failing:
                    LOG.exception("What is served could not be looked up; what was served goes on")
                self._failing.add(place)
            else:
                self._failing.discard(place)

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self.look()
