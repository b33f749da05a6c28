"""Annotations in the words of whoever wrote them."""

import sys
from collections.abc import Callable
from types import EllipsisType, GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

__all__ = ["show", "show_both"]


def show(annotation: Any) -> str:
    """Return an annotation as a user would write it.

    >>> show(dict[str, int | None])
    'dict[str, int | None]'
    """
    return _show(annotation, _public_name)


def show_both(one: Any, other: Any) -> tuple[str, str]:
    """Return two annotations as a user would write them, with their modules where only these tell them apart."""
    shown = show(one), show(other)
    return shown if shown[0] != shown[1] else (_show(one, _full_name), _show(other, _full_name))


def _show(annotation: Any, name: Callable[[type], str]) -> str:
    origin = get_origin(annotation)
    if origin is None:
        return _show_plain(annotation, name)
    args = get_args(annotation)
    if origin is Annotated:
        return _show(args[0], name)
    if origin in (Union, UnionType):
        return " | ".join(_show(arg, name) for arg in args)
    if origin is Literal:
        return f"Literal[{', '.join(repr(arg) for arg in args)}]"
    if _is_numpy_array(origin, args):
        return f"NDArray[{_show(get_args(args[1])[0], name)}]"
    bare = not args and not isinstance(annotation, GenericAlias)
    inside = ", ".join(_show(arg, name) for arg in args) or "()"
    return _show_plain(origin, name) if bare else f"{_show_plain(origin, name)}[{inside}]"


def _show_plain(annotation: Any, name: Callable[[type], str]) -> str:
    if annotation is None or annotation is NoneType:
        return "None"
    if isinstance(annotation, EllipsisType):
        return "..."
    if isinstance(annotation, type):
        return name(annotation)
    if isinstance(annotation, list):
        return f"[{', '.join(_show(arg, name) for arg in annotation)}]"
    if isinstance(annotation, str):
        return annotation
    found = getattr(annotation, "__forward_arg__", None) or getattr(annotation, "__name__", None)
    return found if isinstance(found, str) else repr(annotation).removeprefix("typing.")


def _is_numpy_array(origin: Any, args: tuple[Any, ...]) -> bool:
    return _full_name(origin) == "numpy.ndarray" and len(args) == 2 and bool(get_args(args[1]))


def _public_name(kind: type) -> str:
    """Return a class by the package that offers it, such as `pandas.DataFrame`, or bare when it comes from a module."""
    root = kind.__module__.partition(".")[0]
    package = sys.modules.get(root)
    outside = hasattr(package, "__path__") and root not in ("mainspring", "collections")
    if outside and vars(package).get(kind.__name__) is kind:
        return f"{root}.{kind.__name__}"
    return kind.__qualname__.rpartition("<locals>.")[2]


def _full_name(kind: Any) -> str:
    module = getattr(kind, "__module__", "builtins")
    name = getattr(kind, "__qualname__", str(kind))
    return name if module in ("builtins", "typing", "collections.abc") else f"{module}.{name}"
