"""What it costs to import a tool and to ask its command line for help, over bare Python."""

from collections.abc import Sequence
from pathlib import Path

from place import Entrant, Place, RunError

__all__ = ["measure"]

Figures = dict[str, object]


def measure(entrants: Sequence[Entrant], scratch: Path, *, runs: int) -> Figures:
    """CPU seconds, raw, of each statement and command; the first, unmeasured, compiles and warms."""
    rows = [row for entrant in entrants for row in _rows(entrant, scratch)]
    for repetition in range(runs + 1):
        for row in rows:
            _once(row, counted=repetition > 0)
    return {"runs": runs, "rows": [{key: row[key] for key in ("peer", "what", "cpu", "error")} for row in rows]}


def _rows(entrant: Entrant, scratch: Path) -> list[Figures]:
    peer = entrant.peer
    commands: list[tuple[str, tuple[str, ...]]] = [(peer.imports, ("python", "-c", peer.imports))]
    if peer.name == "mainspring":
        commands.insert(0, ("import mainspring", ("python", "-c", "import mainspring")))
    if peer.help:
        commands.append((" ".join(peer.help), peer.help))
    try:
        place = Place(scratch / f"startup-{peer.name}", entrant)
        place.lay({"empty.txt": ""})
    except RunError as error:
        return [{"peer": peer.name, "what": peer.imports, "cpu": [], "error": str(error)}]
    return [
        {"peer": peer.name, "what": what, "cpu": [], "error": "", "place": place, "command": command}
        for what, command in commands
    ]


def _once(row: Figures, *, counted: bool) -> None:
    place, command, kept = row.get("place"), row.get("command"), row["cpu"]
    if row["error"] or not isinstance(place, Place) or not isinstance(command, tuple) or not isinstance(kept, list):
        return
    try:
        spent = place.run(command)
    except RunError as error:
        row["error"] = str(error)
        return
    if counted:
        kept.append(round(spent.cpu, 4))
