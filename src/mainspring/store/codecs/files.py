"""Files and folders inside other values; on their own they are artifacts of another kind, see `store.trees`."""

import shutil
from pathlib import Path
from typing import Any, BinaryIO, Final

from mainspring.digest import Artifact, File, Folder, blob_of_file, canonical, digest_of_content, entries, tagged
from mainspring.store.blobs import BlobStore, Writer
from mainspring.store.codec import Dump, Load, Raw, Source, Structural
from mainspring.store.trees import digest_of_rows, load_tree

__all__ = ["CONTENT", "TREE", "Content", "Kept"]


class Content:
    """The content of one file on its way into a store; of a directory, nothing."""

    __slots__ = ("path",)

    def __init__(self, path: Path | None) -> None:
        self.path = path


class Kept:
    """The content of one file on its way out: a blob of its own."""

    __slots__ = ("blob", "blobs", "size")

    def __init__(self, blob: str, size: int, blobs: BlobStore) -> None:
        self.blob = blob
        self.size = size
        self.blobs = blobs


def _encode(content: Content) -> tuple[str, Writer]:
    path = content.path

    def write(out: BinaryIO) -> None:
        if path is not None:
            with path.open("rb") as file:
                shutil.copyfileobj(file, out, 1 << 20)

    return tagged("content/1", "" if path is None else blob_of_file(path)), write


def _decode(source: Source) -> Kept:
    return Kept(source.blobs.put(source.view), len(source.view), source.blobs)


def _reduce(value: Any, _: Dump) -> object:
    if isinstance(value, File):
        return ("file", value.path.name, Content(value.path))
    found = [(entry.name, entry.kind, Content(None if entry.kind == "d" else entry.path)) for entry in entries(value)]
    return ("folder", "", found)


def _rebuild(parts: Any, _: Load) -> File | Folder:
    kind, name, content = parts
    if kind == "file":
        digest = digest_of_content(name, content.blob)
        return load_tree(Artifact(name, digest, content.blob, f"file/1:{name}", content.size), content.blobs)
    rows = [(path, form, "" if form == "d" else kept.blob, kept.size) for path, form, kept in content]
    blobs: BlobStore = content[0][2].blobs
    manifest = blobs.put(canonical(rows))
    return load_tree(Artifact(name, digest_of_rows(rows), manifest, "folder/1", sum(row[3] for row in rows)), blobs)


CONTENT: Final = Raw("content/1", _encode, _decode, lambda _: "content")
TREE: Final = Structural("tree/1", _reduce, _rebuild, lambda value: value.path.name)
