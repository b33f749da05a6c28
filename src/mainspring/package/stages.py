"""The inference pipeline: ordered fitted stages, from raw input to predictions."""

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, Self, runtime_checkable

import numpy as np

from mainspring.errors import DefinitionError, StageError, nearest
from mainspring.package.fields import Signature
from mainspring.package.frames import Array
from mainspring.package.manifest import Precision
from mainspring.package.modules import is_module, predict_module
from mainspring.package.prepared import PlainRows, Prepared
from mainspring.package.validating import read_input

__all__ = ["Columns", "Models", "OfRows", "Pipeline", "RowStage", "SourceStage", "Stage", "stacked"]

Columns = Mapping[str, Array]
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@runtime_checkable
class Stage(Protocol):
    """One fitted stage. It is called from several threads at once and must not change itself."""

    def transform(self, columns: Columns) -> dict[str, Array]:
        """Return the columns that it makes or replaces.

        Args:
            columns: All columns so far, by name; the first axis is the row. They must not be written to.
        """
        ...


@runtime_checkable
class SourceStage(Stage, Protocol):
    """A stage that is packaged as the source of its module, which imports NumPy and the standard library alone."""

    def state(self) -> dict[str, Any]:
        """Return what was fitted: arrays, numbers, texts, lists and mappings of them."""
        ...

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return a stage that predicts as the one whose state this is."""
        ...


class OfRows(Protocol):
    """Predicts rows of numbers, without columns. It is called from several threads at once."""

    def one(self, numbers: list[float]) -> dict[str, Array] | None:
        """Return the predictions for one row; None: it has to be predicted as columns."""
        ...

    def many(self, matrix: Array) -> dict[str, Array]:
        """Return the predictions for the rows of a matrix of float64."""
        ...


@runtime_checkable
class RowStage(Stage, Protocol):
    """A stage that can predict rows of numbers."""

    def of_rows(self, sizes: Mapping[str, int]) -> OfRows | None:
        """Return what predicts rows; None: it takes no such rows.

        Args:
            sizes: How many numbers each column has, in the order in which they come.
        """
        ...


@dataclass(frozen=True)
class Pipeline:
    """The fitted inference pipeline: the same object in training, tests, batch and service.

    Args:
        signature: What it takes.
        stages: Its stages by name, in order. Each sees the raw columns and all that earlier stages made; what the last
            one returns is the prediction.

    Raises:
        DefinitionError: There is no stage, a name cannot be one, or something is no stage.
    """

    signature: Signature
    stages: Mapping[str, Stage]

    def __post_init__(self) -> None:
        if not self.stages:
            raise DefinitionError("A pipeline has no stages", fix="Give it at least the stage that predicts.")
        for name, stage in self.stages.items():
            if not _NAME.fullmatch(name):
                raise DefinitionError(
                    f"'{name}' cannot be the name of a stage", fix="Use lower-case letters, digits, '-' and '_'."
                )
            if not isinstance(stage, Stage):
                raise DefinitionError(
                    f"Stage '{name}' is a {type(stage).__name__}, which has no method 'transform'",
                    fix="Wrap fitted models in Models(inputs, {output: model}).",
                )

    def predict(self, given: Any) -> dict[str, Array]:
        """Return the predictions for a frame, for rows (a list of mappings) or for a mapping of arrays.

        Raises:
            SignatureError: The input does not fit the signature.
            StageError: A stage breaks its contract.
        """
        if self._direct is not None and (made := self._direct(given)) is not None:
            return made
        columns = self._prepared.columns(given)
        return self.run(read_input(self.signature, given) if columns is None else columns)

    @cached_property
    def _direct(self) -> Callable[[object], dict[str, Array] | None] | None:
        """What predicts rows of plain numbers, when there is one stage that takes them as they are."""
        plain, stages = PlainRows.of(self.signature), [*self.stages.values()]
        if plain is None or len(stages) > 1 or not isinstance(stages[0], RowStage):
            return None
        read, rows = plain.numbers, stages[0].of_rows(plain.sizes)
        if rows is None:
            return None
        one, many = rows.one, rows.many

        def direct(given: object) -> dict[str, Array] | None:
            numbers = read(given)
            if numbers is None:
                return None
            return one(numbers) if isinstance(numbers, list) else many(numbers)

        return direct

    @cached_property
    def _prepared(self) -> Prepared:
        return Prepared(self.signature)

    def run(self, columns: Columns) -> dict[str, Array]:
        """Return the predictions for columns that were validated before, as by `read_input`."""
        rows = len(next(iter(columns.values())))
        known: dict[str, Array] = dict(columns)
        made: dict[str, Array] = {}
        for name, stage in self.stages.items():
            try:
                made = stage.transform(known)
            except StageError as error:
                raise StageError(error.what, f"stage '{name}'", error.fix) from error
            except Exception as error:
                error.add_note(f"in stage '{name}' of the inference pipeline")
                raise
            _check_made(name, made, rows)
            known.update(made)
        return made


@dataclass(frozen=True)
class Models:
    """A stage of fitted models, which packaging replaces by one ONNX graph.

    They are of scikit-learn, LightGBM, XGBoost (its scikit-learn classes), or modules of torch in evaluation mode.

    Args:
        inputs: The columns that the models take, in the order in which they were fitted; a vector is several.
        models: The models by the name of their output. Those with `predict_proba` give the matrix of probabilities.
        precision: What the columns are rounded to in the graph; `float64` suits linear models, and no trees.
        instead: The source stage that is packaged when a model has no ONNX form.

    Raises:
        DefinitionError: A model was fitted on other columns.
    """

    inputs: tuple[str, ...]
    models: Mapping[str, Any]
    precision: Precision = "float32"
    instead: SourceStage | None = None

    def __post_init__(self) -> None:
        for output, model in self.models.items():
            fitted = _fitted_names(model)
            if fitted and fitted != tuple(self.inputs):
                raise DefinitionError(
                    f"The model of '{output}' was fitted on {list(fitted)}, and gets {list(self.inputs)}",
                    fix="Name the inputs as they were when it was fitted, in that order.",
                )

    def transform(self, columns: Columns) -> dict[str, Array]:
        """Return the prediction of each model."""
        # Not in the precision of the graph: there, inputs and thresholds are rounded alike and stay on their sides.
        # Rounded inputs against a library's float64 thresholds would change sides.
        matrix = stacked(columns, self.inputs, "float64")
        return {output: _predicted(model, matrix) for output, model in self.models.items()}


def stacked(columns: Columns, names: tuple[str, ...], precision: Precision) -> Array:
    """Return columns side by side as one matrix: of numbers, or of texts when all are texts.

    Raises:
        StageError: A column is missing, or is of a type that is no number.
    """
    first = columns.get(names[0])
    if first is not None and len(names) == 1 and first.ndim > 1 and first.dtype == precision:
        return first
    if first is not None and len(first) == 1 and (row := _one_row(columns, names, precision)) is not None:
        return row
    _check_numbers(columns, names)
    first = columns[names[0]]
    if len(names) == 1 and first.ndim > 1:
        return first.astype(precision, copy=False)
    texts = first.dtype.kind == "O"
    parts = [columns[name] if columns[name].ndim > 1 else columns[name][:, None] for name in names]
    matrix = np.empty((len(first), sum(part.shape[1] for part in parts)), object if texts else precision)
    start = 0
    for name, part in zip(names, parts, strict=True):
        if (part.dtype.kind == "O") != texts:
            raise StageError(f"Column '{name}' is text beside numbers, or a number beside texts", fix="Use two stages.")
        matrix[:, start : start + part.shape[1]] = part
        start += part.shape[1]
    return matrix


def _one_row(columns: Columns, names: tuple[str, ...], precision: Precision) -> Array | None:
    """The matrix of one row, which is what a service is asked for; None when its columns are not plain numbers."""
    try:
        parts = [columns[name] for name in names]
    except KeyError:
        return None
    if {part.ndim for part in parts} != {1}:
        return None
    kinds = {part.dtype.kind for part in parts}
    if kinds == {"f"}:
        return np.array([[part.item() for part in parts]], precision)
    if kinds <= {"f", "i", "u", "b"}:
        row: Array = np.concatenate(parts, dtype=precision, casting="unsafe")
        return row.reshape(1, -1)
    return None


def _check_numbers(columns: Columns, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in columns:
            near = nearest(name, columns)
            raise StageError(
                f"There is no column '{name}'",
                fix=f"Did you mean '{near}'?" if near else "Name a column that there is.",
            )
        if columns[name].dtype.kind not in "biufO":
            raise StageError(
                f"Column '{name}' is {columns[name].dtype}, which is no number",
                fix="Make a number of it in a stage before.",
            )


def _check_made(name: str, made: object, rows: int) -> None:
    if not isinstance(made, dict) or not made:
        raise StageError(
            f"It returned {'nothing' if not made else f'a {type(made).__name__}'}, not columns by name",
            f"stage '{name}'",
            "Return a dict of arrays.",
        )
    for column, values in made.items():
        if not isinstance(values, np.ndarray) or values.ndim == 0 or len(values) != rows:
            found = f"{values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
            raise StageError(
                f"Column '{column}' is {found}, not an array of {rows:,} rows",
                f"stage '{name}'",
                "Return one value for each row.",
            )


def _fitted_names(model: Any) -> tuple[str, ...]:
    """The columns that a model says it was fitted on; nothing when it was fitted on an array."""
    names = getattr(model, "feature_names_in_", None)
    if names is None and callable(getattr(model, "feature_name", None)):
        names = model.feature_name()
    found = tuple(str(name) for name in names) if names is not None else ()
    return () if all(re.fullmatch(r"Column_\d+", name) for name in found) else found


def _predicted(model: Any, matrix: Array) -> Array:
    if is_module(model):
        return _flat(predict_module(model, matrix))
    predict = getattr(model, "predict_proba", None) or model.predict
    with warnings.catch_warnings():
        # scikit-learn warns of a matrix where it was fitted on a frame; the names were compared before.
        warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
        return _flat(np.asarray(predict(matrix)))


def _flat(made: Array) -> Array:
    if made.ndim == 2 and made.shape[1] == 1:
        made = made[:, 0]
    return made.astype(np.float64) if made.dtype.kind == "f" else made
