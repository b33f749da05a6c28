"""CPU seconds of whole process trees, measured from outside.

A command runs in its own session with its output in files, so that nothing here shares its work. What counts is user
and system time of the child and of everything it waited for, as the kernel reports it to `wait4`. Processes that the
child left behind are adopted by this process, ended, and counted too.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Job", "Spent", "execute", "execute_together"]

_PR_SET_CHILD_SUBREAPER = 36
_GRACE_SECONDS = 3.0
_RAISED = re.compile(r"[\w.]*(Error|Exception)\b")
_PATH = re.compile(r"(?:/[\w.+@-]+)+/([\w.+@-]+)")  # only its last name is told: the table is for other machines


@dataclass(frozen=True, slots=True)
class Job:
    """A command, where it runs, and its whole environment."""

    command: Sequence[str]
    folder: Path
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one command cost and said. Times are in seconds, memory in bytes."""

    cpu: float
    wall: float
    peak: int
    code: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The last line that tells what went wrong, without folders; empty when the command succeeded."""
        if self.code == 0:
            return ""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        telling = [line for line in lines if _RAISED.match(line)]
        told = _PATH.sub(r"\1", (telling or lines or ["no output"])[-1])
        return f"exit {self.code}: {told[:160]}"


def execute(job: Job, *, timeout: float = 900.0) -> Spent:
    """What one command cost, with all its descendants."""
    return execute_together([job], timeout=timeout)[0]


def execute_together(jobs: Sequence[Job], *, timeout: float = 900.0) -> list[Spent]:
    """What each of these commands cost, started at the same moment.

    Leftovers of several commands cannot be told apart, so they count for the first.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        started: dict[int, tuple[int, subprocess.Popen[bytes]]] = {}
        begun = time.perf_counter()
        for index, job in enumerate(jobs):
            child = _start(job, folder, index)
            started[child.pid] = (index, child)
        figures = _reap(started, begun, timeout)
        return [_spent(figures[index], folder, index) for index in range(len(jobs))]


def _start(job: Job, folder: Path, index: int) -> subprocess.Popen[bytes]:
    with (folder / f"{index}.out").open("wb") as out, (folder / f"{index}.err").open("wb") as err:
        return subprocess.Popen(
            list(job.command),
            cwd=job.folder,
            env=dict(job.variables),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )


def _reap(
    started: dict[int, tuple[int, subprocess.Popen[bytes]]], begun: float, timeout: float
) -> dict[int, tuple[float, float, int, int]]:
    figures: dict[int, tuple[float, float, int, int]] = {}
    extra = 0.0
    with _alarm(timeout):
        while len(figures) < len(started):
            pid, status, usage = os.wait4(-1, 0)
            cpu = usage.ru_utime + usage.ru_stime
            if pid not in started:
                extra += cpu
                continue
            index, child = started[pid]
            child.returncode = os.waitstatus_to_exitcode(status)
            figures[index] = (cpu, time.perf_counter() - begun, usage.ru_maxrss * 1024, child.returncode)
    extra += _end_leftovers()
    cpu, wall, peak, code = figures[0]
    figures[0] = (cpu + extra, wall, peak, code)
    return figures


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def end(_signal: int, _frame: object) -> None:
        for pid in _children():
            _kill(pid)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end_leftovers() -> float:
    """CPU seconds of what the commands left behind, all of it ended."""
    cpu = 0.0
    patient_until = time.monotonic() + _GRACE_SECONDS
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if pid:
            cpu += usage.ru_utime + usage.ru_stime
        elif time.monotonic() > patient_until:
            for left in _children():
                _kill(left)
        time.sleep(0.01)


def _children() -> list[int]:
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return [int(word) for word in listed.read_text().split()]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _spent(figures: tuple[float, float, int, int], folder: Path, index: int) -> Spent:
    cpu, wall, peak, code = figures
    out, err = (
        (folder / f"{index}.{kind}").read_bytes().decode("utf-8", errors="replace")[-200_000:]
        for kind in ("out", "err")
    )
    return Spent(cpu=cpu, wall=wall, peak=peak, code=code, stdout=out, stderr=err)
