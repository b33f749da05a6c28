"""The progress of a batch on a terminal. Loaded only when standard output is one."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mainspring.batch import Progress as Rows

__all__ = ["Bar"]


class Bar:
    """A bar while it is entered; it is called with how far the batch is."""

    def __init__(self) -> None:
        columns = (
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("rows{task.fields[refused]}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, transient=True)
        self._task = self._progress.add_task("", total=None, refused="")

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: Rows) -> None:
        """Draw how far it is."""
        refused = f", {done.rejected:,} refused" if done.rejected else ""
        self._progress.update(self._task, completed=done.rows, total=done.total, refused=refused)
