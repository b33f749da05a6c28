"""ONNX graphs as stages. onnxruntime is imported here alone, when the first graph runs."""

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from mainspring.errors import StageError
from mainspring.package.frames import Array
from mainspring.package.stages import Columns, Precision, stacked

__all__ = ["Graph"]


@dataclass(frozen=True)
class Graph:
    """A stage that runs an ONNX graph with one input, `X`, on the CPU.

    Args:
        inputs: The columns that make up the rows of `X`.
        outputs: Names for the outputs of the graph, in their order; floats become float64.
        model: The graph, as bytes.
        precision: The type of `X`, unless it is text.
        threads: Threads that one call may use.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    model: bytes
    precision: Precision = "float32"
    threads: int = 1

    @cached_property
    def _session(self) -> Any:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = runtime.InferenceSession(self.model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise StageError(
                f"onnxruntime cannot load the graph: {error}", fix="Install an onnxruntime that knows its operators."
            ) from error
        if [one.name for one in session.get_inputs()] != ["X"] or len(session.get_outputs()) != len(self.outputs):
            raise StageError(
                "The graph does not have the inputs and outputs of its stage", fix="Build the package again."
            )
        return session

    def check(self) -> None:
        """Load the graph.

        Raises:
            StageError: onnxruntime cannot, or the graph is not that of its stage.
        """
        _ = self._session

    def transform(self, columns: Columns) -> dict[str, Array]:
        """Return the outputs of the graph."""
        matrix = stacked(columns, self.inputs, self.precision)
        made = self._session.run(self._names, {"X": matrix})
        return {name: _plain(values) for name, values in zip(self.outputs, made, strict=True)}

    @cached_property
    def _names(self) -> list[str]:
        """What the graph calls its outputs: they need not be asked for again and again."""
        return [one.name for one in self._session.get_outputs()]


def _runtime() -> Any:
    try:
        return import_module("onnxruntime")
    except ModuleNotFoundError as error:
        raise StageError(
            "An ONNX graph cannot run: there is no module 'onnxruntime'", fix="Install mainspring[serve]."
        ) from error


def _plain(values: Array) -> Array:
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return values.astype(np.float64) if values.dtype.kind == "f" else values
