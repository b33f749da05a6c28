"""Tracing: call the pipeline once, with references in place of results, and keep the calls as a DAG."""

import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import GenericAlias
from typing import Any, NoReturn

from mainspring.errors import DefinitionError, NotFoundError, ReferenceUseError, TypeMismatchError, nearest
from mainspring.events import scope
from mainspring.graph.dag import Arg, Dag, Many, Node, Ref, Value
from mainspring.graph.steps import Pipeline, Step
from mainspring.schema import Parameter, assignable, show

__all__ = ["Reference", "trace"]


def _caller() -> str:
    """Return `file:line` of the innermost frame outside this package's tracing."""
    frame = inspect.currentframe()
    here = (__file__, sys.modules[Step.__module__].__file__)
    while frame is not None and frame.f_code.co_filename in here:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "<unknown>"


class Reference:
    """Stands for what a step will return. It can be passed on to other steps, and nothing else.

    Attributes:
        ref: The node and output that it stands for.
        annotation: What the step says it returns; `Any` when it says nothing.
    """

    __slots__ = ("annotation", "ref")

    def __init__(self, ref: Ref, annotation: Any) -> None:
        self.ref = ref
        self.annotation = annotation

    def _refuse(self, use: str) -> NoReturn:
        raise ReferenceUseError(
            f"The result of step '{self.ref.node}' is used as a value: {use}",
            _caller(),
            "While a pipeline is traced no step has run. Do this inside a step: make it a step.",
        )

    def __repr__(self) -> str:
        return f"<result of {self.ref.node}>"

    def __bool__(self) -> bool:
        self._refuse("in a condition")

    def __len__(self) -> int:
        self._refuse("len()")

    def __iter__(self) -> Any:
        self._refuse("in a loop or unpacked")

    def __getitem__(self, key: object) -> Any:
        self._refuse(f"[{key!r}]")

    def __contains__(self, item: object) -> bool:
        self._refuse("'in'")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(f".{name}")

    def __format__(self, spec: str) -> str:
        self._refuse("in a string")

    def __str__(self) -> str:
        self._refuse("in a string")

    def __eq__(self, other: object) -> bool:
        self._refuse("==")

    __hash__ = object.__hash__


def _refuse_operator(symbol: str) -> Callable[..., Any]:
    def refuse(self: Reference, *_: object, **__: object) -> NoReturn:
        self._refuse(symbol)

    return refuse


for _name, _symbol in {
    "add": "+", "radd": "+", "sub": "-", "rsub": "-", "mul": "*", "rmul": "*", "truediv": "/", "rtruediv": "/",
    "floordiv": "//", "rfloordiv": "//", "mod": "%", "rmod": "%", "pow": "**", "rpow": "**", "matmul": "@",
    "rmatmul": "@", "and": "&", "rand": "&", "or": "|", "ror": "|", "xor": "^", "rxor": "^", "lt": "<", "le": "<=",
    "gt": ">", "ge": ">=", "ne": "!=", "neg": "-", "pos": "+", "abs": "abs()", "invert": "~", "int": "int()",
    "float": "float()", "complex": "complex()", "index": "as an index", "round": "round()", "enter": "with",
    "setitem": "[...] =", "delitem": "del [...]", "call": "called", "fspath": "as a path", "reversed": "reversed()",
}.items():  # fmt: skip
    setattr(Reference, f"__{_name}__", _refuse_operator(_symbol))


