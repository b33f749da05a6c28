"""The configuration file as read: its tables and the line of each key."""

import os
import re
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from mainspring.config import positions, toml
from mainspring.errors import ConfigError

__all__ = ["RESERVED", "WORKSPACE", "Document", "read_document"]

WORKSPACE = "workspace"
RESERVED = ("profile", "search", "gates", "monitor", "triggers", "testscore", WORKSPACE)
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Document(Struct, frozen=True):
    """A configuration file.

    Attributes:
        path: Where it is.
        exists: It is there; the tables of a missing file are empty.
        tables: What `tomllib` reads from it.
        lines: Line of each key.
    """

    path: Path
    exists: bool = False
    tables: dict[str, Any] = field(default_factory=dict)
    lines: dict[positions.Path, int] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The path as a user at the current directory would write it."""
        return _shown(self.path)

    def where(self, path: positions.Path = ()) -> str:
        """Return `file:line` of a key, or of what is around it."""
        line = positions.line_of(self.lines, path)
        return self.shown if line is None else f"{self.shown}:{line}"

    def origin(self, path: positions.Path) -> str:
        """Return the short `file:line` of a key that names where a value comes from."""
        return f"{self.path.name}:{positions.line_of(self.lines, path) or 1}"


def read_document(path: Path) -> Document:
    """Return the file; one that does not exist is empty.

    Raises:
        ConfigError: It cannot be read, or is not valid TOML.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Document(path)
    except OSError as error:
        raise ConfigError(
            f"The configuration cannot be read: {os.strerror(error.errno or 0)}", _shown(path), "Name a readable file."
        ) from error
    try:
        text = data.decode()
        tables, lines = _parsed(text)
        return Document(path, True, deepcopy(tables), lines)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"The byte 0x{data[error.start]:02x} is not UTF-8", f"{_shown(path)}:{line}", "Save the file as UTF-8."
        ) from error
    except ValueError as error:
        raise _syntax_error(str(error), path, data.count(b"\n") + 1) from error


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[dict[str, Any], dict[positions.Path, int]]:
    """Return the tables of a text and where its keys stand; a command asks for the same file again and again."""
    return toml.parse(text), positions.positions(text)


def _syntax_error(said: str, path: Path, last: int) -> ConfigError:
    place = _PLACE.search(said)
    line = int(place[1]) if place and place[1] else last
    column = f", column {place[2]}" if place and place[2] else ""
    what = said[: place.start()] if place else said
    return ConfigError(f"This is not valid TOML: {what}{column}", f"{_shown(path)}:{line}", "Correct the line.")


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
