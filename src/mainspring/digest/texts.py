"""JSON as text, also of what is no text: arguments and file names may hold half a surrogate pair."""

from importlib import import_module
from typing import Any

from msgspec import MsgspecError
from msgspec.json import decode, encode
from msgspec.json import format as spaced

__all__ = ["from_json", "readable_json", "to_json"]


def to_json(value: Any) -> str:
    """Return a value as JSON without blanks.

    >>> to_json({"a": [1, None]})
    '{"a":[1,null]}'
    """
    try:
        return encode(value).decode()
    except UnicodeEncodeError:
        return _standard().dumps(value, separators=(",", ":"))  # type: ignore[no-any-return]


def from_json(text: str) -> Any:
    """Return the value that a JSON text says."""
    try:
        return decode(text)
    except MsgspecError:
        return _standard().loads(text)


def readable_json(value: Any) -> str:
    """Return a value as JSON in one line, for people.

    >>> readable_json({"a": [1, "é"]})
    '{"a": [1, "é"]}'
    """
    try:
        return spaced(encode(value), indent=0).decode()
    except UnicodeEncodeError:
        return _standard().dumps(value, ensure_ascii=False)  # type: ignore[no-any-return]


def _standard() -> Any:
    """Return the standard library's way, which is rarely needed."""
    return import_module("json")
