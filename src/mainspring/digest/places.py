"""Where a value sits inside another, as the Python expression that reaches it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum

__all__ = ["place_of"]

_SHOWN = 40


def place_of(wanted: object, root: object) -> str:
    """Return the shortest expression for one object inside another, such as `value['model'].state`.

    What cannot be found inside lists, tuples, dicts, sets and dataclasses is given the place of the root.
    """
    seen = {id(root)}
    level = [("value", root)]
    while level:
        below = []
        for place, value in level:
            if value is wanted:
                return place
            for step, part in _parts(value):
                if id(part) not in seen or part is wanted:
                    seen.add(id(part))
                    below.append((place + step, part))
        level = below
    return "value"


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Enum):
        yield ".value", value.value
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from ((f".{name}", part) for name, part in zip(value._fields, value, strict=True))
    elif isinstance(value, list | tuple):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif isinstance(value, dict):
        for key, part in value.items():
            yield f"[{_shown(key)}]", part
            yield f".key({_shown(key)})", key
    elif isinstance(value, set | frozenset):
        yield from (("{...}", part) for part in value)
    elif is_dataclass(value):
        names = {field.name for field in fields(value)} | set(getattr(value, "__dict__", ()))
        yield from ((f".{name}", getattr(value, name)) for name in sorted(names) if hasattr(value, name))


def _shown(key: object) -> str:
    if not isinstance(key, str | int | float | bytes | None):
        return type(key).__name__
    shown = repr(key)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
