"""The scope of a running step: what `log`, `checkpoint` and `seed` do, and the inputs and outputs around the call."""

import importlib
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from msgspec.json import encode

from mainspring.digest import Artifact, restore
from mainspring.engine.messages import Evidence, Logged, Metrics, Plain, Task, path_in
from mainspring.errors import DefinitionError, UnstorableError
from mainspring.events import Finding, scope
from mainspring.graph import Step
from mainspring.schema import Output, Signature, validate
from mainspring.store import BlobStore, load, save, split

__all__ = ["StepRun", "call_step", "find_step", "inputs_of"]

_FLUSH_SECONDS = 1.0
_LARGEST_BATCH = 10_000


class StepRun:
    """The scope in which one attempt of a step runs.

    Metrics are kept in a list and sent each second, when the step ends, and when the list grows long. `log` may be
    called from any thread of the step.
    """

    def __init__(
        self, task: Task, blobs: BlobStore, send: Callable[[object], None], *, allow_pickle: bool = True
    ) -> None:
        self.task = task
        self.blobs = blobs
        self.allow_pickle = allow_pickle
        self._send = send
        self._rows: list[tuple[str, float, int | None, float]] = []
        self._ended = threading.Event()
        self._flusher: threading.Thread | None = None

    def call(self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, mapped: bool) -> Any:
        """Call another step as the function that it is."""
        if mapped:
            return [step.fn(item, **kwargs) for item in args[0]]
        return step.fn(*args, **kwargs)

    def log(self, name: str, value: object, at: int | None) -> None:
        """Keep a metric for the next flush, or store a figure or table at once."""
        if type(value) is float or type(value) is int:
            self._rows.append((name, value, at, time.time()))
            if self._flusher is None:
                self._flusher = threading.Thread(target=self._flush_each_second, daemon=True)
                self._flusher.start()
            elif len(self._rows) >= _LARGEST_BATCH:
                self.flush()
            return
        self._log_other(name, value, at)

    def _log_other(self, name: str, value: object, at: int | None) -> None:
        charts = importlib.import_module("mainspring.charts")
        figure = charts.figure_from(value)
        if figure is not None:
            self._log_artifact(name, "figure", figure)
            return
        if not isinstance(value, str) and hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0:
            self.log(name, float(value), at)
            return
        try:
            table = charts.table_from(value)
        except (TypeError, ValueError) as error:
            raise DefinitionError(
                f"log({name!r}, …) was given {type(value).__qualname__}, which is no number, figure or table",
                f"step '{self.task.step}'",
                "Log a number, a frame, a list of dicts, or a figure.",
            ) from error
        self._log_artifact(name, "table", table)

    def _log_artifact(self, name: str, kind: str, value: object) -> None:
        self._send(Logged(name, kind, save(name, value, self.blobs, pickle=False), time.time()))

    def evidence(self, finding: Finding) -> None:
        """Send what a check said."""
        self._send(Evidence(finding.test, finding.name, encode(finding).decode(), time.time()))

    def checkpoint(self) -> Path:
        """Return the checkpoint directory of this cache key, made on first use."""
        folder = Path(self.task.checkpoint)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def seed(self) -> int:
        """Return the seed of the step."""
        return self.task.seed

    def flush(self) -> None:
        """Send the metrics that are waiting."""
        rows, self._rows = self._rows, []
        if rows:
            self._send(Metrics(tuple(rows)))

    def close(self) -> None:
        """Send what is left. Nothing may be logged afterwards."""
        self._ended.set()
        if self._flusher is not None:
            self._flusher.join()
        self.flush()

    def _flush_each_second(self) -> None:
        while not self._ended.wait(_FLUSH_SECONDS):
            self.flush()


