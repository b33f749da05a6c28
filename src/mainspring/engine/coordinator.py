"""The coordinator: makes a plan true, by hits where it can and by workers where it must."""

import os
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mainspring.digest import Artifact, File
from mainspring.engine import failures
from mainspring.engine.files import InputFiles
from mainspring.engine.interrupts import Interrupts
from mainspring.engine.keys import Key, Keys
from mainspring.engine.ledger import Ledger, Pending
from mainspring.engine.messages import CorruptInput, Death, Done, Evidence, Failed, Logged, Metrics, Setup, Usage
from mainspring.engine.pool import Pool
from mainspring.engine.schedule import Job, Schedule
from mainspring.engine.tasks import task_of
from mainspring.errors import (
    InputError,
    LeaseLostError,
    MainspringError,
    MissingBlobError,
    StepFailedError,
    StoreError,
)
from mainspring.events import BlobRecomputed, RunFinished, StepsAdded, StepStarted, StepWaiting
from mainspring.graph import Dag
from mainspring.graph.code import Code
from mainspring.store import BlobStore
from mainspring.tracking import Lease, ResultRow

if TYPE_CHECKING:
    from mainspring.engine.process import Worker

__all__ = ["Coordinator", "Options", "Outcome", "Workshop"]

_LONGEST_POLL = 1.0
_NOTHING = Usage(0.0, 0.0, 0)


class Options(Struct, frozen=True):
    """How a plan is executed; none of it changes a cache key.

    Attributes:
        workers: Number of slots.
        force: Steps that run although they are hits.
        only: Steps that may run; everything they need must be a hit. Empty: all.
        keep_bytes: Size up to which input files are kept.
    """

    workers: int
    force: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    keep_bytes: int = 0


class Outcome(Struct, frozen=True):
    """How a run ended: its status, the error of the first step that failed, and what it returns (artifacts inside)."""

    status: str
    error: str | None
    result: Any
    seconds: float


class Workshop(Struct):
    """What a coordinator works with.

    Attributes:
        dag: What is to be made true.
        ledger: Where the facts go.
        keys: Makes cache keys.
        files: Input files of the run.
        blobs: The store.
        setup: What a worker has to know.
        options: How to execute.
        why: Returns why a job is no hit, in words.
        belongings: Returns what belongs to the run as a whole, such as the source of everything that its steps reach.
    """

    dag: Dag
    ledger: Ledger
    keys: Keys
    files: InputFiles
    blobs: BlobStore
    setup: Setup
    options: Options
    why: Callable[[Job, Key], str]
    belongings: Callable[[dict[str, Code]], list[Artifact]]


