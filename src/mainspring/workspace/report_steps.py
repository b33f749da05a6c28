"""The head of the report and its steps: how the run went, what failed, the DAG, the table."""

import os
import shlex
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mainspring import charts  # what draws the DAG is loaded when there is one to draw
from mainspring.charts import Html, Part, cut, el, glyph, join, worst
from mainspring.charts.numbers import count, duration, moment, short, size
from mainspring.tracking import RunRow, StepRow
from mainspring.workspace.report_facts import Account, node_of

__all__ = ["draw_failures", "draw_head", "draw_steps"]

_SIGNS: Final = {"succeeded": "hit", "lost": "failed"}
_FEW_ELEMENTS: Final = 8
_MOST_ROWS: Final = 400
_MOST_FAILURES: Final = 3
_LOG_LINES: Final = 30
_LOG_BYTES: Final = 16_384
_LEAST_COST: Final = 0.0001
_ALIKE: Final = 1000
_NOTHING: Final = "\N{EN DASH}"


def draw_head(account: Account) -> Html:
    """Return the name of the pipeline, how it went, when, what was asked, and the sums."""
    run, record = account.run, account.record
    profile = record.get("profile")
    facts = [
        el("span", "Run ", el("code", run.id)),
        el("span", moment(run.started)),
        el("span", "Profile ", el("strong", profile)) if profile else None,
        _commit(record.get("git")),
    ]
    command = _command(record.get("argv") or [])
    return el(
        "header",
        el("p", "Run report", class_="kicker"),
        el("div", el("h1", run.pipeline), status(run.status, pill=True), class_="head"),
        el("p", facts, class_="facts"),
        el("pre", command, class_="command") if command else None,
        el("dl", _tiles(account), class_="tiles"),
    )


def status(word: str, said: str | None = None, *, pill: bool = False) -> Html:
    """Return a status as sign, word and colour."""
    sign = glyph(_SIGNS.get(word, word))
    return el("span", sign, said or word, class_=f"status {word} pill" if pill else f"status {word}")


def _commit(git: dict[str, Any] | None) -> Html | None:
    if not git or not git.get("commit"):
        return None
    changed = git.get("changed_files") or 0
    said = f", {count(changed, 'changed file')}" if changed else ""
    branch = f" on {git['branch']}" if git.get("branch") else ""
    return el("span", "Commit ", el("code", short(str(git["commit"])), title=str(git["commit"])), branch, said)


def _command(argv: Sequence[str]) -> str:
    if not argv or not argv[0]:
        return ""
    program = Path(argv[0]).name
    return shlex.join(["python", *argv] if program.endswith(".py") else [program, *argv[1:]])


def _tiles(account: Account) -> list[Html]:
    run, steps = account.run, account.steps
    worked = [step for step in steps if step.status in ("ran", "failed")]
    reused = sum(step.seconds for step in steps if step.status == "hit")
    peak = max((step.peak_rss for step in worked), default=0)
    costs = [step.cost for step in steps if step.cost is not None]
    counts = _counts(step.status for step in steps)
    tiles: list[tuple[str, str]] = [
        ("Duration", duration((run.ended or run.beat) - run.started)),
        ("Steps", " · ".join(f"{many:,}\N{NO-BREAK SPACE}{word}" for word, many in counts) or "none"),
        ("CPU time", duration(sum(step.cpu_seconds for step in worked))),
        ("Peak memory of a step", size(peak) if peak else _NOTHING),
        ("Time saved by hits", duration(reused) if reused else _NOTHING),
    ]
    if costs:
        tiles.append(("Cost", _price(sum(costs))))
    return [el("div", el("dt", name), el("dd", value)) for name, value in tiles]


