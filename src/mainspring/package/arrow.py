"""Columns as Arrow IPC streams. nanoarrow is imported here alone, when the first is read or written."""

from collections.abc import Mapping
from importlib import import_module
from io import BytesIO
from typing import Any, Final

import numpy as np

from mainspring.errors import PackageError, TamperedPackageError
from mainspring.package.frames import Array

__all__ = ["decode_columns", "encode_columns"]

_FORMATS: Final = {
    "<i4": ("int32", "i"),
    "<i8": ("int64", "l"),
    "<u4": ("uint32", "I"),
    "<u8": ("uint64", "L"),
    "<f4": ("float32", "f"),
    "<f8": ("float64", "g"),
}
_BY_LETTER: Final = {letter: dtype for dtype, (_, letter) in _FORMATS.items()}
_DAYS: Final = "<M8[D]"
_TIMES: Final = "<M8[us]"


def encode_columns(columns: Mapping[str, Array]) -> bytes:
    """Return columns of equal length as an Arrow IPC stream of one batch; equal columns have equal bytes.

    Numbers, booleans, dates (days), times (microseconds), texts and bytes with None for null, and vectors of numbers.

    Raises:
        PackageError: A column is of another type.
    """
    arrow, ipc = _nanoarrow()
    parts = {name: _array(arrow, name, np.asarray(values)) for name, values in columns.items()}
    rows = len(next(iter(columns.values()))) if columns else 0
    schema = arrow.struct({name: arrow.c_schema(part.schema) for name, part in parts.items()})
    batch = arrow.c_array_from_buffers(schema, rows, [None], children=list(parts.values()))
    out = BytesIO()
    with ipc.StreamWriter.from_writable(out) as writer:
        writer.write_array(batch)
    return out.getvalue()


def decode_columns(data: bytes) -> dict[str, Array]:
    """Return the columns of an Arrow IPC stream; texts and bytes are objects, None where they are null.

    Raises:
        TamperedPackageError: It is no such stream, or holds a type that `encode_columns` does not write.
    """
    arrow, ipc = _nanoarrow()
    try:
        batches = list(arrow.c_array_stream(ipc.InputStream.from_readable(data)))
        decoded = [{str(part.schema.name): _values(part) for part in batch.children} for batch in batches]
    except (RuntimeError, ValueError, KeyError, SystemError, IndexError, UnicodeDecodeError) as error:
        raise TamperedPackageError(f"An Arrow file cannot be read: {error}", fix="Build the package again.") from error
    if len(decoded) == 1:
        return decoded[0]
    names = decoded[0] if decoded else {}
    return {name: np.concatenate([batch[name] for batch in decoded]) for name in names}


def _nanoarrow() -> tuple[Any, Any]:
    try:
        return import_module("nanoarrow"), import_module("nanoarrow.ipc")
    except ModuleNotFoundError as error:
        raise PackageError(
            "Packages cannot be read or written: there is no module 'nanoarrow'", fix="Install mainspring[serve]."
        ) from error


def _array(arrow: Any, name: str, values: Array) -> Any:
    if values.dtype.kind == "U":
        values = values.astype(object)
    if values.dtype.kind == "O":
        return _texts(arrow, name, values)
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    if values.ndim == 2 and values.dtype.str in _FORMATS:
        kind = getattr(arrow, _FORMATS[values.dtype.str][0])()
        inner = arrow.c_array_from_buffers(kind, values.size, [None, values.reshape(-1)])
        return arrow.c_array_from_buffers(
            arrow.fixed_size_list(kind, values.shape[1]), len(values), [None], children=[inner]
        )
    if values.ndim == 1 and values.dtype.kind == "b":
        return arrow.c_array_from_buffers(arrow.bool_(), len(values), [None, _bits(values)])
    if values.ndim == 1 and values.dtype.str in (_DAYS, _TIMES):
        null = np.isnat(values)
        numbers = np.where(null, 0, values.view("<i8"))
        days = values.dtype.str == _DAYS
        kind = arrow.date32() if days else arrow.timestamp("us")
        buffers = [_bits(~null) if null.any() else None, numbers.astype("<i4") if days else numbers]
        return arrow.c_array_from_buffers(kind, len(values), buffers, null_count=int(null.sum()))
    if values.ndim == 1 and values.dtype.str in _FORMATS:
        return arrow.c_array_from_buffers(getattr(arrow, _FORMATS[values.dtype.str][0])(), len(values), [None, values])
    raise PackageError(
        f"Column '{name}' is {values.dtype} of {values.ndim} dimensions, which a package cannot hold",
        fix="Use int32, int64, float32, float64, bool, text, dates, times or vectors of numbers.",
    )


