"""From a request to an answer: the chain of models, overrides, the log, the shadow."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

from mainspring.package.frames import Array
from mainspring.serving.following import Followed
from mainspring.serving.ids import Ids
from mainspring.serving.models import Served
from mainspring.serving.overriding import Overrides
from mainspring.serving.predlog.writer import Entry, PredictionLog
from mainspring.serving.reading import Input
from mainspring.serving.refusing import RefusedError
from mainspring.serving.shadow import Shadow

__all__ = ["Answered", "Answering"]

Read = Callable[[Served], Input]
INLINE_BYTES: Final = 48 << 10
INLINE_SECONDS: Final = 0.004
PATIENCE: Final = 0.5


class Answered(NamedTuple):
    """An answer.

    Attributes:
        id: Its identity.
        served: The model that gave it.
        given: What it was given for.
        outputs: The predictions.
        level: Which of the chain gave it; 0 is the primary.
        reason: Why those before it did not.
        overridden: Which rows a person has set.
    """

    id: str
    served: Served
    given: Input
    outputs: dict[str, Array]
    level: int
    reason: str
    overridden: tuple[dict[str, Any], ...]


class _Worked(NamedTuple):
    served: Served
    given: Input
    outputs: dict[str, Array]
    level: int
    reason: str


class Answering:
    """Gives answers, on the event loop of one worker process.

    Args:
        chain: The models, the primary first.
        ids: Makes identities.
        log: The prediction log; None when there is none.
        overrides: What persons have set.
        shadow: The challenger.
        seconds: How long one answer may take.
    """

    def __init__(
        self,
        chain: Sequence[Followed],
        ids: Ids,
        log: PredictionLog | None,
        *,
        overrides: Overrides | None = None,
        shadow: Shadow | None = None,
        seconds: float = 10.0,
    ) -> None:
        self.chain = tuple(chain)
        self.log = log
        self.overrides = overrides
        self.shadow = shadow
        self.ids = ids
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(2, "answer")
        self.stuck = 0

    async def answer(self, read: Read, size: int) -> Answered:
        """Return an answer.

        Args:
            read: Reads the request for a model.
            size: The bytes of the request, by which its cost is told before it is read.

        Raises:
            RefusedError: The request cannot be answered; its status says whose fault that is.
        """
        start = time.perf_counter()
        if self.log is not None and not self.log.ready():
            await self._wait_for(self.log)
        chain = [one.served for one in self.chain]
        if size <= INLINE_BYTES and chain[0].call_seconds <= INLINE_SECONDS:
            worked = _work(chain, read)
        else:
            worked = await self._beside(chain, read)
        served, given, outputs, level, reason = worked
        told: tuple[dict[str, Any], ...] = ()
        if self.overrides is not None and self.overrides.all:
            outputs, told = self.overrides.apply(served.signature, given.columns, outputs, given.rows)
        identity = self.ids.make()
        if self.log is not None:
            micros = int((time.perf_counter() - start) * 1e6)
            marks = tuple([(one.path, one.rule) for one in given.marks])
            self.log.add(
                Entry(identity, served.model, given.rows, micros, given.columns, outputs, level, reason, marks, told)
            )
        if self.shadow is not None:
            self.shadow.offer(identity, given.columns, given.rows)
        return Answered(identity, served, given, outputs, level, reason, told)

    def close(self) -> None:
        """End what answers beside the event loop."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self.shadow is not None:
            self.shadow.close()

    async def _wait_for(self, log: PredictionLog) -> None:
        """Wait a little for a log that does not keep up; an answer that could be lost silently is not given."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            await asyncio.sleep(0.02)
            if log.ready():
                return
        raise RefusedError(503, "The prediction log does not keep up, so nothing is answered for now", retry=1)

    async def _beside(self, chain: list[Served], read: Read) -> _Worked:
        """Work in a thread, within the time that one answer may take."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, _work, chain, read)
        done, _ = await asyncio.wait([future], timeout=self._seconds)
        if not done:
            # A thread cannot be stopped: it counts as a request under way until it ends.
            self.stuck += 1
            future.add_done_callback(self._unstuck)
            raise RefusedError(503, f"The answer takes longer than {self._seconds:g} s", retry=1)
        return future.result()

    def _unstuck(self, future: "asyncio.Future[Any]") -> None:
        self.stuck -= 1
        if not future.cancelled():
            future.exception()


def _work(chain: list[Served], read: Read) -> _Worked:
    """Read and predict with the first model of the chain that can."""
    first: Exception | None = None
    reasons = []
    for level, served in enumerate(chain):
        last = level == len(chain) - 1
        try:
            given = read(served)
        except RefusedError as error:
            if not error.absent or last:
                raise first or error from None
            first = first or error
            paths = ", ".join(dict.fromkeys(one.path.partition(".")[2] for one in error.problems))
            reasons.append(f"{served.name} {served.version} needs {paths}")
            continue
        try:
            outputs = served.run_columns(given.columns)
        except Exception as error:  # whatever a stage raises: the next model of the chain answers, or all failed
            if last:
                raise
            first = first or error
            reasons.append(f"{served.name} {served.version} failed: {type(error).__name__}")
            continue
        return _Worked(served, given, outputs, level, "; ".join(reasons))
    raise RefusedError(503, "There is no model", retry=1)