def _counts(statuses: Iterable[str]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for word in statuses:
        found[word] = found.get(word, 0) + 1
    return [(word, found[word]) for word in ("failed", "running", "ran", "hit", "skipped") if word in found]


def draw_failures(account: Account, home: Path) -> Html | None:
    """Return what went wrong, with the end of what each failed step printed; None when nothing did."""
    run = account.run
    failed = [step for step in account.steps if step.status == "failed"]
    boxes: list[Part] = [_failure(step, home) for step in failed[:_MOST_FAILURES]]
    if len(failed) > _MOST_FAILURES:
        rest = ", ".join(step.name for step in failed[_MOST_FAILURES:][:20])
        boxes.append(el("p", f"{count(len(failed) - _MOST_FAILURES, 'more step')} failed: {rest}.", class_="note"))
    if not failed and run.status in ("failed", "lost"):
        boxes.append(_ended_early(run))
    return join(*boxes) if boxes else None


def _failure(step: StepRow, home: Path) -> Html:
    printed = _end_of_log(home, step.log)
    where = Path(os.pardir, step.log).as_posix() if step.log else None
    return el(
        "section",
        el("h2", f"Step {step.name} failed"),
        [el("p", line) for line in (step.error or "It did not say why.").splitlines()[:12]],
        el("pre", printed, class_="log", tabindex="0") if printed else None,
        el("p", "The whole log: ", el("a", step.log, href=where), class_="small soft") if printed and where else None,
        class_="alarm",
    )


def _ended_early(run: RunRow) -> Html:
    what = "was lost" if run.status == "lost" else "failed"
    why = run.error or "Its process ended without a word."
    return el(
        "section",
        el("h2", f"The run {what}"),
        el("p", why),
        el("p", "What its steps finished is kept: run again, and it goes on from there."),
        class_="alarm",
    )


def _end_of_log(home: Path, log: str | None) -> str:
    if not log:
        return ""
    try:
        with (home / log).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:  # it may have been collected; the error itself is in the facts
        return ""
    return "\n".join(_plain(line) for line in text.rstrip().splitlines()[-_LOG_LINES:])


def _plain(line: str) -> str:
    """Return what a terminal would show of a line: what follows the last carriage return, without escape sequences."""
    shown = line.rstrip("\r").rpartition("\r")[2]
    first, *rest = shown.split("\x1b[")
    return first + "".join(piece.lstrip("0123456789;?")[1:] for piece in rest)


def draw_steps(account: Account) -> Html:
    """Return the DAG and the table of steps."""
    steps = [step for step in account.steps if not step.name.endswith(":items") or step.status == "failed"]
    groups: dict[str, list[StepRow]] = {}
    for step in steps:
        groups.setdefault(node_of(step.name), []).append(step)
    links = {name: f"step-{place}" for place, name in enumerate(groups)}
    nodes = _nodes(account, groups, links)
    if not nodes:
        return join(el("h2", "Steps", id="steps"), el("p", "This run has no steps.", class_="note"))
    said = ", ".join(f"{many} {word}" for word, many in _counts(step.status for step in steps))
    label = f"Steps of {account.run.pipeline} and how they depend on each other: {said}"
    return join(
        el("h2", "Steps", id="steps"),
        el("div", charts.draw_dag(nodes, label), class_="box graph", tabindex="0"),
        _legend(nodes),
        el("h3", "Each step"),
        _table(account, groups, links),
    )


def _legend(nodes: "Sequence[charts.DagNode]") -> Html:
    present = {word for node in nodes for word in (node.status, *(word for word, _ in node.counts))}
    said = {
        "ran": "ran in this run",
        "hit": "hit: stored result used; the time is what it took to compute",
        "failed": "failed",
        "skipped": "skipped",
        "running": "running",
        "waiting": "not started",
    }
    signs = [status(word, words) for word, words in said.items() if word in present]
    return el("p", signs, class_="legend")


def _nodes(account: Account, groups: dict[str, list[StepRow]], links: dict[str, str]) -> "list[charts.DagNode]":
    needs: dict[str, list[str]] = account.record.get("dag") or {name: [] for name in groups}
    nodes = []
    for name, needed in needs.items():
        rows = groups.get(name, [])
        counts = _counts(step.status for step in rows)
        seconds = sum(step.seconds for step in rows)
        word = worst(word for word, _ in counts) if rows else "waiting"
        mapped = tuple(counts) if len(rows) > 1 or any("{" in step.name for step in rows) else ()
        link = f"#{links[name]}" if name in links else ""
        nodes.append(charts.DagNode(name, word, seconds, tuple(needed), mapped, link))
    return nodes


def _table(account: Account, groups: dict[str, list[StepRow]], links: dict[str, str]) -> Html:
    longest = max((step.seconds for step in account.steps), default=0.0) or 1.0
    extra = _Extras(any(step.attempts > 1 for step in account.steps), any(step.cost for step in account.steps))
    rows: list[Html] = []
    for name, steps in groups.items():
        shown: list[StepRow] = steps
        link: str | None = links[name]
        if len(steps) > _FEW_ELEMENTS:
            rows.append(_together(account, steps, link, extra))
            shown, link = [step for step in steps if step.status == "failed"], None
        for step in shown:
            rows.append(_row(account, step, link, step.seconds / longest, extra))
            link = None
    left = len(rows) - _MOST_ROWS
    cells = [
        el("th", name, class_="number" if name not in ("Step", "Status", "Why") else None, scope="col")
        for name in ("Step", "Status", "Time", "Why", "CPU", "Peak memory", "Size", *extra.headings)
    ]
    table = el("table", el("thead", el("tr", cells)), el("tbody", rows[:_MOST_ROWS]))
    return join(
        el("div", table, class_="box steps", tabindex="0"),
        el("p", f"{count(left, 'more row')}: mainspring runs show {account.run.id}", class_="note")
        if left > 0
        else None,
    )


class _Extras:
    """The columns that only some runs have."""

    def __init__(self, attempts: bool, cost: bool) -> None:
        self.attempts = attempts
        self.cost = cost

    @property
    def headings(self) -> list[str]:
        """Their headings."""
        return [name for name, shown in (("Attempts", self.attempts), ("Cost", self.cost)) if shown]

    def cells(self, attempts: int, cost: float | None) -> list[Html]:
        """Return their cells in one row."""
        cells = [el("td", str(attempts) if attempts else _NOTHING, class_="number")] if self.attempts else []
        if self.cost:
            cells.append(el("td", _NOTHING if cost is None else _price(cost), class_="number"))
        return cells


def _price(cost: float) -> str:
    if 0 < cost < _LEAST_COST:
        return f"<{_LEAST_COST}"
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.4f}"


