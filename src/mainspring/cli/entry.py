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
# Python has the calls of a thread in pieces of memory of 16 KiB. Calls that go back and forth over the end of one take
# the next one from the system and give it back each time: an import did so 4,000 times, a tenth of a run. The piece
# that a call of this size (in words) begins has room for all calls that follow.
_ROOM = 1 << 14
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
        _with_room()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(_INTERRUPTED)


def _with_room() -> None:
    import_module("mainspring.cli.app").main()


_with_room.__code__ = _with_room.__code__.replace(co_stacksize=_ROOM)
