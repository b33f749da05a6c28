"""What time it is: by the machine's clock, or by one that is driven, for rehearsals of what takes months.

Where the environment variable `MAINSPRING_CLOCK` names a file, its text is the time, in seconds since 1970 UTC, for
what a service logs and for what watches it. Who drives the clock replaces the file with `drive`; time stands still in
between. What guards processes against each other always goes by the machine's clock.
"""

import os
import time
from pathlib import Path
from typing import Final

from mainspring.errors import InputError

__all__ = ["CLOCK", "drive", "driven", "now"]

CLOCK: Final = "MAINSPRING_CLOCK"


def driven() -> Path | None:
    """Return the file of the clock that is driven; None where the machine's clock holds."""
    named = os.environ.get(CLOCK)
    return Path(named) if named else None


def now() -> float:
    """Return the time in seconds since 1970 UTC.

    Raises:
        InputError: The clock is driven, and its file is no number.
    """
    file = driven()
    if file is None:
        return time.time()
    try:
        return float(file.read_text())
    except (OSError, ValueError) as error:
        fix = f"Write seconds since 1970 UTC to it, or unset {CLOCK} to go by the machine's clock."
        raise InputError(f"The clock cannot be read: {error}", str(file), fix) from error


def drive(file: Path, seconds: float) -> None:
    """Set a clock that is driven; whoever reads it sees the time before or this one."""
    fresh = file.with_name(f".{file.name}-{os.getpid()}")
    fresh.write_text(repr(float(seconds)))
    fresh.replace(file)