# Cells of a table are much alike from row to row.


@lru_cache(_ALIKE)
def number_cell(text: str) -> Html:
    """Return a cell with a number."""
    return el("td", text, class_="number")


@lru_cache(_ALIKE)
def _state(word: str) -> Html:
    return el("td", status(word), class_="whole")


@lru_cache(_ALIKE)
def _time(text: str, percent: int) -> Html:
    bar = el("span", class_="bar", style=f"width:{percent}%") if percent else None
    return el("td", text, bar, class_="number")


@lru_cache(_ALIKE)
def _why(reason: str, warnings: tuple[str, ...]) -> Html:
    return el("td", reason, [el("span", warning, class_="warning") for warning in warnings], class_="wrap")


def _row(account: Account, step: StepRow, link: str | None, share: float, extra: _Extras) -> Html:
    worked = step.status in ("ran", "failed")
    timed = worked or step.status == "hit"
    stored = account.size_of(step.name)
    return el(
        "tr",
        el("th", cut(step.name, 60, middle=True), title=step.name if len(step.name) > 60 else None, scope="row"),
        _state(step.status),
        _time(duration(step.seconds) if timed else _NOTHING, round(share * 100) if timed and share >= 0.01 else 0),
        _why(step.reason, step.warnings),
        number_cell(duration(step.cpu_seconds) if worked else _NOTHING),
        number_cell(size(step.peak_rss) if worked and step.peak_rss else _NOTHING),
        number_cell(size(stored) if stored else _NOTHING),
        extra.cells(step.attempts, step.cost),
        id=link,
        class_=step.status,
    )


def _together(account: Account, steps: list[StepRow], link: str | None, extra: _Extras) -> Html:
    """Return one row for the elements of a mapped step."""
    counts = _counts(step.status for step in steps)
    worked = [step for step in steps if step.status in ("ran", "failed")]
    reasons = dict.fromkeys(step.reason for step in worked)
    why = next(iter(reasons), "") + (f"; and {count(len(reasons) - 1, 'other reason')}" if len(reasons) > 1 else "")
    peak = max((step.peak_rss for step in worked), default=0)
    stored = sum(account.size_of(step.name) for step in steps)
    longest = f"longest {duration(max(step.seconds for step in steps))}"
    costs = [step.cost for step in steps if step.cost is not None]
    name = node_of(steps[0].name)
    return el(
        "tr",
        el("th", name, el("span", count(len(steps), "element"), class_="under"), scope="row"),
        el("td", [join(status(word, f"{many:,} {word}"), el("br")) for word, many in counts], class_="whole"),
        el("td", duration(sum(step.seconds for step in steps)), el("span", longest, class_="under"), class_="number"),
        el("td", why, class_="wrap"),
        el("td", duration(sum(step.cpu_seconds for step in worked)) if worked else _NOTHING, class_="number"),
        el("td", size(peak) if peak else _NOTHING, class_="number"),
        el("td", size(stored) if stored else _NOTHING, class_="number"),
        extra.cells(max(step.attempts for step in steps), sum(costs) if costs else None),
        id=link,
        class_=worst(word for word, _ in counts),
    )
