"""`mainspring runs`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import to_builtins

from mainspring.charts.numbers import change, duration, moment, number, short, size
from mainspring.cli.completing import runs as complete_runs
from mainspring.cli.failing import relative
from mainspring.cli.options import RUN_HELP, AsJson, HomePath, RunName
from mainspring.cli.printing import ago, grouped, mark, numbers, put, put_diff, put_json, put_pairs, put_table, stamp
from mainspring.tracking import LoggedRow, MetricRow, ProofRow, ResultRow, RunRow, StepRow
from mainspring.workspace.comparing import Comparison, StepPair, compare
from mainspring.workspace.homes import Home
from mainspring.workspace.opening import open_existing

__all__ = ["COMMANDS"]

_RETURNED = 3
First = Annotated[
    str, typer.Argument(metavar="RUN", help=f"{RUN_HELP} Alone, the later of the two.", autocompletion=complete_runs)
]
After = Annotated[
    str | None,
    typer.Argument(metavar="AFTER", help="The later run, when two are named.", autocompletion=complete_runs),
]


def list_runs(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="How many at most.")] = 20,
    pipeline: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this pipeline.")] = None,
    before: Annotated[
        str | None, typer.Option(metavar="RUN", help="Only runs from before this one.", autocompletion=complete_runs)
    ] = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """List the newest runs, newest first."""
    with open_existing(home) as opened:
        rows = opened.facts.runs.list(limit, pipeline=pipeline, before=before)
        counts = opened.facts.steps.counts([row.id for row in rows])
        proven = opened.facts.proofs.verdicts([row.id for row in rows])
    if as_json:
        records = [{**_run_record(row), "steps": counts.get(row.id, {}), "proof": proven.get(row.id)} for row in rows]
        put_json({"runs": records})
        return
    table = [
        (
            f"{mark(row.status)} {row.status}",
            row.id,
            row.pipeline,
            ago(row.started),
            "" if row.ended is None else duration(row.ended - row.started),
            ", ".join(f"{number_of:,} {status}" for status, number_of in sorted(counts.get(row.id, {}).items())),
            ", ".join(filter(None, ["pinned" if row.pinned else "", _reproduced(proven.get(row.id))])),
        )
        for row in rows
    ]
    put_table(("status", "run", "pipeline", "started", "took", "steps", ""), table, right=("took",))


def _reproduced(verdict: str | None) -> str:
    return "" if verdict is None else f"reproduced: {verdict}"


def show(run: RunName = "latest", *, home: HomePath = None, as_json: AsJson = False) -> None:
    """Show a run: its steps, and what they logged and returned."""
    with open_existing(home) as opened:
        row = opened.facts.runs.get(run)
        steps = opened.facts.steps.of(row.id)
        results = opened.facts.results.of_run(row.id)
        metrics, logged = opened.facts.measures.of_run(row.id)
        proofs = opened.facts.proofs.of_run(row.id)
        report = _report(opened, row)
    if as_json:
        record = {**_run_record(row), "record": json.loads(row.record or "{}"), "report": report and str(report)}
        record["steps"] = [_step_record(step, results.get(step.name)) for step in steps]
        record["metrics"] = [_metric_record(metric) for metric in metrics]
        record["logged"] = [_logged_record(one) for one in logged]
        record["proofs"] = [
            {"verdict": one.verdict, "made": stamp(one.made), "record": json.loads(one.record)} for one in proofs
        ]
        put_json(record)
        return
    _print_head(row, report, proofs)
    _print_steps(steps, results)
    _print_measures(metrics, logged)


def _report(home: Home, row: RunRow) -> Path | None:
    path = home.path / "reports" / f"report-{row.id}.html"
    return path if path.exists() else None


def _print_head(row: RunRow, report: Path | None, proofs: list[ProofRow]) -> None:
    record = json.loads(row.record or "{}")
    git = record.get("git") or {}
    pairs = [
        ("run", row.id + (" (pinned)" if row.pinned else "")),
        ("pipeline", row.pipeline),
        ("status", f"{mark(row.status)} {row.status}"),
        ("started", moment(row.started)),
        ("took", "" if row.ended is None else duration(row.ended - row.started)),
        ("profile", record.get("profile") or ""),
        ("commit", git.get("commit") or ""),
        ("report", "" if report is None else relative(report)),
        ("reproduced", "\n".join(f"{one.verdict} ({ago(one.made)})" for one in proofs)),
        ("error", row.error or ""),
    ]
    put_pairs([(name, value) for name, value in pairs if value])


def _print_steps(steps: list[StepRow], results: dict[str, ResultRow]) -> None:
    table = []
    for name, together in grouped(steps, lambda step: step.name, lambda step: (step.status, step.reason)):
        step = together[0]
        made = [results[one.name] for one in together if one.name in results and one.status in ("ran", "hit")]
        artifacts = [artifact for result in made for artifact in result.artifacts]
        seconds, bytes_of = sum(one.seconds for one in together), sum(one.size for one in artifacts)
        returned = ", ".join(f"{one.summary or one.codec} {short(one.digest)}" for one in artifacts[:_RETURNED])
        table.append(
            (
                f"{mark(step.status)} {step.status}",
                name,
                step.reason,
                duration(seconds) if seconds else "",
                size(bytes_of) if bytes_of else "",
                returned + (" …" if len(artifacts) > _RETURNED else ""),
            )
        )
    put()
    put_table(("status", "step", "reason", "took", "size", "returned"), table, right=("took", "size"))


def _print_measures(metrics: list[MetricRow], logged: list[LoggedRow]) -> None:
    last = {(metric.step, metric.name): metric for metric in metrics}
    if last:
        put()
        put_table(
            ("metric", "step", "value"),
            [(metric.name, metric.step, number(metric.value)) for metric in last.values()],
            right=("value",),
        )
    for one in logged:
        put(f"{one.kind} '{one.name}' of {one.step}: {one.artifact.summary} {short(one.artifact.digest)}")


def compare_runs(run: First = "latest", after: After = None, *, home: HomePath = None, as_json: AsJson = False) -> None:
    """Show two runs beside each other.

    Without names these are the latest and the one before it; a run that is named alone is compared with the one of its
    pipeline before it. Shown is what differs in their code, configuration, data and environment, and in what they
    returned, and all metrics.
    """
    with open_existing(home) as opened:
        found = compare(opened, None, run) if after is None else compare(opened, run, after)
    if as_json:
        put_json(_comparison_record(found))
        return
    _print_comparison(found)


def _print_comparison(found: Comparison) -> None:
    put(f"{found.before.id} ({ago(found.before.started)}) and {found.after.id} ({ago(found.after.started)})")
    _print_code(found)
    config = [(one.key, _with(one.before, one.origins[0]), _with(one.after, one.origins[1])) for one in found.config]
    data = [(one.name, _shown(one.before), _shown(one.after)) for one in found.data if one.before != one.after]
    around = [(key, _shown(old), _shown(new)) for key, old, new in found.environment]
    for title, rows in (("configuration", config), ("data", data), ("environment", around)):
        if rows:
            put()
            put_table((title, "before", "after"), rows)
    put()
    pairs = grouped(
        found.steps, lambda step: step.name, lambda step: (step.before, step.after, step.same, step.changes)
    )
    steps = [(name, *_pair(together)) for name, together in pairs]
    columns = ("step", "before", "after", "took before", "took after", "returned", "what changed")
    put_table(columns, steps, right=("took before", "took after"))
    if found.metrics:
        put()
        metrics = [
            (one.name, one.step, _value(one.before), _value(one.after), _change(one.before, one.after))
            for one in found.metrics
        ]
        put_table(("metric", "step", "before", "after", "change"), metrics, right=("before", "after", "change"))


def _print_code(found: Comparison) -> None:
    if not found.code:
        return
    put()
    rows = [(one.symbol.rpartition("::")[2], one.kind, one.where, ", ".join(one.steps)) for one in found.code]
    put_table(("code", "", "where", "steps"), rows)
    for one in found.code:
        if one.diff and one.kind == "changed":
            put()
            put_diff(one.diff)


def _with(value: Any, origin: str | None) -> str:
    return _shown(value) if value is None or origin is None else f"{_shown(value)} ({origin})"


def _pair(together: list[StepPair]) -> tuple[str, ...]:
    step = together[0]
    same = {None: "", True: "the same", False: "something else"}[step.same]
    if step.same is False and len(together) == 1:
        unlike = [one for one in step.artifacts if one.before != one.after]
        same = ", ".join(f"{_shown(one.before)} → {_shown(one.after)}" for one in unlike)
    took = [_sum([one.seconds[place] for one in together]) for place in (0, 1)]
    return step.before or "-", step.after or "-", *took, same, "; ".join(step.changes)


def _sum(seconds: list[float | None]) -> str:
    known = [one for one in seconds if one is not None]
    return duration(sum(known)) if known else ""


def _value(value: float | None) -> str:
    return "-" if value is None else number(value)


def _change(before: float | None, after: float | None) -> str:
    return "" if before is None or after is None else change(after, before)


def _shown(value: Any) -> str:
    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value)
    return short(text) if len(text) == 64 and text.isalnum() else text


def pin(run: RunName, *, home: HomePath = None) -> None:
    """Protect a run, and all that it needs, from `mainspring gc`."""
    _pin(run, home, pinned=True)


def unpin(run: RunName, *, home: HomePath = None) -> None:
    """Let `mainspring gc` remove a run again when it is old."""
    _pin(run, home, pinned=False)


def _pin(run: str, home: Path | None, *, pinned: bool) -> None:
    with open_existing(home) as opened:
        row = opened.facts.runs.get(run)
        opened.facts.runs.pin(row.id, pinned)
    put(f"run {row.id} is {'pinned' if pinned else 'no longer pinned'}")


def _run_record(row: RunRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "pipeline": row.pipeline,
        "status": row.status,
        "started": stamp(row.started),
        "ended": stamp(row.ended),
        "seconds": None if row.ended is None else row.ended - row.started,
        "seed": row.seed,
        "pinned": row.pinned,
        "error": row.error,
    }


def _step_record(step: StepRow, made: ResultRow | None) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status,
        "reason": step.reason,
        "seconds": step.seconds,
        "attempts": step.attempts,
        "cpu_seconds": step.cpu_seconds,
        "peak_rss": step.peak_rss,
        "cost": step.cost,
        "key": step.key,
        "error": step.error,
        "log": step.log,
        "warnings": list(step.warnings),
        "made_by": None if made is None else {"run": made.run, "step": made.step},
        "artifacts": [
            {"name": one.name, "digest": one.digest, "size": one.size, "codec": one.codec, "summary": one.summary}
            for one in (made.artifacts if made is not None else ())
        ],
    }


def _metric_record(metric: MetricRow) -> dict[str, Any]:
    return {
        "step": metric.step,
        "name": metric.name,
        "value": numbers(metric.value),
        "at": metric.at,
        "time": stamp(metric.time),
        "run": metric.run,
    }


def _logged_record(one: LoggedRow) -> dict[str, Any]:
    return {"step": one.step, "name": one.name, "kind": one.kind, "digest": one.artifact.digest, "run": one.run}


def _comparison_record(found: Comparison) -> dict[str, Any]:
    return {
        "before": found.before.id,
        "after": found.after.id,
        "code": [to_builtins(one) for one in found.code],
        "config": {one.key: [one.before, one.after] for one in found.config},
        "origins": {one.key: list(one.origins) for one in found.config},
        "data": [{**to_builtins(one), "same": one.before == one.after} for one in found.data],
        "environment": {key: [old, new] for key, old, new in found.environment},
        "steps": [
            {
                "name": step.name,
                "before": step.before,
                "after": step.after,
                "same": step.same,
                "changes": list(step.changes),
                "seconds": list(step.seconds),
                "artifacts": [to_builtins(one) for one in step.artifacts],
            }
            for step in found.steps
        ],
        "metrics": [
            {
                "step": one.step,
                "name": one.name,
                "before": numbers(one.before),
                "after": numbers(one.after),
                "difference": numbers(one.difference),
            }
            for one in found.metrics
        ],
    }


COMMANDS = {"list": list_runs, "show": show, "compare": compare_runs, "pin": pin, "unpin": unpin}
