"""What is wrong with a file that cannot be read as a table, in words."""

import codecs
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from mainspring.digest import unreadable
from mainspring.errors import InputError

__all__ = ["COMPRESSED", "check_header", "check_text", "unreadable_table"]

COMPRESSED: Final = (".gz", ".zst")
_CHUNK: Final = 1 << 20
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AGAIN: Final = re.compile(r"(.*)_duplicated_\d+")
_NUMBER: Final = re.compile(r"could not parse `(.*?)` as dtype `(\w+)` at column '(.*?)'", re.DOTALL)
_EARLY: Final = ("must end with", "must contain a header and footer", "InvalidFooter")
_SHOWN: Final = 40


def check_text(path: Path) -> None:
    """Make sure that a file does not start as UTF-16 or UTF-32, which reads as UTF-8 without an error.

    Raises:
        InputError: It does.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            raise InputError(
                f"'{path.name}' is {encoding.upper()}, not UTF-8", f"file '{path}'", f"Say so: encoding='{encoding}'."
            )


def check_header(names: Sequence[str], shown: str) -> None:
    """Make sure that no name of a column stood twice in the header.

    Raises:
        InputError: One did; Polars has renamed the second.
    """
    for name in names:
        again = _AGAIN.fullmatch(name)
        if again and again[1] in names:
            raise InputError(f"Column '{again[1]}' is there twice", f"source '{shown}'", "Rename one of the two.")


def unreadable_table(path: Path, kind: str, shown: str, error: Exception) -> InputError:
    """Return the error for a file that is no table, with the place where it stops being one."""
    if isinstance(error, OSError) and error.errno is not None:
        return unreadable(path, error, "File")
    where, said = f"source '{shown}'", str(error).partition("\n")[0]
    if kind in ("csv", "tsv"):
        return _text_fault(path, where, said, error)
    if kind in ("parquet", "arrow"):
        early = any(words in said for words in _EARLY)
        what = "ends early, or is no" if early else "is damaged, or is no"
        return InputError(
            f"'{path.name}' {what} {kind.capitalize()} file: {said}", where, "Get it again from where it was made."
        )
    return InputError(f"'{path.name}' cannot be read as {kind}: {said}", where, "Check what writes it.")


def _text_fault(path: Path, where: str, said: str, error: Exception) -> InputError:
    if "utf-8" in said.lower() or isinstance(error, UnicodeError):
        found = None if path.suffix in COMPRESSED else _first_foreign(path)
        place = f": byte 0x{found[1]:02X} in line {found[0]:,}" if found else ""
        return InputError(
            f"'{path.name}' is not UTF-8 from end to end{place}",
            where,
            "Name its encoding, such as encoding='cp1252'; a file of several encodings has to be mended.",
        )
    number = _NUMBER.search(str(error))
    if number and number[2] == "str":
        what = f"A quote in column '{number[3]}' of '{path.name}' is never closed"
        return InputError(what, where, "Close it; the file may end early.")
    if number:
        value, kind, column = number.groups()
        return InputError(
            f"'{value[:_SHOWN]}{'…' if len(value) > _SHOWN else ''}' in column '{column}' is no {kind}",
            where,
            f"Correct it, or read the column as text: types={{'{column}': pl.String}}.",
        )
    if isinstance(error, pl.exceptions.NoDataError):
        return InputError(f"'{path.name}' has no header", where, "Check what writes it.")
    return InputError(
        f"'{path.name}' cannot be read as CSV: {said}", where, "Check the separator and the quotes: options={…}."
    )


def _first_foreign(path: Path) -> tuple[int, int] | None:
    """Return line and value of the first byte that is no UTF-8."""
    decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            held = decoder.getstate()[0]
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                whole = held + chunk
                return line + whole[: error.start].count(b"\n"), whole[error.start]
            line += chunk.count(b"\n")
    return None
