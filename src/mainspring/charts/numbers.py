"""Numbers as people read them: durations, sizes, digits, changes, moments, digests."""

import math
import time

__all__ = ["MINUS", "change", "count", "duration", "moment", "number", "short", "size"]

MINUS = "\N{MINUS SIGN}"
_MINUTE = 60
_HOUR = 3600
_DAY = 86400
_KIBI = 1024
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")
_SHORT = 12
_PLAIN = (1e-4, 1e6)


def duration(seconds: float) -> str:
    """Return a duration with its unit, to about three digits.

    >>> [duration(value) for value in (0.0004, 0.25, 3.4567, 75, 5000, 200_000)]
    ['<1 ms', '250 ms', '3.46 s', '1 min 15 s', '1 h 23 min', '2 d 7 h']
    """
    if seconds < 0.9995:  # what rounds to 1000 ms is a second
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 or seconds == 0 else "<1 ms"
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def size(number_of_bytes: float) -> str:
    """Return a number of bytes with a binary unit.

    >>> [size(value) for value in (0, 812, 1300, 356_515_840)]
    ['0 B', '812 B', '1.3 KiB', '340 MiB']
    """
    if number_of_bytes < _KIBI:
        return f"{number_of_bytes:.0f} B"
    left = float(number_of_bytes)
    for unit in _UNITS:
        left /= _KIBI
        if left < _KIBI - 0.5 or unit == _UNITS[-1]:
            break
    return f"{left:.1f} {unit}" if left < 9.95 else f"{left:,.0f} {unit}"


def number(value: float) -> str:
    """Return a number to four significant digits; whole numbers in full.

    >>> [number(value) for value in (1797, 0.953703, 12345.678, 0.0000123, float("nan"))]
    ['1,797', '0.9537', '12,346', '1.23e-05', 'NaN']
    """
    if isinstance(value, bool):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if value != value else _minus("-∞" if value < 0 else "∞")
    if value == int(value) and abs(value) < 1e15:
        return _minus(f"{int(value):,}")
    low, high = _PLAIN
    if not low <= abs(value) < high:
        return _minus(f"{value:.3g}")
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return _minus(text.rstrip("0").rstrip(".") if "." in text else text)


def change(now: float, before: float) -> str:
    """Return by how much a number differs from what it was, with its sign.

    >>> change(0.9537, 0.9412), change(0.5, 0.5)
    ('+0.0125', '±0')
    """
    if now == before or (now != now and before != before):
        return "±0"
    text = number(float(f"{now - before:.3g}"))
    return text if text.startswith(MINUS) or text == "NaN" else f"+{text}"


def count(number_of: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun.

    >>> count(1, "step"), count(1200, "step"), count(2, "is", "are")
    ('1 step', '1,200 steps', '2 are')
    """
    return f"{number_of:,} {one if number_of == 1 else several or f'{one}s'}"


def moment(seconds: float) -> str:
    """Return a time since 1970 UTC as date, time and offset of this machine's zone: `2026-03-01 14:05:09 +01:00`."""
    local = time.localtime(seconds)
    offset = time.strftime("%z", local)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', local)} {offset[:3]}:{offset[3:5]}"


def short(digest: str) -> str:
    """Return the beginning of a digest, enough to find it by."""
    return digest[:_SHORT]


def _minus(text: str) -> str:
    return text.replace("-", MINUS, 1) if text.startswith("-") else text
