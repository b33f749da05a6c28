"""Two first runs at once in one project: who crashes, who does the work twice, who does it once."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from place import Entrant, Place, RunError, answer_in
from subject import WITNESS

__all__ = ["measure"]

_STEPS = 6
_HEAD = "import time\n\nfrom witness import ran\n"
_BODY = "ran(); time.sleep(0.25)"

Figures = dict[str, object]


def measure(entrants: Sequence[Entrant], scratch: Path, *, runs: int) -> Figures:
    """What happened in each trial, for an empty project, and for one in which the tool's set-up command ran before."""
    rows = []
    for entrant in entrants:
        for prepared in (False, True) if entrant.peer.setup else (False,):
            row: Figures = {"peer": entrant.peer.name, "prepared": prepared, "steps": _STEPS, "trials": [], "error": ""}
            try:
                place = Place(scratch / f"pairs-{entrant.peer.name}-{prepared:d}", entrant)
                row["trials"] = [_trial(place, prepared=prepared) for _ in range(runs)]
            except RunError as error:
                row["error"] = str(error)
            rows.append(row)
    return {"runs": runs, "rows": rows}


def _trial(place: Place, *, prepared: bool) -> Figures:
    place.lay({**place.peer.chain(_STEPS, _HEAD, _BODY), "witness.py": WITNESS})
    if prepared:
        place.run(place.peer.setup)
    place.forget_witness()
    both = place.run_twice_at_once(place.peer.run)
    times = Counter(place.witnessed())
    return {
        "crashed": [spent.error for spent in both if spent.code != 0],
        "wrong": sum(spent.code == 0 and answer_in(spent.stdout) not in (_STEPS, None) for spent in both),
        "computed": sum(times.values()),
        "twice": sum(count > 1 for count in times.values()),
    }
