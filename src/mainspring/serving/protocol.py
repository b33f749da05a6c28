"""The Open Inference Protocol, version 2, over HTTP: tensors in JSON or in binary, as Triton's clients send them."""

import json
import math
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field
from mainspring.package.frames import Array
from mainspring.package.validating import examine
from mainspring.serving.models import Served
from mainspring.serving.reading import Input
from mainspring.serving.refusing import Problem, RefusedError, marks_of
from mainspring.serving.settings import Limits

__all__ = ["InferRequest", "TensorWanted", "datatype_of", "describe", "encode_answer", "parse", "read_tensors"]

PATH: Final = "inputs.{column}[{row}]"
_DTYPES: Final = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
_DATATYPES: Final = {"bool": "BOOL", "int32": "INT32", "int64": "INT64", "float32": "FP32", "float64": "FP64"}
_BOOLS: Final = (0, 1)


class TensorGiven(Struct):
    """A tensor of a request."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: Any = None


class TensorWanted(Struct):
    """An output that a request asks for."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(Struct):
    """What a request says."""

    inputs: list[TensorGiven]
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[TensorWanted] | None = None


class Parsed(Struct):
    """A request and its columns, not yet held against a signature."""

    request: InferRequest
    columns: dict[str, Any]
    rows: int


_decode = msgspec.json.Decoder(InferRequest).decode


def datatype_of(field: Field) -> str:
    """Return what the protocol calls the type of a field; dates and times are ISO texts."""
    return _DATATYPES.get(field.type, "BYTES")


def describe(served: Served) -> dict[str, Any]:
    """Return the metadata of a model."""

    def tensors(fields: tuple[Field, ...]) -> list[dict[str, Any]]:
        return [{"name": one.name, "datatype": datatype_of(one), "shape": [-1, *one.shape]} for one in fields]

    return {
        "name": served.name,
        "versions": [served.version],
        "platform": "mainspring_package",
        "inputs": tensors(served.signature.fields),
        "outputs": tensors(served.signature.outputs),
    }


def parse(body: bytes, head: int | None, limits: Limits) -> Parsed:
    """Return the request in a body and its tensors as columns.

    Args:
        body: JSON, and after it the binary tensors.
        head: The length of the JSON, from the header `Inference-Header-Content-Length`; None: all of it is.
        limits: How many rows are accepted.

    Raises:
        RefusedError: It does not have the form of the protocol.
    """
    if head is not None and not 0 <= head <= len(body):
        raise RefusedError(400, f"Inference-Header-Content-Length is {head:,}, and the body has {len(body):,} bytes")
    request = _request(body if head is None else body[:head])
    tail = memoryview(b"" if head is None else body)[head or 0 :]
    if not request.inputs:
        raise RefusedError(422, "The request has no inputs", [Problem("inputs", "length", "is empty")])
    columns: dict[str, Any] = {}
    rows: set[int] = set()
    for tensor in request.inputs:
        if tensor.name in columns:
            raise _wrong(tensor, "is there twice")
        size = _size(tensor)
        if tensor.shape[0] > limits.rows:
            raise RefusedError(
                413, f"The request has {tensor.shape[0]:,} rows, and at most {limits.rows:,} are accepted"
            )
        binary = tensor.parameters.get("binary_data_size")
        if binary is None:
            columns[tensor.name] = _of_json(tensor, size)
        else:
            if not isinstance(binary, int) or isinstance(binary, bool) or not 0 <= binary <= len(tail):
                raise _wrong(tensor, f"has binary_data_size {binary!r}, and {len(tail):,} bytes are left")
            columns[tensor.name] = _of_binary(tensor, tail[:binary], size)
            tail = tail[binary:]
        rows.add(tensor.shape[0])
    if len(tail):
        raise RefusedError(400, f"The body has {len(tail):,} bytes that belong to no input")
    if len(rows) > 1:
        raise RefusedError(422, f"The inputs have different numbers of rows: {sorted(rows)}")
    return Parsed(request, columns, rows.pop())


