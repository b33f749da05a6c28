"""Values in and out of a store."""

import mmap
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from mainspring.digest import LARGE, Artifact, File, Folder
from mainspring.errors import UnstorableError
from mainspring.store.blobs import BlobStore, Writer
from mainspring.store.codec import Raw, Source
from mainspring.store.packing import Packer, Tally, digest_of_skeleton, unpack
from mainspring.store.registry import codec_for, codec_named
from mainspring.store.trees import digest_tree, load_tree, save_tree

__all__ = ["digest_value", "load", "save", "split"]

_PLAIN: Final = "value/1"
_TREES: Final = ("file/1", "folder/1")
_SHOWN: Final = 60
_FEW: Final = 4


def save(name: str, value: object, blobs: BlobStore, *, pickle: bool) -> Artifact:
    """Keep a value and return what stands for it.

    Args:
        name: What the step calls it.
        value: A plain value, a `File`, a `Folder`, anything that has a codec, or any of these inside each other.
        blobs: Where it goes.
        pickle: Whether values without a codec may be pickled; their format then ends in `pickle`.

    Raises:
        UnstorableError: Nothing can store it, or something in it; `where` is the place, such as `result['model'].lock`.
        StorageFullError: The disk is full.
        ReadOnlyError: The store cannot be written to.
    """
    if isinstance(value, File | Folder):
        return save_tree(name, value, blobs)
    try:
        digest, codec, content, summary = _encoded(value, pickle=pickle)
    except UnstorableError as error:
        place = name + (error.where or "value").removeprefix("value")
        raise UnstorableError(error.what, place, error.fix) from error
    if not callable(content):
        return Artifact(name, digest, blobs.put(content), codec, len(content), summary)
    tallies: list[Tally] = []

    def write(out: BinaryIO) -> None:
        tallies.append(Tally(out))
        content(cast("BinaryIO", tallies[0]))

    blob = blobs.put(write)
    return Artifact(name, digest, blob, codec, tallies[0].size, summary)


def load(artifact: Artifact, blobs: BlobStore) -> Any:
    """Return the value that an artifact stands for, equal to what was saved and of its type.

    A `File` or `Folder` comes back as a path below `blobs.files`, read-only; a matplotlib figure as a `Picture`.

    Raises:
        CorruptBlobError: Its bytes are not what was stored; `blob` is the artifact's, to be put in quarantine.
        MissingBlobError: Its bytes are gone.
        NewerFormatError: Another release wrote it in a format that this one does not know.
    """
    form = artifact.codec.partition(":")[0]
    if form in _TREES:
        return load_tree(artifact, blobs)
    codec = None if form == _PLAIN else codec_named(form)
    if artifact.size < LARGE:
        source = Source(memoryview(blobs.get(artifact.blob)), blobs)
    else:
        path = blobs.path(artifact.blob)
        source = Source(_mapped(path), blobs, path)
    return codec.decode(source) if isinstance(codec, Raw) else unpack(source)


def digest_value(value: object, *, pickle: bool = False) -> str:
    """Return the digest that `save` would give a value, without keeping it.

    Raises:
        UnstorableError: Nothing can store it, or something in it.
        InputError: A `File` or `Folder` cannot be read.
    """
    if isinstance(value, File | Folder):
        return digest_tree(value)
    return _encoded(value, pickle=pickle)[0]


def split(artifact: Artifact, blobs: BlobStore) -> list[Artifact]:
    """Return the elements of a stored list or tuple, each as an artifact of its own, in order.

    Raises:
        UnstorableError: It is something else.
    """
    value = load(artifact, blobs)
    if not isinstance(value, list | tuple):
        raise UnstorableError(
            f"Only a list can be mapped over, and '{artifact.name}' is a {type(value).__name__}",
            fix="Return a list from the step before.",
        )
    pickle = "pickle" in artifact.codec
    return [save(f"{artifact.name}[{index}]", item, blobs, pickle=pickle) for index, item in enumerate(value)]


def _encoded(value: object, *, pickle: bool) -> tuple[str, str, bytes | Writer, str]:
    """The digest, the format, the content and the summary of a value."""
    _refuse_path(value)
    codec = codec_for(value)
    if isinstance(codec, Raw):
        digest, write = codec.encode(value)
        return digest, codec.name, write, codec.summary(value)
    packer = Packer(pickle=pickle)
    skeleton = packer.pack(value)
    if codec is None and skeleton[1:2] == b"L" and not packer.pickled:
        codec = codec_named("object/1")
    form = codec.name if codec is not None else _PLAIN
    summary = codec.summary(value) if codec is not None else _described(value)
    return digest_of_skeleton(skeleton), form + packer.mark, packer.content(skeleton), summary


def _refuse_path(value: object) -> None:
    if isinstance(value, Path) and value.exists():
        kind = "Folder" if value.is_dir() else "File"
        raise UnstorableError(
            f"The path '{value}' is only a name: what it holds would not be kept",
            "value",
            f"Return {kind}(path) to keep the content, or str(path) for the name alone.",
        )


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _described(value: object) -> str:
    if hasattr(value, "_fields") or not isinstance(value, list | tuple | dict | set | frozenset):
        return _shown(value) or type(value).__name__
    parts = [part for item in value.items() for part in item] if isinstance(value, dict) else list(value)
    if len(value) <= _FEW and all(_shown(part) for part in parts) and len(repr(value)) <= _SHOWN:
        return repr(value)
    return f"{type(value).__name__} of {len(value):,}"


def _shown(value: object) -> str:
    if not isinstance(value, bool | int | float | complex | str | Enum | None):
        return ""
    if type(value) is str and len(value) > _SHOWN:  # a long text need not be written out to be cut
        return f"{value[:_SHOWN]!r}"[: _SHOWN - 1] + "…"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
