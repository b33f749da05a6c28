"""Signatures of functions, with their annotations resolved."""

import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FunctionType, SimpleNamespace
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Struct

from mainspring.errors import DefinitionError

__all__ = ["Output", "Parameter", "Signature", "named_outputs", "signature_of"]

Variadic = Literal["", "*", "**"]
_VARIADIC: dict[Any, Variadic] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
_BY_KEYWORD = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
_UNRESOLVED = (NameError, AttributeError, TypeError, SyntaxError, ImportError, LookupError, ValueError)


class Parameter(Struct, frozen=True):
    """One parameter of a function.

    Attributes:
        name: As written, without stars.
        annotation: Resolved, or Any when there is none.
        required: A call has to give it.
        keyword_only: It cannot be given by position.
        variadic: `*` or `**` when it collects what other parameters leave, else empty.
        default: What a call that leaves it out gets; None when it is required.
        positional_only: It cannot be given by name.
    """

    name: str
    annotation: Any
    required: bool
    keyword_only: bool
    variadic: Variadic
    default: object
    positional_only: bool = False


class Output(Struct, frozen=True):
    """One named result of a function that returns a NamedTuple."""

    name: str
    annotation: Any


class Signature(Struct, frozen=True):
    """What a function takes and returns.

    Attributes:
        parameters: In the order of the definition.
        returns: Annotation of the result, or Any when there is none.
        outputs: Fields of the NamedTuple that is returned, or None for any other result.
        file: Where the function is defined.
        line: Its first line, decorators included.
        remarks: Annotations that could not be resolved and are left unchecked, one sentence each.
    """

    parameters: tuple[Parameter, ...]
    returns: Any
    outputs: tuple[Output, ...] | None
    file: str
    line: int
    remarks: tuple[str, ...] = ()


def signature_of(fn: Callable[..., Any]) -> Signature:
    """Return the signature of a Python function, looking through decorators that use `functools.wraps`.

    An annotation that cannot be resolved, such as a name imported under TYPE_CHECKING alone, becomes Any with a remark.

    Raises:
        DefinitionError: `fn` is not a function written in Python.

    >>> def train(table: "list[int]", *, rate: float = 0.1) -> str: ...
    >>> signature_of(train).parameters[0].annotation
    list[int]
    """
    inner = inspect.unwrap(fn) if hasattr(fn, "__wrapped__") else fn
    code = getattr(inner, "__code__", None)
    if code is None:
        raise DefinitionError(
            f"{fn!r} is not a function written in Python", None, "Write a function around it with def."
        )
    remarks: list[str] = []
    hints = _hints(inner, inner.__globals__, _closure(inner), remarks)
    parameters = _parameters(inner, hints)
    returns = hints.get("return", Any)
    return Signature(
        parameters, returns, named_outputs(returns, remarks), code.co_filename, code.co_firstlineno, tuple(remarks)
    )


def _parameters(fn: Any, hints: dict[str, Any]) -> tuple[Parameter, ...]:
    """Return the parameters as `inspect` has them; those of plain functions, as most steps are, in less time."""
    if not _is_plain(fn) or fn.__code__.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        return tuple(_parameter(item, hints) for item in inspect.signature(fn).parameters.values())
    code, last = fn.__code__, fn.__defaults__ or ()
    many = code.co_argcount
    names = code.co_varnames[: many + code.co_kwonlyargcount]
    defaults = dict(zip(names[many - len(last) : many], last, strict=True)) | (fn.__kwdefaults__ or {})
    return tuple(
        Parameter(
            name,
            hints.get(name, Any),
            required=name not in defaults,
            keyword_only=place >= many,
            variadic="",
            default=defaults.get(name),
            positional_only=place < code.co_posonlyargcount,
        )
        for place, name in enumerate(names)
    )


def _is_plain(fn: Any) -> bool:
    """Say whether nothing was put on a function, such as `__signature__` or what `functools.wraps` notes."""
    return type(fn) is FunctionType and not fn.__dict__


def _parameter(found: inspect.Parameter, hints: dict[str, Any]) -> Parameter:
    variadic = _VARIADIC.get(found.kind, "")
    given = found.default is not found.empty
    return Parameter(
        found.name,
        hints.get(found.name, Any),
        required=not given and not variadic,
        keyword_only=found.kind in _BY_KEYWORD,
        variadic=variadic,
        default=found.default if given else None,
        positional_only=found.kind is found.POSITIONAL_ONLY,
    )


def _hints(owner: Any, names: dict[str, Any], local: dict[str, Any], remarks: list[str]) -> dict[str, Any]:
    """Resolve the annotations of a function or class all at once, or one by one when that fails."""
    written: dict[str, Any] = getattr(owner, "__annotations__", {})
    if _is_plain(owner) and all(type(value) is type for value in written.values()):
        return dict(written)  # nothing to resolve, which is quicker to see than to try
    try:
        return get_type_hints(owner, names, local, include_extras=True)
    except _UNRESOLVED:
        return {name: _hint(name, value, (names, local), remarks) for name, value in written.items()}


def _hint(name: str, written: Any, spaces: tuple[dict[str, Any], dict[str, Any]], remarks: list[str]) -> Any:
    try:
        return get_type_hints(SimpleNamespace(__annotations__={name: written}), *spaces, include_extras=True)[name]
    except _UNRESOLVED as error:
        subject = "the result" if name == "return" else f"'{name}'"
        text = written if isinstance(written, str) else repr(written)
        remarks.append(f"The annotation '{text}' of {subject} cannot be resolved ({error}); it is left unchecked.")
        return Any


def _closure(fn: Any) -> dict[str, Any]:
    """Return the local names around a function that it can see; annotations may name classes among them."""
    found = {}
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        with suppress(ValueError):  # a cell that is not filled yet
            found[name] = cell.cell_contents
    return found


def named_outputs(returns: Any, remarks: list[str]) -> tuple[Output, ...] | None:
    """Return the fields of a NamedTuple, or None for any other annotation; what is unresolved is added to `remarks`."""
    kind = get_args(returns)[0] if get_origin(returns) is Annotated else returns
    if not (isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")):
        return None
    module = sys.modules.get(kind.__module__)
    hints = _hints(kind, vars(module) if module else {}, {}, remarks)
    return tuple(Output(name, hints.get(name, Any)) for name in kind._fields)
