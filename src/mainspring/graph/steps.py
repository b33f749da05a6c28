"""`@step` and `@pipeline`: plain functions in plain Python, nodes of a DAG while a pipeline is traced."""

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, overload

from msgspec import Struct

from mainspring.errors import CycleError, DefinitionError
from mainspring.events import scope
from mainspring.schema import Signature, signature_of

__all__ = ["Pipeline", "Step", "StepOptions", "pipeline", "step"]

P = ParamSpec("P")
R = TypeVar("R")


class StepOptions(Struct, frozen=True):
    """How a step is run. None of it is part of the cache key.

    Attributes:
        cpus: Slots it takes, and the thread limit of BLAS, OpenMP and Polars in its worker.
        memory: Peak resident memory in MiB above which it is killed, or None.
        retries: Attempts after the first that fails.
        timeout: Seconds after which an attempt is killed, or None.
    """

    cpus: int = 1
    memory: int | None = None
    retries: int = 0
    timeout: float | None = None


class Step(Generic[P, R]):
    """A typed function that a pipeline connects. Call it as the function that it is."""

    fn: Callable[P, R]
    name: str
    options: StepOptions

    def __init__(self, fn: Callable[P, R], options: StepOptions) -> None:
        update_wrapper(self, fn)
        self.fn = fn
        self.name = fn.__name__
        self.options = options
        self._signature: Signature | None = None

    @property
    def signature(self) -> Signature:
        """Parameters and returns, with annotations resolved on first use."""
        if self._signature is None:
            self._signature = signature_of(self.fn)
        return self._signature

    @property
    def where(self) -> str:
        """`file:line` of the definition."""
        return f"{self.fn.__code__.co_filename}:{self.fn.__code__.co_firstlineno}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, or add a node to the pipeline that is being traced."""
        active = scope.get()
        if active is None:
            return self.fn(*args, **kwargs)
        result: R = active.call(self, args, kwargs, mapped=False)
        return result

    def map(self, items: Iterable[Any], **shared: Any) -> list[R]:
        """Return the list of results of calling the step on each of `items`.

        The first parameter takes one element at a time; `shared` keyword arguments are the same for all. In a pipeline
        `items` may be a reference to a list that is known only at run time: each element is then a step run of its own,
        with its own cache key.
        """
        active = scope.get()
        if active is None:
            call: Callable[..., R] = self.fn
            return [call(item, **shared) for item in items]
        result: list[R] = active.call(self, (items,), shared, mapped=True)
        return result

    def __repr__(self) -> str:
        return f"<step {self.name} at {self.where}>"


class Pipeline(Generic[P, R]):
    """A function whose calls of steps are the DAG. Called in plain Python, it simply runs."""

    def __init__(self, fn: Callable[P, R], seed: int) -> None:
        update_wrapper(self, fn)
        self.fn = fn
        self.name = fn.__name__
        self.seed = seed
        self._running = False

    @property
    def signature(self) -> Signature:
        """Parameters of the pipeline: none, or the configuration."""
        return signature_of(self.fn)

    @property
    def config_type(self) -> type | None:
        """The dataclass of the configuration, or None when the pipeline takes none."""
        parameters = self.signature.parameters
        if not parameters:
            return None
        if len(parameters) > 1:
            names = ", ".join(parameter.name for parameter in parameters)
            raise DefinitionError(
                f"Pipeline '{self.name}' takes {len(parameters)} parameters: {names}",
                self.where,
                "Give it one dataclass that holds all of its configuration.",
            )
        annotation = parameters[0].annotation
        if not isinstance(annotation, type) or not hasattr(annotation, "__dataclass_fields__"):
            raise DefinitionError(
                f"Pipeline '{self.name}' takes '{parameters[0].name}', which is not annotated with a dataclass",
                self.where,
                "Annotate it with the dataclass of the configuration.",
            )
        return annotation

    @property
    def where(self) -> str:
        """`file:line` of the definition."""
        return f"{self.fn.__code__.co_filename}:{self.fn.__code__.co_firstlineno}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function."""
        if self._running:
            raise CycleError(
                f"Pipeline '{self.name}' calls itself", self.where, "Take the repeated part into a pipeline of its own."
            )
        self._running = True
        try:
            return self.fn(*args, **kwargs)
        finally:
            self._running = False

    def __repr__(self) -> str:
        return f"<pipeline {self.name} at {self.where}>"


@overload
def step(fn: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(
    *, cpus: int = 1, memory: int | None = None, retries: int = 0, timeout: float | None = None
) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(
    fn: Callable[P, R] | None = None,
    /,
    *,
    cpus: int = 1,
    memory: int | None = None,
    retries: int = 0,
    timeout: float | None = None,
) -> Step[P, R] | Callable[[Callable[P, R]], Step[P, R]]:
    """Return the function as a step.

    Args:
        fn: A function, typed as far as it can be; pure as far as its inputs say.
        cpus: Slots it takes, and the thread limit of its worker.
        memory: Peak resident memory in MiB above which the step is killed.
        retries: Attempts after the first that fails.
        timeout: Seconds after which an attempt is killed.

    Raises:
        DefinitionError: `fn` is no function, or an option is out of range.

    >>> @step
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double(4), double.map([1, 2])
    (8, [2, 4])
    """
    options = StepOptions(cpus, memory, retries, timeout)
    if fn is None:
        return lambda inner: _make_step(inner, options)
    return _make_step(fn, options)


def _make_step(fn: Callable[P, R], options: StepOptions) -> Step[P, R]:
    name = _function_name(fn, "step")
    where = f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno}"
    problems = [
        f"{option} = {value!r}"
        for option, value, low in (
            ("cpus", options.cpus, 1),
            ("memory", options.memory, 1),
            ("retries", options.retries, 0),
            ("timeout", options.timeout, 0.001),
        )
        if value is not None and value < low
    ]
    if problems:
        raise DefinitionError(
            f"Step '{name}' has {' and '.join(problems)}", where, "Give a positive number (retries may be 0)."
        )
    return Step(fn, options)


@overload
def pipeline(fn: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(*, seed: int = 0) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...
def pipeline(
    fn: Callable[P, R] | None = None, /, *, seed: int = 0
) -> Pipeline[P, R] | Callable[[Callable[P, R]], Pipeline[P, R]]:
    """Return the function as a pipeline.

    Args:
        fn: A function that calls steps; it takes nothing, or one dataclass with the configuration.
        seed: The run seed, from which the seed of each step is derived.

    Raises:
        DefinitionError: `fn` is no function.

    >>> @pipeline
    ... def answer() -> int:
    ...     return 42
    >>> answer()
    42
    """
    if fn is None:
        return lambda inner: Pipeline(inner, seed)
    _function_name(fn, "pipeline")
    return Pipeline(fn, seed)


def _function_name(fn: Callable[..., Any], kind: str) -> str:
    if not hasattr(fn, "__code__"):
        raise DefinitionError(
            f"@{kind} was put on {fn!r}, which is not a Python function",
            None,
            f"Write a function around it, and make that the {kind}.",
        )
    if fn.__name__ == "<lambda>":
        where = f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno}"
        raise DefinitionError(f"@{kind} was put on a lambda, which has no name", where, "Use def.")
    return fn.__name__