def read_tensors(parsed: Parsed, served: Served) -> Input:
    """Return the columns of a request as a model takes them. NaN stands for null, which the protocol does not have.

    Raises:
        RefusedError: They do not fit the signature.
    """
    wanted = {one.name for one in parsed.request.outputs or ()}
    if strange := sorted(wanted - {one.name for one in served.signature.outputs}):
        raise RefusedError(422, f"The model has no output {', '.join(map(repr, strange))}")
    shapes = {one.name: one.shape for one in served.signature.fields}
    columns = {name: _shaped(values, shapes.get(name)) for name, values in parsed.columns.items()}
    examined = examine(served.signature, columns, nan_is_null=True)
    if wrong := examined.refused:
        raise RefusedError.of_violations(wrong, parsed.rows, PATH)
    return Input(examined.columns, parsed.rows, marks_of(examined.violations, parsed.rows, PATH))


def encode_answer(
    parsed: Parsed, served: Served, outputs: dict[str, Array], parameters: dict[str, Any]
) -> tuple[bytes, int | None]:
    """Return the body of an answer, and the length of its JSON where binary tensors follow."""
    request = parsed.request
    default = bool(request.parameters.get("binary_data_output", False))
    wanted = request.outputs
    if not wanted:
        wanted = [TensorWanted(name, {"binary_data": default}) for name in served.row]
    fields = {one.name: one for one in served.signature.outputs}
    described, tail = [], []
    for one in wanted:
        values, field = outputs[one.name], fields[one.name]
        tensor: dict[str, Any] = {"name": one.name, "shape": list(values.shape), "datatype": datatype_of(field)}
        if one.parameters.get("binary_data", default):
            raw = _to_bytes(values, field)
            tensor["parameters"] = {"binary_data_size": len(raw)}
            tail.append(raw)
        else:
            tensor["data"] = _texts(values) if tensor["datatype"] == "BYTES" else values.reshape(-1).tolist()
        described.append(tensor)
    head = msgspec.json.encode(
        {
            "model_name": served.name,
            "model_version": served.version,
            "id": request.id,
            "parameters": parameters,
            "outputs": described,
        }
    )
    return (b"".join([head, *tail]), len(head)) if tail else (head, None)


