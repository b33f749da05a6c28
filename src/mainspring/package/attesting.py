"""Statements about a package, beside it: lineage, metrics, a card, a report. They are no part of its digest."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from mainspring.digest import blob_of
from mainspring.errors import InputError, TamperedPackageError
from mainspring.package.content import read_attestations, read_content
from mainspring.package.manifest import ATTEST, FileRow, read_json, to_json
from mainspring.package.value import Package
from mainspring.package.writing import write_package

__all__ = ["Attestation", "attach", "attestations"]

_INDEX: Final = f"{ATTEST}index.json"


@dataclass(frozen=True, slots=True)
class Attestation:
    """One statement.

    Attributes:
        name: Its name, such as `metrics.json`.
        package: The digest of the package that it is about.
        content: Its bytes.
    """

    name: str
    package: str
    content: bytes


class _Index(msgspec.Struct):
    format: int
    package: str
    files: dict[str, FileRow]


def attach(package: Package, name: str, content: bytes | str | dict[str, object]) -> Package:
    """Return the package with a statement beside it, which replaces one of that name; its digest stays.

    Args:
        package: The package; it is written anew in its place.
        name: A file name, such as `card.md`.
        content: Bytes, text, or a mapping that becomes JSON.

    Raises:
        InputError: The name cannot be one.
        PackageError: The package is not what it was.
    """
    if not name or PurePosixPath(name).name != name or name.startswith(".") or f"{ATTEST}{name}" == _INDEX:
        raise InputError(
            f"'{name}' cannot be the name of an attestation", fix="Use a plain file name, such as card.md."
        )
    verified = read_content(package.path, package.digest)
    kept = {one.name: one.content for one in attestations(package.path)}
    kept[name] = (
        content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else to_json(content)
    )
    rows = {key: FileRow(blob_of(data), len(data)) for key, data in sorted(kept.items())}
    index = to_json(_Index(1, verified.digest, rows))
    beside = {f"{ATTEST}{key}": data for key, data in kept.items()}
    write_package({**verified.files, **beside, _INDEX: index}, package.path)
    return package


def attestations(path: str | Path) -> tuple[Attestation, ...]:
    """Return the statements beside a package, by name.

    Raises:
        TamperedPackageError: They are about another package, or their bytes are not those that were attached.
    """
    found = read_attestations(path)
    if not found:
        return ()
    content = read_content(path)
    where = f"{path}/{ATTEST}"
    if _INDEX not in found:
        raise TamperedPackageError("There are attestations without an index", where, "Attach them again.")
    index: _Index = read_json(found.pop(_INDEX), _Index, where)
    if index.package != content.digest:
        raise TamperedPackageError(f"The attestations are about the package {index.package}", where, "Attach its own.")
    given = {f"{ATTEST}{name}": row for name, row in index.files.items()}
    actual = {name: FileRow(blob_of(data), len(data)) for name, data in found.items()}
    if given != actual:
        wrong = sorted(name for name in {*given, *actual} if given.get(name) != actual.get(name))
        raise TamperedPackageError(f"{', '.join(wrong)} is not what was attached", where, "Attach it again.")
    return tuple(Attestation(name.removeprefix(ATTEST), index.package, found[name]) for name in sorted(found))
