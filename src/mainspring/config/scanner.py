"""The scanner behind `positions`. It is loaded for a file that is there: its patterns take their time to compile."""

import re
from bisect import bisect_left

from mainspring.config.positions import Path
from mainspring.config.toml import parse

__all__ = ["Scanner"]

_BLANKS = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_STRING = re.compile(
    r"""
    \"{3} (?: [^\\] | \\. )*? \"{3} \"{0,2}  # up to two quotes before the closing ones belong to the text
  | '{3} .*? '{3} '{0,2}
  | \" (?: [^"\\] | \\. )* \"
  | ' [^']* '
    """,
    re.DOTALL | re.VERBOSE,
)
_BARE_KEY = re.compile(r"[^ \t.=\]]*")
_BARE_VALUE = re.compile(r"[^,\]}\r\n#]*")
_QUOTES = ('"', "'")


class Scanner:
    """Reads one text, from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_ends = [found.start() for found in re.finditer("\n", text)]
        self._found: dict[Path, int] = {}
        self._implied: set[Path] = set()
        self._counts: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        """Return the line of each key."""
        table: Path = ()
        self._take(_GAP)
        while self._at < len(self._text):
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
            self._take(_GAP)
        return self._found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Go on behind what the pattern matches here, and return that."""
        found = pattern.match(self._text, self._at)
        taken = found.group() if found else ""
        self._at += len(taken)
        return taken

    def _line(self) -> int:
        return bisect_left(self._line_ends, self._at) + 1

    def _mark(self, path: Path, line: int) -> None:
        for end in range(1, len(path)):
            if path[:end] not in self._found:
                self._found[path[:end]] = line
                self._implied.add(path[:end])
        if path not in self._found or path in self._implied:
            self._found[path] = line
            self._implied.discard(path)

    def _header(self) -> Path:
        line = self._line()
        repeated = self._text.startswith("[[", self._at)
        self._at += 2 if repeated else 1
        path: Path = ()
        keys = self._keys()
        for key in keys[:-1] if repeated else keys:
            path = self._inside((*path, key))
        if repeated:
            array = (*path, keys[-1])
            index = self._counts[array] = self._counts.get(array, -1) + 1
            path = (*array, index)
        self._at = self._text.index("]", self._at) + (2 if repeated else 1)
        self._mark(path, line)
        return path

    def _inside(self, path: Path) -> Path:
        """Return the last element of an array of tables, or the table itself."""
        return (*path, self._counts[path]) if path in self._counts else path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = (*table, *self._keys())
        self._mark(path, line)
        self._at = self._text.index("=", self._at) + 1
        self._value(path)

    def _keys(self) -> list[str]:
        """Read a key: its parts, between the dots."""
        keys = []
        while True:
            self._take(_BLANKS)
            part = self._take(_STRING if self._peek() in _QUOTES else _BARE_KEY)
            keys.append(next(iter(parse(f"{part} = 0"))) if part.startswith(_QUOTES) else part)
            self._take(_BLANKS)
            if self._peek() != ".":
                return keys
            self._at += 1

    def _value(self, path: Path) -> None:
        self._take(_BLANKS)
        if self._peek() in _QUOTES:
            self._take(_STRING)
        elif self._peek() == "[":
            self._array(path)
        elif self._peek() == "{":
            self._inline_table(path)
        else:
            self._take(_BARE_VALUE)

    def _array(self, path: Path) -> None:
        self._at += 1
        self._take(_GAP)
        index = 0
        while self._peek() != "]":
            self._mark((*path, index), self._line())
            self._value((*path, index))
            self._next_item()
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._take(_GAP)
        while self._peek() != "}":
            self._pair(path)
            self._next_item()
        self._at += 1

    def _next_item(self) -> None:
        self._take(_GAP)
        if self._peek() == ",":
            self._at += 1
            self._take(_GAP)
