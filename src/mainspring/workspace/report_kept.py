"""Parts of the report that are kept from one run to the next: where every step is a hit, they are drawn alike.

A part counts as long as all that it is drawn from, and the code that draws, are the same; otherwise it is drawn again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from mainspring import charts
from mainspring.charts import Html
from mainspring.digest import tagged
from mainspring.digest.written import written
from mainspring.tracking.memo import Memo
from mainspring.workspace.report_facts import Account

__all__ = ["Kept", "kept_of"]

_MOST_STEPS = 400  # a longer table names its run


class Kept(Struct, frozen=True):
    """What is kept for the runs of one pipeline.

    Attributes:
        memo: Where; None when nothing is to be kept.
        name: Under which name.
        mark: What begins the parts that count.
    """

    memo: Memo | None = None
    name: str = ""
    mark: str = ""

    def part(self, name: str, draw: Callable[[], Html]) -> Html:
        """Return a part as it is kept, otherwise as it is drawn."""
        if self.memo is None:
            return draw()
        place = f"{self.name}/{name}"
        known = self.memo.get(place)
        if known is not None and known.startswith(self.mark):
            return Html(known[len(self.mark) :])
        drawn = draw()
        self.memo.set(place, self.mark + drawn)
        return drawn


def kept_of(account: Account, memo: Memo, cache: Path) -> Kept:
    """Return what is kept of the parts of a run's report, as far as another run may have the same.

    Args:
        account: What the report is about.
        memo: Where parts are kept.
        cache: The folder in which the script that draws charts is kept.
    """
    steps = account.steps
    if len(steps) > _MOST_STEPS or any(step.status != "hit" for step in steps):
        return Kept()
    told: list[Any] = [
        (step.name, step.reason, step.seconds, step.attempts, step.cost, step.inputs, step.warnings) for step in steps
    ]
    run = account.run
    script = str(charts.bundle_file(cache)) if account.logged else ""
    drawn_from = encode(
        (run.pipeline, run.artifacts, account.record.get("dag"), told, account.results, account.logged, script)
    )
    code = (written(Path(__file__).parent), written(Path(charts.__file__).parent))
    return Kept(memo, f"report/{run.pipeline}", tagged("drawn/1", *code, drawn_from))
