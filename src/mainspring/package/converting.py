"""Models of scikit-learn, LightGBM, XGBoost and torch as ONNX graphs. Their converters are imported here alone."""

import copy
import re
import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

from mainspring.errors import NotExportableError, StageError
from mainspring.package.frames import Array
from mainspring.package.graphs import Graph
from mainspring.package.modules import export_module, is_module
from mainspring.package.stages import Models

__all__ = ["to_graph"]

_OPSET: Final = {"": 15, "ai.onnx.ml": 3}
_IR: Final = 8
_DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")
_FIX: Final = (
    "Use a model that exports, or give Models(..., instead=...) a source stage that predicts the same with NumPy."
)
_LONGEST: Final = 300


def to_graph(stage: Models, sample: Array) -> Graph:
    """Return one graph for all models of a stage; equal models give equal bytes.

    Args:
        stage: The models.
        sample: A row or more of their matrix, for its width and type.

    Raises:
        NotExportableError: A model has no ONNX form; the cause is told.
    """
    parts = []
    for output, model in stage.models.items():
        _refuse(output, model)
        parts.append(_converted(output, model, sample, stage.precision))
    texts = sample.dtype.kind == "O"
    graph = _merged(parts, sample.shape[1], "string" if texts else stage.precision)
    made = Graph(tuple(stage.inputs), tuple(stage.models), graph, stage.precision)
    try:
        made.check()
    except StageError as error:
        raise NotExportableError(f"The graph of the models cannot run: {error.what}", fix=_FIX) from error
    return made


