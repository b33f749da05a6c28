"""What is drawn on a terminal. Loaded only when standard output is one."""

import contextlib
import threading
import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mainspring.charts.numbers import duration
from mainspring.cli.printing import MARKS
from mainspring.cli.progress import Board, Line
from mainspring.events import Event

__all__ = ["LiveLines", "put_table"]

_REFRESH = 0.1
_RUNNING_SHOWN = 8


class LiveLines:
    """Draws a run: one line a step, and below them the steps that are running, with the time that they have taken.

    Events only change what is to be drawn; a thread draws it ten times a second, so that the run does not wait.
    """

    def __init__(self) -> None:
        self.board = Board()
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._waiting: list[Text] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._drawer = threading.Thread(target=self._draw_on, daemon=True)

    def __enter__(self) -> "LiveLines":
        self._live.start()
        self._drawer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._drawer.join()
        self.board.running.clear()
        with contextlib.suppress(BrokenPipeError):
            self._draw()
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take an event of the run."""
        with self._lock:
            self._waiting += [self._drawn(line) for line in self.board.take(event)]

    def write(self, text: str) -> None:
        """Print lines about the run as a whole."""
        with self._lock:
            self._waiting.append(Text(text))

    def _draw_on(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            while not self._ended.wait(_REFRESH):
                self._draw()

    def _draw(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            running = self._running()
        if waiting:
            self._console.print(Text("\n").join(waiting), soft_wrap=True)
        self._live.update(running, refresh=True)

    def _drawn(self, line: Line) -> Text:
        board = self.board
        if not line.status:
            return Text(line.plain(board.width), style="dim")
        glyph, colour = MARKS[line.status]
        room = max(20, self._console.width - board.width - 36)
        text = Text(line.text)
        text.truncate(room, overflow="ellipsis", pad=True)
        return Text.assemble(
            (f"{glyph} {line.status:<7} ", colour), (f"{line.name:<{board.width}}  ", "bold"), text, f"  {line.figures}"
        )

    def _running(self) -> Text:
        now = time.monotonic()
        steps = sorted(self.board.running.items(), key=lambda one: one[1])
        groups = [f"{line.name} {line.text}" for line in self.board.underway()]
        lines = [f"▸ {name:<{self.board.width}}  {duration(now - since)}" for name, since in steps[:_RUNNING_SHOWN]]
        if len(steps) > _RUNNING_SHOWN:
            lines.append(f"  and {len(steps) - _RUNNING_SHOWN} more")
        done = sum(self.board.ended.values())
        if lines:
            lines.append("  ".join([f"{done:,}/{self.board.steps:,} steps", *groups]))
        return Text("\n".join(lines), style="yellow")


def put_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    """Print a table as wide as the window."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text.from_ansi(cell) for cell in row))
    Console(highlight=False).print(table)
