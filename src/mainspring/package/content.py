"""The bytes of a package, in a folder or a zip: read once, checked, and only then used."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from mainspring.digest import blob_of, entries, unreadable
from mainspring.errors import ForeignPackageError, InputError, TamperedPackageError, TruncatedPackageError
from mainspring.package.manifest import ATTEST, MANIFEST, Manifest, digest_of_files, read_manifest

__all__ = ["Content", "read_attestations", "read_content"]

_LARGEST_MANIFEST: Final = 16 << 20
_AGAIN: Final = "Copy the package again, or build it again."


@dataclass(frozen=True)
class Content:
    """The verified content of a package.

    Attributes:
        path: Where it was read.
        manifest: What it says of itself.
        files: The bytes of every file but those of `attest/`, by path.
        digest: The digest of the package.
        attest: The paths of its attestations, which were not read.
    """

    path: Path
    manifest: Manifest
    files: dict[str, bytes]
    digest: str
    attest: tuple[str, ...]


class _Place(Protocol):
    """A folder or a zip."""

    def sizes(self) -> dict[str, int]: ...

    def read(self, name: str, most: int) -> bytes: ...


class _Directory:
    def __init__(self, path: Path) -> None:
        self._path = path

    def sizes(self) -> dict[str, int]:
        return {entry.name: entry.path.stat().st_size for entry in entries(self._path) if entry.kind != "d"}

    def read(self, name: str, most: int) -> bytes:
        with (self._path / name).open("rb") as file:
            return file.read(most)


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def sizes(self) -> dict[str, int]:
        listed = [one for one in self._archive.infolist() if not one.is_dir()]
        names = [one.filename for one in listed]
        if len(set(names)) != len(names):
            raise TamperedPackageError("The zip holds a file twice", str(self._archive.filename), _AGAIN)
        return {one.filename: one.file_size for one in listed}

    def read(self, name: str, most: int) -> bytes:
        with self._archive.open(name) as file:
            return file.read(most)


def read_content(path: str | Path, digest: str | None = None) -> Content:
    """Return the content of a package after everything in it was verified, but `attest/`.

    Args:
        path: A folder or a zip.
        digest: The digest that it must have, when that is known.

    Raises:
        InputError: There is nothing at the path, or it cannot be read.
        ForeignPackageError: It is no package.
        TruncatedPackageError: It ends early, or a file is missing.
        TamperedPackageError: A file is not what the manifest says, is not in it, or the digest is another.
        NewerPackageError: A newer release wrote it.
    """
    path = Path(path)
    with _opened(path) as place:
        sizes = place.sizes()
        manifest = _manifest(place, sizes, path)
        _check_names(manifest, sizes, path)
        files = {name: _file(place, manifest, name, path) for name in manifest.files}
        files[MANIFEST] = place.read(MANIFEST, sizes[MANIFEST])
    found = digest_of_files((name, blob_of(data)) for name, data in files.items())
    if digest is not None and digest != found:
        raise TamperedPackageError(
            f"The package has the digest {found}, and {digest} is expected",
            str(path),
            "Take it from who gave the digest.",
        )
    return Content(path, manifest, files, found, tuple(sorted(name for name in sizes if name.startswith(ATTEST))))


def read_attestations(path: str | Path) -> dict[str, bytes]:
    """Return the bytes of all that is in `attest/`, by path, without checks."""
    with _opened(Path(path)) as place:
        return {name: place.read(name, size) for name, size in place.sizes().items() if name.startswith(ATTEST)}


@contextmanager
def _opened(path: Path) -> Iterator[_Place]:
    """A folder or a zip; what goes wrong while it is read is told by its name."""
    try:
        if path.is_dir():
            yield _Directory(path)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield _Archive(archive)
        else:
            raise _no_zip(path)
    except zipfile.BadZipFile as error:
        kind = TamperedPackageError if "CRC" in str(error) else TruncatedPackageError
        raise kind(f"The zip is damaged: {error}", str(path), _AGAIN) from error
    except (EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise TamperedPackageError(f"The zip cannot be unpacked: {error}", str(path), _AGAIN) from error
    except OSError as error:
        raise unreadable(path, error, "Package") from error
    except InputError as error:
        if path.is_dir():
            raise ForeignPackageError(f"This is no package of Mainspring: {error.what}", str(path)) from error
        raise


def _no_zip(path: Path) -> Exception:
    with path.open("rb") as file:
        head = file.read(2)
    if head in (b"PK", b"P", b""):
        return TruncatedPackageError("The zip ends early", str(path), _AGAIN)
    return ForeignPackageError(
        "This is no package of Mainspring", str(path), "Name a folder or zip that 'build' wrote."
    )


def _manifest(place: _Place, sizes: dict[str, int], path: Path) -> Manifest:
    if MANIFEST not in sizes:
        raise ForeignPackageError(
            f"This is no package of Mainspring: it has no {MANIFEST}",
            str(path),
            "Name a folder or zip that 'build' wrote.",
        )
    if sizes[MANIFEST] > _LARGEST_MANIFEST:
        raise ForeignPackageError(f"{MANIFEST} is too large for one", str(path))
    return read_manifest(place.read(MANIFEST, sizes[MANIFEST]), str(path / MANIFEST))


def _check_names(manifest: Manifest, sizes: dict[str, int], path: Path) -> None:
    """The files that are there must be those of the manifest, before any of them is read."""
    if lost := sorted(set(manifest.files) - set(sizes)):
        raise TruncatedPackageError(f"The package lacks {', '.join(lost)}", str(path), _AGAIN)
    known = {MANIFEST, *manifest.files}
    if strange := sorted(name for name in sizes if name not in known and not name.startswith(ATTEST)):
        raise TamperedPackageError(
            f"The package holds {', '.join(strange)}, which its manifest does not list", str(path)
        )
    for name, row in manifest.files.items():
        if sizes[name] < row.size:
            raise TruncatedPackageError(f"{name} has {sizes[name]:,} bytes of {row.size:,}", str(path / name), _AGAIN)
        if sizes[name] > row.size:
            raise TamperedPackageError(f"{name} has {sizes[name]:,} bytes, not {row.size:,}", str(path / name), _AGAIN)


def _file(place: _Place, manifest: Manifest, name: str, path: Path) -> bytes:
    row = manifest.files[name]
    data = place.read(name, row.size + 1)
    if len(data) < row.size:
        raise TruncatedPackageError(f"{name} has {len(data):,} bytes of {row.size:,}", str(path / name), _AGAIN)
    if blob_of(data) != row.blob:
        raise TamperedPackageError(f"The bytes of {name} are not those of the manifest", str(path / name), _AGAIN)
    return data
