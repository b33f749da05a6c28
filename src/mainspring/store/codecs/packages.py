"""Packages: one zip in the store, a folder when they come back. Their digest in the store is the package's own."""

import zipfile
from importlib import import_module
from io import BytesIO
from typing import Any, Final

from mainspring.digest import Artifact, canonical
from mainspring.errors import CorruptBlobError
from mainspring.store.blobs import Writer
from mainspring.store.codec import Raw, Source
from mainspring.store.trees import digest_of_rows, load_tree

__all__ = ["PACKAGE"]


def _encode(package: Any) -> tuple[str, Writer]:
    # What lies at the path may have changed since: its digest is made from the bytes, now and when they are written.
    return type(package).at(package.path, package.digest).digest, package.write


def _decode(source: Source) -> object:
    try:
        with zipfile.ZipFile(BytesIO(source.view)) as archive:
            files = {one.filename: archive.read(one) for one in archive.infolist()}
    except (zipfile.BadZipFile, EOFError) as error:
        raise CorruptBlobError(f"A stored package cannot be unpacked: {error}", fix="Run its step again.") from error
    blobs = source.blobs
    rows = [(name, "f", blobs.put(files[name]), len(files[name])) for name in sorted(files, key=str.encode)]
    manifest = blobs.put(canonical(rows))
    size = sum(row[3] for row in rows)
    folder: Any = load_tree(Artifact("package", digest_of_rows(rows), manifest, "folder/1", size), blobs)
    return import_module("mainspring.package.value").Package.at(folder.path)


PACKAGE: Final = Raw("package/1", _encode, _decode, lambda package: f"package {package.name}, {package.digest[:12]}")
