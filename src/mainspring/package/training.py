"""What a package was trained on, said beside it: until when, and whether it is the model that was evaluated."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec

from mainspring.errors import DefinitionError, TamperedPackageError
from mainspring.package.attesting import attach, attestations
from mainspring.package.content import read_attestations
from mainspring.package.manifest import ATTEST
from mainspring.package.value import Package

__all__ = ["Training", "attest_training", "decode_training", "training_of"]

_FILE: Final = "training.json"
_FORMAT: Final = 1


class Training(msgspec.Struct, frozen=True):
    """What a package was trained on.

    Attributes:
        until: The last moment that training knew, ISO 8601, without a time zone: a day counts to its end. Choices of
            settings and calibration count as training.
        refit: The package is no model that was evaluated: it was trained anew in the same way, on more rows.
        rows: How many rows it was trained on; None when nobody counted.
        format: Version of this statement.
    """

    until: str
    refit: bool = False
    rows: int | None = None
    format: int = _FORMAT

    def __post_init__(self) -> None:
        try:
            moment = datetime.fromisoformat(self.until)
        except ValueError as error:
            raise DefinitionError(
                f"Training cannot have ended at '{self.until}'", fix="Write a date such as 2025-11-30, or a time."
            ) from error
        if moment.tzinfo is not None:
            raise DefinitionError(
                f"The end of training '{self.until}' has a time zone", fix="Write it in the time of the rows, without."
            )

    def encode(self) -> bytes:
        """Return it as JSON."""
        return msgspec.json.encode(self)


def attest_training(
    package: Package, until: date | datetime | str, *, refit: bool = False, rows: int | None = None
) -> Package:
    """Return the package with what it was trained on said beside it, in `attest/training.json`; its digest stays.

    Gates compare models only on rows that are newer than what both of them know, so a package that does not say it
    cannot be promoted on data.

    Args:
        package: The package; it is written anew in its place.
        until: The last day or moment that training knew, choices and calibration included.
        refit: Whether it is another model than the one that was evaluated.
        rows: How many rows it was trained on.

    Raises:
        DefinitionError: `until` is no date or time.
    """
    text = until if isinstance(until, str) else until.isoformat()
    return attach(package, _FILE, Training(text, refit, rows).encode())


def training_of(path: str | Path) -> Training | None:
    """Return what a package says of its training; None when it says nothing.

    Raises:
        TamperedPackageError: It is about another package, or cannot be read.
    """
    if f"{ATTEST}{_FILE}" not in read_attestations(path):
        return None
    said = {one.name: one.content for one in attestations(path)}
    return decode_training(said[_FILE].decode(), f"{path}/{ATTEST}{_FILE}")


def decode_training(text: str, where: str) -> Training:
    """Return what a package said of its training, from JSON.

    Raises:
        TamperedPackageError: It is not what `attest_training` writes.
    """
    try:
        return msgspec.json.decode(text, type=Training)
    except (msgspec.DecodeError, DefinitionError) as error:
        raise TamperedPackageError(
            f"What is said of the training cannot be read: {error}", where, "Attest it again."
        ) from error
