"""Identities of predictions: UUIDs of version 7 (RFC 9562) that also name the worker process."""

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mainspring.clock import now

__all__ = ["Ids", "milliseconds", "moment_of", "worker_of"]

_WORKERS = 1 << 14


class Ids:
    """Makes identities, each greater than the one before; used from one thread.

    The 48 bits of the millisecond are followed by 12 bits that count within it, 14 that name the worker, and 48 random
    ones.

    Args:
        worker: The number of the worker process; random when it is not given.
    """

    def __init__(self, worker: int | None = None) -> None:
        self.worker = int.from_bytes(os.urandom(2)) % _WORKERS if worker is None else worker % _WORKERS
        self._last = 0
        self._count = 0

    def make(self, at: float | None = None) -> str:
        """Return the next one; of another moment than now, in seconds since 1970 UTC, for what is replayed."""
        millisecond = int((now() if at is None else at) * 1000)
        if millisecond > self._last:
            self._last, self._count = millisecond, 0
        else:
            self._count += 1
            if self._count == 1 << 12:
                self._last, self._count = self._last + 1, 0
        head = self._last << 16 | 7 << 12 | self._count
        tail = 2 << 62 | self.worker << 48 | int.from_bytes(os.urandom(6))
        text = f"{head:016x}{tail:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def moment_of(identity: str) -> float:
    """Return when an identity was made, in seconds since 1970 UTC, to the millisecond.

    >>> moment_of("019c0000-0000-7000-8000-000000000000")
    1769526525.952

    Raises:
        ValueError: It is no such identity.
    """
    return int(_plain(identity)[:12], 16) / 1000


def milliseconds(identities: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return when identities that a service gave were made, in milliseconds since 1970 UTC; many at once take less."""
    heads = np.frombuffer(bytes.fromhex("".join([f"0000{one[:8]}{one[9:13]}" for one in identities])), ">i8")
    return heads.astype(np.int64)


def worker_of(identity: str) -> int:
    """Return the number of the worker process that made an identity.

    Raises:
        ValueError: It is no such identity.
    """
    return int(_plain(identity)[16:20], 16) % _WORKERS


def _plain(identity: str) -> str:
    plain = identity.replace("-", "")
    if len(identity) != 36 or len(plain) != 32 or plain[12] != "7":
        raise ValueError(f"'{identity}' is no identity of a prediction")
    int(plain, 16)
    return plain
