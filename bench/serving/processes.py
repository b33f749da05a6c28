"""What a process and all that it has begun have used, as the kernel counts it."""

import os
from pathlib import Path

__all__ = ["cpu", "megabytes", "tree"]

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and those that it has begun, and they have."""
    found = [pid]
    for one in found:
        try:
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:  # it has ended meanwhile
            continue
    return list(dict.fromkeys(found))


def cpu(pid: int) -> float:
    """CPU seconds of the tree, with those that have ended and were waited for."""
    return sum(sum(_times(one)) for one in tree(pid)) / _TICKS


def _times(pid: int) -> list[int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
    return [int(value) for value in fields[11:15]]


def megabytes(pid: int) -> float:
    """Resident memory of one process; of several, the sum of their proportional shares."""
    pids = tree(pid)
    if len(pids) == 1:
        return _kilobytes(pid, "status", "VmRSS") / 1024
    return sum(_kilobytes(one, "smaps_rollup", "Pss") for one in pids) / 1024


def _kilobytes(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
