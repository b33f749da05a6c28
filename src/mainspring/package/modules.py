"""Modules of torch as models of a stage. torch is imported here alone, when the first is met."""

from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np

from mainspring.errors import StageError
from mainspring.package.frames import Array

__all__ = ["export_module", "is_module", "predict_module"]


def is_module(model: Any) -> bool:
    """Return whether a model is a module of torch; torch is not imported for that."""
    names = (f"{one.__module__}.{one.__qualname__}" for one in type(model).__mro__)
    return "torch.nn.modules.module.Module" in names


def predict_module(model: Any, matrix: Array) -> Array:
    """Return what a module gives for rows of numbers, which it gets as one tensor in its own precision.

    Raises:
        StageError: It is in training mode, where it would not give the same twice, or gives no tensor.
    """
    torch = import_module("torch")
    _check_mode(model)
    with torch.inference_mode():
        made = model(torch.from_numpy(np.ascontiguousarray(matrix)).to(_precision(torch, model)))
    if not isinstance(made, torch.Tensor):
        raise StageError(f"The module returned a {type(made).__name__}, not a tensor", fix="Return one tensor of rows.")
    values: Array = made.numpy()
    return values


def export_module(model: Any, width: int, precision: str, opset: int) -> Any:
    """Return the ONNX graph of a module that takes rows of `width` numbers."""
    torch = import_module("torch")
    _check_mode(model)
    out = BytesIO()
    torch.onnx.export(
        model,
        (torch.zeros((2, width), dtype=getattr(torch, precision)),),
        out,
        input_names=["X"],
        output_names=["Y"],
        dynamic_axes={"X": {0: "rows"}, "Y": {0: "rows"}},
        opset_version=opset,
        dynamo=False,  # the other exporter needs packages that torch does not bring
    )
    return import_module("onnx").load_model_from_string(out.getvalue())


def _check_mode(model: Any) -> None:
    if model.training:
        raise StageError("The module is in training mode", fix="Call its eval() before it becomes part of a pipeline.")


def _precision(torch: Any, model: Any) -> Any:
    first = next(model.parameters(), None)
    return torch.float32 if first is None else first.dtype
