"""Fills the home given as first argument with as many finished runs as the second says, through the tracking API.

Run by the interpreter of Mainspring's own environment.
"""

import json
import sys
from pathlib import Path

from mainspring.tracking import Owner, RunRow, StepRow, open_facts

_OWNER = Owner(host="bench", boot="bench", pid=1, started=1)
_RECORD = json.dumps(
    {"config": {"rate": 0.1}, "origins": {"rate": "config.toml:1"}, "argv": ["mainspring", "run"], "git": "0" * 40}
)
_STEPS = 3


def fill(home: Path, count: int) -> None:
    with open_facts(home) as facts:
        for number in range(count):
            run = f"bench{number:08d}"
            facts.runs.start(RunRow(run, "chain", "running", 0.0, None, 0.0, _OWNER, record=_RECORD))
            facts.steps.record([StepRow(run, f"s{at}", at, "ran", seconds=0.1) for at in range(_STEPS)])
            facts.runs.finish(run, "succeeded")


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
