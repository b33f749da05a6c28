"""What a run writes down: one row a step run, metrics as they come, heartbeats, and the end."""

import time
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mainspring.digest import Artifact
from mainspring.engine.keys import Key
from mainspring.engine.messages import Evidence, Logged, Measured, Metrics, Usage
from mainspring.engine.schedule import Job
from mainspring.errors import LeaseLostError
from mainspring.events import Event, Listener, RunStarted, StepEnded, StepRetried
from mainspring.tracking import EvidenceRow, Facts, Lease, LoggedRow, MetricRow, Owner, ResultRow, RunRow, StepRow

__all__ = ["LEASE_SECONDS", "Ledger", "Pending"]

LEASE_SECONDS = 30.0
_BEAT_SECONDS = 2.0
_ELEMENTS = 1_000_000


class Pending(Struct, eq=False):
    """A job on its way: its key, why it has to run, and the lease once it has one."""

    job: Job
    key: Key
    reason: str
    lease: Lease | None = None
    log: str = ""
    noted: bool = False
    started: float = 0.0
    wait_seconds: float = 0.02
    poll_at: float = 0.0


class Ledger:
    """Writes the facts of one run. Used from the coordinator's thread.

    Rows of hits are kept until `flush`, which the coordinator calls before it waits: they cost one transaction
    together. Everything else is written when it happens.
    """

    def __init__(
        self, facts: Facts, run: RunRow, listener: Listener, order: Sequence[str], price: float | None
    ) -> None:
        self.facts = facts
        self.run = run
        self.failed: list[StepEnded] = []
        self._listener = listener
        self._order = {name: place for place, name in enumerate(order)}
        self._price = price
        self._rows: list[StepRow] = []
        self._next_beat = time.monotonic() + _BEAT_SECONDS

    @property
    def owner(self) -> Owner:
        """The process that runs this run."""
        return self.run.owner

    def begin(self, steps: int) -> None:
        """Put the run, of so many steps, on record as running."""
        self.run = self.facts.runs.start(self.run)
        self.emit(RunStarted(self.run.id, self.run.pipeline, steps))

    def emit(self, event: Event) -> None:
        """Tell whoever listens."""
        self._listener(event)

    def lease(self, pending: Pending) -> Lease | Owner:
        """Return the lease on a key, or who holds it."""
        if pending.poll_at:
            holder = self.facts.leases.holders([pending.key.digest]).get(pending.key.digest)
            if holder is not None:
                return holder
        return self.facts.leases.acquire(pending.key.digest, self.run.id, self.owner, ttl=LEASE_SECONDS)

    def hit(self, job: Job, key: Key, result: ResultRow) -> None:
        """Note a result that was there already."""
        same = result.run == self.run.id
        reason = f"made by '{result.step}' of this run" if same else f"made by run {result.run}"
        row = replace(self._row(job, "hit", reason, key), seconds=result.seconds)
        self._rows.append(row)
        self.emit(StepEnded(self.run.id, job.name, "hit", reason, result.seconds, _size(result.artifacts)))

    def ran(self, pending: Pending, artifacts: tuple[Artifact, ...], usage: Usage, remarks: tuple[str, ...]) -> None:
        """Commit a result with its step run.

        Raises:
            LeaseLostError: Another run took over the key.
        """
        if pending.lease is None:
            raise RuntimeError(f"'{pending.job.name}' ran without a lease")
        row = self._used(self._row(pending.job, "ran", pending.reason, pending.key), pending, usage)
        row = replace(row, warnings=remarks)
        now = time.time()
        result = ResultRow(pending.key.digest, self.run.id, pending.job.name, now, usage.seconds, artifacts)
        self.facts.results.commit(pending.lease, result, row)
        pending.lease = None
        ended = StepEnded(self.run.id, row.name, "ran", row.reason, usage.seconds, _size(artifacts), remarks=remarks)
        self.emit(ended)

    def failure(
        self, pending: Pending, error: Exception, usage: Usage, *, printed: str = "", remarks: tuple[str, ...] = ()
    ) -> None:
        """Note a step run that failed for good."""
        row = self._used(self._row(pending.job, "failed", pending.reason, pending.key), pending, usage)
        self._end(replace(row, error=str(error), warnings=remarks), printed)

    def unready(self, job: Job, error: Exception) -> None:
        """Note a job that failed before it had a key."""
        self._end(replace(self._row(job, "failed", "no cache key", None), error=str(error)), "")

    def skipped(self, name: str, reason: str) -> None:
        """Note a step run that cannot or need not happen."""
        row = StepRow(run=self.run.id, name=name, position=self._position(name, None), status="skipped", reason=reason)
        self._rows.append(row)
        self.emit(StepEnded(self.run.id, name, "skipped", reason, 0.0, 0))

    def running(self, pending: Pending) -> None:
        """Let others see that a step run goes on; steps that end at once are spared the transaction."""
        if not pending.noted:
            pending.noted = True
            row = self._row(pending.job, "running", pending.reason, pending.key)
            self._rows.append(replace(row, started=pending.started, host=self.owner.host, log=pending.log))
            self.flush()

    def measured(self, pending: Pending, message: Measured) -> None:
        """Write a batch of metrics, one figure or table, or what a check said."""
        self.running(pending)
        name = pending.job.name
        if isinstance(message, Metrics):
            rows = [MetricRow(self.run.id, name, *row) for row in message.rows]
            self.facts.measures.metrics(rows)
        elif isinstance(message, Logged):
            logged = LoggedRow(self.run.id, name, message.name, message.kind, message.artifact, message.time)
            self.facts.measures.logged([logged])
        else:
            self._found(pending, message)

    def _found(self, pending: Pending, message: Evidence) -> None:
        place = (self.run.id, pending.job.name, pending.key.digest)
        self.facts.evidence.add([EvidenceRow(*place, message.test, message.name, message.record, message.time)])

    def flush(self) -> None:
        """Write the rows that are waiting."""
        if self._rows:
            self.facts.steps.record(self._rows)
            self._rows = []

    def beat(self, running: Iterable[Pending]) -> float:
        """Renew the run and its leases when it is time; returns the seconds until the next."""
        now = time.monotonic()
        if now >= self._next_beat:
            for pending in running:
                self.running(pending)
            if not self.facts.leases.beat(self.owner, LEASE_SECONDS):
                raise LeaseLostError(
                    f"Run {self.run.id} was declared lost while this process was stopped",
                    None,
                    "Run again: what it had finished is stored.",
                )
            self._next_beat = now + _BEAT_SECONDS
        return max(0.0, self._next_beat - now)

    def retried(self, pending: Pending, error: str) -> None:
        """Note that an attempt failed and another follows; what it logged is discarded."""
        self.facts.measures.discard(self.run.id, pending.job.name)
        self.emit(StepRetried(self.run.id, pending.job.name, pending.job.attempts, error))

    def finish(self, status: str, error: str | None, artifacts: Sequence[Artifact]) -> None:
        """End the run, with the artifacts that belong to it as a whole."""
        self.flush()
        self.facts.runs.annotate(self.run.id, self.run.record, artifacts)
        self.facts.runs.finish(self.run.id, status, error)

    def _end(self, row: StepRow, printed: str) -> None:
        self.facts.steps.record([row])
        ended = StepEnded(
            self.run.id, row.name, row.status, row.reason, row.seconds, 0, row.error, printed, row.warnings
        )
        self.failed.append(ended)
        self.emit(ended)

    def _row(self, job: Job, status: str, reason: str, key: Key | None) -> StepRow:
        row = StepRow(
            run=self.run.id,
            name=job.name,
            position=self._position(job.node.name, job.element),
            status=status,
            reason=reason,
            attempts=job.attempts,
        )
        if key is None:
            return row
        consumed = tuple(artifact.digest for artifact in key.artifacts)
        return replace(row, key=key.digest, code=key.code.digest, inputs=key.inputs, consumed=consumed)

    def _used(self, row: StepRow, pending: Pending, usage: Usage) -> StepRow:
        cpus = pending.job.node.step.options.cpus
        cost = None if self._price is None else usage.seconds / 3600 * cpus * self._price
        return replace(
            row,
            started=pending.started,
            seconds=usage.seconds,
            cpu_seconds=usage.cpu_seconds,
            peak_rss=usage.peak_rss,
            cost=cost,
            host=self.owner.host,
            log=pending.log,
        )

    def _position(self, node: str, element: int | None) -> int:
        place = self._order.get(node, self._order.get(node.partition("{")[0], len(self._order)))
        return place * _ELEMENTS + (0 if element is None else element + 1)


def _size(artifacts: Sequence[Artifact]) -> int:
    return sum(artifact.size for artifact in artifacts)
