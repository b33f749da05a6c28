"""NumPy arrays, masked arrays, scalars and dtypes.

    tagged("numpy-array/1", canonical((dtype, shape)), BLAKE3 of the elements, as hex text)

The dtype is its `str`, a list of (name, dtype) for fields, or ("subarray", dtype, shape). Elements are hashed in C
order, one field after the other, with one NaN. Memory order, strides, padding between fields and metadata of the dtype
do not count. The bytes keep the memory order.
"""

import struct
from typing import Any, BinaryIO, Final

import numpy as np

from mainspring.digest import LARGE, Hasher, canonical, restore, tagged
from mainspring.store.blobs import Writer
from mainspring.store.codec import Codec, Dump, Load, Raw, Source, Structural

__all__ = ["ARRAY", "DTYPE", "MASKED", "OBJECTS", "SCALAR", "choose", "feed"]

Array = np.ndarray[Any, np.dtype[Any]]

_ALIGN: Final = 64
_CHUNK: Final = 1 << 23
_LONG_DOUBLE: Final = 10
_length: Final = struct.Struct("<I")


def choose(array: Array) -> Codec:
    """Return the codec for an array: one for bytes, one for Python objects."""
    return OBJECTS if array.dtype.hasobject or array.dtype.kind == "T" else ARRAY


def feed(hasher: Hasher, array: Array) -> None:
    """Hash the elements of an array, in C order and canonical: one NaN, no padding."""
    dtype = array.dtype
    if dtype.names is not None:
        for name in dtype.names:
            feed(hasher, array[name])
        return
    if array.size == 0 or dtype.itemsize == 0:
        return
    flat = np.ascontiguousarray(array).reshape(-1)
    step = max(1, _CHUNK // dtype.itemsize)
    for start in range(0, flat.size, step):
        hasher.update(_clean(flat[start : start + step]))


def _clean(flat: Array) -> memoryview:
    """The bytes of a contiguous run of elements, with canonical NaN."""
    if flat.dtype.kind in "fc":
        parts = flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat
        missing = np.isnan(parts)
        if missing.any():
            parts = parts.copy()
            parts[missing] = np.nan
        flat = parts
        if flat.dtype.char == "g" and flat.dtype.itemsize > _LONG_DOUBLE:
            # 80 bits of value, and padding that nobody sets.
            flat = np.ascontiguousarray(flat.view(np.uint8).reshape(flat.size, -1)[:, :_LONG_DOUBLE])
    return _octets(flat)


def _octets(flat: Array) -> memoryview:
    octets: Any = flat.view(np.uint8)
    return memoryview(octets)


def _logical(dtype: np.dtype[Any]) -> object:
    """What of a dtype counts: names and types of fields, not their places."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return ("subarray", _logical(base), shape)
    if dtype.names is not None and dtype.fields is not None:
        return [(name, _logical(dtype.fields[name][0])) for name in dtype.names]
    return dtype.str


def _described(dtype: np.dtype[Any]) -> object:
    bare: Any = np.lib.format.drop_metadata(dtype) if dtype.metadata or dtype.names else dtype
    return np.lib.format.dtype_to_descr(bare) if bare.names or bare.subdtype else bare.str


def _encode(array: Array) -> tuple[str, Writer]:
    hasher = Hasher(large=array.nbytes >= LARGE)
    feed(hasher, array)
    digest = tagged("numpy-array/1", canonical((_logical(array.dtype), array.shape)), hasher.hexdigest())
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous

    def write(out: BinaryIO) -> None:
        header = canonical((_described(array.dtype), array.shape, "F" if fortran else "C"))
        out.write(_length.pack(len(header)) + header + bytes(-(len(header) + _length.size) % _ALIGN))
        if array.nbytes:
            flat = np.ascontiguousarray(array.T if fortran else array).reshape(-1)
            out.write(_octets(flat if array.dtype.names is None else _padded(flat)))

    return digest, write


def _padded(flat: Array) -> Array:
    """The same elements with zeros between their fields, where nobody sets anything."""
    clean = np.zeros(flat.shape, flat.dtype)
    for name in flat.dtype.names or ():
        clean[name] = flat[name]
    return clean


def _decode(source: Source) -> Array:
    (size,) = _length.unpack(source.view[: _length.size])
    start = _length.size + size
    described, shape, order = _header(source.view[_length.size : start])
    dtype = np.lib.format.descr_to_dtype(described)
    data = source.view[start + -start % _ALIGN :]
    if dtype.itemsize == 0 or len(data) == 0:
        return np.zeros(shape, dtype)
    return np.frombuffer(data, dtype).reshape(shape, order=order).copy(order="K")


def _header(data: memoryview) -> Any:
    return restore(data)


def _reduce_objects(array: Array, _: Dump) -> object:
    return (_dtype(array.dtype), array.shape, array.ravel().tolist())


def _rebuild_objects(parts: Any, _: Load) -> Array:
    dtype, shape, items = parts
    flat: Array = np.empty(len(items), _undtype(dtype))
    for index, item in enumerate(items):
        flat[index] = item
    return flat.reshape(shape)


def _dtype(dtype: Any) -> object:
    if dtype.kind != "T":
        return _described(dtype)
    missing = (dtype.na_object,) if hasattr(dtype, "na_object") else ()
    return ("strings", dtype.coerce, missing)


def _undtype(described: Any) -> Any:
    if not isinstance(described, tuple) or described[:1] != ("strings",):
        return np.lib.format.descr_to_dtype(described)
    _, coerce, missing = described
    options = {"na_object": missing[0]} if missing else {}
    return np.dtypes.StringDType(coerce=coerce, **options)


def _reduce_masked(array: Any, _: Dump) -> object:
    mask = np.ma.getmaskarray(array)
    bare = np.array(array.data, copy=True)
    bare[mask] = np.zeros((), bare.dtype)
    return (bare, mask, np.asarray(array.fill_value), bool(array.hardmask))


def _rebuild_masked(parts: Any, _: Load) -> object:
    data, mask, fill, hard = parts
    masked: Any = np.ma.MaskedArray(data, mask, fill_value=fill, hard_mask=hard)
    return masked


def _reduce_scalar(value: Any, _: Dump) -> object:
    kind = value.dtype.kind
    if kind in "US":
        return (value.dtype.str, value.item())
    if kind == "V":
        return ("", np.asarray(value))
    return (value.dtype.str, bytes(_clean(np.asarray(value).reshape(1))))


def _rebuild_scalar(parts: Any, _: Load) -> object:
    described, data = parts
    if described == "":
        return data[()]
    if isinstance(data, str | bytes):
        kind = np.dtype(described).kind
        if kind == "U":
            return np.str_(data)
        if kind == "S":
            return np.bytes_(data)
    dtype = np.dtype(described)
    return np.frombuffer(data.ljust(dtype.itemsize, b"\0"), dtype)[0]


def _summary(array: Any) -> str:
    return f"{array.dtype} array ({', '.join(f'{size:,}' for size in array.shape)})"


ARRAY: Final = Raw("numpy-array/1", _encode, _decode, _summary)
OBJECTS: Final = Structural("numpy-objects/1", _reduce_objects, _rebuild_objects, _summary)
MASKED: Final = Structural("numpy-masked/1", _reduce_masked, _rebuild_masked, _summary)
SCALAR: Final = Structural("numpy-scalar/1", _reduce_scalar, _rebuild_scalar, lambda value: f"{value.dtype} {value}")
DTYPE: Final = Structural("numpy-dtype/1", lambda value, _: _dtype(value), lambda parts, _: _undtype(parts), str)
