"""ONNX graphs as stages. onnxruntime is imported here alone, when the first graph runs."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np

from mainspring.errors import StageError
from mainspring.package.frames import Array
from mainspring.package.manifest import Precision
from mainspring.package.stages import Columns, OfRows, stacked

__all__ = ["Graph"]

_Many = Callable[[Array], dict[str, Array]]
_KINDS: Final = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
_DOUBLE: Final = np.dtype(np.float64)


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
        first = columns.get(self.inputs[0])
        if first is not None and len(first) == 1 and (made := self._one(columns)) is not None:
            return made
        return self._run(stacked(columns, self.inputs, self.precision))

    def _run(self, matrix: Array) -> dict[str, Array]:
        made = self._session.run(self._names, {"X": matrix})
        return {name: _plain(values) for name, values in zip(self.outputs, made, strict=True)}

    def of_rows(self, sizes: Mapping[str, int]) -> OfRows | None:
        """Return what predicts rows of numbers; None: the graph takes other columns, or no numbers."""
        rows = self._rows
        if rows is None or [*sizes] != [*self.inputs] or sum(sizes.values()) != rows.taken.shape[1]:
            return None
        return rows

    def _one(self, columns: Columns) -> dict[str, Array] | None:
        """The outputs for one row of plain numbers; None: it is not that."""
        rows = self._rows
        return None if rows is None else rows.of_columns([columns.get(name) for name in self.inputs])

    @cached_property
    def _rows(self) -> "_Rows | None":
        """What predicts one row in memory that is bound; None when not all are numbers, or a size is not known."""
        (taken,), given = self._session.get_inputs(), self._session.get_outputs()
        shape = (1, *taken.shape[1:])
        kinds = [_KINDS.get(one.type) for one in given]
        if _KINDS.get(taken.type) != np.dtype(self.precision) or len(shape) != 2 or type(shape[1]) is not int:
            return None
        if None in kinds:
            return None
        # Graphs leave the sizes of their outputs open.
        found = self._session.run(self._names, {"X": np.zeros(shape, self.precision)})
        if any(values.shape[:1] != (1,) for values in found):
            return None
        made = [_Tensor(name, kind, one.shape) for name, kind, one in zip(self._names, kinds, found, strict=True)]
        return _Rows(self._run, self._session, _Tensor("X", _KINDS[taken.type], shape), made, self.outputs)

    @cached_property
    def _names(self) -> list[str]:
        """What the graph calls its outputs: they need not be asked for again and again."""
        return [one.name for one in self._session.get_outputs()]


class _Tensor(NamedTuple):
    """A tensor of one row."""

    name: str
    kind: Any
    shape: tuple[int, ...]


class _Bound:
    """Memory for one row, bound to a session: what it reads, and what it writes."""

    def __init__(self, session: Any, taken: _Tensor, given: list[_Tensor], names: tuple[str, ...]) -> None:
        matrix = np.empty(taken.shape, taken.kind)
        self.row, self.memory = matrix[0], matrix.data.cast("B")
        self.binding = session.io_binding()
        self.binding.bind_input(taken.name, "cpu", 0, taken.kind, taken.shape, matrix.ctypes.data)
        made = []
        for name, one in zip(names, given, strict=True):
            values = np.empty(one.shape, one.kind)
            self.binding.bind_output(one.name, "cpu", 0, one.kind, one.shape, values.ctypes.data)
            made.append((name, _flat(values), _DOUBLE if values.dtype.kind == "f" else values.dtype))
        self.made = made


class _Rows:
    """Predicts single rows in memory that is bound, and matrices. Calls at the same time have memory of their own."""

    def __init__(self, many: _Many, session: Any, taken: _Tensor, given: list[_Tensor], names: tuple[str, ...]) -> None:
        self.taken = taken
        self._many, self._run = many, session.run_with_iobinding
        self._make = partial(_Bound, session, taken, given, names)
        self._pack = Struct(f"{taken.shape[1]}{np.dtype(taken.kind).char}").pack_into
        self._spare: deque[_Bound] = deque()

    def one(self, numbers: list[float]) -> dict[str, Array] | None:
        """Return the outputs for a row; None when one of its numbers is beyond float32."""
        bound = self._borrow()
        try:
            self._pack(bound.memory, 0, *numbers)
        except OverflowError:
            return None
        return self._outputs(bound)

    def of_columns(self, columns: list[Any]) -> dict[str, Array] | None:
        """Return the outputs for columns of one row; None when they are no plain numbers."""
        bound = self._borrow()
        try:
            np.concatenate(columns, axis=None, out=bound.row, casting="same_kind")
        except (TypeError, ValueError):
            return None
        return self._outputs(bound)

    def many(self, matrix: Array) -> dict[str, Array]:
        """Return the outputs for the rows of a matrix."""
        return self._many(np.ascontiguousarray(matrix, self.taken.kind))

    def _borrow(self) -> _Bound:
        try:
            return self._spare.pop()
        except IndexError:
            return self._make()

    def _outputs(self, bound: _Bound) -> dict[str, Array]:
        self._run(bound.binding)
        made = {name: values.astype(kind) for name, values, kind in bound.made}
        self._spare.append(bound)
        return made


def _runtime() -> Any:
    try:
        return import_module("onnxruntime")
    except ModuleNotFoundError as error:
        raise StageError(
            "An ONNX graph cannot run: there is no module 'onnxruntime'", fix="Install mainspring[serve]."
        ) from error


def _plain(values: Any) -> Array:
    made = _flat(np.asarray(values))
    return made.astype(np.float64) if made.dtype.kind == "f" else made


def _flat(values: Array) -> Array:
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