def _converted(output: str, model: Any, sample: Array, precision: str) -> tuple[Any, str, bool]:
    """The graph of one model, the name of the output that counts, and whether only its second column does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = _by_library(model, sample, precision)
    except ModuleNotFoundError as error:
        raise NotExportableError(
            f"The model of '{output}' cannot be converted: there is no module '{error.name}'",
            fix="Install mainspring[train].",
        ) from error
    except Exception as error:
        raise _not_exportable(output, model, f"{type(error).__name__}: {error}") from error
    outputs = [one.name for one in made.graph.output]
    positive = _is_lightgbm(model) and not hasattr(model, "predict_proba") and len(outputs) > 1
    probabilities = hasattr(model, "predict_proba") or positive
    return made, outputs[1 if probabilities and len(outputs) > 1 else 0], positive and _classes(model) == 1


def _by_library(model: Any, sample: Array, precision: str) -> Any:
    if is_module(model):
        return export_module(model, sample.shape[1], precision, _OPSET[""])
    types = import_module("skl2onnx.common.data_types")
    kind = (
        "StringTensorType"
        if sample.dtype.kind == "O"
        else {"float32": "FloatTensorType"}.get(precision, "DoubleTensorType")
    )
    if _library(model) in ("lightgbm", "xgboost"):
        types = import_module("onnxmltools.convert.common.data_types")
        initial = [("X", getattr(types, kind)([None, sample.shape[1]]))]
        converters = import_module("onnxmltools.convert")
        if _library(model) == "xgboost":
            return converters.convert_xgboost(
                _nameless(model), name="model", initial_types=initial, target_opset=_OPSET[""]
            )
        convert = converters.convert_lightgbm
        return convert(model, name="model", initial_types=initial, zipmap=False, target_opset=_OPSET[""])
    initial = [("X", getattr(types, kind)([None, sample.shape[1]]))]
    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
    convert = import_module("skl2onnx").convert_sklearn
    return convert(model, name="model", initial_types=initial, options=options, target_opset=_OPSET)


def _library(model: Any) -> str:
    return type(model).__module__.partition(".")[0]


def _is_lightgbm(model: Any) -> bool:
    return _library(model) == "lightgbm"


def _nameless(model: Any) -> Any:
    """A copy of a model of XGBoost that takes columns by their place: the converter knows no other names."""
    made = copy.deepcopy(model)
    made.get_booster().feature_names = None
    return made


def _classes(booster: Any) -> int:
    return int(booster.dump_model(num_iteration=1)["num_class"])


def _refuse(output: str, model: Any) -> None:
    """Refuse models whose conversion would be silently wrong."""
    if _library(model) == "xgboost":
        _refuse_xgboost(output, model)
    if not _is_lightgbm(model):
        return
    booster = getattr(model, "booster_", model)
    text = booster.model_to_string()
    if re.search(r"(?m)^is_linear=1$", text):
        raise _not_exportable(output, model, "its leaves are linear models, which ONNX trees cannot hold")
    decisions = (int(word) for line in re.findall(r"(?m)^decision_type=(.*)$", text) for word in line.split())
    if any(decision >> 2 & 3 == 1 for decision in decisions):
        raise _not_exportable(output, model, "it was trained with zero_as_missing, which the converter ignores")


def _refuse_xgboost(output: str, model: Any) -> None:
    if not hasattr(model, "get_booster"):
        raise _not_exportable(output, model, "only its scikit-learn classes can, such as XGBRegressor")
    missing = getattr(model, "missing", None)
    if missing is not None and missing == missing:
        raise _not_exportable(output, model, f"it takes {missing} for a missing value, which the converter ignores")
    kinds = model.get_booster().feature_types or []
    if "c" in kinds:
        raise _not_exportable(output, model, "it splits by categories, which the converter takes for numbers")


def _not_exportable(output: str, model: Any, cause: str) -> NotExportableError:
    said = " ".join(cause.split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    return NotExportableError(
        f"The model of '{output}' ({type(model).__name__}) cannot be exported to ONNX: {said}", fix=_FIX
    )


def _merged(parts: Iterable[tuple[Any, str, bool]], width: int, kind: str) -> bytes:
    """One graph of several that share the input `X`, with names that follow from their places alone."""
    onnx: Any = import_module("onnx")
    nodes: list[Any] = []
    initializers: list[Any] = []
    outputs: list[Any] = []
    opsets: dict[str, int] = {}
    for number, (model, wanted, positive) in enumerate(parts):
        names = {"": "", model.graph.input[0].name: "X"}
        for tensor in model.graph.initializer:
            copy = onnx.TensorProto.FromString(tensor.SerializeToString())
            copy.name = names[tensor.name] = f"m{number}_c{len(names)}"
            initializers.append(copy)
        nodes += _renamed(onnx, model.graph.node, names, number)
        final = f"y{number}"
        two = not any(one.name == wanted and len(one.type.tensor_type.shape.dim) == 1 for one in model.graph.output)
        if positive:
            index = onnx.helper.make_tensor(f"m{number}_one", onnx.TensorProto.INT64, [1], [1])
            initializers.append(index)
            nodes.append(onnx.helper.make_node("Gather", [names[wanted], index.name], [final], axis=1))
        else:
            nodes.append(onnx.helper.make_node("Identity", [names[wanted]], [final]))
        (kind_of,) = [one.type.tensor_type.elem_type for one in model.graph.output if one.name == wanted]
        outputs.append(onnx.helper.make_tensor_value_info(final, kind_of, [None, None] if two else [None]))
        opsets.setdefault("", _OPSET[""])  # of Identity; a converter of trees alone names no other than its own
        for opset in model.opset_import:
            opsets[opset.domain] = max(opset.version, opsets.get(opset.domain, 1))
    types = {"string": "STRING", "float32": "FLOAT", "float64": "DOUBLE"}
    given = onnx.helper.make_tensor_value_info("X", getattr(onnx.TensorProto, types[kind]), [None, width])
    graph = onnx.helper.make_graph(nodes, "model", [given], outputs, initializers)
    imports = [onnx.helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items())]
    return _checked(
        onnx, onnx.helper.make_model(graph, opset_imports=imports, ir_version=_IR, producer_name="mainspring")
    )


def _renamed(onnx: Any, nodes: Iterable[Any], names: dict[str, str], number: int) -> list[Any]:
    made = []
    for place, node in enumerate(nodes):
        copy = onnx.NodeProto.FromString(node.SerializeToString())
        copy.name = f"m{number}_n{place}"
        copy.doc_string = ""
        for result in node.output:
            names.setdefault(result, f"m{number}_t{len(names)}")
        copy.input[:] = [names[one] for one in node.input]
        copy.output[:] = [names[one] for one in node.output]
        made.append(copy)
    return made


def _checked(onnx: Any, model: Any) -> bytes:
    strange = sorted({node.domain for node in model.graph.node} - set(_DOMAINS))
    graphs = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
    strange += [node.op_type for node in model.graph.node if any(one.type in graphs for one in node.attribute)]
    outside = [one.name for one in model.graph.initializer if one.data_location == onnx.TensorProto.EXTERNAL]
    if strange or outside:
        raise NotExportableError(
            f"The graph needs what a package cannot carry: {', '.join(strange or outside)}", fix=_FIX
        )
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise NotExportableError(f"The graph is not valid: {error}", fix=_FIX) from error
    data: bytes = model.SerializeToString(deterministic=True)
    return data
