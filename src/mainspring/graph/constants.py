"""The part of a symbol's identity that its source does not show: values that were worked out on import."""

from collections.abc import Callable, Iterator
from functools import partial
from inspect import unwrap
from types import FunctionType, MethodType
from typing import Any

from mainspring.digest import tagged
from mainspring.graph.modules import Definition, Told

__all__ = ["Values", "closure_of", "defaults_of", "live_parts"]

_DEEPEST = 4


class Values:
    """Digests of live values, as far as they have one.

    Args:
        digest_of: The digest of a value, or None when it has none.
        is_ours: Whether a class is the project's.
    """

    def __init__(self, digest_of: Callable[[object], str | None], is_ours: Callable[[type], bool]) -> None:
        self._digest_of = digest_of
        self._is_ours = is_ours
        self._opaque: dict[type, str] = {}

    def digest(self, value: object) -> str:
        """Return the digest of a value, or that of the name of its type: such a value counts by its source alone."""
        return self._digest_of(value) or self._digest_of_kind(type(value))

    def _digest_of_kind(self, kind: type) -> str:
        known = self._opaque.get(kind)
        if known is None:
            known = self._opaque[kind] = tagged("constant/1", "opaque", kind.__module__, kind.__qualname__)
        return known

    def parts(self, value: Any, depth: int = 0) -> Iterator[str]:
        """Yield digests of a value, or of what a function, a partial or an object of the project's carries."""
        if isinstance(value, staticmethod | classmethod | MethodType):
            value = value.__func__
        if callable(value) and not isinstance(value, type) and hasattr(value, "__wrapped__"):
            value = unwrap(value)
        inner = self._inside(value) if depth < _DEEPEST else []
        if not inner:
            yield self.digest(value)
        for word, part in inner:
            yield word
            yield from self.parts(part, depth + 1)

    def _inside(self, value: Any) -> list[tuple[str, object]]:
        if isinstance(value, partial):
            return [("partial", part) for part in (value.func, *value.args)] + sorted(value.keywords.items())
        if isinstance(value, FunctionType):
            return [*defaults_of(value), *closure_of(value)]
        if isinstance(value, type) or not self._is_ours(type(value)) or self._digest_of(value) is not None:
            return []
        return sorted(getattr(value, "__dict__", {}).items())


def live_parts(definition: Definition, told: Told, value: Any, values: Values) -> list[str]:
    """Return digests of what a symbol was given on import.

    A constant's value; a class's attributes; a function's defaults and closure, where its source computes them.

    Args:
        definition: The symbol.
        told: What its source tells.
        value: Its live value; what is no value of that kind adds nothing.
        values: What makes digests of values.
    """
    if definition.kind == "constant":
        return list(values.parts(value))
    if definition.kind == "class":
        names = told.attributes if isinstance(value, type) else []
        return [piece for name in names if name in vars(value) for piece in (name, *values.parts(vars(value)[name]))]
    if definition.kind in ("function", "method") and told.computed:
        return list(values.parts(value))
    return []


def defaults_of(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield a word for it and the value of each default of a function."""
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield "default", value


def closure_of(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield a word for it and the value of each name that a function holds from around it."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"closure {name}", cell.cell_contents
        except ValueError:  # not bound yet
            continue
