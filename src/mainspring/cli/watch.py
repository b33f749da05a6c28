"""`mainspring watch`: one process that watches, runs, judges, promotes, and takes back."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated, Any

import typer
from msgspec import Struct

from mainspring import clock
from mainspring.charts.numbers import moment
from mainspring.cli.failing import Exit
from mainspring.cli.options import AsJson, HomePath, flat
from mainspring.cli.printing import coloured, put, stamp
from mainspring.cli.watch_port import Board, Port
from mainspring.digest.texts import from_json, to_json
from mainspring.errors import InputError
from mainspring.loop import Ticked
from mainspring.tracking.loops import LoopEvent
from mainspring.workspace.watching import Held, Watcher, watched_models

__all__ = ["COLOURS", "event_json", "watch"]

COLOURS = {
    "trigger": "cyan",
    "promoted": "green",
    "kept": "green",
    "alert": "yellow",
    "refused": "red",
    "rolled back": "red",
    "retry": "yellow",
    "run failed": "red",
    "gates failed": "red",
    "not compared": "yellow",
    "validation failed": "red",
    "problem": "red",
}
_POLL = 0.2


class Watching(Struct, frozen=True):
    """How one watches."""

    once: Annotated[
        bool, typer.Option("--once", help="Do all that is to be done now, wait for a run that this starts, and end.")
    ] = False
    until: Annotated[
        str | None, typer.Option("--until", metavar="MOMENT", help="End when the clock is there: ISO 8601, UTC.")
    ] = None
    every: Annotated[float, typer.Option("--every", metavar="SECONDS", min=0.05, help="How often one looks.")] = 30.0
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="PORT", min=0, max=65535, help="Answer /healthz and /metrics on this port."),
    ] = None
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="The address to answer on.")] = "127.0.0.1"
    home: HomePath = None
    as_json: AsJson = False


@flat
def watch(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...", help="The models; by default those of [triggers.NAME], or the only champion."
        ),
    ] = None,
    *,
    how: Watching,
) -> None:
    """Watch models: close windows, check, alert, trigger, run, judge, promote, and take back what is worse.

    It may be ended at any moment, and goes on where it was; a second watcher waits until the first has ended. With
    --json each event is a line. Exit code 1: something could not be looked at or done.
    """
    until = None if how.until is None else _moment(how.until)
    board = Board(how.every, asked=how.port is not None)
    names = watched_models(models or (), how.home)
    with _ended_by_signals() as stop, Watcher(names, how.home) as watcher, Port(how.host, how.port, board):
        view = _View(watcher, as_json=how.as_json)
        ended = _once(watcher, view, board, stop) if how.once else _on(watcher, view, board, (how.every, until, stop))
    if how.once and isinstance(ended, Ticked) and ended.problems:
        raise typer.Exit(Exit.FAILED)


def _once(watcher: Watcher, view: "_View", board: Board, stop: threading.Event) -> Ticked | Held:
    """Tick until nothing is waited for."""
    while True:
        now = clock.now()
        found = watcher.tick(now)
        board.ticked(watcher, found, now)
        view.show(found)
        if isinstance(found, Held) or not found.waiting or stop.wait(_POLL):
            return found


def _on(
    watcher: Watcher, view: "_View", board: Board, times: tuple[float, float | None, threading.Event]
) -> Ticked | Held | None:
    """Tick again and again; while a run is going on, its end is seen soon."""
    every, until, stop = times
    found: Ticked | Held | None = None
    while not stop.is_set():
        now = clock.now()
        found = watcher.tick(now)
        board.ticked(watcher, found, now)
        view.show(found)
        if until is not None and now >= until and not (isinstance(found, Ticked) and found.waiting):
            break
        waits = isinstance(found, Ticked) and found.waiting
        stop.wait(min(every, 1.0) if waits else every)
    return found


class _View:
    """Prints what is new."""

    def __init__(self, watcher: Watcher, *, as_json: bool) -> None:
        self._watcher = watcher
        self._as_json = as_json
        self._last = watcher.journal.newest()
        self._said = ""
        self._problems: dict[str, str] = {}

    def show(self, found: Ticked | Held) -> None:
        if isinstance(found, Held):
            says = f"process {found.owner.pid} on {found.owner.host} watches this home; waiting for it to end"
            if says != self._said:
                self._put(LoopEvent(clock.now(), "held", "", says))
            self._said = says
            return
        for number, event in self._watcher.journal.after(self._last):
            self._last = number
            self._put(event)
        for model, says in found.problems.items():
            if self._problems.get(model) != says:
                self._put(LoopEvent(clock.now(), "problem", model, says))
        self._problems = found.problems

    def _put(self, event: LoopEvent) -> None:
        if self._as_json:
            typer.echo(to_json(event_json(event)))
        else:
            kind = coloured(f"{event.kind:<17}", COLOURS.get(event.kind))
            put(f"{moment(event.at)}  {kind}  {event.model}: {event.says}" if event.model else f"{kind}  {event.says}")


def event_json(event: LoopEvent) -> dict[str, Any]:
    """Return an event as JSON has it."""
    links = from_json(event.links)
    return {"at": stamp(event.at), "kind": event.kind, "model": event.model, "says": event.says, "links": links}


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """Return an event that is set when a process manager or Ctrl-C asks for an end: after the tick that is going on."""
    stop = threading.Event()

    def heard(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, one in before.items():
            signal.signal(number, one)


def _moment(text: str) -> float:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text}' is no moment", "--until", "Write, such as, 2026-11-21T18:00.") from error
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
