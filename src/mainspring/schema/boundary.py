"""Values checked where they enter or leave a step."""

import importlib
from contextlib import suppress
from numbers import Complex, Integral, Real
from typing import Any, Literal, NewType, get_args, get_origin, is_typeddict

from mainspring.errors import TypeMismatchError
from mainspring.schema.fit import UNIONS, is_unchecked, plain
from mainspring.schema.frames import frame_class, is_schema_frame, library_of, schema_of
from mainspring.schema.signature import named_outputs
from mainspring.schema.words import show_both

__all__ = ["validate"]

_NUMBERS: dict[type, type] = {int: Integral, float: Real, complex: Complex}
_SIMPLE = frozenset({bool, int, float, complex, str, bytes})
_SHOWN = 60
_ADAPTERS = {"dataframely": "mainspring.schema.dataframely", "pandera": "mainspring.schema.pandera"}


def validate(value: Any, annotation: Any, *, where: str) -> Any:
    """Return the value, checked against its annotation.

    Frames with a schema are checked in full, also inside lists, tuples, dicts and unions, and come back as the library
    of the schema returns them: with its columns alone (dataframely), coerced if the schema says so (pandera).
    Anything else is only asked for its class, and comes back as it is.

    Args:
        value: What a step was given or returned.
        annotation: What it was announced as.
        where: Step, and parameter or result, for the message.

    Raises:
        SchemaError: Rows or columns of a frame break its schema.
        TypeMismatchError: The value is of another class than its annotation.

    >>> validate(3, int, where="step 'count', result")
    3
    """
    if type(value) is annotation and annotation in _SIMPLE:
        return value
    wanted = plain(annotation)
    if is_unchecked(wanted):
        return value
    if type(value) is not wanted and not _is_a(value, wanted):
        expected, found = show_both(annotation, type(value))
        raise TypeMismatchError(
            f"Expected '{expected}' but got {_preview(value)}'{found}'", where, "Change the annotation or the value."
        )
    return _checked(value, wanted, where) if _holds_schema(wanted) else value


def _is_a(value: object, wanted: Any) -> bool:
    origin = get_origin(wanted) or wanted
    if origin in UNIONS:
        return any(_is_a(value, plain(member)) for member in get_args(wanted))
    if origin is Literal:
        return any(type(value) is type(known) and value == known for known in get_args(wanted))
    if isinstance(wanted, NewType):
        return _is_a(value, plain(wanted.__supertype__))
    if is_unchecked(wanted) or not isinstance(origin, type) or getattr(origin, "_is_protocol", False):
        return True
    return _is_instance(value, origin)


def _is_instance(value: object, kind: type) -> bool:
    if is_typeddict(kind):
        return isinstance(value, dict)
    if kind is bool:
        return type(value).__name__ in ("bool", "bool_")  # NumPy's too
    if kind in _NUMBERS:
        return isinstance(value, _NUMBERS[kind])
    with suppress(TypeError):  # classes that refuse the question
        return isinstance(value, frame_class(kind) if library_of(kind) else kind)
    return True


def _preview(value: object) -> str:
    if not isinstance(value, str | int | float | bytes):
        return ""
    text = repr(value)
    return f"{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'} of type "


def _holds_schema(annotation: Any) -> bool:
    annotation = plain(annotation)
    parts = [output.annotation for output in named_outputs(annotation, []) or ()] or get_args(annotation)
    return is_schema_frame(annotation) or any(_holds_schema(part) for part in parts)


def _checked(value: Any, wanted: Any, where: str) -> Any:
    """Check the frames inside a value that is of the class that it should be."""
    if is_schema_frame(wanted):
        adapter = importlib.import_module(_ADAPTERS[library_of(get_origin(wanted)) or ""])
        return adapter.check(value, schema_of(wanted), where)
    if get_origin(wanted) in UNIONS:
        return validate(value, next(kind for kind in get_args(wanted) if _is_a(value, plain(kind))), where=where)
    parts = _parts(value, wanted)
    checked = {key: validate(part, annotation, where=f"{where}[{key!r}]") for key, part, annotation in parts}
    if type(value) in (list, tuple):
        return type(value)(checked.values())
    if type(value) is dict:
        return checked
    return value._replace(**checked) if hasattr(value, "_replace") else value


def _parts(value: Any, wanted: Any) -> list[tuple[Any, Any, Any]]:
    """Return key, value and annotation of each element of a container."""
    args = get_args(wanted)
    outputs = named_outputs(wanted, [])
    if outputs is not None:
        return [(output.name, getattr(value, output.name), output.annotation) for output in outputs]
    if type(value) is dict and len(args) > 1:
        return [(key, item, args[1]) for key, item in value.items()]
    if type(value) is tuple and args[-1] is not Ellipsis:
        return [(index, item, kind) for index, (item, kind) in enumerate(zip(value, args, strict=False))]
    if type(value) in (list, tuple):
        return [(index, item, args[0]) for index, item in enumerate(value)]
    return []