class Coordinator:
    """Executes one plan. Used from one thread; what it works with is its alone while it runs."""

    def __init__(self, workshop: Workshop) -> None:
        self.dag = workshop.dag
        self.ledger = workshop.ledger
        self.keys = workshop.keys
        self.files = workshop.files
        self.blobs = workshop.blobs
        self.setup = workshop.setup
        self.options = workshop.options
        self.why = workshop.why
        self.belongings = workshop.belongings
        self._schedule = Schedule(self.dag)
        self._pool = Pool(self.options.workers, self.setup)
        self._kept: dict[str, Artifact | None] = {}
        self._queue: deque[Pending] = deque()
        self._waiting: list[Pending] = []
        self._running: dict[str, Pending] = {}
        self._followers: dict[str, list[Job]] = {}
        self._forced: set[str] = set()
        self._recent: dict[str, ResultRow] = {}

    def execute(self) -> Outcome:
        """Run the plan to its end.

        Raises:
            KeyboardInterrupt: After every worker is gone and every fact is written.
            RuntimeError: A step was forgotten: a fault in the bookkeeping, recorded as a failed run.
        """
        start = time.monotonic()
        with Interrupts() as interrupts:
            self.ledger.begin(len(self.dag.nodes))
            try:
                with interrupts.heard():
                    self._loop()
            except LeaseLostError:
                self._pool.close()  # nothing more can be recorded: the run has been declared lost
                raise
            except BaseException as error:
                self._stop(error)
                self._end("failed", "interrupted" if isinstance(error, KeyboardInterrupt) else str(error), start)
                raise
            self._pool.close()
            failed = self.ledger.failed
            first = failed[0].error if failed else None
            return self._end("failed" if failed else "succeeded", first, start)

    def _end(self, status: str, error: str | None, start: float) -> Outcome:
        self.files.save()
        kept = [artifact for artifact in self._kept.values() if artifact is not None]
        try:
            kept += self.belongings(self.keys.codes)
        except StoreError as problem:  # a full disk, say: that the run failed must be on record nevertheless
            status, error = "failed", error or str(problem)
        self.ledger.finish(status, error, kept)
        seconds = time.monotonic() - start
        self.ledger.emit(RunFinished(self.ledger.run.id, status, seconds))
        return Outcome(status, error, self._schedule.result(self.dag.result), seconds)

    def _stop(self, error: BaseException) -> None:
        self._pool.close()
        cause = StepFailedError("Interrupted") if isinstance(error, KeyboardInterrupt) else error
        for pending in [*self._running.values(), *self._queue]:
            if pending.lease is not None:
                self.ledger.facts.leases.release(pending.lease)
                self.ledger.failure(pending, Exception(str(cause)), _NOTHING)

    def _loop(self) -> None:
        facts, run = self.ledger.facts, self.ledger.run
        for last in facts.runs.list(1, pipeline=run.pipeline, before=run.id):
            self._recent = facts.results.used_by(last.id)
        while True:
            self._settle_ready()
            self._dispatch()
            if self._schedule.ready:
                continue  # a result that another run committed meanwhile was a hit, and made more ready
            if not self._pool.busy and not self._waiting and not self._queue:
                break
            self.ledger.flush()
            seconds = min(self.ledger.beat(self._running.values()), self._next_poll())
            for worker, message in self._pool.wait(seconds):
                self._take(worker, message)
        if forgotten := self._schedule.unfinished:
            raise RuntimeError(f"Nothing is left to do, but these steps did not end: {', '.join(forgotten)}")

    def _settle_ready(self) -> None:
        for job in self._schedule.take():
            for node, count in self._schedule.added:
                self.ledger.emit(StepsAdded(self.ledger.run.id, node, count))
            self._schedule.added.clear()
            try:
                key = self.keys.of(job)
            except MainspringError as error:
                self.ledger.unready(job, failures.from_error(job.node, job.name, error))
                self._skip_dependents(job)
                continue
            self._settle(job, key)

    def _settle(self, job: Job, key: Key) -> None:
        forced = job.node.step.name in self.options.force and key.digest not in self._forced
        recent = self._recent.pop(key.digest, None)
        if not forced and self._hit(job, key, recent):
            return
        reason = "forced" if forced else self.why(job, key)
        only = self.options.only
        if only and job.node.step.name not in only:
            error = StepFailedError(
                f"Step '{job.name}' has no stored result ({reason})",
                job.node.where,
                f"--only {' '.join(sorted(only))} needs it: run without --only first.",
            )
            self.ledger.unready(job, error)
            self._skip_dependents(job)
        elif key.digest in self._running:
            self._followers.setdefault(key.digest, []).append(job)
        else:
            self._queue.append(Pending(job, key, reason))

    def _hit(self, job: Job, key: Key, known: ResultRow | None = None) -> bool:
        """Say whether a job is a hit, by a result that is known or that any run has stored; if so, settle it."""
        result = known or self.ledger.facts.results.find([key.digest]).get(key.digest)
        if result is None:
            return False
        lost = next((artifact for artifact in result.artifacts if not self.blobs.has(artifact.blob)), None)
        if lost is not None:
            self.ledger.facts.results.forget(key.digest)
            self.ledger.emit(BlobRecomputed(self.ledger.run.id, job.name, lost.blob, "it is missing from the store"))
            return False
        self._hits(job, key, result)
        return True

    def _hits(self, job: Job, key: Key, result: ResultRow) -> None:
        self.ledger.hit(job, key, result)
        self._schedule.finish(job, result.artifacts)

    def _dispatch(self) -> None:
        now = time.monotonic()
        due = [pending for pending in self._waiting if pending.poll_at <= now]
        self._waiting = [pending for pending in self._waiting if pending.poll_at > now]
        self._queue.extendleft(reversed(due))
        for _ in range(len(self._queue)):
            pending = self._queue.popleft()
            if self._cpus(pending) > self._pool.free:
                self._queue.append(pending)
            elif pending.key.digest in self._running:
                self._followers.setdefault(pending.key.digest, []).append(pending.job)
            else:
                self._start(pending)

    def _cpus(self, pending: Pending) -> int:
        return min(pending.job.node.step.options.cpus, self.options.workers)

    def _start(self, pending: Pending) -> None:
        lease = self.ledger.lease(pending)
        if not isinstance(lease, Lease):
            self._wait_for(pending, f"process {lease.pid} on {lease.host}")
            return
        pending.lease = lease
        if pending.reason != "forced" and self._hit(pending.job, pending.key):
            self.ledger.facts.leases.release(lease)
            return
        job, step = pending.job, pending.job.node.step
        job.attempts += 1
        pending.started = time.time()
        pending.log = f"logs/{self.ledger.run.id}/{job.name}.{job.attempts}.log"
        options = step.options
        self.ledger.emit(StepStarted(self.ledger.run.id, job.name, pending.reason, job.attempts))
        self._running[pending.key.digest] = pending
        task = task_of(job, pending.key, self.setup, pending.log)
        worker = self._pool.submit(task, self._cpus(pending), options.timeout, options.memory)
        worker.owner = pending

    def _wait_for(self, pending: Pending, holder: str) -> None:
        if pending.poll_at == 0.0:
            self.ledger.emit(StepWaiting(self.ledger.run.id, pending.job.name, holder))
        pending.wait_seconds = min(_LONGEST_POLL, pending.wait_seconds * 1.5)
        pending.poll_at = time.monotonic() + pending.wait_seconds
        self._waiting.append(pending)

    def _next_poll(self) -> float:
        if not self._waiting:
            return _LONGEST_POLL * 5
        return max(0.0, min(pending.poll_at for pending in self._waiting) - time.monotonic())

    def _take(self, worker: "Worker", message: Any) -> None:
        pending: Pending = worker.owner
        if isinstance(message, Metrics | Logged | Evidence):
            self.ledger.measured(pending, message)
            return
        self._running.pop(pending.key.digest, None)
        if isinstance(message, Done):
            self._pool.release(worker, reusable=message.reusable)
            self._done(pending, message)
        elif isinstance(message, CorruptInput):
            self._pool.release(worker, reusable=True)
            self._corrupt(pending, message)
        elif isinstance(message, Failed):
            self._pool.release(worker, reusable=message.reusable)
            error = failures.from_answer(pending.job.node, pending.job.name, message, self._log(pending))
            self._failed(pending, error, message.usage, message.remarks)
        elif isinstance(message, Death):
            worker.task = None
            seconds = time.time() - pending.started
            error = failures.from_death(pending.job.node, pending.job.name, message, self._log(pending))
            self._failed(pending, error, Usage(seconds, 0.0, message.peak_rss), ())
        for job in self._followers.pop(pending.key.digest, []):
            self._schedule.again(job)

    def _log(self, pending: Pending) -> Path:
        return Path(self.setup.home) / pending.log

    def _done(self, pending: Pending, message: Done) -> None:
        try:
            for value in pending.key.files:
                self.files.check(value)
            self.ledger.ran(pending, message.artifacts, message.usage, message.remarks)
        except LeaseLostError:
            self._schedule.again(pending.job)
            return
        except InputError as error:
            self._failed(pending, failures.from_error(pending.job.node, pending.job.name, error), message.usage, ())
            return
        self._forced.add(pending.key.digest)
        self._keep(pending)
        checkpoint = f"{self.setup.home}/checkpoints/{pending.key.digest}"
        if os.access(checkpoint, os.F_OK):
            shutil.rmtree(checkpoint, ignore_errors=True)
        self._schedule.finish(pending.job, message.artifacts)

    def _keep(self, pending: Pending) -> None:
        for value in pending.key.files:
            if isinstance(value, File) and str(value) not in self._kept:
                kept = self.files.keep(value, self.blobs, self.options.keep_bytes)
                self._kept[str(value)] = kept

    def _failed(self, pending: Pending, error: StepFailedError, usage: Usage, remarks: tuple[str, ...]) -> None:
        if pending.lease is not None:
            self.ledger.facts.leases.release(pending.lease)
            pending.lease = None
        job = pending.job
        if job.attempts <= job.node.step.options.retries:
            self.ledger.retried(pending, str(error))
            self._queue.append(pending)
            return
        self.ledger.failure(pending, error, usage, printed=error.log, remarks=remarks)
        self._skip_dependents(job)

    def _corrupt(self, pending: Pending, message: CorruptInput) -> None:
        if pending.lease is not None:
            self.ledger.facts.leases.release(pending.lease)
            pending.lease = None
        producer = self._schedule.redo(message.blob, pending.job)
        if producer is None:
            advice = "Check the disk, then run with --force on the step that made it."
            error = MissingBlobError(message.cause, None, advice, message.blob)
            self._failed(pending, failures.from_error(pending.job.node, pending.job.name, error), _NOTHING, ())
            return
        pending.job.attempts -= 1
        self.blobs.quarantine(message.blob)
        self.ledger.facts.results.forget(self.keys.of(producer).digest)
        self.ledger.emit(BlobRecomputed(self.ledger.run.id, producer.name, message.blob, message.cause))

    def _skip_dependents(self, job: Job) -> None:
        for name, cause in self._schedule.fail(job):
            self.ledger.skipped(name, f"'{cause}' did not succeed")
