"""Whether a value of one annotation can go where another is asked for.

Values do not change between steps, so every generic is covariant: a `list[bool]` goes where a `list[int]` is asked for.
What the class of a value cannot decide (literals, NewTypes, protocols, frames without a schema) fits here and is looked
at when the value arrives: a false alarm would stop a pipeline that works.
"""

from collections import abc
from functools import reduce
from operator import or_
from types import EllipsisType, GenericAlias, NoneType, UnionType
from typing import Annotated, Any, ForwardRef, Literal, NewType, TypeVar, Union, get_args, get_origin, is_typeddict

from mainspring.schema.frames import frame_class, library_of

__all__ = ["UNIONS", "assignable", "is_unchecked", "plain"]

UNIONS = (Union, UnionType)
_BOTTOM = ("Never", "NoReturn")
_ELEMENTS: dict[type, type] = {str: str, bytes: int, bytearray: int, range: int}
_PLAIN_MODULES = ("builtins", "collections", "collections.abc", "typing")


def assignable(source: Any, target: Any) -> bool:
    """Return whether what is annotated `source` may be passed where `target` is asked for.

    >>> assignable(bool, int | None), assignable(list[int], list[str])
    (True, False)
    """
    if source is target:
        return True
    source, target = plain(source), plain(target)
    if is_unchecked(source) or is_unchecked(target) or target is object or source == target:
        return True
    if get_origin(source) in UNIONS:
        return all(assignable(member, target) for member in get_args(source))
    if get_origin(source) is Literal:
        return all(_value_fits(value, target) for value in get_args(source))
    if get_origin(target) in UNIONS:
        return any(assignable(source, member) for member in get_args(target))
    if get_origin(target) is Literal:
        return any(assignable(source, type(value)) for value in get_args(target))
    if isinstance(source, NewType) or isinstance(target, NewType):
        return _new_type_fits(source, target)
    return _class_fits(source, target)


def plain(annotation: Any) -> Any:
    """Return the annotation without metadata, aliases and type variables: what a value is compared with."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif _is_alias(origin):
            annotation = origin.__value__[get_args(annotation)]
        elif _is_alias(annotation):
            annotation = annotation.__value__
        elif isinstance(annotation, TypeVar):
            choices = annotation.__constraints__
            annotation = reduce(or_, choices) if choices else annotation.__bound__ or Any
        else:
            return NoneType if annotation is None else annotation


def is_unchecked(annotation: Any) -> bool:
    """Return whether the annotation says nothing, so that anything goes."""
    unknown = annotation is Any or isinstance(annotation, str | ForwardRef)
    return unknown or getattr(annotation, "_name", None) in _BOTTOM


def _is_alias(annotation: Any) -> bool:
    return type(annotation).__name__ == "TypeAliasType"


def _value_fits(value: object, target: Any) -> bool:
    if get_origin(target) in UNIONS:
        return any(_value_fits(value, plain(member)) for member in get_args(target))
    if get_origin(target) is Literal:
        return any(type(value) is type(known) and value == known for known in get_args(target))
    return assignable(type(value), target)


def _new_type_fits(source: Any, target: Any) -> bool:
    if not isinstance(source, NewType):
        return assignable(source, target.__supertype__)
    if not isinstance(target, NewType):
        return assignable(source.__supertype__, target)
    above = source.__supertype__
    return above == target or (isinstance(above, NewType) and _new_type_fits(above, target))


def _class_fits(source: Any, target: Any) -> bool:
    given: Any = get_origin(source) or source
    wanted: Any = get_origin(target) or target
    if not isinstance(given, type) or not isinstance(wanted, type) or getattr(wanted, "_is_protocol", False):
        return True
    if is_typeddict(wanted):
        return _typed_dict_fits(given, wanted)
    if library_of(wanted) and not library_of(given):
        return issubclass(given, frame_class(wanted))
    return _is_subclass(given, wanted) and _arguments_fit(source, target, given, wanted)


def _is_subclass(given: type, wanted: type) -> bool:
    if wanted in (float, complex) and issubclass(given, int | float):
        return True  # promotion of numbers, as type checkers have it
    try:
        return issubclass(given, wanted)
    except TypeError:  # classes that refuse the question
        return True


def _typed_dict_fits(given: Any, wanted: Any) -> bool:
    if not is_typeddict(given):
        return issubclass(given, abc.Mapping)
    return bool(wanted.__required_keys__ <= given.__required_keys__)


def _arguments_fit(source: Any, target: Any, given: Any, wanted: Any) -> bool:
    asked = get_args(target)
    if given is tuple and get_args(source):
        return _tuple_fits(get_args(source), target, wanted)
    if not asked:
        return True
    if wanted is abc.Callable:
        return _callable_fits(get_args(source), asked)
    found = _arguments_as(source, given, wanted, len(asked))
    return all(assignable(one, other) for one, other in zip(found, asked, strict=False))


def _tuple_fits(items: tuple[Any, ...], target: Any, wanted: type) -> bool:
    asked = get_args(target)
    endless = isinstance(items[-1], EllipsisType)
    items = items[:1] if endless else items
    if wanted is not tuple or (asked and isinstance(asked[-1], EllipsisType)):
        return all(assignable(item, other) for other in asked[:1] for item in items)
    if endless:
        return all(assignable(items[0], other) for other in asked)
    if not asked:
        return not isinstance(target, GenericAlias)
    return len(items) == len(asked) and all(map(assignable, items, asked))


def _callable_fits(offered: tuple[Any, ...], asked: tuple[Any, ...]) -> bool:
    if not offered:
        return True
    *takes, returns = offered
    *gives, result = asked
    if not assignable(returns, result):
        return False
    if not isinstance(takes[0], list) or not isinstance(gives[0], list):
        return True
    return len(takes[0]) == len(gives[0]) and all(map(assignable, gives[0], takes[0]))


def _arguments_as(source: Any, given: type, wanted: type, count: int) -> tuple[Any, ...]:
    """Return the arguments of `source` as those of its base `wanted`, or none where that is not known."""
    args = get_args(source)
    if given is wanted:
        return args
    if given in _ELEMENTS and count == 1:
        return (_ELEMENTS[given],)
    for base in getattr(given, "__orig_bases__", ()):
        origin = get_origin(base)
        if isinstance(origin, type) and issubclass(origin, wanted):
            return _arguments_as(_bound(base, given, args), origin, wanted, count)
    if given.__module__ not in _PLAIN_MODULES:
        return ()
    if len(args) == count:
        return args
    first_is_element = issubclass(given, abc.Mapping | abc.Generator | abc.AsyncGenerator)
    return args[:1] if count == 1 and first_is_element else ()


def _bound(base: Any, given: Any, args: tuple[Any, ...]) -> Any:
    """Return a generic base with the type variables that the class was given filled in."""
    open_names = getattr(base, "__parameters__", ())
    if not open_names:
        return base
    inherited = (name for other in given.__orig_bases__ for name in getattr(other, "__parameters__", ()))
    names = getattr(given, "__parameters__", ()) or dict.fromkeys(inherited)
    filled = dict(zip(names, args, strict=False))
    return base[tuple(filled.get(name, Any) for name in open_names)]
