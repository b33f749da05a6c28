"""`mainspring plan`."""

from mainspring.charts.numbers import count, duration
from mainspring.cli.choosing import configured, open_chosen
from mainspring.cli.options import AsJson, Chosen, flat
from mainspring.cli.printing import grouped, mark, put, put_json, put_table
from mainspring.workspace.planning import Planned
from mainspring.workspace.planning import plan as make_plan

__all__ = ["plan"]

_WORDS = {"hit": ("hit", "hits"), "miss": ("miss", "misses"), "unknown": ("unknown",) * 2, "failed": ("failed",) * 2}


@flat
def plan(chosen: Chosen, *, as_json: AsJson = False) -> None:
    """Show what a run would do: for each step hit or miss, and why. No step runs.

    What depends on a step that will run is unknown until it has: when it returns the same as before, hits follow.
    """
    project, config = configured(chosen)
    with open_chosen(chosen, project, config) as home:
        found = make_plan(project, config, home)
    if as_json:
        put_json({"pipeline": found.pipeline, "steps": [_record(step) for step in found.steps]})
        return
    rows = []
    for name, steps in grouped(found.steps, lambda step: step.name, lambda step: (step.verdict, step.reason)):
        took = [step.seconds for step in steps if step.seconds is not None]
        step = steps[0]
        rows.append((f"{mark(step.verdict)} {step.verdict}", name, step.reason, duration(sum(took)) if took else ""))
    put_table(("", "step", "reason", "took"), rows, right=("took",))
    verdicts = [step.verdict for step in found.steps]
    put(", ".join(count(verdicts.count(one), *_WORDS[one]) for one in dict.fromkeys(verdicts)))


def _record(step: Planned) -> dict[str, object]:
    return {"name": step.name, "verdict": step.verdict, "reason": step.reason, "seconds": step.seconds}
