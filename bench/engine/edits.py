"""Ten edits of a small project, and whether each tool then returned the right result, and ran again or not."""

from collections.abc import Sequence
from pathlib import Path

from peer import Edited
from place import Entrant, Place, RunError, answer_in
from subject import EDITS, Edit

__all__ = ["measure"]

Figures = dict[str, object]


def measure(entrants: Sequence[Entrant], scratch: Path) -> Figures:
    """For each way to use each tool, the verdict on each edit.

    Plain Python, which must come first, is the oracle. A verdict is `STALE` when the result is not the oracle's, else
    `re-ran` when the step ran, else `hit`.
    """
    oracle: dict[str, int | None] = {}
    columns = []
    for entrant in entrants:
        for number, edited in enumerate(entrant.peer.edited):
            root = scratch / f"edits-{entrant.peer.name}-{number}"
            column = _column(entrant, edited, root, oracle)
            columns.append({"peer": entrant.peer.name, "title": edited.title, **column})
    needed = {edit.title: oracle.get(edit.title) != oracle.get("") for edit in EDITS}
    return {"edits": [edit.title for edit in EDITS], "needed": needed, "columns": columns}


def _column(entrant: Entrant, edited: Edited, root: Path, oracle: dict[str, int | None]) -> Figures:
    verdicts: dict[str, str] = {}
    try:
        place = Place(root, entrant)
        place.lay(edited.files)
        if place.peer.setup:
            place.run(place.peer.setup)
        first = _answer(place, edited, edited.first)
        place.freeze()
    except RunError as error:
        return {"verdicts": verdicts, "error": str(error)}
    if oracle.setdefault("", first) != first:
        return {"verdicts": verdicts, "error": f"the first run returned {first} for {oracle['']}"}
    for edit in EDITS:
        place.restore()
        verdicts[edit.title] = _verdict(place, edited, edit, oracle)
    return {"verdicts": verdicts, "error": ""}


def _verdict(place: Place, edited: Edited, edit: Edit, oracle: dict[str, int | None]) -> str:
    _apply(place.folder, edited, edit)
    place.forget_witness()
    try:
        answer = _answer(place, edited, edited.again)
    except RunError as error:
        return f"error: {error}"
    if answer != oracle.setdefault(edit.title, answer):
        return "STALE"
    return "re-ran" if edit.step in place.witnessed() else "hit"


def _answer(place: Place, edited: Edited, command: Sequence[str]) -> int | None:
    spent = place.run(command)
    return answer_in((place.run(edited.answer) if edited.answer else spent).stdout)


def _apply(folder: Path, edited: Edited, edit: Edit) -> None:
    names = [edit.file] if edit.file else [name for name, text in edited.files.items() if edit.old in text]
    if len(names) != 1:
        raise ValueError(f"the edit '{edit.title}' fits {len(names)} files")
    path = folder / names[0]
    path.write_text(path.read_text().replace(edit.old, edit.new))
