"""The manifest of a package, its JSON, and the rule by which a package has its digest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from mainspring.digest import tagged
from mainspring.errors import ForeignPackageError, NewerPackageError, TruncatedPackageError
from mainspring.package.fields import Signature
from mainspring.package.rules import Rule

__all__ = [
    "ATTEST",
    "CONFIG",
    "FORMAT",
    "GOLDEN",
    "KIND",
    "MANIFEST",
    "REFERENCE",
    "SIGNATURE",
    "FileRow",
    "Manifest",
    "Precision",
    "StageRow",
    "digest_of_files",
    "read_json",
    "read_manifest",
    "read_signature",
    "to_json",
]

KIND: Final = "mainspring-package"
FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"
CONFIG: Final = "config.json"
GOLDEN: Final = "golden.arrow"
REFERENCE: Final = "reference.arrow"
ATTEST: Final = "attest/"

Precision = Literal["float32", "float64"]


@dataclass(frozen=True, slots=True)
class FileRow:
    """What a manifest says of one file: the BLAKE3 of its bytes, and how many there are."""

    blob: str
    size: int


@dataclass(frozen=True, slots=True)
class StageRow:
    """What a manifest says of one stage.

    Attributes:
        name: Its name.
        kind: `onnx` or `source`.
        file: Its graph, or its source.
        outputs: The columns that a graph makes, in the order of its outputs.
        inputs: The columns that a graph takes.
        precision: The type of a graph's input.
        class_name: The class in the source.
        state: The file with the state of a source stage.
    """

    name: str
    kind: Literal["onnx", "source"]
    file: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    precision: Precision = "float32"
    class_name: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package says of itself.

    Attributes:
        kind: Always `mainspring-package`.
        format: The version of the format.
        name: What its maker calls it.
        stages: Its stages, in order.
        rule: By which golden samples are replayed.
        files: Every other file, but those of `attest/`.
    """

    kind: str
    format: int
    name: str
    stages: tuple[StageRow, ...]
    rule: Rule
    files: dict[str, FileRow]

    @property
    def sources(self) -> tuple[str, ...]:
        """The digests of the sources that it runs, each once, in order."""
        return tuple(dict.fromkeys(self.files[row.file].blob for row in self.stages if row.kind == "source"))


class _Head(msgspec.Struct):
    kind: str
    format: int


def digest_of_files(blobs: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Return the digest of a package from the BLAKE3 of each of its files but those of `attest/`, by path.

    >>> digest_of_files({"b": "2", "a": "1"}) == digest_of_files({"a": "1", "b": "2"})
    True
    """
    rows = sorted(dict(blobs).items(), key=lambda row: row[0].encode("utf-8", "surrogatepass"))
    return tagged("package/1", *(part for row in rows for part in row))


def to_json(value: object) -> bytes:
    """Return a value as JSON that people read: keys in their order, one a line."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def read_manifest(data: bytes, where: str) -> Manifest:
    """Return what a manifest says.

    Raises:
        ForeignPackageError: It is the manifest of something else.
        NewerPackageError: A newer release wrote it.
        TruncatedPackageError: It ends early.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
    except msgspec.ValidationError as error:
        raise _foreign(where) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if "truncated" in str(error):
            raise TruncatedPackageError(
                "The manifest of a package ends early", where, "Copy the package again."
            ) from error
        raise _foreign(where) from error
    if head.kind != KIND or head.format < 1:
        raise _foreign(where)
    if head.format > FORMAT:
        raise NewerPackageError(
            f"The package has format {head.format}, and this release reads up to {FORMAT}",
            where,
            "Use a newer release of Mainspring.",
        )
    manifest: Manifest = read_json(data, Manifest, where)
    named = {part for row in manifest.stages for part in (row.file, row.state) if part}
    if lost := {*named, SIGNATURE, CONFIG, GOLDEN} - set(manifest.files):
        raise ForeignPackageError(f"The manifest does not list {sorted(lost)}", where, "Build the package again.")
    return manifest


def read_signature(data: bytes, where: str) -> Signature:
    """Return the signature of a package."""
    signature: Signature = read_json(data, Signature, where)
    return signature


def read_json(data: bytes, kind: Any, where: str) -> Any:
    """Return JSON as a value of a type.

    Raises:
        ForeignPackageError: It does not have that form.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ForeignPackageError(f"A file of the package is not as its format says: {error}", where) from error


def _foreign(where: str) -> ForeignPackageError:
    return ForeignPackageError("This is no package of Mainspring", where, "Name a folder or zip that 'build' wrote.")
