"""State of source stages as bytes: msgpack of plain values, with arrays as an extension. Nothing in it can run."""

import math
import re
from typing import Any, Final

import msgspec
import numpy as np

from mainspring.errors import StageError, TamperedPackageError

__all__ = ["decode_state", "encode_state"]

_ARRAY: Final = 1
_DTYPE: Final = re.compile(r"[<|](b1|[iu][1248]|f[248]|[Mm]8\[[0-9]*[a-zA-Z]+\]|[US][0-9]+)")
_PLAIN: Final = (type(None), bool, int, float, str, bytes)
_LARGEST: Final = (-(1 << 63), (1 << 64) - 1)


def encode_state(state: object) -> bytes:
    """Return the bytes of a state; equal states have equal bytes.

    Raises:
        StageError: Something in it is no plain value; the place is told.

    >>> decode_state(encode_state({"offset": 0.5}))
    {'offset': 0.5}
    """
    return msgspec.msgpack.encode(_coded(state, "state"))


def decode_state(data: bytes) -> Any:
    """Return the state of which these are the bytes; its arrays can be written to.

    Raises:
        TamperedPackageError: They are not the bytes of a state.
    """
    try:
        return msgspec.msgpack.decode(data, ext_hook=_array)
    except (msgspec.DecodeError, ValueError, TypeError, OverflowError, UnicodeDecodeError) as error:
        raise TamperedPackageError(f"A state cannot be read: {error}", fix="Build the package again.") from error


def _coded(value: Any, place: str) -> Any:
    if type(value) is dict:
        for key in value:
            if type(key) is not str:
                raise StageError(f"The key {key!r} is no text", place, "Use texts as keys.")
        return {key: _coded(part, f"{place}[{key!r}]") for key, part in value.items()}
    if type(value) is list:
        return [_coded(part, f"{place}[{number}]") for number, part in enumerate(value)]
    if isinstance(value, np.ndarray):
        return _packed(value, place)
    if type(value) not in _PLAIN:
        raise StageError(
            f"A {type(value).__name__} cannot be kept",
            place,
            "Use numbers, texts, lists, dicts with text keys and arrays.",
        )
    if type(value) is int and not _LARGEST[0] <= value <= _LARGEST[1]:
        raise StageError("An integer has more than 64 bits", place, "Keep it as text.")
    return value


def _packed(array: Any, place: str) -> Any:
    dtype = array.dtype.newbyteorder("<")
    if not _DTYPE.fullmatch(dtype.str):
        raise StageError(
            f"An array of {array.dtype} cannot be kept", place, "Use numbers, booleans, dates or fixed-width texts."
        )
    raw = np.ascontiguousarray(array, dtype).tobytes()
    return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode([dtype.str, list(array.shape), raw]))


def _array(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise ValueError(f"there is no extension {code}")
    name, shape, raw = msgspec.msgpack.decode(data, type=tuple[str, list[int], bytes])
    if not _DTYPE.fullmatch(name) or any(size < 0 for size in shape):
        raise ValueError(f"no plain array: {name}, {shape}")
    dtype = np.dtype(name)
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError("an array does not have the size that it says")
    if dtype.itemsize == 0:
        return np.empty(shape, dtype)
    return np.frombuffer(raw, dtype).reshape(shape).copy()
