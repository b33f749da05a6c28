"""Tensors and parameters of PyTorch; modules and state dicts are objects with these as leaves.

A tensor is its dtype, shape and elements: strides, device, gradients and history do not count, and it comes back dense,
on the CPU and without history.
"""

import struct
from importlib import import_module
from typing import Any, BinaryIO, Final

import numpy as np

from mainspring.digest import LARGE, Hasher, canonical, restore, tagged
from mainspring.errors import UnstorableError
from mainspring.store.blobs import Writer
from mainspring.store.codec import Raw, Source, Structural

__all__ = ["DTYPE", "PARAMETER", "TENSOR"]

# Typed as what it is when it is there.
torch: Any = import_module("torch")

_length: Final = struct.Struct("<I")
_ALIGN: Final = 64


def _dense(tensor: Any) -> Any:
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        raise UnstorableError(
            f"A tensor of layout {tensor.layout} on {tensor.device} has no codec", "value", "Return tensor.to_dense()."
        )
    return tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()


def _octets(dense: Any) -> memoryview:
    octets: Any = dense.reshape(-1).view(torch.uint8).numpy() if dense.numel() else np.empty(0, np.uint8)
    return memoryview(octets)


def _canonical(dense: Any) -> Any:
    if not (dense.is_floating_point() or dense.is_complex()) or dense.dtype.itemsize == 1:
        return dense
    parts = torch.view_as_real(dense) if dense.is_complex() else dense
    missing = torch.isnan(parts)
    return parts.masked_fill(missing, float("nan")) if bool(missing.any()) else dense


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _encode_as(name: str, tensor: Any) -> tuple[str, Writer]:
    dense = _dense(tensor)
    hasher = Hasher(large=dense.nbytes >= LARGE)
    hasher.update(_octets(_canonical(dense)))
    # A tensor with a history is an intermediate result: its gradient ends here.
    described = (_name(dense.dtype), tuple(dense.shape), tensor.requires_grad and tensor.is_leaf)

    def write(out: BinaryIO) -> None:
        header = canonical(described)
        out.write(_length.pack(len(header)) + header + bytes(-(len(header) + _length.size) % _ALIGN))
        out.write(_octets(dense))

    return tagged(name, canonical(described), hasher.hexdigest()), write


def _decode(source: Source) -> Any:
    tensor, grad = _decoded(source)
    return tensor.requires_grad_(grad)


def _decoded(source: Source) -> tuple[Any, bool]:
    (size,) = _length.unpack(source.view[: _length.size])
    start = _length.size + size
    parts: Any = restore(source.view[_length.size : start])
    name, shape, grad = parts
    dtype = getattr(torch, name)
    data = bytearray(source.view[start + -start % _ALIGN :])
    return (torch.frombuffer(data, dtype=dtype).reshape(shape) if data else torch.empty(shape, dtype=dtype)), grad


def _decode_parameter(source: Source) -> Any:
    tensor, grad = _decoded(source)
    return torch.nn.Parameter(tensor, requires_grad=grad)


def _summary(tensor: Any) -> str:
    return f"{_name(tensor.dtype)} tensor ({', '.join(f'{size:,}' for size in tensor.shape)})"


TENSOR: Final = Raw("torch-tensor/1", lambda tensor: _encode_as("torch-tensor/1", tensor), _decode, _summary)
PARAMETER: Final = Raw(
    "torch-parameter/1", lambda tensor: _encode_as("torch-parameter/1", tensor), _decode_parameter, _summary
)
DTYPE: Final = Structural(
    "torch-dtype/1", lambda dtype, _: _name(dtype), lambda name, _: getattr(torch, str(name)), str
)
