"""`mainspring why`."""

from typing import Any

from mainspring.cli.choosing import configured, open_chosen
from mainspring.cli.options import AsJson, Chosen, StepName, flat
from mainspring.cli.printing import mark, put, put_diff, put_json
from mainspring.workspace.why import Explanation
from mainspring.workspace.why import why as explain

__all__ = ["why"]


@flat
def why(step: StepName, chosen: Chosen, *, as_json: AsJson = False) -> None:
    """Show what changed since a step last succeeded: inputs, parameters, versions, and its code line by line.

    For a step that is a hit, it shows why its result was made.
    """
    project, config = configured(chosen)
    with open_chosen(chosen, project, config) as home:
        found = explain(project, config, home, step)
    if as_json:
        put_json(_record(found))
    else:
        _print(found)


def _record(found: Explanation) -> dict[str, Any]:
    return {
        "step": found.step,
        "verdict": found.verdict,
        "reason": found.reason,
        "since": found.since,
        "changes": [{"kind": one.kind, "what": one.what, "where": one.where} for one in found.changes],
        "diffs": [{"symbol": one.symbol, "diff": one.text} for one in found.differences],
        "waits": list(found.waits),
        "remarks": list(found.remarks),
        "others": found.others,
    }


def _print(found: Explanation) -> None:
    put(f"{mark(found.verdict)} {found.step}: {found.verdict}, {found.reason}")
    if found.others:
        put(f"  and {found.others:,} more of its elements")
    if found.changes:
        put(f"{'What had changed' if found.verdict == 'hit' else 'Changes'} since run {found.since}:")
    for change in found.changes:
        put(f"  {change.what}" + (f" ({change.where})" if change.where else ""))
    for name in found.waits:
        put(f"  '{name}' runs first; what it returns may differ too")
    for difference in found.differences:
        put()
        put_diff(difference.text)
    for remark in found.remarks:
        put(f"note: {remark}")
