"""Spans of time as texts: `90m`, `12h`, `1d`."""

import re
from typing import Final

__all__ = ["SPANS", "seconds_of"]

SPANS: Final = "a number and one of s, m, h, d, w, such as 90m, 12h or 1d"
"""How spans are written, for messages."""

_SPAN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds_of(text: str) -> float:
    """Return the seconds of a span of time.

    Raises:
        ValueError: It is none.

    >>> seconds_of("90m")
    5400.0
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of time; write {SPANS}")
    return float(found[1]) * _UNITS[found[2]]