class _Seeder:
    """Seeds the libraries that draw random numbers, those loaded by now and those that the step will load."""

    def __init__(self) -> None:
        self.seed = 0
        self._loaders: dict[str, Callable[[int], object]] = {
            "random": lambda seed: sys.modules["random"].seed(seed),
            "numpy.random": lambda seed: sys.modules["numpy.random"].seed(seed),
            "torch": lambda seed: sys.modules["torch"].manual_seed(seed),
        }
        sys.meta_path.insert(0, self)

    def start(self, seed: int) -> None:
        self.seed = seed
        for name, apply in self._loaders.items():
            module = sys.modules.get(name)
            if module is not None and not getattr(module.__spec__, "_initializing", False):
                apply(seed)

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        apply = self._loaders.get(name)
        if apply is None:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        spec = next((found for finder in others if (found := finder.find_spec(name, path, target))), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_seed(module: Any) -> None:
            execute(module)
            apply(self.seed)

        spec.loader.exec_module = execute_and_seed  # type: ignore[method-assign]
        return spec


_seeder: list[_Seeder] = []


def find_step(task: Task) -> Step[..., Any] | None:
    """Return the step that a task names, importing its module; None for the built-in split."""
    if not task.module:
        return None
    found: object = importlib.import_module(task.module)
    for part in task.attribute.split("."):
        found = getattr(found, part)
    if not isinstance(found, Step):
        raise DefinitionError(
            f"'{task.module}.{task.attribute}' is {type(found).__qualname__} in the worker, not a step",
            f"step '{task.step}'",
            "Define steps at the top level of their module, the same way on each import.",
        )
    return found


def call_step(
    task: Task, run: StepRun, *, watching: AbstractContextManager[None] | None = None
) -> tuple[Artifact, ...]:
    """Load the inputs, call the step in its scope, and store what it returns.

    Args:
        task: What to call.
        run: The scope.
        watching: Entered for the call alone: what is read before and after it is not the step's doing.

    Raises:
        CorruptBlobError: An input could not be read back.
        UnstorableError: What it returned has no codec.
        Exception: Whatever the step raises.
    """
    step = find_step(task)
    if step is None:
        return tuple(split(task.args["items"], run.blobs))
    positional, named = _arguments(step.signature, inputs_of(task, run.blobs))
    if not _seeder:
        _seeder.append(_Seeder())
    _seeder[0].start(task.seed)
    token = scope.set(run)
    try:
        with watching or nullcontext():
            result = step.fn(*positional, **named)
    finally:
        scope.reset(token)
        run.close()
    return _stored(task, step, result, run)


def inputs_of(task: Task, blobs: BlobStore) -> dict[str, Any]:
    """Return the arguments of a task, loaded, by parameter; variadic ones as `*args` and `**kwargs`."""
    return {key: _value(arg, blobs) for key, arg in task.args.items()}


def _value(arg: Any, blobs: BlobStore) -> object:
    if isinstance(arg, Artifact):
        return load(arg, blobs)
    if isinstance(arg, Plain):
        return restore(arg.data, path_in)
    return arg.build([_value(item, blobs) for item in arg.items])


def _arguments(signature: Signature, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in signature.parameters:
        if parameter.variadic == "*":
            positional += values.get(f"*{parameter.name}", ())
        elif parameter.variadic == "**":
            named.update(values.get(f"**{parameter.name}", {}))
        elif parameter.name in values:
            where = f"parameter '{parameter.name}'"
            value = validate(values[parameter.name], parameter.annotation, where=where)
            if parameter.keyword_only or len(positional) < _position(signature, parameter.name):
                named[parameter.name] = value
            else:
                positional.append(value)
    return positional, named


def _position(signature: Signature, name: str) -> int:
    return [parameter.name for parameter in signature.parameters].index(name)


def _stored(task: Task, step: Step[..., Any], result: Any, run: StepRun) -> tuple[Artifact, ...]:
    outputs = step.signature.outputs
    if outputs is None or task.whole:
        outputs = (Output("result", step.signature.returns),)
        result = (result,)
    elif not isinstance(result, tuple) or len(result) != len(outputs):
        raise UnstorableError(
            f"Step '{task.step}' says it returns {len(outputs)} named results but returned {type(result).__qualname__}",
            step.where,
            "Return the NamedTuple of its annotation.",
        )
    artifacts = []
    for output, value in zip(outputs, result, strict=True):
        checked = validate(value, output.annotation, where=f"step '{task.step}', result '{output.name}'")
        artifacts.append(save(output.name, checked, run.blobs, pickle=run.allow_pickle))
    return tuple(artifacts)
