"""A run as lines: what its events amount to, and how they are printed where nobody looks."""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from mainspring.charts.numbers import count, duration, size
from mainspring.cli.failing import relative, shortened, write_nowhere
from mainspring.cli.printing import MARKS
from mainspring.events import (
    BlobRecomputed,
    Event,
    RunFinished,
    RunStarted,
    StepEnded,
    StepRetried,
    StepsAdded,
    StepStarted,
    StepWaiting,
)

__all__ = ["Board", "Line", "Lines", "closing", "failures"]

_NARROWEST = 16
_SHOWN = 100
_REASON = 36
_LONGEST_SILENCE = 30.0


class Line(Struct, frozen=True):
    """One line about a step, or about the run when it has no status.

    Attributes:
        status: `ran`, `hit`, `failed` or `skipped`; empty for a remark.
        name: The step.
        text: The reason, or the remark.
        figures: Seconds and size, in words.
    """

    status: str
    name: str
    text: str
    figures: str = ""

    def plain(self, width: int) -> str:
        """Return the line for a log: its columns have a fixed width."""
        if not self.status:
            return f"  {self.name}: {self.text}" if self.name else self.text
        glyph, _ = MARKS[self.status]
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[: _SHOWN - 1]}…"
        return f"{glyph} {self.status:<7} {self.name:<{width}}  {text:<{_REASON}}  {self.figures}".rstrip()


class _Mapped(Struct):
    """What is known of the elements of a mapped step."""

    count: int
    statuses: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    size: int = 0

    @property
    def done(self) -> int:
        return sum(self.statuses.values())

    def add(self, event: StepEnded) -> None:
        self.statuses[event.status] = self.statuses.get(event.status, 0) + 1
        self.seconds += event.seconds
        self.size += event.size
        if event.status == "ran":
            self.reason = self.reason or event.reason

    def line(self, name: str) -> Line:
        status = next(one for one in ("failed", "ran", "hit", "skipped") if one in self.statuses)
        counts = _counted(self.statuses)
        text = f"{counts}: {self.reason}" if self.reason else counts
        return Line(status, f"{name} x{self.count:,}", text, _figures(self.seconds, self.size, status))


class Board(Struct):
    """What is known of a run so far.

    Attributes:
        run: Run id; empty before the run has begun.
        pipeline: Name of the pipeline.
        steps: Number of step runs, as far as it is known.
        width: Width of the longest name so far.
        ended: Number of step runs by status.
        running: When each running step began, by its name.
        failed: What failed.
        status: How the run ended; empty while it goes on.
    """

    run: str = ""
    pipeline: str = ""
    steps: int = 0
    width: int = _NARROWEST
    ended: dict[str, int] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)
    failed: list[StepEnded] = field(default_factory=list)
    mapped: dict[str, _Mapped] = field(default_factory=dict)
    status: str = ""

    def take(self, event: Event) -> Iterator[Line]:
        """Yield the lines that an event makes complete."""
        if isinstance(event, StepEnded):
            yield from self._ended(event)
        elif isinstance(event, StepStarted):
            self.running.setdefault(event.step, time.monotonic())
        elif isinstance(event, StepsAdded):
            self.mapped[event.step] = _Mapped(event.count)
            self.steps += event.count - 1
            if not event.count:
                yield Line("", event.step, "its list is empty")
        elif isinstance(event, StepRetried):
            yield Line("", event.step, f"attempt {event.attempt} failed: {shortened(event.error)}; once more")
        elif isinstance(event, StepWaiting):
            yield Line("", event.step, f"waits for {event.holder}, which computes the same")
        elif isinstance(event, BlobRecomputed):
            cause = shortened(event.cause)
            yield Line("", event.step, f"runs again, since its result cannot be used: {cause}")
        elif isinstance(event, RunFinished):
            self.status = event.status
        elif isinstance(event, RunStarted):
            self.run, self.pipeline, self.steps = event.run, event.pipeline, event.steps
            yield Line("", "", f"run {event.run} of {event.pipeline}, {count(event.steps, 'step')}")

    def interrupted(self) -> str:
        """Return what Ctrl-C did to the run; it may have come when nothing was left to do."""
        if self.status == "succeeded":
            return f"run {self.run} had succeeded when the interruption came"
        return f"run {self.run} is interrupted; run again to go on with what is left"

    def follow(self, event: Event) -> None:
        """Take an event of a run that nobody looks at."""
        for _ in self.take(event):
            pass

    def _ended(self, event: StepEnded) -> Iterator[Line]:
        self.running.pop(event.step, None)
        if event.status == "failed":
            self.failed.append(event)
        node, splits, _ = event.step.partition(":")
        if splits and event.status != "failed":
            return
        self.ended[event.status] = self.ended.get(event.status, 0) + 1
        yield from (Line("", event.step, shortened(remark)) for remark in event.remarks)
        node = node.rpartition("{")[0] or node
        group = self.mapped.get(node)
        if group is None or event.step == node:
            line = Line(event.status, event.step, event.reason, _figures(event.seconds, event.size, event.status))
            self.width = max(self.width, len(line.name))
            yield line
            return
        group.add(event)
        if event.status == "failed":
            yield Line("failed", event.step, event.reason, _figures(event.seconds, 0, "failed"))
        if group.done == group.count:
            line = group.line(node)
            self.width = max(self.width, len(line.name))
            yield line

    def underway(self) -> Iterator[Line]:
        """Yield how far mapped steps are whose elements are not all done."""
        for name, group in self.mapped.items():
            if group.done < group.count:
                yield Line("", name, f"{group.done:,} of {group.count:,}")

    def counts(self) -> str:
        """Return how many steps there are of each status, in words."""
        return _counted(self.ended)


