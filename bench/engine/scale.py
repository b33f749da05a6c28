"""Mainspring alone, at sizes: many steps, many runs, many metrics."""

import json
from collections.abc import Sequence
from pathlib import Path

from peer import Files
from place import Entrant, Place, RunError, answer_in

__all__ = ["Sizes", "measure"]

Figures = dict[str, object]


class Sizes:
    """How much of everything: the full measurement, or a quick look."""

    def __init__(self, *, quick: bool) -> None:
        self.few_steps = 100
        self.many_steps = 1_000 if quick else 10_000
        self.runs = 1_000 if quick else 100_000
        self.metrics = 2_000 if quick else 20_000


def measure(entrants: Sequence[Entrant], scratch: Path, *, runs: int, sizes: Sizes) -> Figures:
    """CPU seconds, raw, of each case, run in turn."""
    mainspring = next(entrant for entrant in entrants if entrant.peer.name == "mainspring")
    cases = {
        "few steps": _repeated(sizes.few_steps),
        "many steps": _repeated(sizes.many_steps),
        "no metrics": _logging(0),
        "metrics": _logging(sizes.metrics),
    }
    kept: dict[str, list[float]] = {name: [] for name in (*cases, "runs list")}
    error = ""
    try:
        places = {
            name: _prepared(mainspring, scratch / f"scale-{name.replace(' ', '-')}", files)
            for name, files in cases.items()
        }
        listed = _filled(mainspring, scratch / "scale-runs", sizes.runs)
        for _ in range(runs):
            for name, place in places.items():
                place.restore()
                kept[name].append(round(place.run(place.peer.run).cpu, 4))
            kept["runs list"].append(round(listed.run(("mainspring", "runs", "list", "--json")).cpu, 4))
    except RunError as failure:
        error = str(failure)
    return {"runs": runs, "sizes": vars(sizes), "cpu": kept, "error": error}


def _repeated(steps: int) -> Files:
    return {
        "pipeline.py": f"""
from mainspring import pipeline, step


@step
def add(x: int) -> int:
    return x + 1


@pipeline
def chain() -> int:
    x = add(0)
    for _ in range({steps - 1}):
        x = add(x)
    return x
"""
    }


def _logging(count: int) -> Files:
    return {
        "pipeline.py": f"""
from mainspring import log, pipeline, step


@step
def measure(count: int) -> int:
    for number in range(count):
        log("loss", 0.5, at=number)
    return count


@pipeline
def chain() -> int:
    return measure({count})
"""
    }


def _prepared(entrant: Entrant, root: Path, files: Files) -> Place:
    place = Place(root, entrant)
    place.lay(files)
    place.run(place.peer.run)
    place.empty_store()
    place.freeze()
    return place


def _filled(entrant: Entrant, root: Path, count: int) -> Place:
    place = Place(root, entrant)
    place.lay(_repeated(2))
    if answer_in(place.run(place.peer.run).stdout) != 2:
        raise RunError("a chain of 2 steps did not return 2")
    script = Path(__file__).parent / "fill.py"
    place.run(("python", str(script), str(place.folder / ".mainspring"), str(count)))
    shown = json.loads(place.run(("mainspring", "runs", "list", "--json")).stdout)
    if not shown["runs"]:
        raise RunError("`mainspring runs list` lists nothing")
    return place
