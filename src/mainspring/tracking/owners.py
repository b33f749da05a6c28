"""Who a process is, and whether it still lives."""

import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from mainspring.tracking.rows import Owner

__all__ = ["alive", "this_process"]

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")
DEAD_STATES = ("Z", "X", "x")
MACOS = "mainspring.tracking.macos"


def this_process() -> Owner:
    """Return the owner that this process is."""
    pid = os.getpid()
    return Owner(host=os.uname().nodename, boot=boot(), pid=pid, started=started(pid) or 0)


def alive(owner: Owner) -> bool | None:
    """Return whether the owner's process lives; None when it cannot be known here: another host, boot or container.

    A process that has ended and waits for its parent (a zombie) is dead. One that is stopped lives.
    """
    if owner.host != os.uname().nodename or owner.boot != boot() or not owner.boot:
        return None
    since = started(owner.pid)
    if since is None:
        return False
    return since == owner.started or 0 in (since, owner.started)


@cache
def boot() -> str:
    """Return which boot of this host it is, and which process namespace we are in; empty where that is unknown."""
    if sys.platform == "darwin":
        return str(import_module(MACOS).boot())
    try:
        return f"{BOOT.read_text(encoding='ascii').strip()}/{NAMESPACE.readlink().name}"
    except OSError:
        return ""


def started(pid: int) -> int | None:
    """Return when the living process `pid` started, 0 where that is unknown; None when there is no such process."""
    if sys.platform == "darwin":
        since: int | None = import_module(MACOS).started(pid)
        return since
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes().decode("utf-8", "replace")
    except OSError:
        return 0 if exists(pid) else None
    return started_in_stat(line)


def exists(pid: int) -> bool:
    """Return whether there is such a process, even one that `/proc` hides from us (`hidepid`)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started_in_stat(line: str) -> int | None:
    """Return field 22 of `/proc/PID/stat`, clock ticks since boot; None for a zombie.

    The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    """
    fields = line[line.rindex(")") + 2 :].split(" ")
    return None if fields[0] in DEAD_STATES else int(fields[19])
