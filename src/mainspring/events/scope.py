"""What calling a step, logging and asking for a checkpoint mean at this moment.

One context variable holds it. Nothing is set in plain Python; the tracer sets itself while a pipeline is traced; the
worker sets itself while a step runs.
"""

from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Scope", "checkpoint", "log", "scope", "seed"]


class Scope(Protocol):
    """The meaning of the public verbs inside a trace or a step run.

    Threads: a scope is used from the thread that set it and from threads that copied its context; `log` must be safe
    from any of them. Ownership: whoever sets the variable resets it. Errors: a verb that has no meaning in a scope
    raises `DefinitionError`.
    """

    def call(self, step: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, mapped: bool) -> Any:
        """Return what calling `step` with these arguments gives here."""

    def log(self, name: str, value: object, at: int | None) -> None:
        """Record one metric, figure or table."""

    def evidence(self, finding: Any) -> None:
        """Record what a check said; see `mainspring.events.evidence`."""

    def checkpoint(self) -> Path | None:
        """Return the directory that survives an interrupted attempt of this step; None where there is no run."""

    def seed(self) -> int:
        """Return the seed of this step, 0 to 2**32 - 1."""


scope: ContextVar[Scope | None] = ContextVar("mainspring.scope", default=None)


def log(name: str, value: object, *, at: int | None = None) -> None:
    """Record a metric, figure or table of the step that is running.

    Args:
        name: What is measured, in the words of its readers; the report shows it.
        value: A number (anything with `__float__`); a figure (matplotlib, Altair, `mainspring.charts`); or a table (a
            frame, a list of dicts, `mainspring.charts.Table`), of which the first 200 rows are kept.
        at: Position on the axis of progress, such as the epoch. Without it the last value counts.

    Outside a run, as in a unit test, this only writes a line to the `mainspring` logger at DEBUG.

    >>> log("accuracy", 0.93)
    """
    active = scope.get()
    if active is None:
        import_module("logging").getLogger("mainspring").debug("%s = %s", name, value)
    else:
        active.log(name, value, at)


def checkpoint() -> Path | None:
    """Return a directory that an interrupted attempt of this step leaves to the next, or None outside a run.

    It belongs to the cache key: changed code or inputs start afresh. It is removed when the step succeeds.

    >>> checkpoint() is None
    True
    """
    active = scope.get()
    return None if active is None else active.checkpoint()


def seed() -> int:
    """Return the seed of the running step, derived from the run seed and the step's own cache key; 0 outside a run.

    >>> seed()
    0
    """
    active = scope.get()
    return 0 if active is None else active.seed()
