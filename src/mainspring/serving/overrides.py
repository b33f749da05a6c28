"""The file of what persons have set in the place of predictions: for which rows, by whom, why, until when."""

from pathlib import Path

import msgspec
from msgspec import Struct

from mainspring.disk import write_whole
from mainspring.errors import ServingError

__all__ = ["Override", "read_overrides", "write_overrides"]


class Override(Struct, frozen=True):
    """One decision of a person.

    Attributes:
        id: Its identity.
        when: The inputs and outputs that a row must have, with these values; dates as ISO text.
        values: What is answered, by output.
        who: Who decided it.
        why: For what reason.
        created: When, in seconds since 1970 UTC.
        until: Until when it holds.
    """

    id: str
    when: dict[str, bool | int | float | str]
    values: dict[str, bool | int | float | str]
    who: str
    why: str
    created: float
    until: float


def read_overrides(path: Path) -> list[Override]:
    """Return what is in a file of overrides; nothing when there is none.

    Raises:
        ServingError: It does not have the form that it should have.
    """
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Override])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ServingError(f"The overrides cannot be read: {error}", str(path), "Correct or remove the file.") from None


def write_overrides(path: Path, overrides: list[Override]) -> None:
    """Put overrides into the file, in one step."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(overrides), indent=2) + b"\n", private=True)
