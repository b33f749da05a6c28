"""The part of the mutation table that is a text: small projects, each with one edit."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Small:
    """A project and an edit: `EDIT` is 1 before it and 2 after it."""

    name: str
    verdict: str
    files: dict[str, str]

    def with_edit(self, number: int) -> dict[str, str]:
        return {path: text.replace("EDIT", str(number)) for path, text in self.files.items()}


def _read(text: str) -> Small:
    head, *files = text.split("\n-- ")
    name, verdict = head.split(": ")
    return Small(name, verdict, dict(file.rstrip("\n").partition("\n")[::2] for file in files))


SMALL = [_read(text) for text in Path(__file__).with_suffix(".txt").read_text().split("\n== ")[1:]]
