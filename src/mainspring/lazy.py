"""Names that a unit offers and that are imported when they are first asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["offer"]


def offer(unit: str, places: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a unit.

    Args:
        unit: The name of the unit.
        places: The module in which each name lives.
    """

    def find(name: str) -> object:
        place = places.get(name)
        if place is None:
            raise AttributeError(f"module '{unit}' has no attribute {name!r}", name=name)
        value: object = getattr(import_module(place), name)
        setattr(sys.modules[unit], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[unit]), *places})

    return find, names