class _Tracer:
    """The scope of a trace: every call of a step becomes a node."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self.nodes: dict[str, Node] = {}
        self.calls: dict[str, int] = {}
        self.steps: dict[str, Step[..., Any]] = {}

    def call(self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, mapped: bool) -> Any:
        where = _caller()
        known = self.steps.setdefault(step.name, step)
        if known.fn is not step.fn:
            raise DefinitionError(
                f"Two different functions are steps named '{step.name}': {known.where} and {step.where}",
                f"pipeline '{self.pipeline}', {where}",
                "Rename one of them.",
            )
        bound = self._bind(step, args, kwargs, where)
        over = self._mapped_parameter(step, where) if mapped else None
        self._check_types(step, bound, where, over)
        count = self.calls[step.name] = self.calls.get(step.name, 0) + 1
        name = step.name if count == 1 else f"{step.name}[{count}]"
        self.nodes[name] = Node(name, step, {key: freeze(value) for key, value in bound.items()}, where, over)
        return self._outcome(step, name, over is not None)

    def _mapped_parameter(self, step: Step[..., Any], where: str) -> str:
        parameters = step.signature.parameters
        if not parameters or parameters[0].variadic or parameters[0].keyword_only:
            raise DefinitionError(
                f"Step '{step.name}' is mapped, but has no first parameter that could take an element",
                where,
                "Give it a positional parameter.",
            )
        return parameters[0].name

    def _outcome(self, step: Step[..., Any], name: str, mapped: bool) -> Any:
        signature = step.signature
        if mapped:
            return Reference(Ref(name), GenericAlias(list, signature.returns))
        if signature.outputs is None:
            return Reference(Ref(name), signature.returns)
        outputs = [Reference(Ref(name, output.name), output.annotation) for output in signature.outputs]
        return signature.returns(*outputs)

    def _bind(
        self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], where: str
    ) -> dict[str, object]:
        parameters = step.signature.parameters
        if not kwargs and len(args) == len(parameters) and not any(p.keyword_only or p.variadic for p in parameters):
            return {parameter.name: value for parameter, value in zip(parameters, args, strict=True)}
        positional = [p for p in parameters if not p.keyword_only and not p.variadic]
        star = next((p for p in parameters if p.variadic == "*"), None)
        double = next((p for p in parameters if p.variadic == "**"), None)
        bound: dict[str, object] = dict(zip((p.name for p in positional), args, strict=False))
        problems = []
        if len(args) > len(positional):
            if star is None:
                problems.append(f"takes {len(positional)} positional arguments but {len(args)} were given")
            else:
                bound[f"*{star.name}"] = args[len(positional) :]
        named = {p.name for p in parameters if not p.variadic}
        extra = {key: value for key, value in kwargs.items() if key not in named}
        problems += [f"got '{key}' twice" for key in kwargs if key in bound]
        bound.update({key: value for key, value in kwargs.items() if key in named})
        if extra and double is None:
            problems += [_unknown(key, named) for key in extra]
        elif extra and double is not None:
            bound[f"**{double.name}"] = extra
        missing = [p.name for p in parameters if p.required and not p.variadic and p.name not in bound]
        if missing:
            problems.append(f"needs {', '.join(repr(name) for name in missing)}")
        if problems:
            raise DefinitionError(f"Step '{step.name}' {'; '.join(problems)}", where, "Change the call.")
        return bound

    def _check_types(self, step: Step[..., Any], bound: dict[str, object], where: str, over: str | None) -> None:
        for parameter in step.signature.parameters:
            if parameter.name in bound:
                annotation = parameter.annotation
                target = GenericAlias(Iterable, annotation) if parameter.name == over else annotation
                self._check_type(step, parameter, target, bound[parameter.name], where)

    def _check_type(self, step: Step[..., Any], parameter: Parameter, target: Any, value: object, where: str) -> None:
        source = annotation_of(value)
        if assignable(source, target):
            return
        takes = f"Step '{step.name}' needs '{parameter.name}: {show(target)}'"
        if isinstance(value, Reference):
            what = f"{takes} but '{value.ref.node}' returns '{show(source)}'"
        else:
            what = f"{takes} but was given '{show(source)}'"
        raise TypeMismatchError(what, where, "Change the annotation or add a step.")

    def log(self, name: str, *_: object) -> None:
        self._only_in_steps(f"log({name!r}, …)")

    def evidence(self, finding: Any) -> None:
        self._only_in_steps(f"evidence({finding.test!r}, …)")

    def checkpoint(self) -> Path:
        self._only_in_steps("checkpoint()")

    def seed(self) -> int:
        self._only_in_steps("seed()")

    def _only_in_steps(self, what: str) -> NoReturn:
        raise DefinitionError(
            f"{what} in the body of pipeline '{self.pipeline}'", _caller(), "Move it into the step that it is about."
        )


def _unknown(key: str, names: set[str]) -> str:
    close = nearest(key, names)
    return f"has no parameter '{key}'" + (f", did you mean '{close}'?" if close else "")


def annotation_of(value: object) -> Any:
    """Return the type of an argument as far as it can be told before the run."""
    if isinstance(value, Reference):
        return value.annotation
    if isinstance(value, list) and any(isinstance(item, Reference) for item in value):
        kinds = {annotation_of(item) for item in value if _hashable(annotation_of(item))}
        return GenericAlias(list, kinds.pop() if len(kinds) == 1 else Any)
    if _holds_reference(value):
        return Any if type(value) in (dict, tuple) else type(value)
    return type(value) if value is not None else None


def _hashable(annotation: Any) -> bool:
    return getattr(annotation, "__hash__", None) is not None


def _holds_reference(value: object) -> bool:
    if isinstance(value, Reference):
        return True
    if isinstance(value, dict):
        return any(_holds_reference(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_holds_reference(item) for item in value)


def freeze(value: object) -> Arg:
    """Return an argument as data: references become `Ref`, containers around references `Many`, the rest `Value`."""
    if isinstance(value, Reference):
        return value.ref
    if not _holds_reference(value):
        return Value(list(value) if type(value) is list else value)
    if isinstance(value, dict):
        return Many(dict, tuple(freeze(item) for item in value.values()), tuple(value))
    if isinstance(value, list | tuple):
        return Many(type(value), tuple(freeze(item) for item in value))
    return Value(value)


def trace(pipeline: Pipeline[..., Any], config: object | None) -> Dag:
    """Return the DAG of a pipeline for one configuration. No step runs.

    Raises:
        DefinitionError: The calls do not fit the steps; its subclasses say how: a type mismatch, a reference that is
            used as a value, a pipeline that calls itself.
    """
    tracer = _Tracer(pipeline.name)
    token = scope.set(tracer)
    try:
        result = pipeline() if pipeline.config_type is None else pipeline(config)
    finally:
        scope.reset(token)
    if not tracer.nodes:
        raise NotFoundError(
            f"Pipeline '{pipeline.name}' calls no step", pipeline.where, "Decorate its steps with @step."
        )
    return Dag(pipeline.name, tracer.nodes, freeze(result), pipeline.seed)
