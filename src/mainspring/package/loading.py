"""From a package to predictions. Nothing of training is imported: no frame library, no scikit-learn, no LightGBM."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainspring.errors import TamperedPackageError, UntrustedStageError
from mainspring.package.arrow import decode_columns
from mainspring.package.content import Content, read_content
from mainspring.package.fields import Signature, stand_in
from mainspring.package.frames import Array
from mainspring.package.graphs import Graph
from mainspring.package.manifest import (
    CONFIG,
    GOLDEN,
    REFERENCE,
    SIGNATURE,
    Manifest,
    StageRow,
    read_json,
    read_signature,
)
from mainspring.package.parity import Parity, check_parity
from mainspring.package.sources import Source, class_in
from mainspring.package.stages import Pipeline, Stage
from mainspring.package.state import decode_state
from mainspring.package.value import Package

__all__ = ["Loaded", "LoadedReference", "golden_inputs", "load", "open_content"]


@dataclass(frozen=True, slots=True)
class LoadedReference:
    """The profile of one reference window, as it was encoded."""

    window: str
    season: str
    profile: bytes
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Loaded:
    """A package that was verified and replayed.

    Attributes:
        package: Where it is, its digest and name.
        manifest: What it says of itself.
        pipeline: The inference pipeline.
        config: What inference needs to know.
        references: Profiles of reference windows.
        parity: How the golden samples agreed.
    """

    package: Package
    manifest: Manifest
    pipeline: Pipeline
    config: dict[str, Any]
    references: tuple[LoadedReference, ...]
    parity: Parity

    @property
    def signature(self) -> Signature:
        """What it takes and gives."""
        return self.pipeline.signature

    def predict(self, given: Any) -> dict[str, Array]:
        """Return the predictions for a frame, for rows (a list of mappings) or for a mapping of arrays.

        Raises:
            SignatureError: The input does not fit the signature.
        """
        return self.pipeline.predict(given)


def load(path: str | Path, *, trust: Collection[str] = (), digest: str | None = None, threads: int = 1) -> Loaded:
    """Return a package, ready to predict, after every byte was verified and its golden samples were replayed.

    Args:
        path: A folder or zip.
        trust: Digests of source stages that may run here, or of packages all of whose source may.
        digest: The digest that the package must have, when that is known.
        threads: Threads that one prediction may use in a graph.

    Raises:
        ForeignPackageError: It is no package.
        TruncatedPackageError: It ends early.
        TamperedPackageError: Its content is not what its manifest, or `digest`, says.
        NewerPackageError: A newer release wrote it.
        UntrustedStageError: It has source that `trust` does not name; `sources` are the digests to approve.
        ParityError: Its golden samples are not predicted as they were.
    """
    return open_content(read_content(path, digest), trust=trust, threads=threads)


def open_content(content: Content, *, trust: Collection[str] = (), threads: int = 1) -> Loaded:
    """Return a package of which the content was verified; see `load`."""
    manifest = content.manifest
    _check_trust(content, trust)
    signature = read_signature(content.files[SIGNATURE], SIGNATURE)
    stages = {row.name: _stage(row, content, threads) for row in manifest.stages}
    pipeline = Pipeline(signature, stages)
    return Loaded(
        Package(content.path, content.digest, manifest.name),
        manifest,
        pipeline,
        read_json(content.files[CONFIG], dict[str, Any], CONFIG),
        _references(content),
        _replay(pipeline, content),
    )


def _check_trust(content: Content, trust: Collection[str]) -> None:
    if isinstance(trust, str):
        trust = (trust,)
    unknown = [one for one in content.manifest.sources if one not in trust]
    if unknown and content.digest not in trust:
        raise UntrustedStageError(
            f"The package runs source that was not approved: {', '.join(unknown)}",
            str(content.path),
            "Read the source in stages/, then pass its digest, or the package's, in 'trust'.",
            tuple(unknown),
        )


def _stage(row: StageRow, content: Content, threads: int) -> Stage:
    data = content.files[row.file]
    if row.kind == "onnx":
        return Graph(row.inputs, row.outputs, data, row.precision, threads)
    source = Source(data.decode(), row.class_name, content.manifest.files[row.file].blob)
    stage: Stage = class_in(source, row.file).from_state(decode_state(content.files[row.state]))
    return stage


def golden_inputs(pipeline: Pipeline, content: Content) -> dict[str, Array]:
    """Return the inputs of the golden samples of a package; in the place of sensitive ones stand others.

    Raises:
        TamperedPackageError: The package lacks some of them.
    """
    kept = decode_columns(content.files[GOLDEN])
    rows = next((len(values) for name, values in kept.items() if name.startswith("output:")), 0)
    try:
        return {
            field.name: stand_in(field, rows) if field.sensitive else kept[f"input:{field.name}"]
            for field in pipeline.signature.fields
        }
    except KeyError as error:
        raise TamperedPackageError(
            f"The golden samples have no column {error}", str(content.path), "Build the package again."
        ) from error


def _replay(pipeline: Pipeline, content: Content) -> Parity:
    kept = decode_columns(content.files[GOLDEN])
    outcome = {name.removeprefix("output:"): values for name, values in kept.items() if name.startswith("output:")}
    if not outcome:
        raise TamperedPackageError("The golden samples have no outputs", str(content.path), "Build the package again.")
    golden = golden_inputs(pipeline, content)
    return check_parity(outcome, pipeline.run(golden), content.manifest.rule, f"golden samples of {content.path}")


def _references(content: Content) -> tuple[LoadedReference, ...]:
    if REFERENCE not in content.files:
        return ()
    kept = decode_columns(content.files[REFERENCE])
    rows = zip(*(kept[name].tolist() for name in ("window", "season", "profile", "columns")), strict=True)
    return tuple(
        LoadedReference(window, season, profile, tuple(columns.split("\x1f")) if columns else ())
        for window, season, profile, columns in rows
    )
