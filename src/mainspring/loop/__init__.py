"""The closed loop: what triggers decide is run, judged, promoted, and kept on probation; nothing is done twice."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.loop.cycle import Cycle
    from mainspring.loop.ports import (
        Candidate,
        Compared,
        Data,
        Looked,
        Models,
        Ports,
        Promoted,
        Runs,
        RunState,
        Sources,
        Trials,
    )
    from mainspring.loop.probation import Verdict, judge_trial
    from mainspring.loop.watch import Ticked, Watch

__all__ = [
    "Candidate",
    "Compared",
    "Cycle",
    "Data",
    "Looked",
    "Models",
    "Ports",
    "Promoted",
    "RunState",
    "Runs",
    "Sources",
    "Ticked",
    "Trials",
    "Verdict",
    "Watch",
    "judge_trial",
]

_PLACES = {
    "Candidate": "mainspring.loop.ports",
    "Compared": "mainspring.loop.ports",
    "Cycle": "mainspring.loop.cycle",
    "Data": "mainspring.loop.ports",
    "Looked": "mainspring.loop.ports",
    "Models": "mainspring.loop.ports",
    "Ports": "mainspring.loop.ports",
    "Promoted": "mainspring.loop.ports",
    "RunState": "mainspring.loop.ports",
    "Runs": "mainspring.loop.ports",
    "Sources": "mainspring.loop.ports",
    "Ticked": "mainspring.loop.watch",
    "Trials": "mainspring.loop.ports",
    "Verdict": "mainspring.loop.probation",
    "Watch": "mainspring.loop.watch",
    "judge_trial": "mainspring.loop.probation",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
