"""The way in: whatever comes after it is loaded so that Ctrl-C finds it ready."""

import atexit
import gc
import signal
import sys
from importlib import import_module

__all__ = ["main"]

_USAGE = 2
_INTERRUPTED = 130
# A command makes objects that live as long as it does: a search for garbage after each 700 of them is a tenth of its
# time, and finds none.
_NEW_OBJECTS = 200_000
_WINDOWS = """\
Error: Mainspring does not run on Windows
  fix:   Use Linux, macOS, or the Windows Subsystem for Linux.
"""


def main() -> None:
    """Run the command line of this process, and exit."""
    if sys.platform == "win32":
        sys.stderr.write(_WINDOWS)
        sys.exit(_USAGE)
    gc.set_threshold(_NEW_OBJECTS)
    # Nor does the interpreter find any at its end, when all that is there goes anyway.
    atexit.register(gc.freeze)
    # What is left then is the end of the interpreter, where a signal would kill the process with its own status.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    try:
        import_module("mainspring.cli.app").main()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(_INTERRUPTED)