def _texts(arrow: Any, name: str, values: Array) -> Any:
    listed = values.tolist()
    binary = any(isinstance(value, bytes) for value in listed)
    kinds = (bytes, type(None)) if binary else (str, type(None))
    if values.ndim != 1 or not all(isinstance(value, kinds) for value in listed):
        raise PackageError(f"Column '{name}' holds objects that are no texts", fix="Use texts, numbers or dates.")
    raw = [b"" if value is None else value if binary else value.encode() for value in listed]
    offsets = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(part) for part in raw], out=offsets[1:])
    if offsets[-1] >= 1 << 31:
        raise PackageError(f"Column '{name}' has more than 2 GiB of text", fix="Keep fewer rows.")
    present = np.array([value is not None for value in listed], bool)
    valid = None if present.all() else _bits(present)
    kind = arrow.binary() if binary else arrow.string()
    buffers = [valid, offsets.astype("<i4"), b"".join(raw)]
    return arrow.c_array_from_buffers(kind, len(listed), buffers, null_count=int((~present).sum()))


def _bits(mask: Array) -> Array:
    bits: Array = np.packbits(mask, bitorder="little")
    return bits


def _values(part: Any) -> Array:
    rows, form = int(part.length), str(part.schema.format)
    if int(part.offset):
        raise ValueError("an array starts inside its buffers")
    if form.startswith("+w:"):
        width = int(form[3:])
        (inner,) = part.children
        return _values(inner).reshape(rows, width)
    buffers = [np.asarray(buffer) if buffer.size_bytes else None for buffer in part.view().buffers]
    if form in _BY_LETTER:
        return _numbers(buffers[1], rows, np.dtype(_BY_LETTER[form]))
    if form == "b":
        return _mask(buffers[1], rows)
    valid = np.ones(rows, bool) if buffers[0] is None else _mask(buffers[0], rows)
    if form in ("tdD", "tsu:"):
        numbers = _numbers(buffers[1], rows, np.dtype("<i4" if form == "tdD" else "<i8")).astype("<i8")
        times = numbers.view(_DAYS if form == "tdD" else _TIMES)
        times[~valid] = np.datetime64("NaT")
        return times
    if form in ("u", "z"):
        return _objects(buffers, valid, rows, text=form == "u")
    raise ValueError(f"there is no column of the format '{form}' in a package")


def _numbers(buffer: Array | None, rows: int, dtype: Any) -> Array:
    if rows == 0 or buffer is None:
        return np.zeros(rows, dtype)
    numbers: Array = buffer.view(dtype)[:rows].copy()
    return numbers


def _mask(buffer: Array | None, rows: int) -> Array:
    if rows == 0 or buffer is None:
        return np.zeros(rows, bool)
    return np.unpackbits(buffer.view(np.uint8), count=rows, bitorder="little").astype(bool)


def _objects(buffers: list[Array | None], valid: Array, rows: int, *, text: bool) -> Array:
    out = np.empty(rows, object)
    offsets = np.zeros(rows + 1, np.int64) if buffers[1] is None else buffers[1].view("<i4").astype(np.int64)
    raw = b"" if buffers[2] is None else buffers[2].tobytes()
    if rows and (offsets[0] < 0 or offsets[rows] > len(raw) or (np.diff(offsets[: rows + 1]) < 0).any()):
        raise ValueError("texts do not lie where their offsets say")
    for row in range(rows):
        part = raw[offsets[row] : offsets[row + 1]]
        out[row] = (part.decode() if text else part) if valid[row] else None
    return out
