"""A package as a value: what a step returns, and what a registry keeps."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from mainspring.package.content import read_attestations, read_content
from mainspring.package.writing import write_zip

__all__ = ["Package"]


@dataclass(frozen=True, slots=True)
class Package:
    """A package on the disk. Two are equal when their digests are, wherever they lie.

    Attributes:
        path: The folder or zip.
        digest: The digest of all of it but `attest/`.
        name: What its maker calls it.
    """

    path: Path = field(compare=False)
    digest: str
    name: str = field(compare=False)

    def __reduce__(self) -> tuple[type[Self], tuple[Path, str, str]]:
        # Says that its state is more than its fields: a store then keeps the content, and not the path alone.
        return type(self), (self.path, self.digest, self.name)

    @classmethod
    def at(cls, path: str | Path, digest: str | None = None) -> Self:
        """Return the package at a path, after its content was verified; its stages are not loaded.

        Args:
            path: A folder or zip.
            digest: The digest that it must have, when that is known.

        Raises:
            PackageError: It is foreign, truncated, tampered with, or in a newer format.
        """
        content = read_content(path, digest)
        return cls(content.path, content.digest, content.manifest.name)

    def write(self, out: BinaryIO) -> None:
        """Write it as a zip, attestations included, after its content was verified again."""
        content = read_content(self.path, self.digest)
        write_zip({**content.files, **read_attestations(self.path)}, out)
