"""`mainspring plan`."""

from mainspring.charts.numbers import count, duration
from mainspring.cli.choosing import configured, open_chosen
from mainspring.cli.options import AsJson, Chosen, flat
from mainspring.cli.printing import mark, put, put_json, put_table
from mainspring.workspace.planning import Plan, Planned
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
    rows = [
        (f"{mark(verdict)} {verdict}", name, reason, "" if seconds is None else duration(seconds))
        for verdict, name, reason, seconds in _rows(found)
    ]
    put_table(("", "step", "reason", "took"), rows, right=("took",))
    verdicts = [step.verdict for step in found.steps]
    put(", ".join(count(verdicts.count(one), *_WORDS[one]) for one in dict.fromkeys(verdicts)))


def _record(step: Planned) -> dict[str, object]:
    return {"name": step.name, "verdict": step.verdict, "reason": step.reason, "seconds": step.seconds}


def _rows(found: Plan) -> list[tuple[str, str, str, float | None]]:
    """Return one row a step; the elements of a mapped step that share a verdict are one row together."""
    groups: dict[tuple[str, str], list[Planned]] = {}
    for step in found.steps:
        groups.setdefault((step.verdict, step.name.partition("{")[0]), []).append(step)
    rows = []
    for (verdict, name), steps in groups.items():
        took = [step.seconds for step in steps if step.seconds is not None]
        shown = name if steps[0].name == name else f"{name} x{len(steps):,}"
        rows.append((verdict, shown, steps[0].reason, sum(took) if took else None))
    return rows
