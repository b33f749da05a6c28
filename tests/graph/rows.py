"""What a row of the mutation table is."""

from dataclasses import dataclass

RERUN, HIT, MAY = "rerun", "hit", "may"


@dataclass(frozen=True)
class Row:
    """One edit. Each replacement is (path, old, new); `old` is there exactly once, or empty for a new file."""

    name: str
    step: str
    verdict: str
    why: str
    edits: tuple[tuple[str, str, str], ...]


def row(name: str, step: str, verdict: str, why: str, *edits: tuple[str, str, str]) -> Row:
    return Row(name, step, verdict, why, edits)
