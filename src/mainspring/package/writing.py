"""Packages onto the disk: written beside their place, flushed, and renamed."""

import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from mainspring.disk import flush
from mainspring.errors import InputError, ReadOnlyError, StorageFullError
from mainspring.package.manifest import MANIFEST

__all__ = ["write_package", "write_zip"]

_FULL: Final = (28, 122)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def write_package(files: Mapping[str, bytes], out: Path) -> Path:
    """Write the files of a package to a folder, or to one zip where the name ends in `.zip`; returns where.

    A package that is there is replaced; anything else is not.

    Raises:
        InputError: Something else is there.
        StorageFullError: The disk is full.
        ReadOnlyError: The place cannot be written to.
    """
    _check_free(out)
    fresh, stale = (out.with_name(f".{out.name}-{os.urandom(6).hex()}") for _ in range(2))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".zip":
            with fresh.open("xb") as file:
                write_zip(files, file)
                file.flush()
                os.fsync(file.fileno())
        else:
            _write_folder(files, fresh)
            if out.exists():
                out.replace(stale)
        fresh.replace(out)
        flush(out.parent)
    except OSError as error:
        kind = StorageFullError if error.errno in _FULL else ReadOnlyError
        raise kind(f"'{out}' cannot be written: {error.strerror}", fix="Choose another place.") from error
    finally:
        for left in (fresh, stale):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
    return out


def write_zip(files: Mapping[str, bytes], out: BinaryIO) -> None:
    """Write files as a zip that has the same bytes whenever it is written by one release of zlib."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, key=lambda name: (name != MANIFEST, name.encode())):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])


def _check_free(out: Path) -> None:
    if not out.exists() and not out.is_symlink():
        return
    if out.suffix == ".zip":
        taken = not zipfile.is_zipfile(out)
    else:
        taken = not out.is_dir() or (any(out.iterdir()) and not (out / MANIFEST).is_file())
    if taken:
        raise InputError(f"'{out}' is there already, and is no package", fix="Name a place that is free.")


def _write_folder(files: Mapping[str, bytes], root: Path) -> None:
    folders = {root}
    for name, data in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        folders.add(target.parent)
        with target.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    for folder in folders:
        flush(folder)
