"""A chain of trivial steps with durable results: cold, and again with nothing changed."""

from collections.abc import Sequence
from pathlib import Path

from measure import Spent
from place import Entrant, Place, RunError, answer_in

__all__ = ["measure"]

Figures = dict[str, object]


def measure(entrants: Sequence[Entrant], scratch: Path, *, runs: int, steps: int, slow_steps: int) -> Figures:
    """CPU seconds of each tool, raw, as lists by what was measured.

    Tools marked slow run the short chain. Plain Python and Mainspring run both: each is compared with its equal.
    """
    lanes = [
        _Lane(entrant, scratch / f"chain-{entrant.peer.name}-{count}", count)
        for count, chosen in _lanes(entrants, steps, slow_steps)
        for entrant in chosen
    ]
    for lane in lanes:
        lane.prepare()
    for _ in range(runs):
        for lane in lanes:
            lane.once()
    return {"runs": runs, "lanes": [lane.figures for lane in lanes]}


def _lanes(entrants: Sequence[Entrant], steps: int, slow_steps: int) -> list[tuple[int, list[Entrant]]]:
    short = [entrant for entrant in entrants if entrant.peer.slow]
    both = [entrant for entrant in entrants if entrant.peer.name in ("python", "mainspring")]
    long = [entrant for entrant in entrants if not entrant.peer.slow]
    return [(steps, long)] + ([(slow_steps, both + short)] if short and steps != slow_steps else [])


class _Lane:
    """One tool with one length of chain."""

    def __init__(self, entrant: Entrant, root: Path, steps: int) -> None:
        self.figures: Figures = {"peer": entrant.peer.name, "steps": steps, "error": ""}
        self._entrant = entrant
        self._root = root
        self._steps = steps

    def prepare(self) -> None:
        """Lay the project, run it once so that everything is compiled, and freeze it with an empty store."""
        try:
            place = Place(self._root, self._entrant)
            place.lay(place.peer.chain(self._steps, "", "pass"))
            place.run(place.peer.run)
            place.empty_store()
            if place.peer.setup:
                self._keep("setup", place.run(place.peer.setup))
            place.freeze()
            self._place = place
        except RunError as error:
            self.figures["error"] = str(error)

    def once(self) -> None:
        if self.figures["error"]:
            return
        try:
            peer = self._place.peer
            self._place.restore()
            self._keep("cold", self._checked(peer.run))
            self._keep("unchanged", self._checked(peer.run))
            if peer.shortcut:
                self._keep("shortcut", self._place.run(peer.shortcut))
        except RunError as error:
            self.figures["error"] = str(error)

    def _checked(self, command: Sequence[str]) -> Spent:
        spent = self._place.run(command)
        answer = answer_in(spent.stdout)
        if answer not in (self._steps, None):
            raise RunError(f"a chain of {self._steps} steps returned {answer}")
        return spent

    def _keep(self, what: str, spent: Spent) -> None:
        kept = self.figures.setdefault(what, [])
        assert isinstance(kept, list)
        kept.append({"cpu": round(spent.cpu, 4), "wall": round(spent.wall, 4), "peak": spent.peak})
