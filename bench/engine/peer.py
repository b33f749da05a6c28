"""What the benchmark knows about each tool."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["Edited", "Files", "Peer"]

Files = dict[str, str]
Command = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """One way to use a tool on the project of `subject`.

    Attributes:
        title: What the column is called.
        files: The project.
        first: Command of the first run.
        again: Command of the run after the edit.
        answer: Command that prints the result after a run; empty when the run itself prints it.
    """

    title: str
    files: Files
    first: Command
    again: Command
    answer: Command = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool, used the way its documentation says, and tuned as a good user would.

    Attributes:
        name: Folder under `peers` and name of the environment.
        title: What the tables call it.
        distribution: What `pip` calls it; empty for plain Python.
        imports: The statement with which a pipeline file starts.
        help: Command that prints the help of its command line; empty when it has none.
        chain: Files of a project that is a chain of steps. Takes how many, text for the top of the file, and
            a statement for the body of each step.
        run: Command that runs that project.
        shortcut: Command that skips what is there already, whatever has changed since; empty when there is none.
        setup: Command that the documentation says to run once in a new project; not counted in a cold run.
        store: What a run leaves in the project: removed before a cold run.
        edited: Ways to use it that the edits are tried on.
        variables: Settings of the environment; `{project}` stands for the project's folder.
        slow: Measured with fewer steps.
        remarks: What a reader has to know to judge the figures.
    """

    name: str
    title: str
    distribution: str
    imports: str
    help: Command
    chain: Callable[[int, str, str], Files]
    run: Command
    shortcut: Command = ()
    setup: Command = ()
    store: tuple[str, ...]
    edited: tuple[Edited, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    remarks: tuple[str, ...] = ()
