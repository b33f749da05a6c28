"""From a fitted pipeline to a package."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from mainspring.digest import blob_of
from mainspring.errors import DefinitionError, NotExportableError, PackageError, SensitiveDataError, StageError
from mainspring.package.agreement import Parity, check_parity
from mainspring.package.arrow import encode_columns
from mainspring.package.converting import to_graph
from mainspring.package.dtypes import DTYPES, stand_in
from mainspring.package.fields import Field, Signature
from mainspring.package.frames import Array
from mainspring.package.graphs import Graph
from mainspring.package.loading import load
from mainspring.package.manifest import (
    CONFIG,
    FORMAT,
    GOLDEN,
    KIND,
    MANIFEST,
    REFERENCE,
    SIGNATURE,
    FileRow,
    Manifest,
    StageRow,
    to_json,
)
from mainspring.package.rules import Rule
from mainspring.package.sources import class_in, source_of
from mainspring.package.stages import Columns, Models, Pipeline, SourceStage, Stage, stacked
from mainspring.package.state import decode_state, encode_state
from mainspring.package.validating import read_input
from mainspring.package.value import Package
from mainspring.package.writing import write_package

__all__ = ["Built", "Reference", "Spec", "build", "convert_models"]

_LEAST_TEXT: Final = 4
_SEARCHED: Final = 2_000
_PLAIN: Final = (type(None), bool, int, float, str)


@dataclass(frozen=True, slots=True)
class Reference:
    """What live traffic is compared with: the profile of one window.

    Attributes:
        window: The name of the window, such as `2015-06`.
        season: The key by which windows are matched.
        profile: The encoded profile; a package carries it as it is.
        columns: The columns whose values are in the profile.
    """

    window: str
    season: str
    profile: bytes
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """What goes into a package besides the pipeline.

    Attributes:
        name: What it is called.
        config: What inference needs to know, as plain values.
        references: Profiles of reference windows.
        rule: How much the packaged pipeline may differ from the one it was made from.
        golden: How many of the samples are kept, and replayed whenever it is loaded.
    """

    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    rule: Rule = field(default_factory=Rule)
    golden: int = 32


@dataclass(frozen=True)
class Built:
    """A package that was built, read back and replayed.

    Attributes:
        package: The package.
        parity: How its predictions agree with the fitted pipeline's, on all samples.
        pipeline: The pipeline as it was packaged, loaded from the package.
        sources: The digests of its source stages: what `load` must be told to trust.
    """

    package: Package
    parity: Parity
    pipeline: Pipeline
    sources: tuple[str, ...]


class _Portable(NamedTuple):
    """A stage as it will be loaded, its row in the manifest, its files."""

    stage: Stage
    row: StageRow
    files: dict[str, bytes]


def build(pipeline: Pipeline, spec: Spec, samples: Any, out: str | Path) -> Built:
    """Write a package of a fitted pipeline, and return it after it was read back and replayed.

    Stages of `Models` become ONNX graphs; other stages are packaged as the source of their module. Equal pipelines give
    packages with equal digests.

    Args:
        pipeline: The fitted pipeline.
        spec: What else goes into it.
        samples: Raw input, as for `predict`: all of it is compared, some of it is kept as golden samples.
        out: The folder, or a file that ends in `.zip`. A package that is there is replaced.

    Raises:
        NotExportableError: A model has no ONNX form, and no source stage was given instead.
        StageError: A stage cannot be packaged as source.
        ParityError: What was packaged predicts otherwise than the rule allows.
        SensitiveDataError: Values of a sensitive column would be in the package.
        SignatureError: The samples do not fit the signature.
    """
    raw = read_input(pipeline.signature, samples)
    rows = len(next(iter(raw.values())))
    if rows == 0 or spec.golden < 1:
        raise DefinitionError("A package needs samples, and there are none", fix="Pass rows of raw input.")
    expected = pipeline.run(raw)
    portable = _portable_stages(pipeline, raw)
    packaged = Pipeline(pipeline.signature, {part.row.name: part.stage for part in portable})
    agreed = check_parity(expected, packaged.run(raw), spec.rule, f"package '{spec.name}'")
    golden = _golden(pipeline.signature, raw, spec.golden)
    # What the package predicts, and not the fitted pipeline: that was compared on all samples, where one row that
    # stands on a threshold is one of many; among a few golden samples it would be a whole quantile.
    outcome = packaged.run(golden)
    signature = replace(pipeline.signature, outputs=tuple(_outputs(outcome, pipeline)))
    files = _files(spec, signature, portable, _golden_file(pipeline.signature, golden, outcome))
    _check_sensitive(pipeline.signature, raw, files)
    package = Package.at(write_package(files, Path(out)))
    sources = tuple(dict.fromkeys(blob_of(data) for name, data in files.items() if name.endswith(".py")))
    return Built(package, agreed, load(package.path, trust=sources, digest=package.digest).pipeline, sources)


def convert_models(pipeline: Pipeline, samples: Any) -> Pipeline:
    """Return the pipeline with ONNX graphs in the place of its models; `build` makes the same ones.

    Args:
        pipeline: The fitted pipeline.
        samples: Raw input, as for `predict`: what reaches the models says what they take.

    Raises:
        NotExportableError: A model has no ONNX form, and no source stage was given instead.
        SignatureError: The samples do not fit the signature.
    """
    known = read_input(pipeline.signature, samples)
    made: dict[str, Stage] = {}
    for name, stage in pipeline.stages.items():
        made[name] = replace(converted) if isinstance(converted := _converted(stage, known), Graph) else converted
        known |= stage.transform(known)
    return Pipeline(pipeline.signature, made)


def _converted(stage: Stage, known: Columns) -> Stage:
    if not isinstance(stage, Models):
        return stage
    try:
        return to_graph(stage, stacked(known, tuple(stage.inputs), stage.precision)[:1])
    except NotExportableError:
        if stage.instead is None:
            raise
        return stage.instead


def _portable_stages(pipeline: Pipeline, raw: Columns) -> list[_Portable]:
    """The stages as they will be loaded. What a stage takes is seen by running those before it."""
    known = dict(raw)
    made = []
    for number, (name, stage) in enumerate(pipeline.stages.items(), start=1):
        file = f"stages/{number:02}-{name}"
        try:
            made.append(_portable(stage, name, file, known))
        except (StageError, NotExportableError) as error:
            where = f"stage '{name}'" + (f", {error.where}" if error.where else "")
            raise type(error)(error.what, where, error.fix) from error
        known.update(stage.transform(known))
    return made


def _portable(stage: Stage, name: str, file: str, known: Columns) -> _Portable:
    stage = _converted(stage, known)
    if isinstance(stage, Graph):
        row = StageRow(name, "onnx", f"{file}.onnx", tuple(stage.inputs), tuple(stage.outputs), stage.precision)
        return _Portable(stage, row, {row.file: stage.model})
    source = source_of(stage)
    if not isinstance(stage, SourceStage):
        raise StageError(f"A {type(stage).__name__} has no state", fix="Write 'state' and 'from_state'.")
    state = encode_state(stage.state())
    row = StageRow(name, "source", f"{file}.py", class_name=source.name, state=f"{file}.msgpack")
    loaded: Stage = class_in(source, row.file).from_state(decode_state(state))
    return _Portable(loaded, row, {row.file: source.text.encode(), row.state: state})


def _golden(signature: Signature, raw: Columns, most: int) -> dict[str, Array]:
    """Rows at equal distances, with stand-ins for what is sensitive."""
    rows = len(next(iter(raw.values())))
    places = np.unique(np.linspace(0, rows - 1, min(most, rows)).round().astype(int))
    return {
        field.name: stand_in(field, len(places)) if field.sensitive else raw[field.name][places]
        for field in signature.fields
    }


def _golden_file(signature: Signature, golden: Columns, outcome: Columns) -> bytes:
    kept = {f"input:{name}": values for name, values in golden.items() if name not in signature.sensitive}
    return encode_columns(kept | {f"output:{name}": values for name, values in outcome.items()})


def _outputs(outcome: Columns, pipeline: Pipeline) -> Iterator[Field]:
    names = {dtype: name for name, dtype in DTYPES.items()}
    last = list(pipeline.stages.values())[-1]
    for name, values in outcome.items():
        kind = names.get(values.dtype, "string" if values.dtype.kind == "U" else None)
        if kind is None:
            raise StageError(
                f"Output '{name}' is {values.dtype}, which a package cannot hold",
                fix=f"Return one of {', '.join(DTYPES)}.",
            )
        classes = getattr(last.models[name], "classes_", ()) if isinstance(last, Models) else ()
        categories = tuple(one.item() if isinstance(one, np.generic) else one for one in classes)
        yield _output(name, kind, values.shape[1:], categories)


def _output(name: str, kind: Any, shape: tuple[int, ...], classes: tuple[Any, ...]) -> Field:
    plain = all(type(one) in (int, str) for one in classes)
    return Field(name, kind, shape, categories=classes if plain else tuple(str(one) for one in classes))


def _files(spec: Spec, signature: Signature, portable: list[_Portable], golden: bytes) -> dict[str, bytes]:
    files = {name: data for part in portable for name, data in part.files.items()}
    files[SIGNATURE] = to_json(signature)
    files[CONFIG] = to_json(_plain(dict(spec.config), "config"))
    files[GOLDEN] = golden
    if spec.references:
        files[REFERENCE] = _references(spec.references, signature)
    rows = {name: FileRow(blob_of(files[name]), len(files[name])) for name in sorted(files)}
    stages = tuple(part.row for part in portable)
    return {MANIFEST: to_json(Manifest(KIND, FORMAT, spec.name, stages, spec.rule, rows)), **files}


def _plain(value: Any, place: str) -> Any:
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: _plain(part, f"{place}[{key!r}]") for key, part in value.items()}
    if type(value) in (list, tuple):
        return [_plain(part, f"{place}[{number}]") for number, part in enumerate(value)]
    if type(value) not in _PLAIN or (type(value) is float and not np.isfinite(value)):
        raise PackageError(
            f"A {type(value).__name__} cannot be in the configuration of a package", place, "Use plain, finite values."
        )
    return value


def _references(references: tuple[Reference, ...], signature: Signature) -> bytes:
    for one in references:
        if shown := sorted(signature.sensitive & set(one.columns)):
            raise SensitiveDataError(
                f"The profile of window '{one.window}' has values of {', '.join(shown)}, which is sensitive",
                f"reference '{one.window}'",
                "Withhold the column when the profile is made.",
            )
    columns = {
        "window": [one.window for one in references],
        "season": [one.season for one in references],
        "columns": ["\x1f".join(one.columns) for one in references],
        "profile": [one.profile for one in references],
    }
    return encode_columns({name: np.array(values, object) for name, values in columns.items()})


def _check_sensitive(signature: Signature, raw: Columns, files: dict[str, bytes]) -> None:
    """Search the files for sensitive texts of the samples: numbers could stand anywhere by chance, texts do not."""
    for one in signature.fields:
        if not one.sensitive or one.type != "string":
            continue
        declared = {str(word) for word in one.categories}
        texts = {text for text in raw[one.name].tolist() if text and len(text) >= _LEAST_TEXT} - declared
        for name, data in files.items():
            if name.endswith((".py", ".onnx")):
                continue
            if any(text.encode() in data for text in sorted(texts)[:_SEARCHED]):
                raise SensitiveDataError(
                    f"A value of the sensitive column '{one.name}' is in {name}",
                    f"field '{one.name}'",
                    "Keep it out of state, configuration and outputs.",
                )
