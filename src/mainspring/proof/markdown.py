"""A report of continuous integration as Markdown, for a pull request: what decides is on the first screen."""

from collections.abc import Iterator, Sequence

from mainspring.charts.numbers import change, count, duration, moment, number, short
from mainspring.proof.ci import Case, Difference, Report, ScoreChange, Stage

__all__ = ["markdown"]

_MARKS = {"passed": "✓", "failed": "✗", "skipped": "-", "inconclusive": "?"}
_MOST = 20
_LINES = 40
_LONGEST = 300
_OF_SECTION = 7


def markdown(report: Report) -> str:
    """Return the report; the first screen has the verdict and its reasons, the rest is folded."""
    parts = [
        *_head(report),
        *_stages(report),
        *_differences(report),
        *_weak(report),
        *_score(report.score),
        *_configuration(report),
        *_details(report),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _head(report: Report) -> Iterator[str]:
    yield f"## {_MARKS[report.verdict]} {_cell(report.pipeline)}: {report.verdict}"
    yield ""
    reasons = [f"{one.name}: {one.says}" for one in report.stages if one.status in ("failed", "inconclusive")]
    if reasons:
        yield from (f"- **{_cell(reason)}**" for reason in reasons)
        yield ""


def _stages(report: Report) -> Iterator[str]:
    rows = [(_MARKS[one.status], one.name, one.says, _took(one.seconds)) for one in report.stages]
    yield from _table(("", "stage", "result", "took"), rows)


def _took(seconds: float) -> str:
    return duration(seconds) if seconds else ""


def _differences(report: Report) -> Iterator[str]:
    if report.champion:
        yield f"**Against the champion**: {_cell(report.champion)}"
        yield ""
    if report.differences:
        rows = [_difference(one) for one in report.differences]
        yield from _table(("measure", "against", "there", "here", "difference", "interval"), rows)


def _difference(one: Difference) -> tuple[str, ...]:
    both = one.before is not None and one.after is not None
    moved = change(float(one.after or 0), float(one.before or 0)) if both else ""
    interval = (
        "" if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}, {one.level:.0%}"
    )
    values = ("" if value is None else number(value) for value in (one.before, one.after))
    return (one.measure, one.against, *values, moved, interval)


def _weak(report: Report) -> Iterator[str]:
    gates = report.stage("gates")
    wrong = [one for one in gates.cases if one.status in ("failed", "inconclusive")] if gates else []
    for case in wrong:
        yield f"- {_MARKS[case.status]} gate **{_cell(case.name)}**: {_cell(case.says)}"
    if report.worst_slice:
        yield f"- worst slice: {_cell(report.worst_slice)}"
    if report.counterexamples:
        yield f"- {count(len(report.counterexamples), 'new counterexample')}:"
        yield from (f"  - {_cell(one)}" for one in report.counterexamples[:_MOST])
    if wrong or report.worst_slice or report.counterexamples:
        yield ""


def _score(score: ScoreChange | None) -> Iterator[str]:
    if score is None:
        return
    if score.before is None:
        since = "the first one"
    elif score.before == score.score:
        since = "as the last time"
    else:
        since = f"{change(score.score, score.before)} since the last time"
    yield f"**ML Test Score {score.score:g}** ({since}): {score.means}."
    yield ""
    names = tuple(score.sections)
    cells = tuple(_points(score.sections[name], score.sections_before.get(name)) for name in names)
    yield from _table(names, [cells])
    for title, names in (("gained", score.gained), ("lost", score.lost)):
        if names:
            yield f"- {title} points: {', '.join(names)}"
    yield from (f"- ✗ {name} has evidence that fails: {_cell(says)}" for name, says in score.failing)
    if score.gained or score.lost or score.failing:
        yield ""


def _points(now: float, before: float | None) -> str:
    moved = "" if before is None or before == now else f" ({change(now, before)})"
    return f"{now:g} of {_OF_SECTION}{moved}"


def _configuration(report: Report) -> Iterator[str]:
    if not report.compared_with:
        return
    if not report.configuration:
        yield f"**Configuration**: as in {_cell(report.compared_with)}."
        yield ""
        return
    yield f"**Configuration**, against {_cell(report.compared_with)}:"
    yield ""
    rows = [(f"`{one.key}`", f"`{one.before}`", f"`{one.after}`") for one in report.configuration[:_MOST]]
    yield from _table(("key", "before", "after"), rows)
    more = len(report.configuration) - _MOST
    if more > 0:
        yield f"and {more} more."
        yield ""


def _details(report: Report) -> Iterator[str]:
    for stage in report.stages:
        if stage.cases:
            yield from _folded(_title(stage), _cases(stage.cases))
    score = report.score
    if score is not None and score.missing:
        rows = [(name, f"{points:g}", says) for name, points, says in score.missing]
        yield from _folded(
            "How to earn the points that are missing", _table(("test", "points", "what is missing"), rows)
        )
    run = f"run {report.run}, " if report.run else ""
    commit = f"commit {short(report.commit)}, " if report.commit else ""
    yield f"<sub>{run}{commit}{moment(report.made)}</sub>"


def _title(stage: Stage) -> str:
    failed = sum(case.status == "failed" for case in stage.cases)
    return f"{stage.name}: {count(len(stage.cases), 'check')}{f', {failed} failed' if failed else ''}"


def _cases(cases: Sequence[Case]) -> Iterator[str]:
    shown = sorted(cases, key=lambda case: case.status != "failed")
    rows = [
        (_MARKS[one.status], f"`{one.name}`", one.says.strip().rpartition("\n")[2], _took(one.seconds)) for one in shown
    ]
    yield from _table(("", "check", "says", "took"), rows)
    for one in shown:
        if one.status == "failed" and "\n" in one.says.strip():
            yield from (f"`{one.name}`", "", "````text", *one.says.strip().splitlines()[-_LINES:], "````", "")


def _folded(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield "<details>"
    yield f"<summary>{_cell(title)}</summary>"
    yield ""
    yield from lines
    yield "</details>"
    yield ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    yield ""


def _cell(text: str) -> str:
    """Return a text for one cell or line: nothing of it is read as a table or as HTML."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
    if flat.startswith("`") and flat.endswith("`"):
        return flat.replace("|", "\\|")
    for character in "\\|*_[]":
        flat = flat.replace(character, f"\\{character}")
    return flat.replace("<", "&lt;").replace("`", "\\`")
