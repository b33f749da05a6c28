"""What a measured process says of itself."""

import json
import resource
import sys
import time
from collections.abc import Callable

__all__ = ["tell"]


def tell(work: Callable[[], int]) -> None:
    """Print rows, seconds, CPU seconds and peak memory of some work; only the CPU is of the whole process."""
    begun = time.perf_counter()
    rows = work()
    seconds = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {"rows": rows, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024}
    sys.stdout.write(json.dumps(figures))
