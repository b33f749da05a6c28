"""How an attempt that did not return is put into words."""

import signal
from pathlib import Path

from mainspring.engine.messages import Death, Failed
from mainspring.errors import MainspringError, StepFailedError, StepKilledError, StepTimeoutError
from mainspring.graph import Node

__all__ = ["from_answer", "from_death", "from_error", "tail"]

_TAIL_LINES = 20
_TAIL_BYTES = 8192


def from_answer(node: Node, name: str, answer: Failed, log: Path) -> StepFailedError:
    """Return the error for a step that raised, or whose result cannot be kept."""
    place = _innermost(answer.traceback) or _place(node, name)
    inside = (answer.where or "").removeprefix(f"step '{name}'").removeprefix(", ")
    if inside and inside not in place:
        place = f"{place}, {inside}"
    return StepFailedError(answer.what.partition("\n")[0], place, answer.fix, tail(log))


def from_error(node: Node, name: str, error: MainspringError) -> StepFailedError:
    """Return the error for a step that could not start."""
    return StepFailedError(error.what, error.where or _place(node, name), error.fix)


def from_death(node: Node, name: str, death: Death, log: Path) -> StepFailedError:
    """Return the error for a step whose worker is gone."""
    place, printed = _place(node, name), tail(log)
    options = node.step.options
    if death.cause == "timeout":
        what = f"Step '{name}' ran longer than its timeout of {options.timeout:g} s"
        return StepTimeoutError(what, place, "Raise the timeout in @step, or make the step faster.", printed)
    if death.cause == "memory":
        what = f"Step '{name}' was killed at {death.peak_rss / 2**20:,.0f} MiB: its limit is {options.memory:,} MiB"
        return StepKilledError(what, place, "Raise memory in @step, or have the step use less.", printed)
    if death.signal == signal.SIGKILL:
        what = f"Step '{name}' was killed (SIGKILL), most likely because the machine ran out of memory"
        return StepKilledError(what, place, "Give it less data or fewer workers, or a memory limit in @step.", printed)
    if death.signal is not None:
        kind = signal.Signals(death.signal).name
        what = f"Step '{name}' crashed its process ({kind}: {signal.strsignal(death.signal)})"
        return StepKilledError(
            what, place, "The end of its log shows where; look at native code that it calls.", printed
        )
    what = f"Step '{name}' ended its process with exit status {death.code}"
    return StepKilledError(what, place, "Raise an exception instead, or return.", printed)


def tail(log: Path) -> str:
    """Return the last lines of a log, or nothing when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-_TAIL_LINES:])


def _innermost(traceback: str) -> str | None:
    """Return `file:line` of the last frame of a formatted traceback."""
    lines = [line.strip() for line in traceback.splitlines() if line.lstrip().startswith('File "')]
    if not lines:
        return None
    path, _, rest = lines[-1].removeprefix('File "').partition('", line ')
    return f"{path}:{rest.partition(',')[0]}"


def _place(node: Node, name: str) -> str:
    return f"step '{name}', {node.step.where}"