def _request(text: bytes) -> InferRequest:
    try:
        return _decode(text)
    except msgspec.ValidationError as error:
        raise RefusedError(422, f"The request does not have the form of the protocol: {error}") from None
    except RecursionError:
        raise RefusedError(400, "The body is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _lenient(text)


def _lenient(text: bytes) -> InferRequest:
    """JSON with NaN and Infinity, which is no JSON, but what clients send for them."""
    try:
        return msgspec.convert(json.loads(text.decode()), InferRequest)
    except msgspec.ValidationError as error:
        raise RefusedError(422, f"The request does not have the form of the protocol: {error}") from None
    except (ValueError, RecursionError) as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise RefusedError(400, f"The body is no JSON: {said}") from None


def _wrong(tensor: TensorGiven, what: str) -> RefusedError:
    name = tensor.name if len(tensor.name) < 64 else f"{tensor.name[:64]}…"
    return RefusedError(422, f"Input '{name}' {what}", [Problem(f"inputs.{name}", "type", what)])


def _size(tensor: TensorGiven) -> int:
    if tensor.datatype not in _DTYPES and tensor.datatype != "BYTES":
        raise _wrong(tensor, f"has the datatype '{tensor.datatype[:20]}', which is not one of the protocol's")
    if not tensor.shape or any(size < 1 for size in tensor.shape) or len(tensor.shape) > 8:
        raise _wrong(
            tensor, f"has the shape {tensor.shape[:8]}; the first size is the number of rows, and none is zero"
        )
    size = math.prod(tensor.shape)
    if size > 1 << 31:
        raise _wrong(tensor, f"has the shape {tensor.shape}, which is too large")
    return size


def _of_json(tensor: TensorGiven, size: int) -> Any:
    flat = list(_flat(tensor.data)) if isinstance(tensor.data, list) else None
    if flat is None:
        raise _wrong(tensor, "has no data: neither 'data' nor 'binary_data_size'")
    if len(flat) != size:
        raise _wrong(tensor, f"has {len(flat):,} values, and its shape {tensor.shape} says {size:,}")
    if tensor.datatype == "BYTES":
        return _of_objects(tensor, flat, (str, type(None)))
    if tensor.datatype == "BOOL":
        return _of_objects(tensor, [value if isinstance(value, bool) else _as_bool(value) for value in flat], (bool,))
    dtype = np.dtype(_DTYPES[tensor.datatype])
    allowed = (int, float, type(None)) if dtype.kind == "f" else (int,)
    _of_objects(tensor, flat, allowed)
    try:
        with np.errstate(over="ignore"):
            return np.array(flat, dtype).reshape(tensor.shape)
    except OverflowError:
        raise _wrong(tensor, f"has a value that {tensor.datatype} cannot hold") from None


def _as_bool(value: Any) -> Any:
    return bool(value) if type(value) is int and value in _BOOLS else value


def _of_objects(tensor: TensorGiven, flat: list[Any], allowed: tuple[type, ...]) -> Array:
    for place, value in enumerate(flat):
        if type(value) not in allowed:
            raise _wrong(tensor, f"has a {type(value).__name__} among its data, at {place}: it is {tensor.datatype}")
    return np.fromiter(flat, object, len(flat)).reshape(tensor.shape)


def _flat(data: Any, depth: int = 0) -> Any:
    for value in data:
        if isinstance(value, list) and depth < 8:
            yield from _flat(value, depth + 1)
        else:
            yield value


def _of_binary(tensor: TensorGiven, raw: memoryview, size: int) -> Any:
    if tensor.data is not None:
        raise _wrong(tensor, "has both 'data' and 'binary_data_size'")
    if tensor.datatype == "BYTES":
        return _of_objects(tensor, _split(tensor, raw, size), (str,))
    dtype = np.dtype(_DTYPES[tensor.datatype])
    if len(raw) != size * dtype.itemsize:
        raise _wrong(tensor, f"has {len(raw):,} bytes, and its shape {tensor.shape} says {size * dtype.itemsize:,}")
    if dtype.kind == "b":
        return (np.frombuffer(raw, np.uint8) != 0).reshape(tensor.shape)
    return np.frombuffer(raw, dtype).reshape(tensor.shape)


def _split(tensor: TensorGiven, raw: memoryview, size: int) -> list[str]:
    texts: list[str] = []
    place = 0
    try:
        while place < len(raw) and len(texts) <= size:
            length = int.from_bytes(raw[place : place + 4], "little")
            if place + 4 + length > len(raw):
                raise _wrong(tensor, "ends within a text")
            texts.append(str(raw[place + 4 : place + 4 + length], "utf-8"))
            place += 4 + length
    except UnicodeDecodeError:
        raise _wrong(tensor, "has a text that is not UTF-8") from None
    if len(texts) != size or place != len(raw):
        raise _wrong(tensor, f"has another number of texts than its shape {tensor.shape} says")
    return texts


def _shaped(values: Array, shape: tuple[int, ...] | None) -> Any:
    """A column; where a value is a single one, the shape (rows, 1) stands for (rows,)."""
    if shape == () and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dtype.kind == "O" and values.ndim > 1:
        return np.fromiter(values.tolist(), object, len(values))
    return values


def _texts(values: Array) -> list[str | None]:
    if values.dtype.kind == "M":
        return [None if np.isnat(one) else str(one) for one in values]
    return [None if one is None else str(one) for one in values.reshape(-1).tolist()]


def _to_bytes(values: Array, field: Field) -> bytes:
    if datatype_of(field) != "BYTES":
        return np.ascontiguousarray(values, DTYPES[field.type]).tobytes()
    raw = [(one or "").encode() for one in _texts(values)]
    return b"".join(part for one in raw for part in (len(one).to_bytes(4, "little"), one))
