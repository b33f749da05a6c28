"""What macOS says about mounts, boots and processes, best effort; loaded nowhere else."""

import subprocess
from datetime import UTC, datetime

__all__ = ["boot", "mount_table", "started", "started_in_ps"]

DEAD_STATE = "Z"
PS_TIME = "%a %b %d %H:%M:%S %Y"


def mount_table() -> str:
    """Return what `mount` prints."""
    return subprocess.run(["/sbin/mount"], check=False, capture_output=True, text=True).stdout


def boot() -> str:
    """Return which boot it is; empty where that is unknown."""
    said = subprocess.run(
        ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], check=False, capture_output=True, text=True
    )
    return said.stdout.strip()


def started(pid: int) -> int | None:
    """Return when process `pid` started, in seconds; None for a zombie and for no process."""
    said = subprocess.run(
        ["/bin/ps", "-axo", "pid=,stat=,lstart="],
        check=False,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "TZ": "UTC"},
    )
    return started_in_ps(pid, said.stdout)


def started_in_ps(pid: int, table: str) -> int | None:
    """Return what `started` returns, from lines of id, state and start."""
    for line in table.splitlines():
        number, state, *since = line.split()
        if number == str(pid):
            if state.startswith(DEAD_STATE):
                return None
            return int(datetime.strptime(" ".join(since), PS_TIME).replace(tzinfo=UTC).timestamp())
    return None
