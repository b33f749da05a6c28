"""Who a process is, and whether it still lives."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from mainspring.tracking.rows import Owner

__all__ = ["alive", "this_process"]

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")
DEAD_STATES = ("Z", "X", "x")
PS_TIME = "%a %b %d %H:%M:%S %Y"


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
        said = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], check=False, capture_output=True, text=True
        )
        return said.stdout.strip()
    try:
        return f"{BOOT.read_text(encoding='ascii').strip()}/{NAMESPACE.readlink().name}"
    except OSError:
        return ""


def started(pid: int) -> int | None:
    """Return when the living process `pid` started, 0 where that is unknown; None when there is no such process."""
    if sys.platform == "darwin":
        return started_by_ps(pid)
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


def started_by_ps(pid: int) -> int | None:
    """Return the start of process `pid` in seconds, as `ps` prints it; None for a zombie and for no process."""
    said = subprocess.run(
        ["/bin/ps", "-axo", "pid=,stat=,lstart="],
        check=False,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "TZ": "UTC"},
    )
    return started_in_ps(pid, said.stdout)


def started_in_ps(pid: int, table: str) -> int | None:
    """Return what `started_by_ps` returns, from lines of id, state and start."""
    for line in table.splitlines():
        number, state, *since = line.split()
        if number == str(pid):
            dead = state[0] in DEAD_STATES
            return None if dead else int(datetime.strptime(" ".join(since), PS_TIME).replace(tzinfo=UTC).timestamp())
    return None
