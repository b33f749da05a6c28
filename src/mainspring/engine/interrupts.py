"""Ctrl-C, put off while what must not be torn is written."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

__all__ = ["Interrupts"]


class Interrupts:
    """Puts Ctrl-C off for a block, except where it is `heard`; what was pressed meanwhile is raised at the end.

    It does nothing where Ctrl-C raises no KeyboardInterrupt: outside the main thread, or under another handler.
    """

    def __init__(self) -> None:
        main = threading.current_thread() is threading.main_thread()
        self._ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        self._pressed = False

    def __enter__(self) -> "Interrupts":
        self._hold()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()
        if self._pressed and error is None:
            raise KeyboardInterrupt

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Within this block Ctrl-C raises, at once when it was pressed before.

        Raises:
            KeyboardInterrupt: It was pressed.
        """
        try:
            self._let_go()
            if self._pressed:
                raise KeyboardInterrupt
            yield
        finally:
            self._hold()

    def _hold(self) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, self._note)

    def _let_go(self) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, *_: object) -> None:
        self._pressed = True