class Lines:
    """Prints a run line by line, for logs and pipes. When the reader goes away, the run goes on unseen."""

    def __init__(self) -> None:
        self.board = Board()
        self._unseen = False
        self._written = time.monotonic()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        """Take an event of the run."""
        lines = [line.plain(self.board.width) for line in self.board.take(event)]
        if not lines and time.monotonic() - self._written > _LONGEST_SILENCE:
            lines = [line.plain(0) for line in self.board.underway()]
        if lines:
            self.write("\n".join(lines))

    def write(self, text: str) -> None:
        """Print lines about the run as a whole."""
        if self._unseen:
            return
        self._written = time.monotonic()
        try:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            self._unseen = True
        except OSError as error:
            self._unseen = True
            write_nowhere()
            sys.stderr.write(f"The output cannot be written ({error.strerror}); the run goes on unseen.\n")


def closing(board: Board, status: str, seconds: float, report: Path | None, package: Path | None = None) -> str:
    """Return the lines that a run ends with: what came of it, and where what it made lies."""
    lines = [f"{status}: {board.counts() or 'no steps'} in {duration(seconds)}"]
    lines += [
        f"{what}: {relative(path)}" for what, path in (("package", package), ("report", report)) if path is not None
    ]
    return "\n".join(lines)


def failures(board: Board, logs: dict[str, Path | None]) -> Iterator[str]:
    """Yield, for each step that failed, its error, the end of what it printed, and where all of that is."""
    for event in board.failed:
        yield f"Error: step '{event.step}' failed"
        yield f"  {shortened(event.error or '')}"
        yield from (f"  | {shortened(line)}" for line in event.log.splitlines())
        log = logs.get(event.step)
        if log is not None and log.exists():
            yield f"  log: {relative(log)}"


def _counted(statuses: Mapping[str, int]) -> str:
    words = {"ran": ("ran", "ran"), "hit": ("hit", "hits"), "failed": ("failed",) * 2, "skipped": ("skipped",) * 2}
    return ", ".join(count(statuses[status], *words[status]) for status in words if status in statuses)


def _figures(seconds: float, number_of_bytes: int, status: str) -> str:
    """Return seconds and size; those of a hit, which this run was spared, are in parentheses."""
    took = "" if status == "skipped" else f"({duration(seconds)})" if status == "hit" else f"{duration(seconds)} "
    return f"{took:>11}  {size(number_of_bytes) if number_of_bytes else ''}".rstrip()
