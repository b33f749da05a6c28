"""A worker: one process that runs step after step, until its coordinator goes away."""

import contextlib
import faulthandler
import fcntl
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from pathlib import Path

from msgspec.structs import replace

from mainspring.engine.channel import Channel
from mainspring.engine.leftovers import Leftovers, become_subreaper
from mainspring.engine.messages import CorruptInput, Done, Failed, Setup, Task
from mainspring.engine.opens import OpenWatch
from mainspring.engine.prints import Prints
from mainspring.engine.steprun import StepRun, call_step
from mainspring.engine.usage import Meter
from mainspring.errors import CorruptBlobError, MainspringError
from mainspring.store import BlobStore, LocalStore

__all__ = ["attempt", "main"]

Answer = Done | Failed | CorruptInput


def main(channel_fd: int, lifeline_fd: int) -> None:
    """Run tasks from the channel until it closes.

    Args:
        channel_fd: Socket that tasks come from and answers go to.
        lifeline_fd: Socket that nothing is written to; when its other end closes, the whole process group dies.
    """
    hold_lifeline(socket.socket(fileno=lifeline_fd))
    become_subreaper()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(file=2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    channel = Channel(socket.socket(fileno=channel_fd))
    setup: Setup | None = None
    left = Leftovers()
    prints = Prints()
    while (messages := channel.receive()) is not None:
        for message in messages:
            if isinstance(message, Setup):
                setup = message
                sys.path[:] = setup.path
                blobs = LocalStore(Path(setup.home))
                watch = OpenWatch(setup.home, setup.project)
            elif setup is not None:
                attempt_task = partial(attempt, message, blobs, channel.send, allow_pickle=setup.allow_pickle)
                with prints.into(message.log):
                    answer = _judged(message, attempt_task, watch, left)
                channel.send(answer)


def _judged(task: Task, attempt_task: Callable[..., Answer], watch: OpenWatch, left: Leftovers) -> Answer:
    answer = attempt_task(watching=watch.next(task.declared))
    if isinstance(answer, CorruptInput):
        return answer
    remarks = watch.remarks
    behind = left.clear()
    if behind and isinstance(answer, Done):
        what = f"Step '{task.step}' returned but left behind {', '.join(behind)}"
        return Failed(what, "End them before the step returns.", "", answer.usage, reusable=False, remarks=remarks)
    if isinstance(answer, Done):
        return Done(answer.artifacts, answer.usage, not behind, remarks)
    return replace(answer, reusable=not behind, remarks=remarks)


def attempt(
    task: Task,
    blobs: BlobStore,
    send: Callable[[object], None],
    *,
    allow_pickle: bool = True,
    watching: AbstractContextManager[None] | None = None,
) -> Answer:
    """Return how one attempt at a step ended, in this process; `watching` is entered for the call of the step alone."""
    run = StepRun(task, blobs, send, allow_pickle=allow_pickle)
    meter = Meter()
    try:
        artifacts = call_step(task, run, watching=watching)
    except CorruptBlobError as error:
        if error.blob:
            place = f" ({error.where})" if error.where else ""
            return CorruptInput(error.blob, f"{error.what}{place}")
        return Failed(error.what, error.fix, "", meter.read(), where=error.where)
    except MainspringError as error:
        return Failed(error.what, error.fix, _user_frames(error), meter.read(), where=error.where)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever a step raises ends here
        frames = _user_frames(error)
        sys.stderr.write(f"Traceback (most recent call last):\n{frames}{_one_line(error)}\n")
        return Failed(_one_line(error), None, frames, meter.read())
    return Done(artifacts, meter.read())


def _one_line(error: BaseException) -> str:
    text = str(error).strip()
    name = type(error).__qualname__
    return f"{name}: {text}" if text else name


def _user_frames(error: BaseException) -> str:
    """Return the traceback without this package's frames at its start and, where it raised on purpose, at its end."""
    here = str(Path(__file__).parent.parent)
    traceback = import_module("traceback")
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [place for place, frame in enumerate(frames) if not frame.filename.startswith(here)]
    if not theirs:
        return ""
    last = theirs[-1] + 1 if isinstance(error, MainspringError) else len(frames)
    return "".join(traceback.format_list(frames[theirs[0] : last]))


def hold_lifeline(line: socket.socket) -> None:
    """Have the kernel kill this process group when the other end of a socket closes."""
    if os.getpgrp() != os.getpid():
        os.setpgrp()
    if not hasattr(fcntl, "F_SETSIG"):
        threading.Thread(target=_die_at_end, args=(line,), daemon=True).start()
        return
    fd = line.detach()
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        if os.read(fd, 1) == b"":
            os.killpg(0, signal.SIGKILL)  # it closed before the kernel was asked


def _die_at_end(line: socket.socket) -> None:
    line.recv(1)
    os.killpg(0, signal.SIGKILL)
